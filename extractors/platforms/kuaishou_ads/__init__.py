"""Kuaishou Magnetic Engine (快手 磁力引擎) ad reports. Facts from the pages listed in README.md."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from extractors.accounts import Account
from extractors.core.model import Platform, Rate, Read, Request, Stream
from extractors.core.paging import ForwardPages, number_at, records_at
from extractors.core.window import Window
from extractors.errors import AuthError, DaybookError, TransientError
from extractors.protocols.oauth import data_of, ends_in
from extractors.protocols.token_rest import Dialect, TokenRest
from extractors.protocols.words import error_in_words
from extractors.tokens import Tokens

AUTHORISE = "authorise the advertiser again and update the connection"
SHOWN_DAYS = 7  # the real-time reports answer for the last week, today included


def error_of(body: Any, headers: dict[str, str]) -> DaybookError | None:
    """The error in an envelope `{code, message, data}`; 0 is success, HTTP is 200 even on failure.

    No table of codes is published: an error is judged by the words of its message.
    """
    if not isinstance(body, dict) or "code" not in body:
        return TransientError("Kuaishou answered with something that is no envelope")
    if body["code"] == 0:
        return None
    said = str(body.get("message")).lower()
    if "refresh_token" in said:  # a new access token would not help there
        return AuthError(f"Kuaishou error {body['code']}: {body.get('message')}", advice=AUTHORISE)
    advice = "check advertiser_id, and that the app may read the advertiser's reports"
    return error_in_words("Kuaishou", str(body["code"]), str(body.get("message")), advice=advice)


def _report(level: str, account: Account, window: Window) -> Iterator[Read]:
    days = window.dates(account.zone)
    params = {
        "advertiser_id": account.number("advertiser_id", "not the Kuaishou id"),
        "start_date": days[0].isoformat(),
        "end_date": days[-1].isoformat(),
        "temporal_granularity": "DAILY",
    }
    paging = ForwardPages(records_at("data.details"), number_at("data.total_count"), 2000)
    path = f"/rest/openapi/v1/report/{level}_report"
    yield Read(Request(f"report/{level}_report", path, params, verb="POST"), paging)


def _refresh(app_id: str, secret: str, tokens: Tokens) -> dict[str, Any]:
    # The app id is sent as a whole number; anything else is sent as it is, for the vendor to refuse.
    number = int(app_id) if app_id.isdigit() else app_id
    body = {"app_id": number, "secret": secret, "refresh_token": tokens.refresh_token}
    return {"method": "POST", "url": "/rest/openapi/oauth2/authorize/refresh_token", "json": body}


def read_tokens(body: bytes) -> Tokens:
    """The pair a refresh answers with; both tokens are new and the old ones dead."""
    data = data_of(body, partial(error_of, headers={}), AUTHORISE)
    return Tokens(
        access_token=data["access_token"],
        refresh_token=data["refresh_token"],
        expires_at=ends_in(data.get("access_token_expires_in")),
        refresh_expires_at=ends_in(data.get("refresh_token_expires_in")),
    )


def _stream(name: str, level: str, *key: str) -> Stream:
    return Stream(
        name=name,
        kind="report",
        key=("stat_date", *key),
        day="stat_date",
        reads=partial(_report, level),
        widest=timedelta(days=SHOWN_DAYS),
        lookback_days=SHOWN_DAYS - 1,
        retention=timedelta(days=SHOWN_DAYS - 1),
    )


DIALECT = Dialect(
    token_header="Access-Token",  # noqa: S106  the name of a header
    error=error_of,
    json_body=True,
    refresh=_refresh,
    refresh_read=read_tokens,
)

PLATFORM = Platform(
    name="kuaishou_ads",
    title="Kuaishou ads",
    base_url="https://ad.e.kuaishou.com",
    protocol=partial(TokenRest, DIALECT),
    # An app may make 2,000 calls a minute, for all its accounts: our own restraint.
    rate=Rate(calls=5, seconds=1.0),
    options=frozenset({"advertiser_id"}),
    streams=(
        _stream("account_report", "account"),
        _stream("campaign_report", "campaign", "campaign_id"),
        _stream("unit_report", "unit", "unit_id"),
        _stream("creative_report", "creative", "creative_id"),
    ),
)
