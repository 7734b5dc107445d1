"""Beibei (贝贝). Facts from the integrations listed in README.md; the site was wound down."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from extractors.accounts import Account
from extractors.core.model import Instant, Platform, Rate, Read, Request, Stream
from extractors.core.paging import LastPageFirst, number_at, records_at
from extractors.core.window import Window
from extractors.errors import DaybookError
from extractors.personal import Personal
from extractors.protocols.signed_form import (
    Dialect,
    SignedForm,
    epoch_seconds,
    expect_object,
)
from extractors.protocols.signing import md5_wrapped
from extractors.protocols.words import error_in_words

ZONE = "Asia/Shanghai"
PATH = "/outer_api/out_gateway/route.html"
REFUND_STATUSES = (1, 2, 3)

# The vendor silently replaces a page size above 300 by 40.
PAGES = LastPageFirst(records_at("data"), number_at("count"), 300)


def error_of(body: Any) -> DaybookError | None:
    """The error in an answer: `success` is false; no codes are published, so its words decide."""
    answer = expect_object(body, "Beibei")
    if answer.get("success") in (True, "true"):
        return None
    return error_in_words("Beibei", str(answer.get("err_code") or ""), str(answer.get("message") or answer))


DIALECT = Dialect(
    digest=md5_wrapped,
    error=error_of,
    key="app_id",
    token="session",  # noqa: S106  the name of a parameter
    now=epoch_seconds,
)


def _orders(account: Account, window: Window) -> Iterator[Read]:
    yield Read(Request("beibei.outer.trade.order.get", PATH, {"status": -1, **_span(window)}), PAGES)


def _refunds(account: Account, window: Window) -> Iterator[Read]:
    for status in REFUND_STATUSES:
        yield Read(Request("beibei.outer.refunds.get", PATH, {"status": status, **_span(window)}), PAGES)


def _span(window: Window) -> dict[str, Any]:
    return {
        "time_range": "modified_time",
        "start_time": int(window.start.timestamp()),
        "end_time": int(window.end.timestamp()),
    }


PLATFORM = Platform(
    name="beibei",
    title="Beibei",
    base_url="http://api.open.beibei.com",
    protocol=partial(SignedForm, DIALECT),
    # Integrations paused a second between pages after "network busy"; no limit is published.
    rate=Rate(calls=2, seconds=1.0),
    width=2,
    streams=(
        Stream(
            name="orders",
            kind="cursor",
            key=("oid",),
            cursor=Instant("modified_time", ZONE),
            reads=_orders,
            widest=timedelta(days=1),
            # An order appears half an hour after it was paid.
            settle=timedelta(minutes=35),
            personal=Personal(
                drop=("*remark", "invoice_*", "city", "county", "out_sid", "user", "member_card*"),
                buyer=("nick",),
            ),
        ),
        Stream(
            name="refunds",
            kind="cursor",
            key=("id",),
            cursor=Instant("modified_time", ZONE, before=("create_time",)),
            reads=_refunds,
            widest=timedelta(days=1),
            personal=Personal(drop=("desc", "out_sid")),
        ),
    ),
)
