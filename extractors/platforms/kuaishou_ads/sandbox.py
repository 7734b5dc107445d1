"""The sandbox half of Kuaishou's Magnetic Engine: what its real-time reports answer and refuse (cn §20).

Served under ``/kuaishou_ads``: ``/rest/openapi/v1/report/{account,campaign,unit,creative}_report`` and
``/rest/openapi/oauth2/authorize/refresh_token``. HTTP status is always 200; money is yuan as numbers.
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
from extractors.sandbox.adland import Figures, advertiser, figures, group_id, keys, span
from extractors.sandbox.ads import Adverts, Promotion
from extractors.sandbox.asked import json_text
from extractors.sandbox.control import Fault
from extractors.sandbox.desk import Answer, Desk, Refusal
from extractors.sandbox.merchants import SHANGHAI
from extractors.sandbox.tokens import EXPIRED, GOOD, TokenDesk
from extractors.sandbox.truth import days_of
from extractors.sandbox.world import World

MOST_ROWS, SHOWN_DAYS = 2000, 7
_ROOT = "/rest/openapi"
_LEVELS = {"account": "account", "campaign": "campaign", "unit": "ad", "creative": "ad"}
_REQUIRED = {"advertiser_id", "start_date", "end_date"}
_OPTIONAL = {"page", "page_size", "temporal_granularity", "report_dims"}


def routes(desk: Desk) -> list[BaseRoute]:
    """The addresses of the API, for one desk."""
    api = Api(desk)
    reports = [
        Route(f"{_ROOT}/v1/report/{level}_report", api.report(level), methods=["POST"]) for level in _LEVELS
    ]
    return [*reports, Route(f"{_ROOT}/oauth2/authorize/refresh_token", api.refresh, methods=["POST"])]


def _refused(code: int, message: str) -> Answer:
    return Answer({"code": code, "message": message, "data": None}, refusal=f"{code} {message}")


def _bad(message: str) -> Refusal:
    return Refusal(_refused(400001, f"参数错误: {message}"))


def _ok(data: Any) -> Answer:
    return Answer({"code": 0, "message": "OK", "data": data})


class Api:
    """The API for one sandbox."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        desk.tokens = self.tokens = TokenDesk(
            "kuaishou_ads", rotates=True, access_life=86_400, refresh_life=30 * 86_400
        )
        desk.rate_answer = lambda seconds: _refused(400010, "请求过于频繁")
        desk.token_answer = lambda: _refused(402005, "access_token 已过期")

    def report(self, level: str) -> Callable[[Request], Any]:
        """POST v1/report/<level>_report: rows by day."""

        async def serve(request: Request) -> Response:
            given = _object(await json_text(request))

            def make(fault: Fault | None) -> Answer:
                if not request.headers.get("content-type", "").startswith("application/json"):
                    raise _bad("Content-Type must be application/json")
                return self._report(level, self._adverts(request, given), given, fault)

            account = str(given.get("advertiser_id", ""))
            return await self.desk.serve(f"{level}_report", account, make, given)

        return serve

    def _adverts(self, request: Request, given: Mapping[str, Any]) -> Adverts:
        verdict = self.tokens.check(request.headers.get("access-token", ""))
        if verdict.state != GOOD:
            state = "已过期" if verdict.state == EXPIRED else "错误"
            raise Refusal(_refused(402005, f"access_token {state}"))
        missing = sorted(name for name in _REQUIRED if name not in given)
        if missing:
            raise _bad(f"{missing[0]} is required")
        wanted = given["advertiser_id"]
        if not isinstance(wanted, int):
            raise _bad("advertiser_id must be a number")
        adverts = advertiser(self.desk.world, "kuaishou_ads", str(wanted))
        if adverts is None or str(wanted) != verdict.subject:
            raise Refusal(_refused(401001, f"no permission for advertiser {wanted}"))
        return adverts

    def _report(self, level: str, adverts: Adverts, given: Mapping[str, Any], fault: Fault | None) -> Answer:
        strange = sorted(set(given) - _REQUIRED - _OPTIONAL)
        if strange:
            raise _bad(f"{strange[0]} is unknown")
        if given.get("temporal_granularity", "DAILY") != "DAILY" or given.get("report_dims"):
            raise _bad("only days of everything are served here")
        days = span(given["start_date"], given["end_date"], SHOWN_DAYS)
        if days is None or days[0] < self._today() - timedelta(days=SHOWN_DAYS - 1):
            raise _bad("start_date, end_date: the last week only")
        number, size = (_whole(given, name, default) for name, default in (("page", 1), ("page_size", 20)))
        if size > MOST_ROWS:
            raise _bad(f"page_size is at most {MOST_ROWS}")
        rows = figures(adverts, days, _LEVELS[level], self.desk.now())
        key = (level, *sorted((n, str(v)) for n, v in given.items() if n != "page"))
        if not self.desk.announced(key, number, size, len(rows)):
            raise _bad(f"page {number} is beyond the last page")
        page = self.desk.page(rows, number, size, fault)
        return _ok({"total_count": page.total, "details": [_row(level, row) for row in page.rows]})

    def _today(self) -> date:
        return datetime.fromtimestamp(self.desk.now(), SHANGHAI).date()

    async def refresh(self, request: Request) -> Response:
        """POST oauth2/authorize/refresh_token: replaces both tokens."""
        given = _object(await json_text(request))

        def make(fault: Fault | None) -> Answer:
            if (str(given.get("app_id")), given.get("secret")) != APPS["kuaishou_ads"]:
                raise Refusal(_refused(402001, "app_id 或 secret 错误"))
            grant = self.tokens.refresh(str(given.get("refresh_token", "")))
            if grant is None:
                raise Refusal(_refused(402006, "refresh_token 错误或已过期"))
            return _ok(
                {
                    "access_token": grant.access_token,
                    "access_token_expires_in": grant.expires_in,
                    "refresh_token": grant.refresh_token,
                    "refresh_token_expires_in": grant.refresh_expires_in,
                    "advertiser_id": int(grant.subject),
                    "advertiser_ids": [int(grant.subject)],
                }
            )

        return await self.desk.serve("token", "", make)


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _whole(given: Mapping[str, Any], name: str, default: int) -> int:
    value = given.get(name, default)
    if not isinstance(value, int) or value < 1:
        raise _bad(f"{name} must be a positive number")
    return value


def _row(level: str, row: Figures) -> dict[str, Any]:
    out: dict[str, Any] = {
        "stat_date": row.day.isoformat(),
        "stat_hour": 0,
        "charge": row.cost / 100,
        "show": row.shows,
        "aclick": row.shows + row.shows // 40,
        "bclick": row.clicks,
        "photo_click": row.clicks // 3,
        "action_ratio": round(row.clicks / row.shows, 6) if row.shows else 0.0,
        "event_order_paid": row.conversions,
        "event_order_paid_purchase_amount": row.value / 100,
    }
    if row.promotion is not None:
        out |= _entity(level, row.promotion)
    return out


def _entity(level: str, p: Promotion) -> dict[str, Any]:
    """Who the row is of: the entity and all above it."""
    out: dict[str, Any] = {"campaign_id": p.project_id, "campaign_name": p.project_name}
    if level != "campaign":
        out |= {"unit_id": group_id(p), "unit_name": f"{p.promotion_name}-组"}
    if level == "creative":
        out |= {"creative_id": p.promotion_id, "creative_name": p.promotion_name}
    return out


# ---- what a complete read holds -------------------------------------------------------------------
def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """The keys of a complete read (see ``extractors.sandbox.truth``)."""
    level, names = {
        "account_report": ("account", ""),
        "campaign_report": ("campaign", "campaign"),
        "unit_report": ("ad", "group"),
        "creative_report": ("ad", "ad"),
    }[stream]
    return keys(world, account_id, level, days_of(start, end), now, names)
