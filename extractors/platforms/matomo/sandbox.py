"""The sandbox half of Matomo: what the Reporting API answers and refuses (platforms-global §7).

Served under ``/matomo``: ``/index.php``. Reports come one by one or several in ``API.getBulkRequest``; what
goes wrong is told with HTTP 200.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from extractors.sandbox.asked import form_of, query_of
from extractors.sandbox.control import Fault
from extractors.sandbox.desk import Answer, Desk, Refusal
from extractors.sandbox.merchants import SHANGHAI, SITES, Site
from extractors.sandbox.season import monday
from extractors.sandbox.shopping import Bought, Shopping
from extractors.sandbox.site_credentials import MATOMO_TOKENS
from extractors.sandbox.traffic import SOURCES, Figures, Source, Visit, days_between
from extractors.sandbox.truth import periods_of, site_of
from extractors.sandbox.world import World

WHOLE = True  # filter_limit=-1 answers with everything
_SYSTEM = {"module", "method", "format", "token_auth"}
_REPORT = {
    "idSite",
    "period",
    "date",
    "filter_limit",
    "format_metrics",
    "language",
}
# What adds the columns of orders to a report by source: all three, or the columns are those of every goal.
_GOAL = {"idGoal", "filter_update_columns_when_show_all_goals", "filter_show_goal_columns_process_goals"}
_ORDERS = "ecommerceOrder"
_TYPES = {1: "Direct Entry", 2: "Search Engines", 3: "Websites", 6: "Campaigns"}
Table = list[dict[str, Any]] | dict[str, Any]


def routes(desk: Desk) -> list[BaseRoute]:
    """The one address of Matomo, for one desk."""
    return [Route("/index.php", Api(desk).index, methods=["GET", "POST"])]


def _no(message: str) -> Answer:
    return Answer({"result": "error", "message": message}, refusal=message[:60])


def _bad(message: str) -> Refusal:
    return Refusal(_no(message))


class Api:
    """The Reporting API for one sandbox."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.reports: dict[str, Callable[[Shopping, list[date], str, bool], Table]] = {
            "VisitsSummary.get": self._summary,
            "VisitFrequency.get": self._frequency,
            "DevicesDetection.getType": self._devices,
            "Referrers.getReferrerType": self._types,
            "Referrers.getCampaigns": self._campaigns,
        }

    async def index(self, request: Request) -> Response:
        """index.php with module=API."""
        query = query_of(request)
        form = await form_of(request)

        def make(fault: Fault | None) -> Answer:
            if "token_auth" in query or "token_auth" not in form:
                raise _bad(
                    "Unable to authenticate with the provided token. It is either invalid, expired or is "
                    "required to be sent as a POST parameter."
                )
            store = {token: store for store, token in MATOMO_TOKENS.items()}.get(form["token_auth"])
            given = {**query, **form}
            if given.get("module") != "API" or given.get("format") != "JSON":
                raise _bad("module must be API and format JSON here")
            if given.get("method") != "API.getBulkRequest":
                return Answer(
                    self._one({k: v for k, v in given.items() if k not in _SYSTEM}, given, store, fault)
                )
            urls = {name: value for name, value in given.items() if re.fullmatch(r"urls\[\d+\]", name)}
            strange = sorted(set(given) - _SYSTEM - set(urls))
            if strange or not urls:
                raise _bad(f"Please specify the parameter urls (and not {', '.join(strange)})")
            answers = []
            for name in sorted(urls, key=lambda name: int(name[5:-1])):
                part = dict(parse_qsl(urls[name], keep_blank_values=True))
                try:
                    asked = {k: v for k, v in part.items() if k != "method"}
                    answers.append(self._one(asked, part, store, fault))
                except Refusal as refusal:
                    answers.append(refusal.answer.body)
                    self.desk.control.refusals[f"matomo/traffic: {refusal}"] += 1
            return Answer(answers)

        return await self.desk.serve("traffic", "", make)

    def _one(
        self, asked: Mapping[str, str], call: Mapping[str, str], store: str | None, fault: Fault | None
    ) -> Any:
        method = call.get("method", "")
        if method != "SitesManager.getSiteFromId" and method not in self.reports:
            raise _bad(f"The method '{method}' does not exist or is not available in the module.")
        number = asked.get("idSite", "")
        site = next((s for s in SITES if str(s.number) == number), None)
        if store is None or site is None or site.store != store:
            raise _bad(
                f"You can't access this resource as it requires 'view' access for the website id = {number}."
            )
        if method == "SitesManager.getSiteFromId":
            if set(asked) - {"idSite"}:
                raise _bad("getSiteFromId takes idSite only")
            return _site(site)
        if set(asked) - _REPORT - _GOAL:
            raise _bad(f"unknown parameter {sorted(set(asked) - _REPORT - _GOAL)[0]}")
        goal = _GOAL & set(asked)
        if goal and (
            goal != _GOAL or {asked[name] for name in goal} != {_ORDERS} or "Referrers" not in method
        ):
            raise _bad(
                "only the orders of reports by source are told here, by all of " + ", ".join(sorted(_GOAL))
            )
        shopping, limit = self.desk.world.shopping[store], asked.get("filter_limit", "100")
        if not re.fullmatch(r"-?\d+", limit):
            raise _bad("filter_limit is no number")
        spans = _spans(asked.get("period", ""), asked.get("date", ""), self.desk.now())
        tables = {
            label: self._table(method, shopping, days, asked["period"], int(limit), fault, bool(goal))
            for label, days in spans.items()
        }
        return tables[""] if list(tables) == [""] else tables

    def _table(
        self,
        method: str,
        shopping: Shopping,
        days: list[date],
        period: str,
        limit: int,
        fault: Fault | None,
        sold: bool,
    ) -> Table:
        """One report of one period, cut to the limit; an empty list where nobody came."""
        if not shopping.visits.known(days, self.desk.now()):
            return []
        table = self.reports[method](shopping, days, period, sold)
        if isinstance(table, list):
            return (
                []
                if fault is not None and fault.kind == "empty_page"
                else table[: None if limit < 0 else limit]
            )
        return table

    # ---- the reports ------------------------------------------------------------------------------
    def _summary(self, shopping: Shopping, days: list[date], period: str, sold: bool) -> Table:
        visits = shopping.visits
        f = visits.figures(visits.known(days, self.desk.now()))
        distinct = {} if period == "range" else {"nb_uniq_visitors": f.visitors}
        return {
            **distinct,
            "nb_users": 0,
            **_counts(f),
            "bounce_rate": f"{round(100 * f.bounces / f.visits)}%",
            "avg_time_on_site": round(f.seconds / f.visits),
        }

    def _frequency(self, shopping: Shopping, days: list[date], period: str, sold: bool) -> Table:
        visits = shopping.visits
        known = visits.known(days, self.desk.now())
        fresh = visits.figures([visit for visit in known if visit.is_first])
        distinct = {} if period == "range" else {"nb_uniq_visitors": fresh.visitors}
        return {f"{name}_new": value for name, value in {**distinct, **_counts(fresh)}.items()}

    def _rows(
        self,
        shopping: Shopping,
        days: list[date],
        period: str,
        sold: bool,
        name: Callable[[Visit], str | None],
    ) -> dict[str, dict[str, Any]]:
        """Rows by label; distinct visitors are of days only, else those of the days added up."""
        visits = shopping.visits
        groups: dict[str, list[Visit]] = {}
        for visit in visits.known(days, self.desk.now()):
            label = name(visit)
            if label is not None:
                groups.setdefault(label, []).append(visit)
        rows: dict[str, dict[str, Any]] = {}
        for label, found in groups.items():
            figures = visits.figures(found)
            if period == "day":
                people = {"nb_uniq_visitors": figures.visitors}
            else:
                daily: dict[date, set[int]] = {}
                for visit in found:
                    daily.setdefault(_day(visit), set()).add(visit.person)
                people = {"sum_daily_nb_uniq_visitors": sum(map(len, daily.values())) * visits.weight}
            orders = _orders(shopping.bought(found, self.desk.now()), figures) if sold else {}
            rows[label] = {"label": label, **people, **_counts(figures), **orders}
        return dict(sorted(rows.items(), key=lambda entry: -entry[1]["nb_visits"]))

    def _devices(self, shopping: Shopping, days: list[date], period: str, sold: bool) -> Table:
        return list(self._rows(shopping, days, period, sold, _device).values())

    def _types(self, shopping: Shopping, days: list[date], period: str, sold: bool) -> Table:
        rows = self._rows(shopping, days, period, sold, lambda v: _TYPES[_type(SOURCES[v.source])])
        numbers = {label: number for number, label in _TYPES.items()}
        return [{**row, "referer_type": numbers[label]} for label, row in rows.items()]

    def _campaigns(self, shopping: Shopping, days: list[date], period: str, sold: bool) -> Table:
        return list(self._rows(shopping, days, period, sold, _campaign).values())


def _site(site: Site) -> list[dict[str, str]]:
    return [
        {
            "idsite": str(site.number),
            "name": site.domain,
            "main_url": f"https://{site.domain}",
            "timezone": "Asia/Shanghai",
            "currency": "CNY",
            "ecommerce": "1",
        }
    ]


def _counts(f: Figures) -> dict[str, int]:
    return {
        "nb_visits": f.visits,
        "nb_actions": f.page_views,
        "bounce_count": f.bounces,
        "sum_visit_length": f.seconds,
    }


def _orders(bought: Bought, figures: Figures) -> dict[str, int | float | str]:
    """What the report's filter adds; where nothing was bought it leaves the counts out."""
    if not bought.orders:
        return {f"goal_{_ORDERS}_conversion_rate": "0%"}
    amount = bought.amount / 100
    return {
        f"goal_{_ORDERS}_nb_conversions": bought.orders,
        f"goal_{_ORDERS}_revenue": amount,
        f"goal_{_ORDERS}_items": bought.units,
        f"goal_{_ORDERS}_avg_order_revenue": round(amount / bought.orders, 2),
        f"goal_{_ORDERS}_conversion_rate": f"{round(100 * bought.orders / figures.visits, 2)}%",
    }


def _day(visit: Visit) -> date:
    return datetime.fromtimestamp(visit.at, SHANGHAI).date()


def _device(visit: Visit) -> str:
    """Half of the phones are as large as the vendor calls phablets; a person keeps to one of them."""
    if visit.device == "pc":
        return "Desktop"
    return "Smartphone" if visit.person % 2 else "Phablet"


def _type(source: Source) -> int:
    if source.is_paid:
        return 6
    return {"through": 1, "search": 2, "link": 3}[source.kind]


def _campaign(visit: Visit) -> str | None:
    return "baidu-sem" if SOURCES[visit.source].is_paid else None


# ---- periods --------------------------------------------------------------------------------------
def _spans(period: str, text: str, now: int) -> dict[str, list[date]]:
    """Label → days that have begun, of each period of the range; '' where the answer is one table."""
    parts = text.split(",")
    try:
        ends = [date.fromisoformat(part) for part in parts]
    except ValueError:
        raise _bad(f"Date format must be: YYYY-MM-DD, or 'today' … ('{text}' given)") from None
    if period not in ("day", "week", "month", "range") or len(ends) > 2 or ends[-1] < ends[0]:
        raise _bad(f"The period '{period}' is not supported with the date '{text}'.")
    today = datetime.fromtimestamp(now, SHANGHAI).date()
    if period == "range" or len(ends) == 1:
        first, last = (ends[0], ends[-1]) if period == "range" else _bounds(period, ends[0])
        return {"": _begun(first, last, today)}
    spans, at = {}, _bounds(period, ends[0])[0]
    while at <= ends[1]:
        first, last = _bounds(period, at)
        label = {"day": f"{first}", "week": f"{first},{last}", "month": f"{first:%Y-%m}"}[period]
        spans[label] = _begun(first, last, today)
        at = last + timedelta(days=1)
    return spans


def _begun(first: date, last: date, today: date) -> list[date]:
    return days_between(first, min(last, today)) if first <= today else []


def _bounds(period: str, day: date) -> tuple[date, date]:
    if period == "week":
        return monday(day), monday(day) + timedelta(days=6)
    if period == "month":
        first = day.replace(day=1)
        return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return day, day


# ---- what a complete read holds -------------------------------------------------------------------
_GRAINS = {"traffic": "day", "traffic_weekly": "week", "traffic_monthly": "month"}


def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """The keys of a complete read (see ``extractors.sandbox.truth``): total, devices, kinds of referrer and
    campaigns of every period that had a visit, up to the last day that is touched."""
    visits, grain = world.visits[site_of(account_id).store], _GRAINS[stream]
    keys = set()
    for first, days in periods_of(start, end, grain):
        for visit in visits.known(days_between(first, days[-1]), now):
            campaign = _campaign(visit)
            source = f"campaign|{grain}|{first}|{campaign}"
            if campaign is None:
                source = f"source|{grain}|{first}|{_TYPES[_type(SOURCES[visit.source])]}"
            keys |= {f"total|{grain}|{first}|total", f"device|{grain}|{first}|{_device(visit)}", source}
    return keys
