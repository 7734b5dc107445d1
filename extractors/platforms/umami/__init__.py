"""Umami, hosted or self-hosted (v3). Facts from the pages listed in README.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from extractors.accounts import Account
from extractors.core.decode import loads, name_of
from extractors.core.model import Platform, Rate, Read, Record, Reply, Request, Stream
from extractors.core.paging import InParts, OnePage, records_at
from extractors.core.window import Window, days_window, period_bounds
from extractors.credentials import Credentials
from extractors.errors import (
    AuthError,
    ConfigError,
    ContractError,
    DaybookError,
    RateLimitedError,
    TransientError,
)
from extractors.personal import dig
from extractors.protocols.http_status import retry_after
from extractors.protocols.token_rest import Dialect, TokenRest
from extractors.tokens import Tokens

FIGURES = ("pageviews", "visitors", "visits", "bounces", "totaltime")
MOST_ROWS = 500  # the vendor's default limit of a breakdown; there are only a dozen channels and five devices


def error_of(body: Any, headers: dict[str, str]) -> DaybookError | None:
    """None for an object or list of figures; anything else with HTTP 200 is not an answer of Umami."""
    if isinstance(body, dict) and "error" in body:
        return ConfigError(f"Umami: {_said(body)}", advice="check website_id and the address of the server")
    if not isinstance(body, dict | list):
        return TransientError("Umami answered with something that is no report")
    return None


def refusal(name: str, status: int, headers: dict[str, str], body: bytes) -> DaybookError | None:
    """The error `{"error": {message, code, status}}` of a refused call."""
    try:
        text = f"Umami HTTP {status}: {_said(loads(body, name))}"
    except TransientError:
        return None
    if status == 401:
        advice = "check user and password (or the API key), and that the user may view this website"
        return AuthError(text, refreshable=True, advice=advice)
    if status == 429:
        return RateLimitedError(text, retry_after=retry_after(headers))
    if status in (400, 403, 404):
        return ConfigError(text, advice="check website_id and the address of the server")
    return None


def _said(body: Any) -> str:
    error = body.get("error") if isinstance(body, dict) else None
    return str(error.get("message") if isinstance(error, dict) else error)[:300]


def _plain(value: Any) -> Any:
    """A figure. Up to version 2 it was an object together with the figure of the period before."""
    return value.get("value") if isinstance(value, dict) else value


def _total(facts: Record) -> Callable[[Reply], list[Record]]:
    def records(reply: Reply) -> list[Record]:
        missing = [name for name in FIGURES if name not in reply.body]
        if missing:
            raise ContractError(f"stats answered without {', '.join(missing)}")
        figures = {name: _plain(reply.body[name]) for name in FIGURES}
        return [{**facts, "report": "total", "entry": "total", **figures}]

    return records


def _cut(facts: Record, report: str) -> Callable[[Reply], list[Record]]:
    """Rows `{name, pageviews, visitors, visits, …}`, or `{x, y}`: a name and its visitors."""

    def records(reply: Reply) -> list[Record]:
        return [_row(facts, report, row) for row in records_at("", always=True)(reply)]

    return records


def _row(facts: Record, report: str, row: Record) -> Record:
    name = name_of(row.get("name", row.get("x")), f"{report} sent a row")
    visitors = row.get("visitors", row.get("y"))
    if visitors is None:
        raise ContractError(f"{report} sent a row without its visitors")
    return {**facts, "report": report, "entry": name or "unnamed", **row, "visitors": visitors}


def _visitors(record: Record) -> int:
    return int(str(record["visitors"] or 0))


def _traffic(grain: str, account: Account, window: Window) -> Iterator[Read]:
    site = account.need("website_id", "Settings → Websites → Edit")
    days = window.dates(account.zone)
    for first in sorted({period_bounds(grain, day)[0] for day in days}):
        last = min(period_bounds(grain, first)[1], days[-1])
        span = _span(first, last, account)
        facts = {"gran": grain, "date": first.isoformat(), "timeZone": account.time_zone}

        def cut(kind: str, span: dict[str, str] = span) -> Request:
            params = {**span, "type": kind, "limit": str(MOST_ROWS)}
            return Request("metrics", f"/websites/{site}/metrics/expanded", params)

        # Visits that Umami cannot file under a channel are in no row: this list may be short, even empty.
        yield Read(cut("channel"), OnePage(_cut(facts, "source")))
        yield Read(
            Request("stats", f"/websites/{site}/stats", dict(span)),
            InParts(_total(facts), _visitors, cut("device"), _cut(facts, "device")),
        )


def _span(first: date, last: date, account: Account) -> dict[str, str]:
    """The milliseconds of the days first to last in the account's zone, both ends included."""
    whole = days_window(first, last, account.zone)
    ends = (whole.start, whole.end - timedelta(milliseconds=1))
    start, end = (str(_milliseconds(moment)) for moment in ends)
    return {"startAt": start, "endAt": end}


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000)


def _sign_in(user: str, secret: str, tokens: Tokens) -> dict[str, Any]:
    return {"method": "POST", "url": "/auth/login", "json": {"username": user, "password": secret}}


def _signed_in(body: bytes) -> Tokens:
    data = loads(body, "token refresh")
    token = dig(data, ("token",)) if isinstance(data, dict) else None
    if not token:
        raise AuthError(
            f"the server refused the sign-in: {_said(data)}",
            advice="check user and password of the connection",
        )
    return Tokens(token)


SELF_HOSTED = Dialect(
    error=error_of,
    refusal=refusal,
    token_header="Authorization",  # noqa: S106  the name of a header
    token_prefix="Bearer ",  # noqa: S106  stands before the token
    refresh=_sign_in,
    refresh_read=_signed_in,
    renews_by_key=True,
)
CLOUD = Dialect(
    error=error_of,
    refusal=refusal,
    token_header="x-umami-api-key",  # noqa: S106  the name of a header
    key_is_token=True,
)


def speaker(url: str, account: Account, credentials: Credentials) -> TokenRest:
    """The speaker: with user and password for a self-hosted server, with a key alone for Umami's cloud."""
    return TokenRest(SELF_HOSTED if credentials.login else CLOUD, url, account, credentials)


def _stream(name: str, grain: Any) -> Stream:
    return Stream(
        name=name,
        kind="report",
        key=("report", "gran", "date", "entry"),
        day="date",
        reads=partial(_traffic, grain),
        # Events are written as they come; only a visit that runs over midnight ends the day after.
        lookback_days=2,
        period=grain,
    )


PLATFORM = Platform(
    name="umami",
    title="Umami",
    base_url="https://api.umami.is/v1",
    protocol=speaker,
    # The cloud takes 50 calls in 15 seconds; a server of one's own should not feel us.
    rate=Rate(calls=3, seconds=1.0),
    is_rate_shared=True,
    width=2,
    options=frozenset({"website_id"}),
    streams=(
        _stream("traffic", "day"),
        _stream("traffic_weekly", "week"),
        _stream("traffic_monthly", "month"),
    ),
)
