"""Douyin shop (抖店), through its open platform. Facts from the API pages listed in README.md."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from extractors.accounts import Account
from extractors.core.model import Instant, Platform, Rate, Read, Record, Request, Stream
from extractors.core.paging import LastPageFirst, number_at, records_at
from extractors.core.session import Session
from extractors.core.window import Window
from extractors.errors import (
    AuthError,
    ConfigError,
    ContractError,
    DaybookError,
    RateLimitedError,
    TransientError,
)
from extractors.personal import Personal
from extractors.protocols.oauth import data_of, ends_in
from extractors.protocols.signed_call import Dialect, SignedCall, json_body_signed_in_query
from extractors.tokens import Tokens

GOOD_CODES = {10000, 0}  # 0: the old envelope's err_no
RETRY_CODES = {20000, 20001, 90000}
THEIRS = ("isp.", "dop.")  # sub-codes of the platform's own trouble; isv.* is the caller's
TOKEN_SUB_CODES = {"isv.access-token-expired", "isv.access-token-no-existed"}
# Sub-codes of the platform that are about the shop's authorisation: expired, revoked, or not good for a
# token.
LAPSED = ("dop.authorization-", "dop.token-generate-failed")
AUTHORISE = "have the shop authorise the app again and update the connection"
ADVICE = {
    30001: "ask for this API's permission package in the app console and have the shop authorise the app",
    30002: "add this machine's address to the app's list of allowed addresses",
    70000: "the API was taken out of service: update Daybook",
    80000: "the platform's risk control refused the app: look into the app console",
}
SUCCESS = 12  # aftersale_status: money given back

PAGES = LastPageFirst(
    records_at("data.shop_order_list"),
    number_at("data.total"),
    100,
    page="page",
    size="size",
    first=0,
    depth=10_000,
)
AFTERSALE_PAGES = LastPageFirst(
    records_at("data.items"), number_at("data.total"), 100, page="page", size="size", first=0, depth=50_000
)
# Pages of products count from 1, to 100 at most.
PRODUCT_PAGES = LastPageFirst(
    records_at("data.data"), number_at("data.total"), 100, page="page", size="size", depth=10_000
)


def error_of(body: Any) -> DaybookError | None:
    """The error in `{code, msg, sub_code, sub_msg, data}`; HTTP is 200 even then."""
    if not isinstance(body, dict) or ("code" not in body and "err_no" not in body):
        return TransientError("Doudian answered with something that is no envelope")
    code, sub_code = body.get("code", body.get("err_no")), str(body.get("sub_code") or "")
    if code in GOOD_CODES:
        return None
    text = f"Doudian error {code} {sub_code}: {body.get('sub_msg') or body.get('msg')}"
    if code == 60000:
        return RateLimitedError(text)
    if sub_code.startswith(LAPSED):
        return AuthError(text, advice=AUTHORISE)
    if code in RETRY_CODES or (sub_code.startswith(THEIRS) and code not in ADVICE):
        return TransientError(text)
    if sub_code in TOKEN_SUB_CODES or code == 50001:
        return AuthError(text, refreshable=True, advice=AUTHORISE)
    if sub_code == "isv.access-token-invalid":
        return AuthError(text, advice="this token was given to another app: authorise the shop for this one")
    if sub_code == "isv.signature-invalid":
        return AuthError(text, advice="the app secret of the connection does not match the app key")
    if sub_code == "isv.timestamp-invalid":
        return ConfigError(text, advice="set this machine's clock: it is more than ten minutes off")
    return ConfigError(
        text, advice=ADVICE.get(code or 0, "check the account's configuration against the API page")
    )


def _orders(account: Account, window: Window) -> Iterator[Read]:
    params = {
        "update_time_start": int(window.start.timestamp()),
        "update_time_end": int(window.end.timestamp()),
        "order_by": "update_time",
        "order_asc": True,
    }
    yield Read(Request("order.searchList", "/order/searchList", params), PAGES)


def _aftersales(account: Account, window: Window) -> Iterator[Read]:
    params = {
        "update_start_time": int(window.start.timestamp()),
        "update_end_time": int(window.end.timestamp()),
        "order_by": ["update_time asc"],
    }
    yield Read(Request("afterSale.List", "/afterSale/List", params), AFTERSALE_PAGES)


def _products(account: Account, window: Window) -> Iterator[Read]:
    """Products by update time, whatever their status. The vendor excludes both ends of the range."""
    params = {
        "update_start_time": int(window.start.timestamp()) - 1,
        "update_end_time": int(window.end.timestamp()) + 1,
    }
    yield Read(Request("product.listV2", "/product/listV2", params), PRODUCT_PAGES)


def _money_given_back(session: Session, record: Record) -> None:
    """Adds the amount refunded and when. The list only has the amount requested."""
    params = {"after_sale_id": record["aftersale_info"]["aftersale_id"]}
    body = session.call(Request("afterSale.Detail", "/afterSale/Detail", params)).body
    found = ((body.get("data") or {}).get("process_info") or {}).get("after_sale_info")
    if not isinstance(found, dict):
        raise ContractError("afterSale.Detail answered without process_info.after_sale_info")
    record["detail"] = found


def _refresh(speaker: SignedCall, tokens: Tokens) -> dict[str, Any]:
    params = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token}
    return speaker.compose(Request("token.refresh", "/token/refresh", params))


def read_tokens(body: bytes, used: Tokens) -> Tokens:
    """The pair that `/token/refresh` answers with: the access token lives 7 days, the other 14."""
    data = data_of(body, error_of, AUTHORISE)
    return Tokens(
        access_token=data["access_token"],
        refresh_token=data["refresh_token"],
        expires_at=ends_in(data.get("expires_in")),
        refresh_expires_at=datetime.now(UTC) + timedelta(days=14),
    )


DIALECT = Dialect(
    shape=json_body_signed_in_query,
    error=error_of,
    headers={"x-open-no-old-err-code": "1"},
    refresh=_refresh,
    refresh_read=read_tokens,
)

# Ciphers and masks of the receiver, remarks, and the parts of an address below the province.
_HIDDEN = (
    "encrypt_*", "mask_*", "post_tel", "post_code", "detail", "street", "town", "city", "user_id_info",
    "buyer_words", "seller_words", "doudian_open_id", "tracking_no",
)  # fmt: skip
_HIDDEN_OF_REFUNDS = (
    "encrypt_*", "mask_*", "post_tel", "text_part", "remark*", "evidence*", "tracking_no",
    "return_logistics_code",
)  # fmt: skip

PLATFORM = Platform(
    name="doudian",
    title="Douyin shop (Doudian)",
    base_url="https://openapi-fxg.jinritemai.com",
    protocol=partial(SignedCall, DIALECT),
    rate=Rate(calls=100, seconds=1.0),
    rates={
        "order.searchList": Rate(calls=600, seconds=1.0),
        "afterSale.List": Rate(calls=500, seconds=1.0),
    },
    width=40,  # 600 calls a second that take 50 ms each, and some for the way
    streams=(
        Stream(
            name="orders",
            kind="cursor",
            key=("order_id",),
            cursor=Instant("update_time"),
            reads=_orders,
            stride=timedelta(hours=1),
            retention=timedelta(days=90),
            personal=Personal(drop=_HIDDEN, buyer=("doudian_open_id",)),
        ),
        Stream(
            name="refunds",
            kind="cursor",
            key=("aftersale_info.aftersale_id",),
            cursor=Instant("aftersale_info.update_time"),
            reads=_aftersales,
            stride=timedelta(hours=1),
            # No page says that update_time moves once what was settled is paid: the last day is read again.
            overlap=timedelta(days=1),
            detail=_money_given_back,
            incomplete=lambda record: record["aftersale_info"].get("aftersale_status") == SUCCESS,
            retention=timedelta(days=180),
            personal=Personal(drop=_HIDDEN_OF_REFUNDS),
        ),
        Stream(
            name="products",
            kind="cursor",
            key=("product_id",),
            cursor=Instant("update_time", before=("create_time",)),
            reads=_products,
            slice=None,
            from_beginning=True,
            personal=Personal(drop=("mobile",)),
        ),
    ),
)
