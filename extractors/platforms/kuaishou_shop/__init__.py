"""Kuaishou shop (快手小店), through its open platform. Facts from the pages listed in README.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from extractors.accounts import Account
from extractors.core.decode import loads
from extractors.core.model import Instant, Platform, Rate, Read, Reply, Request, Stream, epoch_milliseconds
from extractors.core.paging import LastPageFirst, SizedNextToken, number_at, records_at
from extractors.core.window import Window
from extractors.errors import AuthError, ContractError, DaybookError, TransientError
from extractors.personal import Personal
from extractors.protocols.oauth import ends_in
from extractors.protocols.signed_call import Dialect, SignedCall, json_text_in_query
from extractors.protocols.words import error_in_words
from extractors.tokens import Tokens

ORDERS, REFUNDS = "open.order.cursor.list", "open.seller.order.refund.pcursor.list"
ITEMS = "open.item.list.get"
ALL_ORDERS = 1  # orderViewStatus
BY_UPDATE = 2  # queryType
ALL_REFUNDS = 9  # type
END = "nomore"
AUTHORISE = "have the shop authorise the app again and update the connection"


def error_of(body: Any) -> DaybookError | None:
    """The error in `{result, error_msg, sub_code, sub_msg}`; 1 is success.

    The codes themselves are not published: an error is judged by its words.
    """
    if not isinstance(body, dict) or "result" not in body:
        return TransientError("Kuaishou answered with something that is no envelope")
    if body["result"] == 1:
        return None
    said = dict.fromkeys(str(body[name]) for name in ("sub_msg", "error_msg") if body.get(name))
    code = f"{body['result']} {body.get('sub_code') or ''}".strip()
    return error_in_words("Kuaishou", code, " ".join(said), TransientError, "sign_secret")


def _further(name: str, records: str) -> Callable[[Reply], str | None]:
    """The cursor for the next page below `data`, None at the end. A read ends only where the vendor says so
    or sends an empty list: no total would show that pages behind a lost cursor are missing."""

    def token(reply: Reply) -> str | None:
        data = reply.body.get("data") or {}
        found = str(data.get(name) or "")
        if not found and data.get(records) != []:
            raise ContractError(f"Kuaishou did not send the {name} that says where records go on or end")
        return None if found in ("", END) else found

    return token


ORDER_PAGES = SizedNextToken(
    records_at("data.orderList"),
    _further("cursor", "orderList"),
    "cursor",
    never_empty=True,
    asks_twice=True,
    size="pageSize",
    page_size=50,
)
# totalSize is good on the first page only, and a list that moves may end below it: the other pages must tell.
REFUND_PAGES = SizedNextToken(
    records_at("data.refundOrderInfoList"),
    _further("pcursor", "refundOrderInfoList"),
    "pcursor",
    never_empty=True,
    asks_twice=True,
    counted=number_at("data.totalSize"),
    size="pageSize",
    page_size=100,
)
# Pages of 10 to 100.
ITEM_PAGES = LastPageFirst(
    records_at("data.items"), number_at("data.totalItemCount"), 100, page="pageNumber", size="pageSize"
)


def _span(window: Window) -> dict[str, int]:
    return {
        "beginTime": int(window.start.timestamp() * 1000),
        "endTime": int(window.end.timestamp() * 1000),
    }


def _orders(account: Account, window: Window) -> Iterator[Read]:
    params = {
        "orderViewStatus": ALL_ORDERS,
        "queryType": BY_UPDATE,
        "pageSize": 50,
        "cursor": "",
        **_span(window),
    }
    yield Read(Request(ORDERS, "/open/order/cursor/list", params), ORDER_PAGES)


def _refunds(account: Account, window: Window) -> Iterator[Read]:
    params = {
        "type": ALL_REFUNDS,
        "queryType": BY_UPDATE,
        "sort": 2,  # oldest first: what moves while the pages are read comes again
        "currentPage": 1,
        "pcursor": "",
        **_span(window),
    }
    yield Read(Request(REFUNDS, "/open/seller/order/refund/pcursor/list", params), REFUND_PAGES)


def _items(account: Account, window: Window) -> Iterator[Read]:
    """All products that are not deleted; the list has no filter by time."""
    params = {"itemStatus": 1, "itemType": 1}
    yield Read(Request(ITEMS, "/open/item/list/get", params), ITEM_PAGES)


def _refresh(speaker: SignedCall, tokens: Tokens) -> dict[str, Any]:
    params = {
        "app_id": speaker.key,
        "app_secret": speaker.secret,
        "grant_type": "refresh_token",
        "refresh_token": tokens.refresh_token or "",
    }
    return speaker.addressed({"method": "POST", "url": "/oauth2/refresh_token", "data": params})


def read_tokens(body: bytes, used: Tokens) -> Tokens:
    """The new access and refresh tokens. The authorisation's end does not move, whatever the answer says of
    the refresh token's lifetime."""
    data = loads(body, "token refresh")
    if not isinstance(data, dict) or data.get("result") != 1 or "access_token" not in data:
        raise AuthError("token refresh: no token in the answer", advice=AUTHORISE)
    ends = [ends_in(data.get("refresh_token_expires_in")), used.refresh_expires_at]
    return Tokens(
        access_token=data["access_token"],
        refresh_token=data.get("refresh_token") or used.refresh_token,
        expires_at=ends_in(data.get("expires_in")),
        refresh_expires_at=min(filter(None, ends), default=None),
    )


DIALECT = Dialect(
    shape=partial(json_text_in_query, secret_name="sign_secret"),  # noqa: S106  the name of a field
    error=error_of,
    needs=("sign_secret",),
    refresh=_refresh,
    refresh_read=read_tokens,
)

# Of the address the province stays. A serial number or an IMEI is that of the buyer's own device.
_HIDDEN = (
    "encrypted*", "desensitise*", "buyerimage", "buyerid", "buyeropenid", "ordernote", "remark", "refunddesc",
    "expresscode", "expressno", "recharge*", "city*", "district*", "town*", "street*", "coordinate*",
    "serialnumber*", "sellerdisagreedesc", "negotiatereason", "pictures", "*images", "*applydesc",
)  # fmt: skip

PLATFORM = Platform(
    name="kuaishou_shop",
    title="Kuaishou shop",
    base_url="https://openapi.kwaixiaodian.com",
    protocol=partial(SignedCall, DIALECT),
    rate=Rate(calls=300, seconds=1.0),
    width=32,
    streams=(
        Stream(
            name="orders",
            kind="cursor",
            key=("orderBaseInfo.oid",),
            cursor=Instant("orderBaseInfo.updateTime", parse=epoch_milliseconds),
            reads=_orders,
            widest=timedelta(days=7),
            stride=timedelta(hours=1),
            retention=timedelta(days=90),
            personal=Personal(
                drop=_HIDDEN, keep=("orderaddress", "skunick"), buyer=("orderBaseInfo.buyerOpenId",)
            ),
        ),
        Stream(
            name="refunds",
            kind="cursor",
            key=("refundId",),
            cursor=Instant("updateTime", parse=epoch_milliseconds),
            reads=_refunds,
            widest=timedelta(days=1),
            stride=timedelta(hours=1),
            retention=timedelta(days=90),
            personal=Personal(drop=_HIDDEN, keep=("skunick",)),
        ),
        Stream(
            name="products",
            kind="cursor",
            key=("kwaiItemId",),
            reads=_items,
            slice=None,
            from_beginning=True,
            personal=Personal(keep=("skunick",)),  # the merchant's code
        ),
    ),
)
