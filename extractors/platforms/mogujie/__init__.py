"""Mogujie (蘑菇街), Meilishuo with it. Facts from the integrations listed in README.md."""

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
from extractors.errors import AuthError, DaybookError
from extractors.personal import Personal
from extractors.protocols.oauth import AUTHORISE, refresh_form, token_reader
from extractors.protocols.signed_form import (
    Dialect,
    SignedForm,
    epoch_seconds,
    expect_object,
)
from extractors.protocols.signing import md5_wrapped
from extractors.protocols.words import error_in_words

ZONE = "Asia/Shanghai"
PATH = "/invoke"
GOOD = "0000000"
TOKEN_CODES = {"0000001", "0000010", "0000011"}

# An answer without orders has no list; the count tells that there are none.
PAGES = LastPageFirst(
    records_at("result.data.openApiOrderDetailResDtos"),
    number_at("result.data.totalNum"),
    30,
    page="page",
    size="pageSize",
)


def error_of(body: Any) -> DaybookError | None:
    """The error in `{status: {code, msg}, result}`; few codes are public, so words decide."""
    answer = expect_object(body, "Mogujie")
    status = answer.get("status") or {}
    code, said = str(status.get("code") or ""), str(status.get("msg") or answer)
    result = answer.get("result") or {}
    if code == GOOD and result.get("success") is not False:
        return None
    if code in TOKEN_CODES:
        return AuthError(f"Mogujie error {code}: {said}", refreshable=True, advice=AUTHORISE)
    return error_in_words("Mogujie", code, said)


DIALECT = Dialect(
    digest=md5_wrapped,
    error=error_of,
    constants={"format": "json", "sign_method": "md5", "version": "1.0"},
    envelope="Params",
    now=epoch_seconds,
    refresh_url="https://oauth.mogujie.com/token",
    refresh_form=refresh_form("app_key", "app_secret"),
    refresh_read=token_reader(),
)


def _orders(account: Account, window: Window) -> Iterator[Read]:
    zone = ZoneInfo(ZONE)
    start, end = (moment.astimezone(zone) for moment in (window.start, window.end))
    span = {"startUpdated": f"{start:%Y-%m-%d %H:%M:%S}", "endUpdated": f"{end:%Y-%m-%d %H:%M:%S}"}
    yield Read(Request("xiaodian.trade.sold.get", PATH, span), PAGES)


PLATFORM = Platform(
    name="mogujie",
    title="Mogujie",
    base_url="https://openapi.mogujie.com",
    protocol=partial(SignedForm, DIALECT),
    # No limit is published; 5/s is our own restraint.
    rate=Rate(calls=5, seconds=1.0),
    streams=(
        Stream(
            name="orders",
            kind="cursor",
            key=("shopOrderId",),
            cursor=Instant(
                "updatedStr", ZONE, before=("receiveTimeStr", "shipTimeStr", "payTimeStr", "createdStr")
            ),
            reads=_orders,
            # The widest that integrations have asked for.
            widest=timedelta(hours=12),
            personal=Personal(
                drop=("buyer*", "sellercomment", "shipexpressid", "extramap", "idcard*"),
                keep=("receiverprovince",),
                buyer=("buyerUserId", "buyerAccountId"),
            ),
        ),
    ),
)
