"""Youzan (有赞), through Youzan Cloud. Facts from the pages listed in README.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from extractors.accounts import Account
from extractors.core.decode import loads
from extractors.core.model import Instant, Platform, Rate, Read, Record, Request, Stream
from extractors.core.paging import LastPageFirst, number_at, records_at
from extractors.core.session import Session
from extractors.core.window import Window
from extractors.credentials import Credentials
from extractors.errors import (
    AuthError,
    ConfigError,
    ContractError,
    DaybookError,
    RateLimitedError,
    TransientError,
)
from extractors.personal import Personal
from extractors.protocols.oauth import ends_at
from extractors.protocols.token_rest import Dialect, TokenRest
from extractors.tokens import Tokens

ZONE = "Asia/Shanghai"
TOKEN_URL = "https://open.youzanyun.com/auth/token"  # noqa: S105  an address

TOKEN_CODES = {4201, 4202, 4203, 10003}
PERMISSION_CODES = {4204, 10004}
RATE_CODES = {4101, 20001, 500100004, 123000042, 141500203}
RETRY_CODES = {5001, 5002, 5003, 10001, 106000001, 106000003, 106100118}
AUTHORISE = "authorise the shop for the app again and update the connection"

# A hundred pages of a hundred orders; page times size is at most 3,000 for refunds, below 4,000 for items.
ORDERS = LastPageFirst(
    records_at("data.full_order_info_list"), number_at("data.total_results"), 100, depth=100 * 100
)
REFUNDS = LastPageFirst(records_at("data.refunds"), number_at("data.total"), 100, depth=3_000)
OFF_SALE = ("for_shelved", "sold_out")
ITEMS = LastPageFirst(records_at("data.items"), number_at("data.count"), 100, depth=3_900)


def error_of(body: Any, headers: dict[str, str]) -> DaybookError | None:
    """The error in an answer: the gateway's `gw_err_resp`, or what the business behind it says."""
    if not isinstance(body, dict):
        return TransientError("Youzan answered with something that is no envelope")
    gateway = body.get("gw_err_resp")
    if isinstance(gateway, dict):
        return _typed(gateway.get("err_code"), str(gateway.get("err_msg")))
    if body.get("success") is True and str(body.get("code")) == "200":
        return None
    return _typed(body.get("code"), str(body.get("message") or body.get("msg")))


def _typed(code: Any, said: str) -> DaybookError:
    number = int(code) if str(code).lstrip("-").isdigit() else 0
    text = f"Youzan error {code}: {said}"
    if number in RATE_CODES:
        # "3, 6, 12, 24 and 48 seconds" is the vendor's advice; the first of them.
        return RateLimitedError(text, retry_after=3.0)
    if number in RETRY_CODES:
        return TransientError(text)
    if number in TOKEN_CODES:
        return AuthError(text, refreshable=True, advice=AUTHORISE)
    if number in PERMISSION_CODES:
        return ConfigError(
            text, advice="ask for the permission of this API (its capability package) in the app's console"
        )
    if number == 20002:
        return ConfigError(text, advice="the month's quota of calls is spent: order a larger package")
    if number == 4007 and "IP" in said:
        return ConfigError(text, advice="add this machine's public address to the app's IP list")
    return ConfigError(text, advice="check the account's configuration against the API's page")


def _renewal(shop: str, key: str, secret: str, tokens: Tokens) -> dict[str, Any]:
    """The request for new tokens: a merchant's own app asks for a token of its shop, an app of the
    market renews the one that it was given."""
    body: dict[str, Any] = {"client_id": key, "client_secret": secret}
    if tokens.refresh_token:
        body |= {"authorize_type": "refresh_token", "refresh_token": tokens.refresh_token}
    else:
        body |= {"authorize_type": "silent", "grant_id": shop, "refresh": True}
    return {"method": "POST", "url": TOKEN_URL, "json": body}


def read_tokens(body: bytes) -> Tokens:
    """The tokens of `/auth/token`: `expires` is the end of the access token, in milliseconds."""
    answer = loads(body, "token refresh")
    found = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(found, dict) or not found.get("access_token"):
        said = f"{answer.get('code')} {answer.get('message')}" if isinstance(answer, dict) else "no envelope"
        raise AuthError(f"token refresh: {said}", advice=AUTHORISE)
    renewed = found.get("refresh_token")
    return Tokens(
        found["access_token"],
        renewed,
        ends_at(found.get("expires"), 1000),
        datetime.now(UTC) + timedelta(days=28) if renewed else None,
    )


DIALECT = Dialect(error=error_of, token_param="access_token", json_body=True, refresh_read=read_tokens)  # noqa: S106


def _speaker(url: str, account: Account, credentials: Credentials) -> TokenRest:
    """The speaker. Tokens can be renewed only if the connection has the shop (`kdt_id`) or a refresh
    token."""
    shop, given = str(credentials.extra.get("kdt_id") or ""), credentials.extra.get("refresh_token")
    if not shop and not given:
        return TokenRest(DIALECT, url, account, credentials)
    dialect = replace(DIALECT, refresh=partial(_renewal, shop), renews_by_key=bool(shop))
    return TokenRest(dialect, url, account, credentials)


def _call(name: str, version: str, params: dict[str, Any]) -> Request:
    return Request(name, f"/api/{name}/{version}", params, verb="POST")


def _orders(account: Account, window: Window) -> Iterator[Read]:
    zone = ZoneInfo(ZONE)
    start, end = (moment.astimezone(zone) for moment in (window.start, window.end))
    span = {"start_update": f"{start:%Y-%m-%d %H:%M:%S}", "end_update": f"{end:%Y-%m-%d %H:%M:%S}"}
    yield Read(_call("youzan.trades.sold.get", "4.0.4", span), ORDERS)


def _refunds(account: Account, window: Window) -> Iterator[Read]:
    span = {
        "update_time_start": int(window.start.timestamp()),
        "update_time_end": int(window.end.timestamp()),
    }
    yield Read(_call("youzan.trade.refund.search", "3.0.1", span), REFUNDS)


def _whole_refund(session: Session, record: Record) -> None:
    """Adds the order line and the time of the refund, which the list does not have."""
    request = _call("youzan.trade.refund.get", "3.0.1", {"refund_id": record["refund_id"]})
    found = session.call(request).body.get("data")
    if not isinstance(found, dict) or str(found.get("refund_id")) != str(record["refund_id"]):
        raise ContractError("youzan.trade.refund.get answered without the refund that was asked for")
    record["detail"] = found


def _items(account: Account, window: Window) -> Iterator[Read]:
    """Items on sale, not on sale and sold out, from three lists: an item itself does not say which it is."""
    span = {
        "update_time_start": int(window.start.timestamp() * 1000),
        "update_time_end": int(window.end.timestamp() * 1000),
        "order_by": "update_time:asc",
    }
    for shelf, banner in (("onsale", {}), *(("inventory", {"banner": name}) for name in OFF_SALE)):
        request = _call(f"youzan.items.{shelf}.get", "3.0.0", span | banner)
        yield Read(request, ITEMS, finish=partial(_shelved, shelf))


def _shelved(shelf: str, records: list[Record]) -> list[Record]:
    for record in records:
        record["shelf"] = shelf
    return records


PLATFORM = Platform(
    name="youzan",
    title="Youzan",
    base_url="https://open.youzanyun.com",
    protocol=_speaker,
    # No limit is published for orders and refunds; 10/s is our own restraint.
    rate=Rate(calls=10, seconds=1.0),
    streams=(
        Stream(
            name="orders",
            kind="cursor",
            key=("full_order_info.order_info.tid",),
            cursor=Instant(
                "full_order_info.order_info.update_time", ZONE, before=("full_order_info.order_info.created",)
            ),
            reads=_orders,
            widest=timedelta(days=89),
            personal=Personal(
                drop=(
                    "buyer_info", "delivery_postal_code", "delivery_city", "delivery_district",
                    "self_fetch_info", "trade_memo", "outer_user_id", "fans_*", "yz_open_id", "*transaction*",
                    "invoice*", "cashier_name", "user_name", "user_tel", "child_info", "book_key",
                    "express_no",
                ),
                keep=("address_info",),
                buyer=("full_order_info.buyer_info.yz_open_id", "full_order_info.buyer_info.buyer_id"),
            ),
        ),
        Stream(
            name="refunds",
            kind="cursor",
            key=("refund_id",),
            cursor=Instant("modified", ZONE, before=("created",)),
            reads=_refunds,
            detail=_whole_refund,
            personal=Personal(
                drop=("yz_open_id", "buyer_id", "*consult*", "desc", "*remark*", "*delivery_no*")
            ),
        ),
        Stream(
            name="products",
            kind="cursor",
            key=("item_id",),
            cursor=Instant("update_time", ZONE, before=("created_time",)),
            reads=_items,
            slice=None,
            from_beginning=True,
            weekly_whole=True,
        ),
    ),
)  # fmt: skip
