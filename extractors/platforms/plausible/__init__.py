"""Plausible Analytics, hosted or self-hosted (Stats API v2). Facts from the pages listed in README.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from extractors.accounts import Account
from extractors.core.decode import loads, name_of
from extractors.core.model import Platform, Rate, Read, Record, Reply, Request, Stream
from extractors.core.paging import Offsets, number_at
from extractors.core.window import Window, period_bounds
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

METRICS = ("visitors", "visits", "pageviews", "bounce_rate", "visit_duration")
# Visitors are counted distinct per row and may not be added up, so each breakdown is its own call.
REPORTS: dict[str, tuple[str, ...]] = {
    "total": (),
    "device": ("visit:device",),
    "source": ("visit:channel", "visit:source"),
}


def error_of(body: Any, headers: dict[str, str]) -> DaybookError | None:
    """None for a report; anything else with HTTP 200 is not an answer of Plausible and is an error."""
    if not isinstance(body, dict):
        return TransientError("Plausible answered with something that is no object")
    if "error" in body:
        return ConfigError(f"Plausible: {_said(body)}", advice="check site_id and the plan of the account")
    return None


def refusal(name: str, status: int, headers: dict[str, str], body: bytes) -> DaybookError | None:
    """The error `{"error": "…"}` of a refused call by its HTTP status (400, 401, 402, 404, 429)."""
    try:
        text = f"Plausible HTTP {status}: {_said(loads(body, name))}"
    except TransientError:
        return None
    if status == 401:
        return AuthError(
            text, advice="the API key (the connection's password) is wrong, or its owner cannot see the site"
        )
    if status == 402:
        return ConfigError(text, advice="the plan of the site's owner does not include the Stats API")
    if status == 429:
        return RateLimitedError(text, retry_after=retry_after(headers))
    if status in (400, 404):
        return ConfigError(text, advice="check site_id against the site's settings in Plausible")
    return None


def _said(body: Any) -> str:
    return str(body.get("error"))[:300] if isinstance(body, dict) else "an error without a message"


def _rows(report: str, grain: str, account: Account) -> Callable[[Reply], list[Record]]:
    """The rows with names instead of positions, and with Plausible's warnings in each."""

    def rows(reply: Reply) -> list[Record]:
        found = reply.body.get("results")
        if not isinstance(found, list):
            raise ContractError(f"{report} answered without results")
        _check_zone(reply.body, account)
        flags = {
            name: value
            for name, value in (dig(reply.body, ("meta",)) or {}).items()
            if "warning" in name and value
        }
        return [_row(report, grain, row, flags) for row in found]

    return rows


def _check_zone(body: Any, account: Account) -> None:
    """Raises ConfigError when the site's time zone is not the account's, because its days would be other
    days. The answer repeats the range with the site's offset from UTC."""
    span = dig(body, ("query", "date_range"))
    first = span[0] if isinstance(span, list) and span else None
    if not isinstance(first, str) or len(first) <= 10:
        return
    said = datetime.fromisoformat(first)
    if said.tzinfo is not None and said.utcoffset() != said.astimezone(account.zone).utcoffset():
        raise ConfigError(
            f"the site's days begin at {first}, which is not a midnight of {account.time_zone}",
            advice="set time_zone of this account to the one in the site's settings in Plausible",
        )


def _row(report: str, grain: str, row: Record, flags: Record) -> Record:
    names = ("time", *REPORTS[report])
    parts, values = row.get("dimensions"), row.get("metrics")
    if not isinstance(parts, list) or not isinstance(values, list):
        raise ContractError(f"{report} sent a row without dimensions or metrics")
    if len(parts) != len(names) or len(values) != len(METRICS):
        raise ContractError(
            f"{report} sent {len(parts)} of {len(names)} dimensions, {len(values)} of {len(METRICS)} metrics"
        )
    try:
        when = period_bounds(grain, date.fromisoformat(str(parts[0])[:10]))[0]
    except ValueError:
        raise ContractError(f"a date that cannot be read: {parts[0]!r}") from None
    return {
        "report": report,
        "gran": grain,
        "date": when.isoformat(),
        "entry": " · ".join(name_of(part, f"{report} sent a row") for part in parts[1:]) or "total",
        **{name.partition(":")[2]: part for name, part in zip(names[1:], parts[1:], strict=True)},
        **dict(zip(METRICS, values, strict=True)),
        "flags": flags,
        **{name: value for name, value in row.items() if name not in ("dimensions", "metrics")},
    }


def _traffic(grain: str, account: Account, window: Window) -> Iterator[Read]:
    site = account.need("site_id", "the domain as registered in Plausible")
    days = window.dates(account.zone)
    first = period_bounds(grain, days[0])[0]
    for report, cut in REPORTS.items():
        dimensions = [f"time:{grain}", *cut]
        params = {
            "site_id": site,
            "metrics": list(METRICS),
            "date_range": [first.isoformat(), days[-1].isoformat()],
            "dimensions": dimensions,
            # Without an order that tells all rows apart, pages may repeat and leave out rows.
            "order_by": [[name, "asc"] for name in dimensions],
            "include": {"total_rows": True},
            "pagination": {},
        }
        yield Read(
            Request("query", "/api/v2/query", params, "POST"),
            Offsets(
                _rows(report, grain, account),
                number_at("meta.total_rows"),
                10_000,
                start="offset",
                size="limit",
                within="pagination",
            ),
        )


def _stream(name: str, grain: Any) -> Stream:
    return Stream(
        name=name,
        kind="report",
        key=("report", "gran", "date", "entry"),
        day="date",
        reads=partial(_traffic, grain),
        # A week or a month must not be cut in two.
        widest=timedelta(days=93) if grain == "day" else None,
        # A visit that runs over midnight closes the day after; nothing else is known to restate.
        lookback_days=3,
        period=grain,
    )


DIALECT = Dialect(
    error=error_of,
    refusal=refusal,
    token_header="Authorization",  # noqa: S106  the name of a header
    token_prefix="Bearer ",  # noqa: S106  stands before the key
    key_is_token=True,
    json_body=True,
)

PLATFORM = Platform(
    name="plausible",
    title="Plausible Analytics",
    base_url="https://plausible.io",
    protocol=partial(TokenRest, DIALECT),
    # 600 calls an hour and key: those saved up and those that come in the hour stay under that together.
    rate=Rate(calls=500, seconds=3_600.0, burst=50),
    zone="Asia/Shanghai",
    options=frozenset({"site_id"}),
    streams=(
        _stream("traffic", "day"),
        _stream("traffic_weekly", "week"),
        _stream("traffic_monthly", "month"),
    ),
)
