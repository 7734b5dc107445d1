"""The sandbox half of Qianchuan: what its reports answer and refuse (platforms-cn §16).

Served under ``/qianchuan``: ``/open_api/v1.0/qianchuan/report/<level>/get/`` (advertiser, ad, creative and
uni_promotion) and the token's renewal. HTTP status is always 200; money is yuan as numbers. One of the
advertiser's projects is 全域推广: it stands in a report of its own alone, which adds its days up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from extractors.sandbox.ad_credentials import APPS
from extractors.sandbox.adland import Figures, added_by_day, advertiser, figures, group_id, span, today
from extractors.sandbox.ads import Adverts, Promotion
from extractors.sandbox.asked import json_text, query_of
from extractors.sandbox.control import Fault
from extractors.sandbox.desk import Answer, Desk, Refusal
from extractors.sandbox.tokens import EXPIRED, GOOD, TokenDesk
from extractors.sandbox.truth import days_of
from extractors.sandbox.world import World

MOST_ROWS, MOST_DAYS, OLDEST = 1000, 30, timedelta(days=180)
ORDERS = ("ASC", "DESC")
UNI_PROMOTION = 2
"""The project that is 全域推广."""
_LEVELS = {"advertiser": "account", "ad": "ad", "creative": "ad"}
_STREAMS = {"advertiser": "account_report", "ad": "ad_report", "creative": "creative_report"}
_PARAMETERS = frozenset(
    [
        "advertiser_id", "start_date", "end_date", "fields", "filtering", "time_granularity", "order_field",
        "order_type", "page", "page_size",
    ]
)  # fmt: skip
_FIELDS: dict[str, Callable[[Figures], float | int]] = {
    "stat_cost": lambda f: f.cost / 100,
    "show_cnt": lambda f: f.shows,
    "click_cnt": lambda f: f.clicks,
    "pay_order_count": lambda f: f.conversions,
    "pay_order_amount": lambda f: f.value / 100,
}
_UNI_PARAMETERS = frozenset(
    ["advertiser_id", "start_date", "end_date", "fields", "marketing_goal", "order_platform"]
)
_UNI_FIELDS: dict[str, Callable[[list[Figures]], float | int]] = {
    "stat_cost": lambda rows: sum(f.cost for f in rows) / 100,
    "total_pay_order_count_for_roi2": lambda rows: sum(f.conversions for f in rows),
    "total_pay_order_gmv_for_roi2": lambda rows: sum(f.value for f in rows) / 100,
}
_GOALS, _DOORS = ("ALL", "VIDEO_PROM_GOODS", "LIVE_PROM_GOODS"), ("QIANCHUAN", "ECP_AWEME", "ALL")
_HIGHLIGHTS = ("ALL", "ONLY_HIGHLIGHT", "NO_HIGHLIGHT")


def routes(desk: Desk) -> list[BaseRoute]:
    """The addresses of the API, for one desk."""
    api = Api(desk)
    reports = [
        Route(f"/open_api/v1.0/qianchuan/report/{level}/get/", api.report(level), methods=["GET"])
        for level in _LEVELS
    ]
    return [
        *reports,
        Route("/open_api/v1.0/qianchuan/report/uni_promotion/get/", api.uni_promotion, methods=["GET"]),
        Route("/open_api/oauth2/refresh_token/", api.refresh, methods=["POST"]),
    ]


def _refused(code: int, message: str) -> Answer:
    body = {"code": code, "message": message, "request_id": "sbx0error", "data": {}}
    return Answer(body, refusal=f"{code} {message}")


def _bad(message: str) -> Refusal:
    return Refusal(_refused(40001, message))


def _ok(data: Any) -> Answer:
    return Answer({"code": 0, "message": "OK", "request_id": "sbx", "data": data})


def _too_fast(seconds: float | None) -> Answer:
    return _refused(40100, "too many requests").after(seconds)


class Api:
    """The API for one sandbox."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        desk.tokens = self.tokens = TokenDesk(
            "qianchuan", rotates=True, access_life=86_400, refresh_life=30 * 86_400
        )
        desk.rate_answer = _too_fast
        desk.token_answer = lambda: _refused(40102, "access_token has expired")

    def report(self, level: str) -> Callable[[Request], Any]:
        """GET report/<level>/get/: rows by day."""

        async def serve(request: Request) -> Response:
            query = query_of(request)

            def make(fault: Fault | None) -> Answer:
                return self._report(level, self._adverts(request, query), query, fault)

            return await self.desk.serve(_STREAMS[level], query.get("advertiser_id", ""), make, query)

        return serve

    def _adverts(self, request: Request, query: Mapping[str, str]) -> Adverts:
        verdict = self.tokens.check(request.headers.get("access-token", ""))
        if verdict.state != GOOD:
            code = 40102 if verdict.state == EXPIRED else 40105
            raise Refusal(_refused(code, "access_token is wrong or has expired"))
        wanted = query.get("advertiser_id", "")
        if not wanted.isdigit():
            raise _bad("advertiser_id: a number is required")
        adverts = advertiser(self.desk.world, "qianchuan", wanted)
        if adverts is None or wanted != verdict.subject:
            raise Refusal(_refused(40002, f"No permission to operate advertiser {wanted}"))
        return adverts

    def _report(self, level: str, adverts: Adverts, query: Mapping[str, str], fault: Fault | None) -> Answer:
        strange = sorted(set(query) - _PARAMETERS)
        if strange:
            raise _bad(f"{strange[0]}: unknown parameter")
        fields, filtering = _json(query, "fields"), _json(query, "filtering")
        if not isinstance(fields, list) or not fields or set(fields) - set(_FIELDS):
            raise _bad("fields: unknown or empty")
        if not isinstance(filtering, dict) or filtering.get("marketing_goal") not in _GOALS:
            raise _bad("filtering: marketing_goal is required")
        strange = sorted(set(filtering) - {"marketing_goal", "order_platform", "is_highlight"})
        if strange:
            raise _bad(f"filtering: {strange[0]} is not served here")
        if filtering.get("order_platform", "QIANCHUAN") not in _DOORS:
            raise _bad("filtering: order_platform")
        if filtering.get("is_highlight", "NO_HIGHLIGHT") not in _HIGHLIGHTS:
            raise _bad("filtering: is_highlight")
        if (
            query.get("order_field", "stat_cost") not in fields
            or query.get("order_type", "DESC") not in ORDERS
        ):
            raise _bad("order_field, order_type: a field that is asked for, ASC or DESC")
        if query.get("time_granularity") != "TIME_GRANULARITY_DAILY":
            raise _bad("time_granularity: only days are served here")
        days = span(query.get("start_date", ""), query.get("end_date", ""), MOST_DAYS)
        if days is None or days[0] < today(adverts, self.desk.now()) - OLDEST:
            raise _bad(f"start_date, end_date: at most {MOST_DAYS} days of the last 180")
        number, size = (_positive(query, name) for name in ("page", "page_size"))
        if size > MOST_ROWS:
            raise _bad(f"page_size: must be at most {MOST_ROWS}")
        rows = _standard(adverts, days, _LEVELS[level], self.desk.now())
        if filtering.get("order_platform", "QIANCHUAN") != "ALL":
            rows = rows[::2]
        if level == "creative":
            wanted = filtering.get("is_highlight", "NO_HIGHLIGHT")
            rows = [r for r in rows if wanted == "ALL" or _is_highlight(r) == (wanted == "ONLY_HIGHLIGHT")]
        if "order_field" in query:
            rows.sort(key=_FIELDS[query["order_field"]], reverse=query.get("order_type") != "ASC")
        key = tuple(sorted((n, v) for n, v in query.items() if n != "page"))
        if not self.desk.announced(key, number, size, len(rows)):
            raise _bad(f"page: {number} is beyond the last page")
        page = self.desk.page(rows, number, size, fault)
        return _ok(
            {
                "list": [_row(level, adverts, row, fields) for row in page.rows],
                "page_info": {
                    "page": number,
                    "page_size": size,
                    "total_number": page.total,
                    "total_page": -(-page.total // size),
                },
            }
        )

    async def uni_promotion(self, request: Request) -> Response:
        """GET report/uni_promotion/get/: the days that are asked for, added up."""
        query = query_of(request)

        def make(fault: Fault | None) -> Answer:
            adverts = self._adverts(request, query)
            strange = sorted(set(query) - _UNI_PARAMETERS)
            if strange:
                raise _bad(f"{strange[0]}: unknown parameter")
            fields = _json(query, "fields")
            if not isinstance(fields, list) or not fields or set(fields) - set(_UNI_FIELDS):
                raise _bad("fields: unknown or empty")
            goal, door = query.get("marketing_goal", "ALL"), query.get("order_platform", "QIANCHUAN")
            if goal not in _GOALS or door not in _DOORS or (door != "QIANCHUAN" and goal != "ALL"):
                raise _bad("marketing_goal, order_platform")
            days = self._seconds(adverts, query)
            rows = _uni(adverts, days, self.desk.now())
            if door != "ALL":
                rows = rows[::2]
            page = self.desk.page([{name: _UNI_FIELDS[name](rows) for name in fields}], 1, 1, fault)
            return _ok(page.rows[0] if page.rows else {})

        return await self.desk.serve("account_report", query.get("advertiser_id", ""), make, query)

    def _seconds(self, adverts: Adverts, query: Mapping[str, str]) -> list[date]:
        """The days between two texts yyyy-MM-dd HH:mm:ss."""
        texts = [query.get(name, "") for name in ("start_date", "end_date")]
        try:
            first, last = (datetime.strptime(text, "%Y-%m-%d %H:%M:%S") for text in texts)
        except ValueError:
            raise _bad("start_date, end_date: yyyy-MM-dd HH:mm:ss") from None
        days = span(first.date().isoformat(), last.date().isoformat(), OLDEST.days)
        if days is None or days[0] < today(adverts, self.desk.now()) - OLDEST:
            raise _bad("start_date, end_date: the last 180 days")
        return days

    async def refresh(self, request: Request) -> Response:
        """POST oauth2/refresh_token/: replaces both tokens."""
        text = await json_text(request)

        def make(fault: Fault | None) -> Answer:
            try:
                body = orjson.loads(text)
            except orjson.JSONDecodeError:
                raise _bad("the body must be JSON") from None
            if (str(body.get("app_id")), body.get("secret")) != APPS["qianchuan"]:
                raise _bad("app_id or secret is wrong")
            grant = self.tokens.refresh(str(body.get("refresh_token", "")))
            if grant is None:
                raise Refusal(_refused(40107, "refresh_token is wrong or spent"))
            return _ok(
                {
                    "access_token": grant.access_token,
                    "expires_in": grant.expires_in,
                    "refresh_token": grant.refresh_token,
                    "refresh_token_expires_in": grant.refresh_expires_in,
                }
            )

        return await self.desk.serve("token", "", make)


def _json(query: Mapping[str, str], name: str) -> Any:
    try:
        return orjson.loads(query.get(name, ""))
    except orjson.JSONDecodeError:
        raise _bad(f"{name}: must be JSON") from None


def _positive(query: Mapping[str, str], name: str) -> int:
    text = query.get(name, "1" if name == "page" else "20")
    if not text.isdigit() or int(text) < 1:
        raise _bad(f"{name}: must be a positive number")
    return int(text)


def _standard(adverts: Adverts, days: list[date], level: str, now: int) -> list[Figures]:
    """What is promoted in the standard way: 全域推广 is not in these reports."""
    found = figures(adverts, days, "campaign" if level == "account" else level, now)
    rows = [row for row in found if row.promotion is None or row.promotion.project != UNI_PROMOTION]
    return added_by_day(rows) if level == "account" else rows


def _uni(adverts: Adverts, days: list[date], now: int) -> list[Figures]:
    found = figures(adverts, days, "campaign", now)
    return [row for row in found if row.promotion is not None and row.promotion.project == UNI_PROMOTION]


def _is_highlight(row: Figures) -> bool:
    """Whether the creative was cut by the vendor from a live room."""
    return row.promotion is not None and row.promotion.promotion_id % 3 == 0


def _row(level: str, adverts: Adverts, row: Figures, fields: list[str]) -> dict[str, Any]:
    out: dict[str, Any] = {
        "stat_datetime": f"{row.day} 00:00:00",
        "advertiser_id": adverts.advertiser.advertiser_id,
    }
    if row.promotion is not None:
        p = row.promotion
        out |= {
            "campaign_id": p.project_id,
            "campaign_name": p.project_name,
            "ad_id": group_id(p),
            "ad_name": p.promotion_name,
        }
        if level == "creative":
            out["creative_id"] = p.promotion_id
    return {**out, **{name: _FIELDS[name](row) for name in fields}}


# ---- what a complete read holds -------------------------------------------------------------------
def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """The keys of a complete read (see ``extractors.sandbox.truth``)."""
    days, adverts = days_of(start, end), world.ad_accounts[account_id]
    if stream == "account_report":
        parts = {
            "advertiser": _standard(adverts, days, "account", now),
            "uni_promotion": _uni(adverts, days, now),
        }
        identity = adverts.advertiser.advertiser_id
        return {f"{row.day} 00:00:00|{identity}|{report}" for report, rows in parts.items() for row in rows}
    entity: Callable[[Promotion], str] = {
        "ad_report": lambda p: f"{group_id(p)}",
        "creative_report": lambda p: f"{group_id(p)}|{p.promotion_id}",
    }[stream]
    rows = _standard(adverts, days, "ad", now)
    return {f"{row.day} 00:00:00|{entity(row.promotion)}" for row in rows if row.promotion is not None}
