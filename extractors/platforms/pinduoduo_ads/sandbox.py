"""The sandbox half of Pinduoduo's ads: what its reports answer and refuse on the open platform (cn §15).

Served under ``/pinduoduo_ads``: ``/api/router``. Money is whole li (thousandths of a yuan). Each project of
the world is a plan of one scene: search or display.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import orjson
from starlette.routing import BaseRoute

from extractors.sandbox.adland import Figures, figures, span
from extractors.sandbox.ads import Adverts
from extractors.sandbox.control import Fault
from extractors.sandbox.desk import Desk
from extractors.sandbox.halves import half
from extractors.sandbox.merchants import SHANGHAI
from extractors.sandbox.router import Call, Method, names
from extractors.sandbox.truth import days_of
from extractors.sandbox.world import World

SHOWN_DAYS, MOST_ROWS = 90, 100
METHOD_LIMITS = {"pdd.ad.api.report.entity.report.query": (20, 10.0)}  # calls and seconds, for a shop
_SCENE_OF = (0, 2, 0)  # of each project: search has two plans, display one, the star shop none
_MEASURES = ("impression", "click", "spend", "gmv", "orderNum")


def routes(desk: Desk) -> list[BaseRoute]:
    """The address that the gateway has, for one desk."""
    found: list[BaseRoute] = half("pinduoduo").gateway(desk, _METHODS)
    return found


def _daily(call: Call, fault: Fault | None) -> Any:
    """pdd.ad.api.report.daily.report.query: the advertiser by day, with a sum and without a count."""
    scene, days = _asked(call)
    call.choice("queryDimensionType", names("0"), "")
    rows = list(_added_up(_plans(call.adverts, days, scene, call.now), "date").values())
    page = call.desk.page(rows, 1, len(rows) + 1, fault)
    return _good({"dailyReportList": page.rows, "sumReport": _sum(rows)})


def _entities(call: Call, fault: Fault | None) -> Any:
    """pdd.ad.api.report.entity.report.query: plans, the days asked for added up."""
    scene, days = _asked(call)
    call.choice("queryDimensionType", names("1"), "")
    call.choice("entityDimensionType", names("0"), "0")
    number, size = _range(call)
    found = _added_up(_plans(call.adverts, days, scene, call.now), "entityId")
    rows = [{**row, "dimensionType": 1} for row in found.values()]
    key = tuple(sorted((n, v) for n, v in call.params.items() if n != "queryRange"))
    if not call.desk.announced((call.subject, size, key), number, size, len(rows)):
        raise call.invalid(f"queryRange: page {number} is beyond the last page")
    page = call.desk.page(rows, number, size, fault)
    return _good({"entityReportList": page.rows, "sumReport": _sum(rows), "total": page.total})


def _good(result: dict[str, Any]) -> dict[str, Any]:
    return {"response": {"success": True, "errorCode": 1000, "errorMsg": "", "result": result}}


def _asked(call: Call) -> tuple[int, list[date]]:
    """The scene and the days; today and days before are not told in one answer."""
    scene = int(call.choice("scenesType", names("0 1 2"), ""))
    days = span(call.params["startDateString"], call.params["endDateString"], SHOWN_DAYS)
    today = datetime.fromtimestamp(call.now, SHANGHAI).date()
    if days is None or days[0] < today - timedelta(days=SHOWN_DAYS):
        raise call.invalid(f"startDateString, endDateString: the last {SHOWN_DAYS} days")
    if days[0] < today <= days[-1]:
        raise call.invalid("startDateString, endDateString: today and history must not be mixed")
    return scene, days


def _range(call: Call) -> tuple[int, int]:
    try:
        found = orjson.loads(call.params["queryRange"])
        number, size = found["pageNumber"], found["pageSize"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise call.invalid("queryRange: pageNumber and pageSize") from None
    if not (isinstance(number, int) and isinstance(size, int) and number >= 1 and 1 <= size <= MOST_ROWS):
        raise call.invalid("queryRange")
    return number, size


def _plans(adverts: Adverts, days: list[date], scene: int, now: int) -> list[Figures]:
    rows = figures(adverts, days, "campaign", now)
    return [row for row in rows if row.promotion is not None and _SCENE_OF[row.promotion.project] == scene]


def _added_up(rows: list[Figures], by: str) -> dict[Any, dict[str, Any]]:
    """The measures added up by day or by plan."""
    found: dict[Any, dict[str, Any]] = {}
    for row in rows:
        key = row.day.isoformat() if by == "date" else row.promotion and row.promotion.project_id
        old = found.setdefault(key, {by: key, **dict.fromkeys(_MEASURES, 0)})
        new = (row.shows, row.clicks, row.cost * 10, row.value * 10, row.conversions)
        old.update({name: old[name] + value for name, value in zip(_MEASURES, new, strict=True)})
    for old in found.values():
        shows, clicks = old["impression"], old["click"]
        old["ctr"] = round(clicks / shows, 4) if shows else 0
        old["cpc"] = round(old["spend"] / clicks, 2) if clicks else 0
    return found


def _sum(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: sum(row[name] for row in rows) for name in _MEASURES}


_DATES = "scenesType queryDimensionType startDateString endDateString"
_METHODS: dict[str, Method] = {
    "pdd.ad.api.report.daily.report.query": Method("account_report", _daily, names(_DATES), frozenset()),
    "pdd.ad.api.report.entity.report.query": Method(
        "campaign_report",
        _entities,
        names(f"{_DATES} queryRange"),
        names("entityDimensionType"),
    ),
}


# ---- what a complete read holds -------------------------------------------------------------------
def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """The keys of a complete read (see ``extractors.sandbox.truth``)."""
    if stream not in ("account_report", "campaign_report"):
        raise KeyError(stream)
    found, adverts = set(), world.ad_accounts[account_id]
    for row in figures(adverts, days_of(start, end), "campaign", now):
        if row.promotion is not None:
            key = f"{row.day}|{_SCENE_OF[row.promotion.project]}"
            found.add(key if stream == "account_report" else f"{key}|{row.promotion.project_id}")
    return found
