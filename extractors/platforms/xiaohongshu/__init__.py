"""Xiaohongshu (小红书), through its open platform. Facts from the pages listed in README.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from extractors.accounts import Account
from extractors.core.model import (
    Instant,
    Platform,
    Rate,
    Read,
    Record,
    Reply,
    Request,
    Stream,
    epoch_milliseconds,
)
from extractors.core.paging import LastPageFirst, number_at, records_at
from extractors.core.session import Session
from extractors.core.window import Window
from extractors.errors import AuthError, ContractError, DaybookError, TransientError
from extractors.personal import Personal
from extractors.protocols.oauth import data_of, ends_at
from extractors.protocols.signed_call import Dialect, SignedCall, json_body_with_system
from extractors.protocols.words import error_in_words
from extractors.tokens import Tokens

Found = TypeVar("Found")

PATH = "/ark/open_api/v3/common_controller"
BY_UPDATE = 2  # timeType
HALF_HOUR = timedelta(minutes=30)
AUTHORISE = "have the shop authorise the app again and update the connection"

ORDER_PAGES = LastPageFirst(
    records_at("data.orderList"), number_at("data.total"), 100, page="pageNo", size="pageSize", depth=10_000
)


def _served(body: Any) -> Any:
    """The content of `data`. Newer after-sale methods may put a second envelope there, that of the service
    behind the gateway: `{success, code, msg, data}`."""
    data = body.get("data")
    return data.get("data") if _is_wrapped(data) else data


def _is_wrapped(data: Any) -> bool:
    return isinstance(data, dict) and isinstance(data.get("success"), bool) and "code" in data


def _within(find: Callable[[Reply], Found]) -> Callable[[Reply], Found]:
    return lambda reply: find(Reply(_served(reply.body), reply.headers))


REFUND_PAGES = LastPageFirst(
    _within(records_at("afterSaleBasicInfos")),
    _within(number_at("totalCount")),
    100,
    page="pageNo",
    size="pageSize",
    depth=50_000,
)
PRODUCT_PAGES = LastPageFirst(
    records_at("data.data"), number_at("data.total"), 100, page="pageNo", size="pageSize"
)


def error_of(body: Any) -> DaybookError | None:
    """The error in `{success, error_code, error_msg, data}`, or in an envelope within `data`. Codes are not
    published: judged by the words."""
    if not isinstance(body, dict) or "success" not in body:
        return TransientError("Xiaohongshu answered with something that is no envelope")
    code = str(body.get("error_code", body.get("code", 0)))
    if body["success"] is True and code == "0":
        return error_of(body["data"]) if _is_wrapped(body.get("data")) else None
    said = str(body.get("error_msg") or body.get("msg"))
    error = error_in_words("Xiaohongshu", code, said, TransientError)
    if code == "401" and isinstance(error, TransientError):
        return AuthError(error.message, refreshable=True, advice=f"check the app id, {AUTHORISE}")
    return error


def _orders(account: Account, window: Window) -> Iterator[Read]:
    params = {
        "timeType": BY_UPDATE,
        "startTime": int(window.start.timestamp()),
        "endTime": int(window.end.timestamp()),
    }
    yield Read(Request("order.getOrderList", PATH, params), ORDER_PAGES)


def _refunds(account: Account, window: Window) -> Iterator[Read]:
    params = {
        "timeType": BY_UPDATE,
        "startTime": int(window.start.timestamp() * 1000),
        "endTime": int(window.end.timestamp() * 1000),
    }
    yield Read(Request("afterSale.listAfterSaleInfos", PATH, params), REFUND_PAGES)


def _products(account: Account, window: Window) -> Iterator[Read]:
    """All products: the documentation does not say whether `updateTimeFrom` is in seconds or milliseconds, so
    it is not used."""
    yield Read(Request("product.getDetailSkuList", PATH), PRODUCT_PAGES)


def _whole_order(session: Session, record: Record) -> None:
    """The list has no order lines, so the detail replaces the record, except for the time by which the
    list is filtered."""
    body = session.call(Request("order.getOrderDetail", PATH, {"orderId": record["orderId"]})).body
    found = body.get("data")
    if not isinstance(found, dict) or found.get("orderId") != record["orderId"]:
        raise ContractError("order.getOrderDetail answered with another order")
    record.update(found)


def _money_given_back(session: Session, record: Record) -> None:
    """Adds the amount refunded. The list only has the amount expected."""
    request = Request("afterSale.getAfterSaleInfo", PATH, {"returnsId": record["returnsId"]})
    found = (_served(session.call(request).body) or {}).get("afterSaleInfo")
    if not isinstance(found, dict):
        raise ContractError("afterSale.getAfterSaleInfo answered without afterSaleInfo")
    record["detail"] = found


def _refresh(speaker: SignedCall, tokens: Tokens) -> dict[str, Any]:
    return speaker.compose(Request("oauth.refreshToken", PATH, {"refreshToken": tokens.refresh_token}))


def read_tokens(body: bytes, used: Tokens) -> Tokens:
    """The pair of `oauth.refreshToken`; deadlines come as instants in milliseconds."""
    data = data_of(body, error_of, AUTHORISE)
    return Tokens(
        access_token=data["accessToken"],
        refresh_token=data["refreshToken"],
        expires_at=ends_at(data.get("accessTokenExpiresAt"), 1000),
        refresh_expires_at=ends_at(data.get("refreshTokenExpiresAt"), 1000),
    )


DIALECT = Dialect(shape=json_body_with_system, error=error_of, refresh=_refresh, refresh_read=read_tokens)

_HIDDEN = (
    "userid", "xhsopenid", "openaddressid", "customerremark", "sellerremark", "receivercity*",
    "receiverdistrict*", "expresstrackingno", "internationalexpressno", "payno", "outtradeno",
    # What couriers and customs make of the address.
    "zonecodes", "paintmarker", "collectionplace", "threesegmentcode",
    "skuidentifycode*",  # serial number and IMEI of the buyer's own device
)  # fmt: skip

PLATFORM = Platform(
    name="xiaohongshu",
    title="Xiaohongshu",
    base_url="https://ark.xiaohongshu.com",
    protocol=partial(SignedCall, DIALECT),
    rate=Rate(calls=100, seconds=1.0),
    is_rate_shared=True,
    width=8,
    streams=(
        Stream(
            name="orders",
            kind="cursor",
            key=("orderId",),
            cursor=Instant("updateTime", parse=epoch_milliseconds),
            reads=_orders,
            widest=HALF_HOUR,
            detail=_whole_order,
            personal=Personal(
                drop=_HIDDEN, keep=("receiverprovincename", "receiverprovinceid"), buyer=("userId",)
            ),
        ),
        Stream(
            name="refunds",
            kind="cursor",
            key=("returnsId",),
            cursor=Instant("updatedAt", parse=epoch_milliseconds),
            reads=_refunds,
            widest=HALF_HOUR,
            # No page says that updatedAt moves once the money went back: the last day is read again.
            overlap=timedelta(days=1),
            detail=_money_given_back,
            personal=Personal(drop=("userid", "desc", "proofphotos", "logistic*")),
        ),
        Stream(
            name="products",
            kind="cursor",
            key=("sku.id",),
            reads=_products,
            slice=None,
            from_beginning=True,
        ),
    ),
)
