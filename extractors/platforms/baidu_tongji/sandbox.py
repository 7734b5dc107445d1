"""The sandbox half of Baidu Tongji, door 2: personal Baidu account, OAuth, GET (platforms-cn §21).

Served under ``/baidu_tongji``: ``/rest/2.0/tongji/report/getData``, ``/rest/2.0/tongji/config/getSiteList``,
``/oauth/2.0/token``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from extractors.sandbox.asked import fields_of, query_of
from extractors.sandbox.control import Fault
from extractors.sandbox.credentials import APP_KEYS
from extractors.sandbox.desk import Answer, Desk, Refusal
from extractors.sandbox.merchants import SHANGHAI, SITE_BY_ID, SITES
from extractors.sandbox.season import monday
from extractors.sandbox.tokens import EXPIRED, GOOD, TokenDesk
from extractors.sandbox.traffic import MOBILE, PC, SOURCES, Figures, Source, Visit, Visits, days_between
from extractors.sandbox.truth import periods_of, site_of
from extractors.sandbox.world import World

MOST_DAYS = 731


@dataclass(frozen=True, slots=True)
class _Group:
    """Visits that share one row: how the row is labelled, and what it shows."""

    label: Any
    figures: Figures | None


def _percent(over: int, under: int) -> float | None:
    return round(over / under * 100, 2) if under else None


_METRICS: dict[str, Callable[[Figures, Figures], float | int | None]] = {
    "pv_count": lambda f, all_: f.page_views,
    "pv_ratio": lambda f, all_: _percent(f.page_views, all_.page_views),
    "visit_count": lambda f, all_: f.visits,
    "visitor_count": lambda f, all_: f.visitors,
    "new_visitor_count": lambda f, all_: f.new_visitors,
    "new_visitor_ratio": lambda f, all_: _percent(f.new_visitors, f.visitors),
    "ip_count": lambda f, all_: f.visitors - f.visitors // 25,
    "bounce_ratio": lambda f, all_: _percent(f.bounces, f.visits),
    "avg_visit_time": lambda f, all_: round(f.seconds / f.visits) if f.visits else None,
    "avg_visit_pages": lambda f, all_: round(f.page_views / f.visits, 2) if f.visits else None,
    "trans_count": lambda f, all_: None,
    "trans_ratio": lambda f, all_: None,
}
_COMMON = (
    "access_token site_id method start_date end_date metrics max_results start_index order clientDevice "
    "visitor"
)
_METHODS = {
    "trend/time/a": frozenset(f"{_COMMON} gran source area".split()),
    "source/all/a": frozenset(f"{_COMMON} viewType source area".split()),
    "source/engine/a": frozenset(f"{_COMMON} area".split()),
}


def routes(desk: Desk) -> list[BaseRoute]:
    """The addresses of Tongji's second door, for one desk."""
    api = Api(desk)
    return [
        Route("/rest/2.0/tongji/report/getData", api.get_data, methods=["GET"]),
        Route("/rest/2.0/tongji/config/getSiteList", api.get_site_list, methods=["GET"]),
        Route("/oauth/2.0/token", api.token, methods=["GET", "POST"]),
    ]


def _refused(code: int, message: str) -> Answer:
    return Answer({"error_code": code, "error_msg": message}, refusal=f"{code} {message}")


def _no(code: int, message: str) -> Refusal:
    return Refusal(_refused(code, message))


class Api:
    """Tongji for one sandbox."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.client, self.secret = APP_KEYS["baidu_tongji"]
        desk.tokens = self.tokens = TokenDesk(
            "baidu_tongji", rotates=True, access_life=30 * 86_400, refresh_life=3_650 * 86_400
        )
        desk.token_answer = lambda: _refused(111, "Access token expired")
        desk.rate_answer = lambda seconds: _refused(18, "Open api qps request limit reached")

    def _store(self, query: Mapping[str, str]) -> str:
        token = query.get("access_token", "")
        verdict = self.tokens.check(token)
        if verdict.state == EXPIRED:
            raise _no(111, "Access token expired")
        if not token or verdict.state != GOOD:
            raise _no(110, "Access token invalid or no longer valid")
        return verdict.subject

    async def get_site_list(self, request: Request) -> Response:
        """The sites of the account."""
        query = query_of(request)

        def make(fault: Fault | None) -> Answer:
            store = self._store(query)
            rows = [
                {
                    "site_id": s.site_id,
                    "domain": s.domain,
                    "status": 0,
                    "create_time": "2023-05-01 10:00:00",
                    "sub_dir_list": [],
                }
                for s in SITES
                if s.store == store
            ]
            return Answer({"list": rows})

        return await self.desk.serve(
            "sites", self.tokens.check(query.get("access_token", "")).subject, make, query
        )

    async def token(self, request: Request) -> Response:
        """Trades a refresh token for a new pair."""
        form = await fields_of(request)

        def no(error: str, text: str) -> Answer:
            return Answer({"error": error, "error_description": text}, 400, refusal=f"token {error}")

        def make(fault: Fault | None) -> Answer:
            if (form.get("client_id"), form.get("client_secret")) != (self.client, self.secret):
                return no("invalid_client", "unknown client id or wrong secret")
            if form.get("grant_type") != "refresh_token":
                return no("unsupported_grant_type", "The authorization grant type is not supported")
            grant = self.tokens.refresh(form.get("refresh_token", ""))
            if grant is None:
                return no("expired_token", "refresh token has been used")
            return Answer(
                {
                    "access_token": grant.access_token,
                    "expires_in": grant.expires_in,
                    "refresh_token": grant.refresh_token,
                    "scope": "basic",
                    "session_key": "",
                    "session_secret": "",
                }
            )

        return await self.desk.serve("token", "", make)

    async def get_data(self, request: Request) -> Response:
        """One report."""
        query = query_of(request)

        def make(fault: Fault | None) -> Answer:
            return self._report(query, fault)

        store = self.tokens.check(query.get("access_token", "")).subject
        return await self.desk.serve("traffic", store, make, query)

    # ---- the reports ------------------------------------------------------------------------------
    def _report(self, query: Mapping[str, str], fault: Fault | None) -> Answer:
        store = self._store(query)
        method = query.get("method", "")
        if method not in _METHODS:
            raise _no(3, f"Unsupported openapi method: {method}")
        unknown = sorted(set(query) - _METHODS[method])
        if unknown:
            raise _no(100, f"Invalid parameter: {unknown[0]}")
        site = SITE_BY_ID.get(int(query["site_id"])) if query.get("site_id", "").isdigit() else None
        if site is None or site.store != store:
            raise _no(6, "No permission to access this site")
        first, last = _dates(query)
        metrics = [name for name in query.get("metrics", "").split(",") if name]
        if not metrics:
            raise _no(100, "Invalid parameter: metrics")
        for name in metrics:
            if name not in _METRICS:
                raise _no(100, f"Invalid parameter: metrics {name}")
        visits = self.desk.world.visits[store]
        keep = _keeper(query)
        if method == "trend/time/a":
            title, groups = "simple_date_title", self._by_time(visits, query, first, last, keep)
        else:
            engines = method == "source/engine/a"
            view = "engine" if engines else _one_of(query, "viewType", ("type", "site"), "type")
            title, groups = "source_type_title", self._by_source(visits, view, first, last, keep)
        everything = visits.figures(
            filter(keep, visits.known(_past(first, last, self.desk.now()), self.desk.now()))
        )
        return self._table(query, title, groups, metrics, everything, (first, last), fault)

    def _by_time(
        self, visits: Visits, query: Mapping[str, str], first: date, last: date, keep: Callable[[Visit], bool]
    ) -> list[_Group]:
        """A row per day, week or month of the range, newest first; an end that cuts a period cuts its row."""
        gran = _one_of(query, "gran", ("day", "week", "month"), "day")
        now = self.desk.now()
        groups = []
        start = first
        while start <= last:
            end = min(_period_end(start, gran), last)
            label = start.strftime("%Y/%m/%d")
            if gran != "day":
                label = f"{label} - {end.strftime('%Y/%m/%d')}"
            past = _past(start, end, now)
            figures = visits.figures(filter(keep, visits.known(past, now))) if past else None
            groups.append(_Group([label], figures))
            start = end + timedelta(days=1)
        return groups[::-1]

    def _by_source(
        self, visits: Visits, view: str, first: date, last: date, keep: Callable[[Visit], bool]
    ) -> list[_Group]:
        """A row per kind of source, site, or search engine."""
        now = self.desk.now()
        buckets: dict[tuple[str, str], list[Visit]] = {}
        labels: dict[tuple[str, str], dict[str, str]] = {}
        for visit in visits.known(_past(first, last, now), now):
            if not keep(visit):
                continue
            source = SOURCES[visit.source]
            if view == "engine" and source.kind != "search":
                continue
            label = _label(source, view)
            key = (label["name"], label["source"])
            labels[key] = label
            buckets.setdefault(key, []).append(visit)
        return [_Group([labels[key]], visits.figures(found)) for key, found in buckets.items()]

    def _table(
        self,
        query: Mapping[str, str],
        title: str,
        groups: list[_Group],
        metrics: list[str],
        everything: Figures,
        span: tuple[date, date],
        fault: Fault | None,
    ) -> Answer:
        values = {id(group): _values(group.figures, metrics, everything) for group in groups}
        order = query.get(
            "order", "simple_date_title,desc" if title == "simple_date_title" else "pv_count,desc"
        )
        field, _, direction = order.partition(",")
        if direction not in ("asc", "desc") or field not in (title, *_METRICS):
            raise _no(100, "Invalid parameter: order")
        if field == title:
            groups = sorted(groups, key=lambda g: str(g.label), reverse=direction == "desc")
        else:
            metric = _METRICS[field]
            groups = sorted(
                groups,
                key=lambda g: (metric(g.figures, everything) or 0) if g.figures else -1,
                reverse=direction == "desc",
            )
        size, start = _whole(query, "max_results", 20), _whole(query, "start_index", 0)
        size = size or max(len(groups), 1)
        if start % size or not self.desk.announced(_but_page(query), start // size + 1, size, len(groups)):
            raise _no(100, "Invalid parameter: start_index")
        page = self.desk.page(groups, start // size + 1, size, fault)
        first, last = span
        result: dict[str, Any] = {
            "timeSpan": [f"{first:%Y/%m/%d} - {last:%Y/%m/%d}" if first != last else f"{first:%Y/%m/%d}"],
            "fields": [title, *metrics],
            "total": page.total,
            "offset": start,
            "sum": [_values(everything, metrics, everything), []],
            "pageSum": [_values(everything, metrics, everything), [], []],
            "items": [
                [group.label for group in page.rows],
                [values[id(group)] for group in page.rows],
                [],
                [],
            ],
        }
        if everything.visits % 7 == 0:
            result["sampling"] = {"applied": False}
        return Answer({"result": result})


# ---- parameters -----------------------------------------------------------------------------------
def _dates(query: Mapping[str, str]) -> tuple[date, date]:
    days = []
    for name in ("start_date", "end_date"):
        text = query.get(name, "")
        if not re.fullmatch(r"\d{8}", text):
            raise _no(100, f"Invalid parameter: {name}")
        try:
            days.append(datetime.strptime(text, "%Y%m%d").replace(tzinfo=SHANGHAI).date())
        except ValueError:
            raise _no(100, f"Invalid parameter: {name}") from None
    if days[1] < days[0] or (days[1] - days[0]).days >= MOST_DAYS:
        raise _no(100, "Invalid parameter: end_date")
    return days[0], days[1]


def _one_of(query: Mapping[str, str], name: str, allowed: tuple[str, ...], default: str) -> str:
    value = query.get(name, default)
    if value not in allowed:
        raise _no(100, f"Invalid parameter: {name}")
    return value


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isdigit():
        raise _no(100, f"Invalid parameter: {name}")
    return int(text)


def _keeper(query: Mapping[str, str]) -> Callable[[Visit], bool]:
    """The filters clientDevice, visitor and source as one question."""
    device = _one_of(query, "clientDevice", ("pc", "mobile", ""), "")
    visitor = _one_of(query, "visitor", ("new", "old", ""), "")
    source = query.get("source", "")
    if source and not re.fullmatch(
        r"through|link|search,\d+|searchBaiduPro|searchBaiduNature|searchOther", source
    ):
        raise _no(100, "Invalid parameter: source")

    def keep(visit: Visit) -> bool:
        if device and visit.device != device:
            return False
        if visitor and visit.is_first != (visitor == "new"):
            return False
        return not source or _comes_from(SOURCES[visit.source], source)

    return keep


def _comes_from(source: Source, wanted: str) -> bool:
    if wanted in ("through", "link"):
        return source.kind == wanted
    if source.kind != "search":
        return False
    if wanted == "searchBaiduPro":
        return source.is_paid
    if wanted == "searchBaiduNature":
        return source.engine == 1 and not source.is_paid
    if wanted == "searchOther":
        return source.engine != 1
    engine = int(wanted.partition(",")[2])
    return engine in (0, source.engine)


def _but_page(query: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    hidden = {"start_index", "access_token"}
    return tuple(sorted((key, value) for key, value in query.items() if key not in hidden))


# ---- rows -----------------------------------------------------------------------------------------
_ENGINE_NAMES = {1: "百度", 3: "搜狗", 5: "必应"}
_KINDS = {
    "through": ("直接访问", "through"),
    "search": ("搜索引擎", "search,0"),
    "link": ("外部链接", "link"),
}


def _label(source: Source, view: str) -> dict[str, str]:
    if view == "type":
        name, code = _KINDS[source.kind]
        return {"name": name, "source": code}
    if source.kind == "search":
        engine = str(source.engine)
        return {"name": _ENGINE_NAMES[source.engine], "source": f"search,{engine}", "engineId": engine}
    if source.kind == "link":
        return {"name": source.domain, "source": "link", "url": f"https://{source.domain}/"}
    return {"name": "直接访问", "source": "through"}


def _past(first: date, last: date, now: int) -> list[date]:
    """The days of the range that have begun."""
    today = datetime.fromtimestamp(now, SHANGHAI).date()
    return days_between(first, min(last, today)) if first <= today else []


def _period_end(start: date, gran: str) -> date:
    if gran == "week":
        return monday(start) + timedelta(days=6)
    if gran == "month":
        return (start.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return start


def _values(figures: Figures | None, metrics: list[str], everything: Figures) -> list[Any]:
    """The metric cells: "--" where there is nothing, counts from a thousand on as text with separators."""
    cells: list[Any] = []
    for name in metrics:
        value = None if figures is None else _METRICS[name](figures, everything)
        if value is None:
            cells.append("--")
        elif isinstance(value, int) and value >= 1_000:
            cells.append(f"{value:,}")
        else:
            cells.append(value)
    return cells


# ---- what a complete read holds -------------------------------------------------------------------
_GRAINS = {"traffic": "day", "traffic_weekly": "week", "traffic_monthly": "month"}


def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """The keys of a complete read (see ``extractors.sandbox.truth``).

    For all devices, for PC and for mobile: a total of every period and of each kind of search, with or
    without visits, and a row for each kind of source that brought visits.
    """
    visits, grain = world.visits[site_of(account_id).store], _GRAINS[stream]
    keys = set()
    for first, days in periods_of(start, end, grain):
        known = visits.known(_past(days[0], days[-1], now), now)
        for device in ("all", PC, MOBILE):
            kinds = {SOURCES[v.source].kind for v in known if device in ("all", v.device)}
            entries = [("trend", "total"), *(("source", _KINDS[kind][1]) for kind in kinds)]
            entries += [("search", f"search{which}") for which in ("BaiduPro", "BaiduNature", "Other")]
            keys |= {f"{report}|{grain}|{device}|{first}|{entry}" for report, entry in entries}
    return keys
