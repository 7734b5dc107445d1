"""The sandbox half of JD's 京准通: what its reports answer and refuse on JOS's gateway (cn §14).

Served under ``/jd_ads``: ``/routerjson`` and ``/oauth2/refresh_token``. Money is yuan as text; the figures of
groups and ads bear the prefix ``r0_``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from starlette.routing import BaseRoute

from extractors.sandbox.adland import Figures, figures, group_id, keys, money, span
from extractors.sandbox.control import Fault
from extractors.sandbox.desk import Desk
from extractors.sandbox.halves import half
from extractors.sandbox.router import Call, Method, names
from extractors.sandbox.truth import days_of
from extractors.sandbox.world import World

MOST_DAYS = 90
_RESULT = "querycampdailysum_result"
# Of the orders of 15 days, how many hundredths come within so many days of the click.
_WITHIN = {"0": 50, "1": 60, "3": 75, "7": 90, "15": 100}
_ON = names("true false")


def routes(desk: Desk) -> list[BaseRoute]:
    """The addresses that JOS has, for one desk."""
    found: list[BaseRoute] = half("jd").gateway(desk, _METHODS)
    return found


def _days(call: Call, first: str, last: str) -> list[date]:
    found = span(first, last, MOST_DAYS)
    if found is None:
        raise call.invalid(f"startDay, endDay: at most {MOST_DAYS} days")
    return found


@dataclass(frozen=True)
class _Counted:
    """Which orders a report counts: within how many days of a click, on the day of which, paid or placed."""

    within: str
    by_order_day: bool
    paid: bool

    def of(self, row: Figures) -> tuple[int, int]:
        """Order lines and their value in fen: a fifth more are placed than paid, and of the orders of a day
        of clicks, a tenth come on another."""
        share = _WITHIN[self.within] - (10 if self.by_order_day else 0)
        more = 0 if self.paid else row.conversions // 5
        return row.conversions * share // 100 + more, row.value * share // 100 + more * 8_800


def _is_paid(call: Call, name: str) -> bool:
    """Whether only paid orders count: absent means all."""
    return name in call.params and call.choice(name, names("1"), "") == "1"


def _account(call: Call, fault: Fault | None) -> Any:
    """jingdong.dsp.report.queryAccountReport: by day."""
    days = _days(call, call.params["startDay"], call.params["endDay"])
    call.choice("isDaily", names("true"), "")
    call.choice("platform", names("all pc mobile"), "")
    within = call.choice("clickOrOrderDay", frozenset(_WITHIN), "")
    by_order_day = call.choice("clickOrOrderCaliber", names("0 1"), "") == "1"
    counted = _Counted(within, by_order_day, _is_paid(call, "orderStatusCategory"))
    rows = figures(call.adverts, days, "account", call.now)
    shown, total, number, size = call.page(rows, fault, page="pageIndex", size="pageSize", default=10)
    datas = [_day(call, row, counted) for row in shown]
    paginator = {"items": total, "page": number, "itemsPerPage": size}
    value = {"datas": datas, "paginator": paginator}
    result = {"success": True, "resultCode": "200", "errorMsg": "", "value": value}
    return {"jingdong_dsp_report_queryAccountReport_responce": {"code": "0", _RESULT: result}}


def _level(name: str, level: str, call: Call, fault: Fault | None) -> Any:
    """jingdong.dsp.report.query{Camp,Group,Ad}DailySum: by day and entity."""
    start, end = call.params["startDay"], call.params["endDay"]
    if start[10:] != " 00:00:00" or end[10:] != " 23:59:59":
        raise call.invalid("startDay, endDay: yyyy-MM-dd HH:mm:ss")
    days = _days(call, start[:10], end[:10])
    call.choice("isDaily", names("true"), "")
    call.choice("platform", names("all pc mobile"), "")
    within = "15" if call.choice("isTodayOr15Days", _ON, "") == "true" else "0"
    by_order_day = call.choice("isOrderOrClick", _ON, "") == "true"
    counted = _Counted(within, by_order_day, _is_paid(call, "OrderStatusCategory"))
    rows = figures(call.adverts, days, level, call.now)
    shown, total, number, _ = call.page(rows, fault, page="pageIndex", size="pageSize", default=10)
    value = [_entity(call, name, row, counted) for row in shown]
    result: dict[str, Any] = {"success": True, "resultCode": "200", "total": total, "page": number}
    if value:
        result["value"] = value
    return {f"jingdong_dsp_report_query{name}DailySum_responce": {"code": "0", _RESULT: result}}


def _day(call: Call, row: Figures, counted: _Counted) -> dict[str, Any]:
    count, worth = counted.of(row)
    return {
        "date": row.day.strftime("%Y%m%d"),
        "pin": f"pin{call.subject}",
        "mobileType": "全部",
        "impressions": row.shows,
        "clicks": row.clicks,
        "CTR": f"{row.clicks / row.shows:.4f}" if row.shows else "0",
        "cost": money(row.cost),
        "CPC": money(row.cost // row.clicks) if row.clicks else "0.00",
        "directOrderCnt": count - count // 3,
        "indirectOrderCnt": count // 3,
        "totalOrderCnt": count,
        "totalOrderSum": money(worth),
        "totalCartCnt": row.clicks // 9,
    }


def _entity(call: Call, name: str, row: Figures, counted: _Counted) -> dict[str, Any]:
    p = row.promotion
    if p is None:
        raise ValueError("an entity's row without its entity")
    count, worth = counted.of(row)
    numbers = {
        "Impressions": str(row.shows),
        "Clicks": str(row.clicks),
        "Cost": money(row.cost),
        "TotalOrderCnt": str(count),
        "TotalOrderSum": money(worth),
        "TotalCartCnt": str(row.clicks // 9),
    }
    prefix = "" if name == "Camp" else "r0_"
    day = row.day.strftime("%Y%m%d")
    figure = {f"{prefix}{field}": text for field, text in numbers.items()}
    figure |= {"date": day, "CampaignId": str(p.project_id), "CampaignName": p.project_name}
    entity = {"Camp": p.project_id, "Group": group_id(p), "Ad": p.promotion_id}[name]
    if name != "Camp":
        figure["GroupName"] = f"{p.promotion_name}-单元"
    if name == "Ad":
        figure |= {"GroupId": str(group_id(p)), "AdName": p.promotion_name}
    return {
        "id": entity,
        "pin": f"pin{call.subject}",
        "dimension": name.upper(),
        "date": day,
        "figureData": figure,
    }


def _daily_sum(stream: str, name: str, level: str) -> Method:
    answer: Callable[[Call, Fault | None], Any] = partial(_level, name, level)
    return Method(
        stream,
        answer,
        names("startDay endDay isDaily isOrderOrClick isTodayOr15Days platform pageIndex pageSize"),
        frozenset({"OrderStatusCategory"}),
    )


_METHODS: dict[str, Method] = {
    "jingdong.dsp.report.queryAccountReport": Method(
        "account_report",
        _account,
        names("startDay endDay isDaily platform clickOrOrderDay clickOrOrderCaliber pageIndex pageSize"),
        names("orderStatusCategory"),
    ),
    "jingdong.dsp.report.queryCampDailySum": _daily_sum("campaign_report", "Camp", "campaign"),
    "jingdong.dsp.report.queryGroupDailySum": _daily_sum("group_report", "Group", "ad"),
    "jingdong.dsp.report.queryAdDailySum": _daily_sum("ad_report", "Ad", "ad"),
}


# ---- what a complete read holds -------------------------------------------------------------------
def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """The keys of a complete read (see ``extractors.sandbox.truth``)."""
    level, entity = {
        "account_report": ("account", ""),
        "campaign_report": ("campaign", "campaign"),
        "group_report": ("ad", "group"),
        "ad_report": ("ad", "ad"),
    }[stream]
    found = keys(world, account_id, level, days_of(start, end), now, entity)
    return {key[:10].replace("-", "") + key[10:] for key in found}
