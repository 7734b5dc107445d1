"""NetEase Kaola (考拉). Facts from the integrations listed in README.md; the gateway may be closed by now."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from extractors.accounts import Account
from extractors.core.model import Instant, Platform, Rate, Read, Request, Stream
from extractors.core.paging import LastPageFirst, number_at, records_at
from extractors.core.window import Window
from extractors.errors import DaybookError
from extractors.personal import Personal
from extractors.protocols.oauth import refresh_form, token_reader
from extractors.protocols.signed_form import Dialect, SignedForm, expect_object
from extractors.protocols.signing import md5_wrapped
from extractors.protocols.words import error_in_words

ZONE = "Asia/Shanghai"
PATH = "/router"

# There is no filter by modified time, so every status is read by every kind of date that it may have.
STATUSES = (1, 2, 3, 4, 5, 6, 8)
DATE_TYPES = (1, 2, 3, 1001, 1005)
REFUND_STATUSES = (1, 2, 3, 4, 5)
DEPTH = 5000 * 100


def error_of(body: Any) -> DaybookError | None:
    """The error in an answer; the vendor's table of codes is not public, so its words decide."""
    found = expect_object(body, "Kaola").get("error_response")
    if found is None:
        return None
    first = (found.get("subErrors") or [{}])[0]
    said = " ".join(str(text) for text in (found.get("msg"), first.get("msg")) if text)
    return error_in_words("Kaola", str(first.get("code") or found.get("code") or ""), said)


DIALECT = Dialect(
    digest=md5_wrapped,
    error=error_of,
    refresh_url="https://oauth.kaola.com/oauth/token",
    refresh_form=refresh_form(),
    refresh_read=token_reader(),
)


def _orders(account: Account, window: Window) -> Iterator[Read]:
    for status in STATUSES:
        for date_type in DATE_TYPES:
            params = {"order_status": status, "date_type": date_type, **_span(window)}
            yield Read(Request("kaola.order.search", PATH, params), _pages("order", "orders"))


def _refunds(account: Account, window: Window) -> Iterator[Read]:
    for status in REFUND_STATUSES:
        params = {"refund_status": status, **_span(window)}
        yield Read(Request("kaola.refund.search", PATH, params), _pages("refund", "refunds"))


def _pages(method: str, records: str) -> LastPageFirst:
    place = f"kaola_{method}_search_response"
    return LastPageFirst(
        records_at(f"{place}.{records}"), number_at(f"{place}.total_count"), 100, depth=DEPTH
    )


def _span(window: Window) -> dict[str, str]:
    zone = ZoneInfo(ZONE)
    start, end = (moment.astimezone(zone) for moment in (window.start, window.end))
    return {"start_time": f"{start:%Y-%m-%d %H:%M:%S}", "end_time": f"{end:%Y-%m-%d %H:%M:%S}"}


PLATFORM = Platform(
    name="kaola",
    title="NetEase Kaola",
    base_url="https://openapi.kaola.com",
    protocol=partial(SignedForm, DIALECT),
    # No limit is published; 10/s is our own restraint.
    rate=Rate(calls=10, seconds=1.0),
    streams=(
        Stream(
            name="orders",
            kind="cursor",
            key=("order_id",),
            # The latest of the dates a record has; a cancellation moves none of them.
            cursor=Instant("finish_time", ZONE, before=("deliver_time", "pay_success_time")),
            reads=_orders,
            widest=timedelta(days=1),
            overlap=timedelta(days=7),
            personal=Personal(
                drop=(
                    "order_buyer_remark",
                    "order_business_remark",
                    "trade_no",
                    "express_no",
                    "buyer_*",
                    "cert_*",
                    "invoice_*",
                    "taxpayer_no",
                ),
                keep=("receiver_province_name",),
                buyer=("buyer_account",),
            ),
        ),
        Stream(
            name="refunds",
            kind="cursor",
            key=("refund_id",),
            cursor=Instant("refund_create_time", ZONE),
            reads=_refunds,
            widest=timedelta(days=1),
            # Filtered by time of application only: later changes are found by reading past days again.
            overlap=timedelta(days=30),
            personal=Personal(drop=("user_*", "refund_desc", "express_no")),
        ),
    ),
)
