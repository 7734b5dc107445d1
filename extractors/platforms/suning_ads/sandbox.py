"""The sandbox half of Suning's ads: what the report of promotions answers and refuses (cn §6, Suning ads).

Served under ``/suning_ads``: ``/api/http/sopRequest``. All values are texts, money is yuan.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from extractors.sandbox import market
from extractors.sandbox.ad_credentials import APPS
from extractors.sandbox.adland import Figures, advertiser, figures, keys, money, span
from extractors.sandbox.ads import Adverts
from extractors.sandbox.asked import json_text
from extractors.sandbox.control import Fault
from extractors.sandbox.desk import Answer, Desk, Refusal
from extractors.sandbox.halves import half
from extractors.sandbox.truth import days_of
from extractors.sandbox.world import World

SUNING = half("suning")  # the gateway is the shop's
MOST_ROWS, MOST_DAYS = 50, 90
_METHOD, _NAME = "suning.advertise.getpromotionrepdatalist.query", "queryGetpromotionrepdatalist"
_REQUIRED = "custnum endDate pagerNumber pagerSize startDate"
_OPTIONAL = "dayType"


def routes(desk: Desk) -> list[BaseRoute]:
    """The one address that the gateway has, for one desk."""
    return [Route("/api/http/sopRequest", Api(desk).rest, methods=["POST"])]


class Api:
    """The report for one sandbox."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        desk.rate_answer = lambda seconds: SUNING.no("sys.check.access:limit", "too many requests")

    async def rest(self, request: Request) -> Response:
        """POST of every method."""
        headers, body = request.headers, await json_text(request)
        given = SUNING.content(body, _NAME)

        def make(fault: Fault | None) -> Answer:
            SUNING.accept(self.desk, headers, body, APPS["suning_ads"], {_METHOD})
            if given is None:
                raise Refusal(SUNING.no("sys.check.request-param:error", f"sn_request.sn_body.{_NAME}"))
            return self._report(given, fault)

        account = str((given or {}).get("custnum", ""))
        return await self.desk.serve("campaign_report", account, make, given)

    def _report(self, given: Mapping[str, Any], fault: Fault | None) -> Answer:
        wrong = market.wrong_names(given, _REQUIRED, _OPTIONAL)
        if wrong is not None or any(not isinstance(value, str) for value in given.values()):
            raise Refusal(SUNING.no("biz.check.param:error", wrong or "all values are texts"))
        adverts = advertiser(self.desk.world, "suning_ads", given["custnum"])
        if adverts is None:
            return _failed("custnum 不存在")
        days = span(given["startDate"], given["endDate"], MOST_DAYS)
        if days is None:
            return _failed("startDate, endDate 错误")
        if given.get("dayType", "0") != "0":
            return _failed("dayType 错误")
        number = market.whole(given["pagerNumber"], 1, 99_999)
        size = market.whole(given["pagerSize"], 1, MOST_ROWS)
        if number is None or size is None:
            return _failed(f"pagerSize 最大 {MOST_ROWS}")
        rows = self._rows(adverts, given["startDate"], given["endDate"])
        if not rows:
            code = "biz.handler.data-get:no-result"
            return Answer(
                {"sn_responseContent": {"sn_error": {"error_code": code, "error_msg": "no result"}}}
            )
        key = tuple(sorted((n, v) for n, v in given.items() if n != "pagerNumber"))
        if not self.desk.announced(key, number, size, len(rows)):
            return _failed(f"pagerNumber {number} 超出范围")
        page = self.desk.page(rows, number, size, fault)
        head = {
            "pageNo": str(number),
            "pageTotal": str(-(-page.total // size)),
            "totalSize": str(page.total),
            "returnMessage": "biz.handler.data-get:success",
        }
        found = {"status": "0", "msg": "成功", "data": {"dataList": page.rows}}
        return Answer({"sn_responseContent": {"sn_head": head, "sn_body": {_NAME: found}}})

    def _rows(self, adverts: Adverts, first: str, last: str) -> list[dict[str, str]]:
        """A row a promotion, the days asked for added up."""
        sums: dict[int, Figures] = {}
        for row in figures(adverts, span(first, last, MOST_DAYS) or [], "campaign", self.desk.now()):
            if row.promotion is None:
                continue
            old = sums.get(row.promotion.project_id)
            sums[row.promotion.project_id] = row if old is None else _added(old, row)
        return [_row(row) for row in sums.values()]


def _failed(text: str) -> Answer:
    body = {"sn_responseContent": {"sn_body": {_NAME: {"status": "1", "msg": text}}}}
    return Answer(body, refusal=f"1 {text}")


def _added(one: Figures, other: Figures) -> Figures:
    return Figures(
        one.day,
        one.promotion,
        one.cost + other.cost,
        one.shows + other.shows,
        one.clicks + other.clicks,
        one.conversions + other.conversions,
        one.value + other.value,
    )


def _row(row: Figures) -> dict[str, str]:
    p = row.promotion
    return {
        "promotionId": str(p.project_id) if p is not None else "",
        "promotionName": p.project_name if p is not None else "",
        "showNum": str(row.shows),
        "clickNum": str(row.clicks),
        "clickRate": f"{100 * row.clicks / row.shows:.2f}%" if row.shows else "-",
        "avgCost": f"{row.cost / 100 / row.clicks:.2f}" if row.clicks else "--",
        "totalCost": money(row.cost),
        "orderNum": str(row.conversions),
        "orderAmount": money(row.value),
        "conversionRate": f"{100 * row.conversions / row.clicks:.2f}%" if row.clicks else "-",
    }


# ---- what a complete read holds -------------------------------------------------------------------
def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """The keys of a complete read (see ``extractors.sandbox.truth``)."""
    level, names = {"campaign_report": ("campaign", "campaign")}[stream]
    return keys(world, account_id, level, days_of(start, end), now, names)
