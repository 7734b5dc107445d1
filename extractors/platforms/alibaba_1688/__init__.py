"""Alibaba 1688, through its open platform (AOP gateway). Facts from the pages listed in README.md."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from extractors.accounts import Account
from extractors.core.decode import loads
from extractors.core.model import Instant, Platform, Rate, Read, Request, Stream
from extractors.core.paging import LastPageFirst, number_at, records_at
from extractors.core.window import Window
from extractors.errors import AuthError, DaybookError
from extractors.personal import Personal
from extractors.protocols.aop import gateway_error
from extractors.protocols.oauth import ends_in
from extractors.protocols.signed_call import Dialect, SignedCall, form_signed_over_path
from extractors.tokens import Tokens

ZONE = "Asia/Shanghai"
API = "/openapi/param2/1/com.alibaba.trade"
ORDERS = "alibaba.trade.getSellerOrderList"
REFUNDS = "alibaba.trade.refund.queryOrderRefundList"
IN_SALE_AND_AFTER = 0  # dipsuteType (so spelt): 1 in sale, 2 after sale
PRODUCT_API = "/openapi/param2/1/com.alibaba.product"
PRODUCTS = "alibaba.product.list.get"

ORDER_PAGES = LastPageFirst(records_at("result"), number_at("totalRecord"), 20, page="page", size="pageSize")
REFUND_PAGES = LastPageFirst(
    records_at("result.opOrderRefundModels"),
    number_at("result.totalCount"),
    20,
    page="currentPageNum",
    size="pageSize",
    first=0,
)
PRODUCT_PAGES = LastPageFirst(
    records_at("result.pageResult.resultList"),
    number_at("result.pageResult.totalRecords"),
    20,
    page="pageNo",
    size="pageSize",
)
AUTHORISE = "have the seller authorise the app again and update the connection"


def error_of(body: Any) -> DaybookError | None:
    """The error of the gateway (`error_code`) or of the API (`success` false; of products in `result`)."""
    found = gateway_error(body, "1688", AUTHORISE)
    inner = body.get("result") if found is None else None
    return gateway_error(inner, "1688", AUTHORISE) if isinstance(inner, dict) else found


def moment_of(value: Any) -> datetime:
    """`yyyyMMddHHmmssSSS+0800` as an instant. Raises ValueError for another text."""
    return datetime.strptime(str(value), "%Y%m%d%H%M%S%f%z")


def _written(moment: datetime) -> str:
    return moment.astimezone(ZoneInfo(ZONE)).strftime("%Y%m%d%H%M%S000%z")


def _orders(account: Account, window: Window) -> Iterator[Read]:
    """Orders older than three months are in a separate table of the vendor, where they still change. It is
    read after the current one, so that an order moved from one to the other meanwhile is found in the
    second."""
    span = {"modifyStartTime": _written(window.start), "modifyEndTime": _written(window.end)}
    for is_old in (False, True):
        yield Read(Request(ORDERS, f"{API}/{ORDERS}", {**span, "isHis": is_old}), ORDER_PAGES)


def _refunds(account: Account, window: Window) -> Iterator[Read]:
    params = {
        "modifyStartTime": _written(window.start),
        "modifyEndTime": _written(window.end),
        "dipsuteType": IN_SALE_AND_AFTER,
    }
    yield Read(Request(REFUNDS, f"{API}/{REFUNDS}", params), REFUND_PAGES)


def _products(account: Account, window: Window) -> Iterator[Read]:
    """By modified time, whatever their status; the prices stand in what `needDetail` adds."""
    params = {
        "startModifyTime": _written(window.start),
        "endModifyTime": _written(window.end),
        "orderByCondition": "MODIFY_DATE",
        "orderByType": "ASC",
        "needDetail": "true",
    }
    yield Read(Request(PRODUCTS, f"{PRODUCT_API}/{PRODUCTS}", params), PRODUCT_PAGES)


def _refresh(speaker: SignedCall, tokens: Tokens) -> dict[str, Any]:
    form = {
        "grant_type": "refresh_token",
        "client_id": speaker.key,
        "client_secret": speaker.secret,
        "refresh_token": tokens.refresh_token or "",
    }
    url = f"/openapi/http/1/system.oauth2/getToken/{speaker.key}"
    return speaker.addressed({"method": "POST", "url": url, "data": form})


def read_tokens(body: bytes, used: Tokens) -> Tokens:
    """The access token of a refresh. The refresh token stays the one it was unless a new one is sent."""
    data = loads(body, "token refresh")
    if not isinstance(data, dict) or "access_token" not in data:
        raise AuthError("token refresh: no token in the answer", advice=AUTHORISE)
    return Tokens(
        access_token=data["access_token"],
        refresh_token=data.get("refresh_token") or used.refresh_token,
        expires_at=ends_in(data.get("expires_in")),
        refresh_expires_at=moment_of(data["refresh_token_timeout"])
        if data.get("refresh_token_timeout")
        else used.refresh_expires_at,
    )


DIALECT = Dialect(shape=form_signed_over_path, error=error_of, refresh=_refresh, refresh_read=read_tokens)

# Of the address only the province is kept.
_HIDDEN = (
    "*buyer*id", "*loginid", "*alipayid", "alipaytradeid", "buyercontact", "sellercontact", "contactperson",
    "nologisticsname", "nologisticstel", "fax", "buyermemo", "sellermemo", "buyerfeedback", "*remark",
    "message", "content", "receiverinfo", "orderinvoiceinfo", "encryptoutorderinfo", "zip", "topost",
    "city", "tocity", "area", "toarea", "areacode", "town", "towncode", "*logisticsbillno", "logisticscode",
)  # fmt: skip
_HIDDEN_OF_REFUNDS = (
    "*buyer*id", "*loginid", "alipay*", "description", "discription", "sellerrealname", "sellertel",
    "freightbill", "rejectreason", "extinfo", "refundoperationlist",
)  # fmt: skip

PLATFORM = Platform(
    name="alibaba_1688",
    title="Alibaba 1688",
    base_url="https://gw.open.1688.com",
    protocol=partial(SignedCall, DIALECT),
    # No limit is published; pages of 20 make many calls, so the pace matters more than elsewhere.
    rate=Rate(calls=20, seconds=1.0),
    width=8,
    streams=(
        Stream(
            name="orders",
            kind="cursor",
            key=("baseInfo.idOfStr",),
            cursor=Instant("baseInfo.modifyTime", parse=moment_of),
            reads=_orders,
            personal=Personal(drop=_HIDDEN, buyer=("baseInfo.buyerID",)),
        ),
        Stream(
            name="refunds",
            kind="cursor",
            key=("refundId",),
            cursor=Instant("gmtModified", parse=moment_of),
            reads=_refunds,
            retention=timedelta(days=730),
            personal=Personal(drop=_HIDDEN_OF_REFUNDS),
        ),
        Stream(
            name="products",
            kind="cursor",
            key=("productID",),
            cursor=Instant("modifyTime", parse=moment_of, before=("lastUpdateTime", "createTime")),
            reads=_products,
            slice=None,
            from_beginning=True,
            personal=Personal(drop=("supplierloginid",)),
        ),
    ),
)
