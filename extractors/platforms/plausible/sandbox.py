"""The sandbox half of Plausible: what the Stats API v2 answers and refuses (platforms-global §8).

Served under ``/plausible``: ``/api/v2/query``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from extractors.sandbox.control import Fault
from extractors.sandbox.desk import Answer, Desk, Refusal
from extractors.sandbox.merchants import SHANGHAI, SITES
from extractors.sandbox.season import monday
from extractors.sandbox.site_credentials import PLAUSIBLE_KEYS
from extractors.sandbox.traffic import SOURCES, Figures, Source, Visit, Visits, days_between
from extractors.sandbox.truth import days_of, site_of
from extractors.sandbox.world import World

MOST_ROWS = 10_000
CALLS_PER_SECOND = 600 / 3_600


def _percent(f: Figures) -> int:
    return round(100 * f.bounces / f.visits)


_METRICS: dict[str, Callable[[Figures], int]] = {
    "visitors": lambda f: f.visitors,
    "visits": lambda f: f.visits,
    "pageviews": lambda f: f.page_views,
    "bounce_rate": _percent,
    "visit_duration": lambda f: round(f.seconds / f.visits),
}


def _channel(source: Source) -> str:
    if source.kind == "through":
        return "Direct"
    if source.kind == "search":
        return "Paid Search" if source.is_paid else "Organic Search"
    return "Referral"


def _name(source: Source) -> str:
    return "Direct / None" if source.kind == "through" else source.domain or source.name


def _day(visit: Visit) -> date:
    return datetime.fromtimestamp(visit.at, SHANGHAI).date()


_DIMENSIONS: dict[str, Callable[[Visit], str]] = {
    "time:day": lambda v: _day(v).isoformat(),
    "time:week": lambda v: monday(_day(v)).isoformat(),
    "time:month": lambda v: _day(v).replace(day=1).isoformat(),
    "visit:device": lambda v: "Desktop" if v.device == "pc" else "Mobile",
    "visit:channel": lambda v: _channel(SOURCES[v.source]),
    "visit:source": lambda v: _name(SOURCES[v.source]),
}
_KEYS = {"site_id", "metrics", "date_range", "dimensions", "filters", "order_by", "include", "pagination"}
_INCLUDES = {"imports", "time_labels", "total_rows"}
_WRONG_KEY = "Invalid API key or site ID. Please make sure you're using a valid key."


@lru_cache(maxsize=16)  # the pages of one read ask for the same
def _grouped(
    visits: Visits, dimensions: tuple[str, ...], days: tuple[date, ...], now: int
) -> list[tuple[tuple[str, ...], Figures]]:
    groups: dict[tuple[str, ...], list[Visit]] = {}
    for visit in visits.known(days, now):
        groups.setdefault(tuple(_DIMENSIONS[name](visit) for name in dimensions), []).append(visit)
    return [(key, visits.figures(found)) for key, found in groups.items()]


def routes(desk: Desk) -> list[BaseRoute]:
    """The one address of the Stats API, for one desk."""
    return [Route("/api/v2/query", Api(desk).query, methods=["POST"])]


def _no(status: int, text: str) -> Answer:
    return Answer({"error": text}, status, refusal=f"{status} {text[:60]}")


def _bad(text: str) -> Refusal:
    return Refusal(_no(400, text))


def _too_fast(seconds: float | None) -> Answer:
    return _no(
        429, "Too many API requests. The limit is 600 per hour. Please contact us to request more."
    ).after(seconds)


class Api:
    """The Stats API for one sandbox."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        desk.rate_answer = _too_fast

    async def query(self, request: Request) -> Response:
        """POST /api/v2/query."""
        text = await request.body()
        store = _store(request.headers.get("authorization", ""))

        def make(fault: Fault | None) -> Answer:
            if store is None:
                raise Refusal(_no(401, _WRONG_KEY))
            if not request.headers.get("content-type", "").startswith("application/json"):
                raise _bad("The request is not JSON")
            try:
                body = orjson.loads(text)
            except orjson.JSONDecodeError:
                raise _bad("Malformed JSON in the request body") from None
            return self._report(store, body, fault)

        return await self.desk.serve("traffic", store or "", make)

    def _report(self, store: str, body: Mapping[str, Any], fault: Fault | None) -> Answer:
        if not isinstance(body, dict):
            raise _bad("#: Type mismatch. Expected Object.")
        strange = sorted(set(body) - _KEYS)
        if strange:
            raise _bad(f"#/{strange[0]}: Schema does not allow additional properties.")
        if body.get("site_id") not in [site.domain for site in SITES if site.store == store]:
            raise Refusal(_no(401, _WRONG_KEY))
        metrics, dimensions = _listed(body, "metrics", _METRICS), _listed(body, "dimensions", _DIMENSIONS)
        if not metrics:
            raise _bad("#/metrics: Expected a minimum of 1 items but got 0.")
        if body.get("filters"):
            raise _bad("#/filters: not served here")
        first, last = _range(body.get("date_range"))
        limit, offset = _page(body.get("pagination", {}))
        visits = self.desk.world.visits[store]
        days = tuple(days_between(first, last))
        found = _grouped(visits, tuple(dimensions), days, self.desk.now())
        rows = [
            {"dimensions": list(key), "metrics": [_METRICS[name](figures) for name in metrics]}
            for key, figures in found
        ]
        include = body.get("include", {})
        if not isinstance(include, dict) or set(include) - _INCLUDES:
            raise _bad("#/include: Schema does not allow additional properties.")
        if not all(isinstance(value, bool) for value in include.values()):
            raise _bad("#/include: Type mismatch. Expected Boolean.")
        if not isinstance(body.get("order_by", []), list):
            raise _bad("#/order_by: Type mismatch. Expected Array.")
        rows = _ordered(rows, body.get("order_by", []), dimensions, metrics)
        page = self.desk.page(rows[offset:], 1, limit, fault)
        meta: dict[str, Any] = {"total_rows": page.total + offset} if include.get("total_rows") else {}
        if include.get("imports"):
            meta["imports_skip_reason"] = "no_imported_data"
        asked = {**body, "date_range": [_instant(first), _instant(last + timedelta(days=1), -1)]}
        return Answer({"results": page.rows, "meta": meta, "query": asked})


def _store(header: str) -> str | None:
    scheme, _, key = header.partition(" ")
    known = {value: store for store, value in PLAUSIBLE_KEYS.items()}
    return known.get(key) if scheme == "Bearer" else None


def _listed(body: Mapping[str, Any], part: str, known: Mapping[str, Any]) -> list[str]:
    names = body.get(part, [])
    if not isinstance(names, list) or len(set(names)) != len(names):
        raise _bad(f"#/{part}: Expected items to be unique.")
    for name in names:
        if name not in known:
            raise _bad(f'#/{part}: Invalid {part[:-1]} "{name}"')
    return names


def _range(span: Any) -> tuple[date, date]:
    try:
        first, last = (date.fromisoformat(text) for text in span)
    except (TypeError, ValueError):
        raise _bad(f"#/date_range: Invalid date range {orjson.dumps(span).decode()}") from None
    if last < first:
        raise _bad("#/date_range: the range ends before it begins")
    return first, last


def _page(given: Any) -> tuple[int, int]:
    if not isinstance(given, dict) or set(given) - {"limit", "offset"}:
        raise _bad("#/pagination: Schema does not allow additional properties.")
    limit, offset = given.get("limit", MOST_ROWS), given.get("offset", 0)
    if not isinstance(limit, int) or not 1 <= limit <= MOST_ROWS:
        raise _bad("#/pagination/limit: Expected a whole number from 1 to 10000")
    if not isinstance(offset, int) or offset < 0:
        raise _bad("#/pagination/offset: Expected a whole number from 0")
    return limit, offset


def _ordered(
    rows: list[dict[str, Any]], order: Any, dimensions: list[str], metrics: list[str]
) -> list[dict[str, Any]]:
    """Rows in the order asked for; without one by time and then by the first metric, the rest as it falls."""
    if not order:
        rows.sort(key=lambda row: -row["metrics"][0])
        if dimensions and dimensions[0].startswith("time:"):
            rows.sort(key=lambda row: row["dimensions"][0])
        return rows
    for entry in reversed(order):
        name, direction = entry if isinstance(entry, list) and len(entry) == 2 else (None, None)
        if direction not in ("asc", "desc") or name not in (*dimensions, *metrics):
            raise _bad("#/order_by: Invalid order_by entry")
        kind, place = ("dimensions", dimensions) if name in dimensions else ("metrics", metrics)
        where = place.index(name)
        rows.sort(
            key=lambda row, kind=kind, where=where: row[kind][where],  # type: ignore[misc]
            reverse=direction == "desc",
        )
    return rows


def _instant(day: date, seconds: int = 0) -> str:
    at = datetime(day.year, day.month, day.day, tzinfo=SHANGHAI) + timedelta(seconds=seconds)
    return at.isoformat()


# ---- what a complete read holds -------------------------------------------------------------------
_TIMES = {"traffic": "day", "traffic_weekly": "week", "traffic_monthly": "month"}


def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """The keys of a complete read (see ``extractors.sandbox.truth``): total, devices and sources of every
    period that had a visit."""
    grain = _TIMES[stream]
    period = _DIMENSIONS[f"time:{grain}"]
    visits = world.visits[site_of(account_id).store]
    days = days_of(start, end)
    first = {"day": days[0], "week": monday(days[0]), "month": days[0].replace(day=1)}[grain]
    keys = set()
    for visit in visits.known(days_between(first, days[-1]), now):
        source = SOURCES[visit.source]
        device = _DIMENSIONS["visit:device"](visit)
        keys |= {
            f"total|{grain}|{period(visit)}|total",
            f"device|{grain}|{period(visit)}|{device}",
            f"source|{grain}|{period(visit)}|{_channel(source)} · {_name(source)}",
        }
    return keys
