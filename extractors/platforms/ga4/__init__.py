"""Google Analytics 4 through the Data API (v1beta). Facts from the pages listed in README.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from extractors.accounts import Account
from extractors.core.decode import name_of
from extractors.core.model import Platform, Rate, Read, Record, Reply, Request, Stream
from extractors.core.paging import Offsets
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
from extractors.protocols.granted_json import Dialect, GrantedJson
from extractors.protocols.restraint import until_midnight

METRICS = (
    "totalUsers", "activeUsers", "newUsers", "sessions", "engagedSessions", "screenPageViews",
    "userEngagementDuration", "totalPurchasers", "ecommercePurchases", "grossPurchaseRevenue",
)  # fmt: skip
STEPS = ("view_item", "add_to_cart", "add_to_wishlist", "begin_checkout")
TIME = {"day": "date", "week": "isoYearIsoWeek", "month": "yearMonth"}


class Report(NamedTuple):
    """A report's dimensions and metrics. events: only these events are counted, if any are named."""

    cut: tuple[str, ...] = ()
    metrics: tuple[str, ...] = METRICS
    events: tuple[str, ...] = ()


_SOURCE = ("sessionDefaultChannelGroup", "sessionSourceMedium")
# Users are counted distinct per row and may not be added up, so each combination of dimensions is its own
# report.
REPORTS = {
    "total": Report(),
    "device": Report(("deviceCategory",)),
    "source": Report(_SOURCE),
    "steps": Report(("eventName",), ("totalUsers",), STEPS),
    "source_steps": Report((*_SOURCE, "eventName"), ("totalUsers",), STEPS),
}


def error_of(status: int, body: Any, account: Account) -> DaybookError | None:
    """The error in `{"error": {code, message, status}}`; a spent quota waits for the hour or day it names."""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        if status == 200 and (not isinstance(body, dict) or "metricHeaders" not in body):
            return TransientError("the Data API answered with something that is no report")
        return None
    kind, message = error.get("status"), str(error.get("message", ""))
    text = f"Data API {error.get('code')} {kind}: {message}"
    if kind == "UNAUTHENTICATED":
        return AuthError(text, refreshable=True, advice="check the service account's key in the connection")
    if kind == "PERMISSION_DENIED":
        return AuthError(text, advice="add the service account's e-mail as a Viewer of the property")
    if kind == "RESOURCE_EXHAUSTED":
        return RateLimitedError(text, retry_after=_resets(message, account))
    if status >= 500 or kind in ("INTERNAL", "UNAVAILABLE", "DEADLINE_EXCEEDED"):
        return TransientError(text)
    return ConfigError(
        text, advice="check property_id and that the property has these dimensions and metrics"
    )


def _resets(words: str, account: Account) -> float | None:
    """Seconds until a quota named in words resets: the next hour, or California's next day; None if short."""
    now = datetime.now(account.zone)
    if "day" in words.lower():
        return until_midnight("America/Los_Angeles")
    if "hour" in words.lower():
        return float(3600 - now.minute * 60 - now.second)
    return None


def left(body: Any, account: Account) -> tuple[float, str] | None:
    """(seconds to wait, why) when the answer's propertyQuota is too small for another request like this
    one."""
    for name, words in (
        ("tokensPerDay", "day"),
        ("tokensPerHour", "hour"),
        ("tokensPerProjectPerHour", "hour"),
    ):
        quota = dig(body, ("propertyQuota", name))
        if isinstance(quota, dict) and quota.get("remaining", 0) < max(1, quota.get("consumed", 1)):
            return _resets(words, account) or 0.0, f"the property's {name} are spent"
    return None


def _rows(report: str, grain: str, account: Account) -> Callable[[Reply], list[Record]]:
    """Rows with their values by name, and the report's flags (thresholding, sampling, cut-off) in each."""

    def rows(reply: Reply) -> list[Record]:
        metadata = dig(reply.body, ("metadata",)) or {}
        zone = metadata.get("timeZone")
        if zone is not None and zone != account.time_zone:
            raise ConfigError(
                f"the property's days are those of {zone}, the account's of {account.time_zone}",
                advice=f"set time_zone: {zone} for this account in accounts.yml",
            )
        flags = {
            name: metadata[name]
            for name in ("subjectToThresholding", "dataLossFromOtherRow", "samplingMetadatas")
            if metadata.get(name)
        }
        for heads, asked in (
            ("dimensionHeaders", (TIME[grain], *REPORTS[report].cut)),
            ("metricHeaders", REPORTS[report].metrics),
        ):
            columns = tuple(head["name"] for head in reply.body.get(heads, []))
            if columns != asked:
                said = f"{report} was asked for {', '.join(asked)} and sent {', '.join(columns)}"
                raise ContractError(said)
        return [_row(report, grain, row, flags, metadata) for row in reply.body.get("rows", [])]

    return rows


def _row(report: str, grain: str, row: Record, flags: Record, metadata: Record) -> Record:
    cut, metrics, _ = REPORTS[report]
    values = [cell.get("value") for cell in row.get("metricValues", [])]
    dimensions = [
        name_of(cell.get("value"), f"{report} sent a row") for cell in row.get("dimensionValues", [])
    ]
    if len(values) != len(metrics) or len(dimensions) != 1 + len(cut):
        raise ContractError(
            f"{report} sent {len(dimensions)} dimensions and {len(values)} of {len(metrics)} metrics"
        )
    when, *parts = dimensions
    return {
        "report": report,
        "gran": grain,
        "date": _first_day(grain, when).isoformat(),
        "entry": " · ".join(parts) or "total",
        **dict(zip(cut, parts, strict=True)),
        **dict(zip(metrics, values, strict=True)),
        "currencyCode": metadata.get("currencyCode"),
        "timeZone": metadata.get("timeZone"),
        "flags": flags,
        **{name: value for name, value in row.items() if name not in ("dimensionValues", "metricValues")},
    }


def _first_day(grain: str, text: str) -> date:
    """The first day of `20261101`, of the ISO week `202645` or of the month `202611`."""
    try:
        if grain == "day":
            return datetime.strptime(text, "%Y%m%d").date()
        if grain == "week":
            return date.fromisocalendar(int(text[:4]), int(text[4:]), 1)
        return datetime.strptime(text, "%Y%m").date()
    except ValueError:
        advice = "the property has more rows than it keeps; ask for fewer days at a time (history_days)"
        raise ContractError(f"a {TIME[grain]} that is none: {text!r}", advice=advice) from None


def _total(reply: Reply) -> int:
    return int(reply.body.get("rowCount") or 0)


def _traffic(grain: str, account: Account, window: Window) -> Iterator[Read]:
    wanted = account.need("property_id", "Admin → Property")
    days = window.dates(account.zone)
    for report, (cut, metrics, events) in REPORTS.items():
        dimensions = (TIME[grain], *cut)
        params: dict[str, Any] = {
            "dateRanges": [
                {"startDate": period_bounds(grain, days[0])[0].isoformat(), "endDate": days[-1].isoformat()}
            ],
            "dimensions": [{"name": name} for name in dimensions],
            "metrics": [{"name": name} for name in metrics],
            # Without an order, pages may repeat and leave out rows.
            "orderBys": [{"dimension": {"dimensionName": name}} for name in dimensions],
            "returnPropertyQuota": True,
        }
        if events:
            params["dimensionFilter"] = {
                "filter": {
                    "fieldName": "eventName",
                    "inListFilter": {"values": list(events), "caseSensitive": True},
                }
            }
        request = Request("runReport", f"/v1beta/properties/{wanted}:runReport", params)
        yield Read(
            request, Offsets(_rows(report, grain, account), _total, 100_000, start="offset", size="limit")
        )


def _stream(name: str, grain: Any, lookback_days: int, weekly_lookback_days: int = 0) -> Stream:
    return Stream(
        name=name,
        kind="report",
        key=("report", "gran", "date", "entry"),
        day="date",
        reads=partial(_traffic, grain),
        # A week or a month must not be cut in two.
        widest=timedelta(days=93) if grain == "day" else None,
        lookback_days=lookback_days,
        weekly_lookback_days=weekly_lookback_days,
        period=grain,
    )


DIALECT = Dialect(
    scope="https://www.googleapis.com/auth/analytics.readonly",
    token_url="https://oauth2.googleapis.com/token",  # noqa: S106  an address
    error=error_of,
    left=left,
)

PLATFORM = Platform(
    name="ga4",
    title="Google Analytics 4",
    base_url="https://analyticsdata.googleapis.com",
    protocol=partial(GrantedJson, DIALECT),
    rate=Rate(calls=5, seconds=1.0),
    width=4,  # a property takes 10 requests at once
    options=frozenset({"property_id"}),
    streams=(
        # Revenue and key events are given to other sources and days for weeks; visits settle in three days.
        _stream("traffic", "day", 4, weekly_lookback_days=35),
        _stream("traffic_weekly", "week", 14),
        _stream("traffic_monthly", "month", 35),
    ),
)
