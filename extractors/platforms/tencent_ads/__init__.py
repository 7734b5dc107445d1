"""Tencent Ads (腾讯广告) daily reports (Marketing API v3.0). Facts from the pages listed in README.md."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from extractors.accounts import Account
from extractors.core.model import Platform, Rate, Read, Request, Stream
from extractors.core.paging import ForwardPages, number_at, records_at
from extractors.core.window import Window
from extractors.credentials import Credentials
from extractors.errors import AuthError, ConfigError, DaybookError, RateLimitedError, TransientError
from extractors.protocols.oauth import data_of, ends_in
from extractors.protocols.restraint import until_midnight
from extractors.protocols.token_rest import Dialect, TokenRest
from extractors.tokens import Tokens

CREATIVE = ["date", "adgroup_id", "dynamic_creative_id"]
FIGURES = ["view_count", "valid_click_count", "cost", "conversions_count", "order_pv", "order_amount"]

TOKEN_CODES = {11000, 11002, 11004, 11005}
DEAD_CODES = {11009, 11010, 11011, 11012, 11013}
# Per second, per minute (five of them, by the page on limits), per day, and reports (issue 27 of the
# official SDK).
RATE_WAITS: dict[int, float | None] = {
    11008: 1,
    11016: 1,
    11017: 300,
    11018: None,
    11019: 60,
    11022: 60,
    30104: 60,
}
NEARLY = 10.0  # percent
AUTHORISE = "authorise the advertiser again and update the connection"


def error_of(body: Any, headers: dict[str, str]) -> DaybookError | None:
    """The error in an envelope `{code, message, message_cn, errors}`; 0 is success."""
    if not isinstance(body, dict) or "code" not in body:
        return TransientError("Tencent Ads answered with something that is no envelope")
    code = body["code"]
    if code == 0:
        return None
    text = f"Tencent Ads error {code}: {body.get('message') or body.get('message_cn')}"
    if code in RATE_WAITS:
        if "retry-after" in headers:
            return RateLimitedError(text)
        wait = until_midnight("Asia/Shanghai") if code == 11018 else RATE_WAITS[code]
        return RateLimitedError(text, retry_after=wait)
    if code in TOKEN_CODES or code in DEAD_CODES:
        advice = "authorise the advertiser again (every 30 days) and update the connection"
        return AuthError(text, refreshable=code in TOKEN_CODES, advice=advice)
    if "timestamp" in text.lower():
        return ConfigError(text, advice="set the clock of this machine: five minutes either way are allowed")
    if code == 11014:
        return AuthError(text, advice="give the app the report permission and authorise again")
    # SysException, 30000 to 30099: the network, a time-out, a service that is away.
    if body.get("code_type") == "SysException" or 30000 <= code < 30100 or code >= 50000:
        return TransientError(text)
    return ConfigError(text, advice="check account_id, the app's permissions and the report's fields")


def left(headers: dict[str, str]) -> tuple[float, str] | None:
    """(seconds to wait, why): a minute when at most a tenth of the minute's calls are left, because the
    vendor blocks callers that use them up for five minutes.

    The header's `50%,50%` are the shares left of the day and of the minute. The first is ignored:
    reports have no daily limit.
    """
    try:
        percent = float(headers["x-ratelimit-remaining"].split(",")[1].strip().rstrip("%"))
    except (LookupError, ValueError):
        return None
    return (60.0, f"{percent:g} % of the app's calls of a minute are left") if percent <= NEARLY else None


def _stamp(credentials: Credentials, tokens: Tokens) -> dict[str, str]:
    return {"timestamp": str(int(time.time())), "nonce": secrets.token_hex(16)}


def _report(level: str, group: list[str], account: Account, window: Window) -> Iterator[Read]:
    number = account.need("account_id")
    days = window.dates(account.zone)
    params = {
        "account_id": number,
        "level": f"REPORT_LEVEL_{level}",
        "date_range": {"start_date": days[0].isoformat(), "end_date": days[-1].isoformat()},
        "group_by": group,
        "fields": [*group, "account_id", *FIGURES],
        "time_line": "REQUEST_TIME",
        # Two fields may be named; should rows trade places for want of a third, the read is repeated.
        "order_by": [
            {"sort_field": name, "sort_type": "ASCENDING"} for name in sorted({group[0], group[-1]})
        ],
    }
    paging = ForwardPages(records_at("data.list"), number_at("data.page_info.total_number"), 1000)
    yield Read(Request("daily_reports/get", "/v3.0/daily_reports/get", params), paging)


def _refresh(client_id: str, secret: str, tokens: Tokens) -> dict[str, Any]:
    params = {
        "client_id": client_id,
        "client_secret": secret,
        "grant_type": "refresh_token",
        "refresh_token": tokens.refresh_token,
    }
    return {"method": "GET", "url": "/oauth/token", "params": params}


def read_tokens(body: bytes) -> Tokens:
    """The new access token. The refresh token stays the same, is not in the answer, and ends 30 days after it
    was issued."""
    data = data_of(body, partial(error_of, headers={}), AUTHORISE)
    return Tokens(
        access_token=data["access_token"],
        expires_at=ends_in(data.get("access_token_expires_in")),
        refresh_expires_at=ends_in(data.get("refresh_token_expires_in")),
    )


def _stream(name: str, level: str, group: list[str], *key: str) -> Stream:
    return Stream(
        name=name,
        kind="report",
        key=("date", *key),
        day="date",
        reads=partial(_report, level, group),
        widest=timedelta(days=30),
        lookback_days=30,
        retention=timedelta(days=364),
    )


DIALECT = Dialect(
    token_param="access_token",  # noqa: S106  the name of a parameter
    error=error_of,
    left=left,
    stamp=_stamp,
    refresh=_refresh,
    refresh_read=read_tokens,
)

PLATFORM = Platform(
    name="tencent_ads",
    title="Tencent Ads",
    base_url="https://api.e.qq.com",
    protocol=partial(TokenRest, DIALECT),
    rate=Rate(calls=2, seconds=1.0),
    width=2,
    options=frozenset({"account_id"}),
    streams=(
        _stream("account_report", "ADVERTISER", ["date"], "account_id"),
        # v3 has no campaign level.
        _stream("adgroup_report", "ADGROUP", ["date", "adgroup_id"], "adgroup_id"),
        # One creative may serve several ad groups.
        _stream("creative_report", "DYNAMIC_CREATIVE", CREATIVE, *CREATIVE[1:]),
    ),
)
