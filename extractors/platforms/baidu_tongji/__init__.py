"""Baidu Tongji (百度统计) site traffic, through the OAuth door. Facts from the pages listed in README.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from typing import Any

from extractors.accounts import Account
from extractors.core.decode import name_of
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
from extractors.protocols.oauth import token_reader
from extractors.protocols.restraint import until_midnight
from extractors.protocols.token_rest import Dialect, TokenRest
from extractors.tokens import Tokens

METRICS = (
    "pv_count,visit_count,visitor_count,new_visitor_count,ip_count,bounce_ratio,avg_visit_time,trans_count"
)
DEVICES = {"all": None, "pc": "pc", "mobile": "mobile"}
# The report of sources counts bought and natural search together; the trend can be asked for each apart.
SEARCHES = {"searchBaiduPro": "百度推广", "searchBaiduNature": "百度自然搜索", "searchOther": "其他搜索引擎"}
PATH = "/rest/2.0/tongji/report/getData"
AUTHORISE = "authorise the site again and update the connection"


def error_of(body: Any, headers: dict[str, str]) -> DaybookError | None:
    """The error in an answer `{error_code, error_msg}`, by Baidu's table for all its open APIs.

    110 and 111 are a bad and an expired token; 4 and 18 too many calls, 17 too many for a day; 1 and 2 the
    vendor's own trouble.
    """
    if not isinstance(body, dict):
        return TransientError("Tongji answered with something that is no object")
    if "error_code" not in body:
        return None
    code = str(body["error_code"])
    text = f"Tongji error {code}: {body.get('error_msg')}"
    if code in ("110", "111"):
        return AuthError(text, refreshable=True, advice=AUTHORISE)
    if code in ("4", "18"):
        return RateLimitedError(text)
    if code == "17":
        return RateLimitedError(text, retry_after=until_midnight("Asia/Shanghai"))
    if code in ("1", "2"):
        return TransientError(text)
    return ConfigError(text, advice="check site_id and that the account may read this site")


def _rows(
    report: str, gran: str, device: str, day: date | None, asked: str | None
) -> Callable[[Reply], list[Record]]:
    """Zip the positional arrays with their field list; values stay as sent ("--" included).

    asked: the only source that was asked for; its rows do not tell it.
    """

    def rows(reply: Reply) -> list[Record]:
        result = dig(reply.body, ("result",))
        if not isinstance(result, dict) or not isinstance(result.get("fields"), list):
            raise ContractError(f"{report} answered without result.fields")
        items = result.get("items") or [[], []]
        if len(items) < 2 or len(items[0]) != len(items[1]):
            raise ContractError(f"{report} answered with names and values of different lengths")
        names = result["fields"][1:]
        return [
            _row(report, gran, device, day, asked, names, dimension, values)
            for dimension, values in zip(items[0], items[1], strict=True)
        ]

    return rows


def _row(
    report: str,
    gran: str,
    device: str,
    day: date | None,
    asked: str | None,
    names: list[str],
    dimension: list[Any],
    values: list[Any],
) -> Record:
    if len(values) != len(names) or not dimension:
        raise ContractError(f"{report} sent {len(values)} values for {len(names)} fields")
    first = dimension[0]
    source = first if isinstance(first, dict) else None
    if asked is not None:
        source = {"name": SEARCHES[asked], "source": asked}
    when = day or _date_of(str(first))
    return {
        "report": report,
        "gran": gran,
        "device": device,
        "date": period_bounds(gran, when)[0].isoformat(),
        "entry": _entry(source) if source else "total",
        "source": source,
        **dict(zip(names, values, strict=True)),
    }


def _entry(source: Record) -> str:
    """The key of a source: its id if it has one, else its name."""
    name = source.get("source") or source.get("engineId") or source.get("name") or "unnamed"
    return name_of(name, "a source")


def _date_of(text: str) -> date:
    try:
        return date.fromisoformat(text[:10].replace("/", "-"))
    except ValueError:
        raise ContractError(f"a date that cannot be read: {text[:20]!r}") from None


def _traffic(gran: str, account: Account, window: Window) -> Iterator[Read]:
    site = account.need("site_id", "see getSiteList")
    days = window.dates(account.zone)
    for device, code in DEVICES.items():
        # One call for the totals of all periods …
        yield _read("trend", "trend/time/a", gran, device, code, site, days[0], days[-1], None)
        for search in SEARCHES:
            yield _read("search", "trend/time/a", gran, device, code, site, days[0], days[-1], None, search)
        # … and one a period for the sources: that report has no time in its rows.
        for first in sorted({period_bounds(gran, day)[0] for day in days}):
            last = min(period_bounds(gran, first)[1], days[-1])
            yield _read("source", "source/all/a", gran, device, code, site, first, last, first)


def _read(
    report: str,
    method: str,
    gran: str,
    device: str,
    code: str | None,
    site: Any,
    first: date,
    last: date,
    day: date | None,
    asked: str | None = None,
) -> Read:
    params = {
        "site_id": site,
        "method": method,
        "start_date": f"{first:%Y%m%d}",
        "end_date": f"{last:%Y%m%d}",
        "metrics": METRICS,
        "gran": None if report == "source" else gran,
        "source": asked,
        "clientDevice": code,
    }
    paging = Offsets(
        _rows(report, gran, device, day, asked),
        number_at("result.total"),
        100,
        start="start_index",
        size="max_results",
    )
    return Read(Request(method, PATH, params), paging)


def _refresh(client_id: str, secret: str, tokens: Tokens) -> dict[str, Any]:
    params = {
        "grant_type": "refresh_token",
        "refresh_token": tokens.refresh_token,
        "client_id": client_id,
        "client_secret": secret,
    }
    return {"method": "POST", "url": "/oauth/2.0/token", "data": params}


DIALECT = Dialect(
    token_param="access_token",  # noqa: S106  the name of a parameter
    error=error_of,
    refresh=_refresh,
    refresh_read=token_reader(advice=AUTHORISE),
)


def _stream(name: str, gran: Any, lookback_days: int) -> Stream:
    return Stream(
        name=name,
        kind="report",
        key=("report", "gran", "device", "date", "entry"),
        day="date",
        reads=partial(_traffic, gran),
        widest=timedelta(days=365),
        lookback_days=lookback_days,
        period=gran,
    )


PLATFORM = Platform(
    name="baidu_tongji",
    title="Baidu Tongji",
    base_url="https://openapi.baidu.com",
    protocol=partial(TokenRest, DIALECT),
    # No rate is published: so many of all methods together.
    rate=Rate(calls=5, seconds=1.0),
    is_rate_shared=True,
    options=frozenset({"site_id"}),
    streams=(
        # Distinct visitors cannot be summed: each grain is asked for on its own.
        _stream("traffic", "day", 7),
        _stream("traffic_weekly", "week", 7),
        _stream("traffic_monthly", "month", 7),
    ),
)
