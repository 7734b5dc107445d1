"""Pinduoduo (拼多多), through its open platform. Facts from the pages listed in README.md."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from extractors.accounts import Account
from extractors.core.decode import loads
from extractors.core.model import Instant, Platform, Rate, Read, Request, Stream
from extractors.core.paging import LastPageFirst, number_at, records_at
from extractors.core.window import Window
from extractors.errors import AuthError, ConfigError, DaybookError, RateLimitedError, TransientError
from extractors.personal import Personal
from extractors.protocols.oauth import ends_at
from extractors.protocols.signed_form import Dialect, SignedForm, epoch_seconds, expect_object
from extractors.protocols.signing import md5_wrapped
from extractors.tokens import Tokens

ZONE = "Asia/Shanghai"
PATH = "/api/router"
ORDERS = "pdd.order.number.list.increment.get"
REFUNDS = "pdd.refund.list.increment.get"
GOODS = "pdd.goods.list.get"

# The refund list takes one status per call: every documented one except 0 (no after-sale).
AFTER_SALES_STATUSES = (*range(2, 19), 21, 22, 24, 25, 27, 31, 32, 33)

RATE_CODES = {52101, 70031}
RETRY_CODES = {50000, 50001, 50002, 52001, 52002, 52102, 52103, 70033}


def error_of(body: Any) -> DaybookError | None:
    """The error in an answer (HTTP 200 even then), by the vendor's table."""
    found = expect_object(body, "Pinduoduo").get("error_response")
    if found is None:
        return None
    code = int(found.get("error_code") or 0)
    said = found.get("sub_msg") or found.get("error_msg")
    text = f"Pinduoduo error {code} {found.get('sub_code') or ''}: {said}".replace(" :", ":")
    if code in RATE_CODES:
        # No wait is named; the limits count over 10 and 60 seconds.
        return RateLimitedError(text, retry_after=2.0)
    if code in RETRY_CODES:
        return TransientError(text)
    if code == 10019:
        return AuthError(text, refreshable=True, advice="authorise the shop again and update the connection")
    if code == 20032:
        return AuthError(text, advice="this token was given to another app: authorise the shop for this one")
    if code == 20004:
        return AuthError(text, advice="the client secret of the connection does not match the client id")
    if code == 20005:
        return ConfigError(text, advice="add this machine's public address to the app's IP list")
    if code in (20031, 70032, 70034, 70035, 70036):
        return ConfigError(
            text, advice="ask for this API's permission, and check the app is live and not limited"
        )
    return ConfigError(text, advice="check the account's configuration and this machine's clock (10 minutes)")


def read_tokens(body: bytes) -> Tokens:
    """The token pair of `pdd.pop.auth.token.refresh`. A refresh does not lengthen the access token's life."""
    data = expect_object(loads(body, "token refresh"), "token refresh")
    answers = (value for name, value in data.items() if name.startswith("pop_auth_token_"))
    found: dict[str, Any] = next(answers, {})
    if not found.get("access_token"):
        failure = data.get("error_response") or {}
        raise AuthError(
            f"token refresh: {failure.get('error_code')} {failure.get('error_msg')}",
            advice="authorise the shop again and update the connection",
        )
    return Tokens(
        found["access_token"],
        found.get("refresh_token"),
        ends_at(found.get("expires_at")),
    )


DIALECT = Dialect(
    digest=md5_wrapped,
    error=error_of,
    method="type",
    key="client_id",
    constants={"data_type": "JSON", "version": "V1"},
    now=epoch_seconds,
    refresh_request=lambda tokens: Request(
        "pdd.pop.auth.token.refresh", PATH, {"refresh_token": tokens.refresh_token}
    ),
    refresh_read=read_tokens,
)


def _orders(account: Account, window: Window) -> Iterator[Read]:
    place = "order_sn_increment_get_response"
    paging = LastPageFirst(
        records_at(f"{place}.order_sn_list"), number_at(f"{place}.total_count"), 100, page="page"
    )
    every = {"order_status": 5, "refund_status": 5, "is_lucky_flag": 0, "use_has_next": False}
    yield Read(Request(ORDERS, PATH, _span(window) | every), paging)


def _refunds(account: Account, window: Window) -> Iterator[Read]:
    place = "refund_increment_get_response"
    paging = LastPageFirst(
        records_at(f"{place}.refund_list"), number_at(f"{place}.total_count"), 100, page="page"
    )
    for status in AFTER_SALES_STATUSES:
        one = {"after_sales_status": status, "after_sales_type": 1}
        yield Read(Request(REFUNDS, PATH, _span(window) | one), paging)


def _goods(account: Account, window: Window) -> Iterator[Read]:
    """All goods, on sale or not; the list neither filters by time nor has one. Goods that are put on sale
    between the two reads would be in neither list and count as deleted, so the first is read once more."""
    place = "goods_list_get_response"
    paging = LastPageFirst(
        records_at(f"{place}.goods_list"), number_at(f"{place}.total_count"), 100, page="page"
    )
    for on_sale in (1, 0, 1):
        yield Read(Request(GOODS, PATH, {"is_onsale": on_sale}), paging)


def _span(window: Window) -> dict[str, Any]:
    return {
        "start_updated_at": int(window.start.timestamp()),
        "end_updated_at": int(window.end.timestamp()),
    }


def moment(value: Any) -> datetime:
    """A time of the refund list: epoch seconds as text in the vendor's examples, a wall clock in others."""
    text = str(value)
    if text.isdigit():
        return datetime.fromtimestamp(int(text), UTC)
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE))


# The buyer (a keyed hash stays), masks, memos, the payment number, of the address all below the province, and
# of a card that was sold its number and its secret.
_HIDDEN = (
    "open_id_buyer", "*_mask", "remark", "id_card*", "pay_no", "inner_transaction_id", "city*", "town*",
    "tracking_number", "card_info_list",
)  # fmt: skip

PLATFORM = Platform(
    name="pinduoduo",
    title="Pinduoduo",
    base_url="https://gw-api.pinduoduo.com",
    protocol=partial(SignedForm, DIALECT),
    rates={
        ORDERS: Rate(calls=3000, seconds=60.0),
        REFUNDS: Rate(calls=100, seconds=10.0),
        GOODS: Rate(calls=600, seconds=60.0),
    },
    width=8,
    renewal_prolongs=False,
    streams=(
        Stream(
            name="orders",
            kind="cursor",
            key=("order_sn",),
            cursor=Instant("updated_at", ZONE),
            reads=_orders,
            widest=timedelta(minutes=30),
            retention=timedelta(days=90),
            personal=Personal(
                drop=_HIDDEN,
                buyer=("open_id_buyer",),
            ),
        ),
        Stream(
            name="refunds",
            kind="cursor",
            key=("id",),
            cursor=Instant("updated_time", parse=moment),
            reads=_refunds,
            widest=timedelta(minutes=30),
            retention=timedelta(days=90),
            personal=Personal(drop=("tracking_number",)),
        ),
        Stream(
            name="products",
            kind="cursor",
            key=("goods_id",),
            reads=_goods,
            slice=None,
            from_beginning=True,
        ),
    ),
)
