"""JD (京东), through JOS (京东宙斯). Facts from the pages listed in README.md."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from extractors.accounts import Account
from extractors.core.model import Instant, Platform, Rate, Read, Request, Stream, epoch_milliseconds
from extractors.core.paging import LastPageFirst, number_at, records_at
from extractors.core.window import Window
from extractors.errors import AuthError, ConfigError, DaybookError, RateLimitedError, TransientError
from extractors.personal import Personal
from extractors.protocols.oauth import refresh_form, token_reader
from extractors.protocols.signed_form import Dialect, SignedForm, expect_object
from extractors.protocols.signing import md5_wrapped

ZONE = "Asia/Shanghai"
PATH = "/routerjson"

# All the states the order page names; without a list the search leaves some out.
ORDER_STATES = (
    "WAIT_SELLER_STOCK_OUT,WAIT_SELLER_DELIVERY,WAIT_GOODS_RECEIVE_CONFIRM,WAIT_SEND_CODE,FINISHED_L,"
    "TRADE_CANCELED,LOCKED,POP_ORDER_PAUSE,PAUSE"
)
ORDER_FIELDS = (
    "orderId,venderId,orderType,payType,orderTotalPrice,orderSellerPrice,orderPayment,shouldPay,actualPay,"
    "totalSellerReceivable,freightPrice,sellerDiscount,balanceUsed,orderState,orderStateRemark,orderStartTime,"
    "orderEndTime,paymentConfirmTime,modified,parentOrderId,directParentOrderId,returnOrder,orderSource,"
    "storeOrder,storeId,taxFee,serviceFee,orderSign,open_id_buyer,consigneeInfo,itemInfoList,couponDetailList"
)

WARE_FIELDS = "wareId,title,categoryId,wareStatus,outerId,jdPrice,stockNum,onlineTime,modified,created"

TOKEN_CODES = {"18", "19"}
# The platform's own trouble: out of service, failed, its back end timed out, was away, broke or gave no data.
RETRY_CODES = {"1", "43", "65", "66", "67", "69"}
SETTINGS_CODES = {"4", "5", "6", "7", "8", "11", "14", "15", "20", "21", "22", "24", "25", "64", "72", "73"}


def error_of(body: Any) -> DaybookError | None:
    """The error in a JOS answer: the gateway's, that of the token desk (`{code, msg, requestId}` without an
    envelope), or the one a business result carries in itself."""
    answer = expect_object(body, "JOS")
    found = answer.get("error_response", answer if "msg" in answer else None)
    if found is not None:
        return _gateway_error(found)
    for name, value in answer.items():
        if not name.endswith("_responce") or not isinstance(value, dict):
            continue
        result = value.get("searchorderinfo_result") or value.get("queryResult") or value.get("pageResult")
        verdict = result.get("apiResult", result) if isinstance(result, dict) else {}
        if verdict.get("success") in (False, "false"):
            code = verdict.get("errorCode") or verdict.get("code")
            text = verdict.get("chineseErrCode") or verdict.get("message") or verdict.get("englishErrCode")
            # No table of business codes is published, so unknown ones are retried; the last attempt raises
            # the error.
            return TransientError(f"JOS {name.removesuffix('_responce')} failed with {code}: {text}")
    return None


def _gateway_error(found: dict[str, Any]) -> DaybookError:
    code = str(found.get("code"))
    text = f"JOS error {code}: {found.get('zh_desc') or found.get('en_desc') or found.get('msg')}"
    if code == "2":
        # The vendor names no wait; its limits count by the second or by the day.
        return RateLimitedError(text, retry_after=2.0, advice="a test app may make 500 calls a day only")
    if code in RETRY_CODES:
        return TransientError(text)
    if code in TOKEN_CODES:
        return AuthError(text, refreshable=True, advice="authorise the shop again and update the connection")
    if code == "12":
        return AuthError(text, advice="the app secret of the connection does not match the app key")
    if code in SETTINGS_CODES:
        return ConfigError(
            text, advice="check app key, permissions and this machine's clock (6 minutes are allowed)"
        )
    return ConfigError(text, advice="check the account's configuration against the API page")


# The pair of `https://open-oauth.jd.com/oauth2/refresh_token`.
read_tokens = token_reader(
    reason=lambda data: f"{data.get('code')} {data.get('msg')}",
    advice="a token can be renewed only before its last 24 hours: authorise the shop again",
)


DIALECT = Dialect(
    digest=md5_wrapped,
    error=error_of,
    constants={"v": "2.0"},
    envelope="360buy_param_json",
    refresh_url="https://open-oauth.jd.com/oauth2/refresh_token",
    refresh_form=refresh_form("app_key", "app_secret"),
    refresh_read=read_tokens,
    refresh_verb="GET",
)


def _orders(account: Account, window: Window) -> Iterator[Read]:
    """By modified time: `dateType` is anything but 1. Beyond page 300 the search gives nothing."""
    place = "jingdong_pop_order_search_responce.searchorderinfo_result"
    paging = LastPageFirst(
        records_at(f"{place}.orderInfoList"),
        number_at(f"{place}.orderTotal"),
        100,
        page="page",
        depth=300 * 100,
    )
    params = {
        "start_date": _local(window.start),
        "end_date": _local(window.end),
        "dateType": "0",
        "sortType": "1",
        "order_state": ORDER_STATES,
        "optional_fields": ORDER_FIELDS,
    }
    yield Read(Request("jingdong.pop.order.search", PATH, params), paging)


def _cancellations(account: Account, window: Window) -> Iterator[Read]:
    """Cancellations requested, and those decided, within ten days before the window. No list goes by modified
    time."""
    method = "jingdong.pop.afs.soa.refundapply.queryPageList"
    place = f"{method.replace('.', '_')}_responce.queryResult"
    paging = LastPageFirst(
        records_at(f"{place}.result"),
        number_at(f"{place}.totalCount"),
        50,
        page="pageIndex",
        size="pageSize",
        depth=100 * 50,
    )
    for piece in Window(window.start - timedelta(days=10), window.end).cut(timedelta(days=7)):
        for moment in ("applyTime", "checkTime"):
            yield _between(method, paging, (f"{moment}Start", f"{moment}End"), piece)


def _after_sales(account: Account, window: Window) -> Iterator[Read]:
    """After-sales requested, and those approved, within thirty days before the window. There is no filter by
    time of completion."""
    method = "jingdong.asc.serviceAndRefund.view"
    place = f"{method.replace('.', '_')}_responce.pageResult"
    paging = LastPageFirst(
        records_at(f"{place}.data"), number_at(f"{place}.totalCount"), 50, page="pageNumber", size="pageSize"
    )
    for piece in Window(window.start - timedelta(days=30), window.end).cut(timedelta(days=7)):
        for moment in ("applyTime", "approveTime"):
            yield _between(method, paging, (f"{moment}Begin", f"{moment}End"), piece)


def _between(method: str, paging: LastPageFirst, names: tuple[str, str], piece: Window) -> Read:
    """A read of a piece by two parameters, in halves where it is too deep: 714 records a day fill a week."""

    def halves() -> list[Read]:
        parts = piece.halves() if piece.is_divisible else ()
        return [_between(method, paging, names, part) for part in parts]

    span = {names[0]: _local(piece.start), names[1]: _local(piece.end)}
    return Read(Request(method, PATH, span), paging, halves=halves)


def _wares(account: Account, window: Window) -> Iterator[Read]:
    """By modified time, whatever their status. No depth is documented: more than 10,000 are split."""
    method = "jingdong.ware.read.searchWare4Valid"
    place = f"{method.replace('.', '_')}_responce.page"
    paging = LastPageFirst(
        records_at(f"{place}.data"),
        number_at(f"{place}.totalItem"),
        100,
        page="pageNo",
        size="pageSize",
        depth=10_000,
    )
    params = {
        "startModifiedTime": _local(window.start),
        "endModifiedTime": _local(window.end),
        "orderField": "modified",
        "orderType": "desc",
        "field": WARE_FIELDS,
    }
    yield Read(Request(method, PATH, params), paging)


def _local(moment: datetime) -> str:
    return moment.astimezone(ZoneInfo(ZONE)).strftime("%Y-%m-%d %H:%M:%S")


# Of buyer and consignee only a keyed hash and the province are kept.
_HIDDEN = (
    "open_id_buyer", "pin", "realpin", "encrypt_*", "*invoice*", "waybill", "vatinfo", "*telephone*", "city*",
    "county*", "town*",
)  # fmt: skip

PLATFORM = Platform(
    name="jd",
    title="JD",
    base_url="https://api.jd.com",
    protocol=partial(SignedForm, DIALECT),
    # The limits of a live app are not published; 10/s is our own restraint.
    rate=Rate(calls=10, seconds=1.0),
    # Within its last 24 hours, or later, a token is renewed no more: three nights leave one to spare.
    renew_ahead=timedelta(days=3),
    streams=(
        Stream(
            name="orders",
            kind="cursor",
            key=("orderId",),
            cursor=Instant("modified", ZONE),
            reads=_orders,
            widest=timedelta(days=28),
            retention=timedelta(days=90),
            personal=Personal(
                drop=_HIDDEN,
                keep=("consigneeinfo",),
                buyer=("open_id_buyer", "pin"),
            ),
        ),
        Stream(
            name="cancellations",
            kind="cursor",
            key=("id",),
            # Copies of the page from before 2026, and the vendor's own types, have no `modified`.
            cursor=Instant("modified", ZONE, before=("checkTime", "applyTime")),
            reads=_cancellations,
            slice=None,
            personal=Personal(
                drop=("open_id_buyer", "buyerid", "buyername", "checkusername", "checkremark", "remark"),
                buyer=("open_id_buyer", "buyerId"),
            ),
        ),
        Stream(
            name="after_sales",
            kind="cursor",
            key=("sameOrderServiceBill.serviceId",),
            cursor=Instant(
                "completeTime",
                parse=epoch_milliseconds,
                before=("sameOrderServiceBill.approveDate", "sameOrderServiceBill.afsApplyTime"),
            ),
            reads=_after_sales,
            slice=None,
            personal=Personal(
                drop=(
                    "*pin",
                    "customer*",
                    "questiondesc",
                    "expressno",
                    "approvename",
                    "approvenotes",
                    "operatorname",
                ),
            ),
        ),
        Stream(
            name="products",
            kind="cursor",
            key=("wareId",),
            cursor=Instant("modified", parse=epoch_milliseconds, before=("created",)),
            reads=_wares,
            slice=None,
            from_beginning=True,
            weekly_whole=True,
        ),
    ),
)
