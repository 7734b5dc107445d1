"""The sandbox half of Baidu Marketing: what its reports answer and refuse (platforms-cn §18).

Served under ``/baidu_marketing``: ``/json/sms/service/OpenApiReportService/getReportData`` and
``/oauth/refreshToken``. HTTP is 200 whatever happened; money is yuan as numbers; ``body.data`` is a list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from extractors.sandbox.ad_credentials import APPS
from extractors.sandbox.adland import (
    Figures,
    Keyword,
    advertiser,
    figures,
    group_id,
    keys,
    keyword_id,
    span,
    today,
)
from extractors.sandbox.ads import Adverts
from extractors.sandbox.asked import json_text
from extractors.sandbox.control import Fault
from extractors.sandbox.desk import Answer, Desk, Refusal
from extractors.sandbox.tokens import EXPIRED, GOOD, TokenDesk
from extractors.sandbox.truth import days_of
from extractors.sandbox.world import World

MOST_ROWS, MOST_DAYS = 10_000, 731
_REPORTS = {
    2208157: ("account", "account_report"),
    2290316: ("campaign", "campaign_report"),
    2284618: ("group", "adgroup_report"),
    2665235: ("creative", "creative_report"),
    2602783: ("keyword", "keyword_report"),
}
_OF_WORLD = {"group": "ad", "creative": "ad"}
_BODY = {
    "reportType",
    "timeUnit",
    "startDate",
    "endDate",
    "columns",
    "sorts",
    "filters",
    "startRow",
    "rowCount",
}
_COLUMNS: dict[str, Callable[[Adverts, Figures], Any]] = {
    "date": lambda a, f: f.day.isoformat(),
    "userId": lambda a, f: a.advertiser.advertiser_id,
    "userName": lambda a, f: f"{a.advertiser.store}-baidu",
    "impression": lambda a, f: f.shows,
    "click": lambda a, f: f.clicks,
    "cost": lambda a, f: f.cost / 100,
    "conversion": lambda a, f: 0,
    "ocpcConversionsDetail90": lambda a, f: f.conversions,
}
_TYPES = {"reportType": int, "columns": list, "sorts": list, "filters": list, "needSum": bool}
_METRICS = frozenset(["impression", "click", "cost", "conversion", "ocpcConversionsDetail90"])
_CAMPAIGN: dict[str, Callable[[Adverts, Figures], Any]] = {
    "campaignId": lambda a, f: f.promotion.project_id if f.promotion else None,
    "campaignNameStatus": lambda a, f: f.promotion.project_name if f.promotion else None,
}
_GROUP: dict[str, Callable[[Adverts, Figures], Any]] = {
    "adGroupId": lambda a, f: group_id(f.promotion) if f.promotion else None,
    "adGroupNameStatus": lambda a, f: f"{f.promotion.promotion_name}-单元" if f.promotion else None,
}
# A composed column: asked for by one name, answered as an object.
_CREATIVE: dict[str, Callable[[Adverts, Figures], Any]] = {
    "ideaInfo": lambda a, f: (
        {"ideaId": str(f.promotion.promotion_id), "ideaTitle": f.promotion.promotion_name}
        if f.promotion
        else None
    ),
}
PACK = Keyword(9, "灯具词包", "broad", 16)
"""A pack of words that Baidu keeps; it stands in the keyword report unless keywords alone are asked for."""
# An enumeration is filtered by its number and answered in its words.
_KINDS = {"0": "关键词", "1": "词包", "3": "自动扩量"}
_MATCHES = {"exact": "精确匹配", "phrase": "短语匹配", "broad": "智能匹配"}
_KEYWORD: dict[str, Callable[[Adverts, Figures], Any]] = {
    "wInfoId": lambda a, f: keyword_id(f),
    "wInfoNameStatus": lambda a, f: f.keyword.text if f.keyword else None,
    "winfoIdTypeEnum": lambda a, f: _KINDS[_kind(f)],
    "mixWmatchEnum": lambda a, f: _MATCHES[f.keyword.match] if f.keyword else None,
}
_KNOWN = {
    "account": _COLUMNS,
    "campaign": _COLUMNS | _CAMPAIGN,
    "group": _COLUMNS | _CAMPAIGN | _GROUP,
    "creative": _COLUMNS | _CAMPAIGN | _GROUP | _CREATIVE,
    "keyword": _COLUMNS | _CAMPAIGN | _GROUP | _KEYWORD,
}


def routes(desk: Desk) -> list[BaseRoute]:
    """The addresses of the API, for one desk."""
    api = Api(desk)
    path = "/json/sms/service/OpenApiReportService/getReportData"
    return [
        Route(path, api.report, methods=["POST"]),
        Route("/oauth/refreshToken", api.refresh, methods=["POST"]),
    ]


def _refused(code: int, message: str, status: int = 2) -> Answer:
    failures = [{"code": code, "message": message, "position": ""}]
    header = {"status": status, "desc": "failure", "failures": failures}
    return Answer({"header": header, "body": {"data": []}}, refusal=f"{code} {message}")


def _bad(message: str) -> Refusal:
    return Refusal(_refused(81012, message))


def _too_fast(seconds: float | None) -> Answer:
    return _refused(8904, "QPS limit exceeded").after(seconds)


class Api:
    """The API for one sandbox."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        desk.tokens = self.tokens = TokenDesk(
            "baidu_marketing", rotates=True, access_life=86_400, refresh_life=30 * 86_400
        )
        desk.rate_answer = _too_fast
        desk.token_answer = lambda: _refused(894061, "accessToken expired")

    async def report(self, request: Request) -> Response:
        """POST OpenApiReportService/getReportData."""
        try:
            message = orjson.loads(await json_text(request))
        except orjson.JSONDecodeError:
            message = {}
        kind = message.get("body", {}).get("reportType") if isinstance(message, dict) else None
        stream = _REPORTS.get(kind, ("", "report"))[1] if isinstance(kind, int) else "report"

        def make(fault: Fault | None) -> Answer:
            return self._report(self._adverts(message), message["body"], fault)

        return await self.desk.serve(stream, "", make)

    def _adverts(self, message: Any) -> Adverts:
        if not isinstance(message, dict) or set(message) != {"header", "body"}:
            raise _bad("header and body are required")
        header = message["header"]
        if set(header) != {"userName", "accessToken"}:
            raise _bad("header: userName and accessToken are required")
        verdict = self.tokens.check(str(header["accessToken"]))
        if verdict.state != GOOD:
            is_over = verdict.state == EXPIRED
            raise Refusal(
                _refused(894061 if is_over else 894062, f"accessToken {'expired' if is_over else 'invalid'}")
            )
        adverts = advertiser(self.desk.world, "baidu_marketing", verdict.subject)
        if adverts is None or header["userName"] != f"{adverts.advertiser.store}-baidu":
            raise Refusal(_refused(8001, "userName is not authorised"))
        return adverts

    def _report(self, adverts: Adverts, body: Mapping[str, Any], fault: Fault | None) -> Answer:
        missing = sorted(_BODY - set(body))
        strange = sorted(set(body) - _BODY - {"needSum"})
        if missing or strange:
            raise _bad(f"{(missing or strange)[0]}: missing or unknown")
        for name, kind in _TYPES.items():
            if not isinstance(body.get(name, kind()), kind):
                raise _bad(f"{name}: must be {kind.__name__}")
        level = _REPORTS.get(body["reportType"], ("", ""))[0]
        known = _KNOWN.get(level, {})
        columns = body["columns"]
        if not level or set(columns) - set(known) or not set(columns) & _METRICS:
            raise _bad("reportType or columns: unknown, or no metric")
        if level == "creative" and "ideaInfo" not in columns:
            raise _bad("columns: ideaInfo is required")
        if body["timeUnit"] != "DAY" or len(body["sorts"]) > 2:
            raise _bad("timeUnit or sorts: not served here")
        kinds = _kinds(body["filters"], level)
        days = span(str(body["startDate"]), str(body["endDate"]), MOST_DAYS)
        if days is None or days[0] < today(adverts, self.desk.now()) - timedelta(days=MOST_DAYS):
            raise _bad("startDate, endDate: at most 731 days")
        start, size = body["startRow"], body["rowCount"]
        if not (isinstance(start, int) and isinstance(size, int) and start >= 0 and 1 <= size <= MOST_ROWS):
            raise _bad("startRow, rowCount: out of range")
        rows = figures(adverts, days, _OF_WORLD.get(level, level), self.desk.now())
        if level == "keyword":
            rows += _packs(figures(adverts, days, "ad", self.desk.now()))
            rows = [row for row in rows if _kind(row) in kinds]
        for entry in reversed(body["sorts"]):
            column, rule = entry.get("column"), entry.get("sortRule")
            if column not in columns or column == "ideaInfo" or rule not in ("ASC", "DESC"):
                raise _bad("sorts: column, sortRule")
            rows.sort(key=partial(known[column], adverts), reverse=rule == "DESC")
        if start and start >= len(rows):
            rows_here: list[Figures] = []
            total = len(rows)
        else:
            page = self.desk.page(rows[start:], 1, size, fault)
            rows_here, total = page.rows, page.total + start
        found = [{name: known[name](adverts, row) for name in columns} for row in rows_here]
        data = {"rows": found, "rowCount": len(found), "totalRowCount": total}
        header = {"status": 0, "desc": "success", "failures": []}
        return Answer({"header": header, "body": {"data": [data]}})

    async def refresh(self, request: Request) -> Response:
        """POST oauth/refreshToken: replaces both tokens."""
        text = await json_text(request)

        def make(fault: Fault | None) -> Answer:
            try:
                body = orjson.loads(text)
            except orjson.JSONDecodeError:
                return Answer({"code": 894064, "message": "the body must be JSON"}, refusal="894064 JSON")
            known = (body.get("appId"), body.get("secretKey")) == APPS["baidu_marketing"]
            grant = self.tokens.refresh(str(body.get("refreshToken", ""))) if known else None
            if grant is None or body.get("userId") != int(grant.subject):
                return Answer({"code": 894064, "message": "refreshToken invalid"}, refusal="refreshToken")
            data = {
                "accessToken": grant.access_token,
                "refreshToken": grant.refresh_token,
                "expiresIn": grant.expires_in,
                "refreshExpiresIn": grant.refresh_expires_in,
                "userId": int(grant.subject),
            }
            return Answer({"code": 0, "message": "success", "data": data})

        return await self.desk.serve("token", "", make)


# ---- keywords -------------------------------------------------------------------------------------
def _kind(row: Figures) -> str:
    return "1" if row.keyword == PACK else "0"


def _packs(ads: list[Figures]) -> list[Figures]:
    return [
        replace(row, keyword=PACK, shows=row.shows // PACK.part, cost=row.cost // PACK.part, clicks=0)
        for row in ads
        if row.shows >= PACK.part
    ]


def _kinds(filters: list[Any], level: str) -> set[str]:
    """The kinds of targets that are asked for; other filters are not served here."""
    asked = set(_KINDS)
    for one in filters:
        if level != "keyword" or not isinstance(one, dict) or set(one) != {"column", "operator", "values"}:
            raise _bad("filters: column, operator, values")
        values, operator = one["values"], one["operator"]
        if (
            one["column"] != "winfoIdTypeEnum"
            or not isinstance(values, list)
            or not set(values) <= set(_KINDS)
        ):
            raise _bad("filters: column or values unknown")
        if operator not in ("EQ", "IN") or not values or (operator == "EQ" and len(values) > 1):
            raise _bad("filters: operator, or too many values for it")
        asked &= set(values)
    return asked


# ---- what a complete read holds -------------------------------------------------------------------
def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """The keys of a complete read (see ``extractors.sandbox.truth``)."""
    level, names = {
        "account_report": ("account", "account"),
        "campaign_report": ("campaign", "campaign"),
        "adgroup_report": ("ad", "group"),
        "creative_report": ("ad", "group ad"),
        "keyword_report": ("keyword", "group keyword"),
    }[stream]
    return keys(world, account_id, level, days_of(start, end), now, names)
