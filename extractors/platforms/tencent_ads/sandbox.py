"""The sandbox half of Tencent Ads: what daily reports answer and refuse (platforms-cn §17).

Served under ``/tencent_ads``: ``/v3.0/daily_reports/get`` and ``/oauth/token``. Money is whole fen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from extractors.sandbox.ad_credentials import APPS
from extractors.sandbox.adland import Figures, advertiser, figures, group_id, keys, span, today
from extractors.sandbox.ads import Adverts
from extractors.sandbox.asked import query_of
from extractors.sandbox.control import Fault
from extractors.sandbox.desk import Answer, Desk, Refusal
from extractors.sandbox.tokens import EXPIRED, GOOD, TokenDesk
from extractors.sandbox.truth import days_of
from extractors.sandbox.world import World

MOST_ROWS, MOST_DAYS, DRIFT = 2000, 365, 300
_LEVELS = {
    "REPORT_LEVEL_ADVERTISER": ("account", ["date"]),
    "REPORT_LEVEL_ADGROUP": ("ad", ["date", "adgroup_id"]),
    "REPORT_LEVEL_DYNAMIC_CREATIVE": ("ad", ["date", "adgroup_id", "dynamic_creative_id"]),
}
_STREAMS = {
    "REPORT_LEVEL_ADVERTISER": "account_report",
    "REPORT_LEVEL_ADGROUP": "adgroup_report",
    "REPORT_LEVEL_DYNAMIC_CREATIVE": "creative_report",
}
_REQUIRED = {"access_token", "timestamp", "nonce", "account_id", "level", "date_range", "group_by", "fields"}
_OPTIONAL = {"order_by", "time_line", "page", "page_size"}
_FIELDS: dict[str, Callable[[Adverts, Figures], Any]] = {
    "date": lambda a, f: f.day.isoformat(),
    "account_id": lambda a, f: a.advertiser.advertiser_id,
    "adgroup_id": lambda a, f: group_id(f.promotion) if f.promotion else 0,
    "dynamic_creative_id": lambda a, f: f.promotion.promotion_id if f.promotion else 0,
    "view_count": lambda a, f: f.shows,
    "valid_click_count": lambda a, f: f.clicks,
    "cost": lambda a, f: f.cost,
    "ctr": lambda a, f: round(f.clicks / f.shows, 4) if f.shows else 0,
    "conversions_count": lambda a, f: f.conversions,
    "order_pv": lambda a, f: f.conversions,
    "order_amount": lambda a, f: f.value,
}


def routes(desk: Desk) -> list[BaseRoute]:
    """The addresses of the API, for one desk."""
    api = Api(desk)
    return [
        Route("/v3.0/daily_reports/get", api.daily, methods=["GET"]),
        Route("/oauth/token", api.refresh, methods=["GET"]),
    ]


def _refused(code: int, message: str) -> Answer:
    return Answer(
        {"code": code, "message": message, "message_cn": "", "data": {}}, refusal=f"{code} {message}"
    )


def _bad(message: str) -> Refusal:
    return Refusal(_refused(18001, message))


def _ok(data: Any) -> Answer:
    return Answer({"code": 0, "message": "", "message_cn": "", "data": data})


def _too_fast(seconds: float | None) -> Answer:
    return _refused(11016, "request too frequently").after(seconds)


class Api:
    """The API for one sandbox."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        desk.tokens = self.tokens = TokenDesk(
            "tencent_ads", rotates=False, access_life=86_400, refresh_life=30 * 86_400
        )
        desk.rate_answer = _too_fast
        desk.token_answer = lambda: _refused(11000, "access token expired")
        self._nonces: set[str] = set()

    async def daily(self, request: Request) -> Response:
        """GET daily_reports/get."""
        query = query_of(request)

        def make(fault: Fault | None) -> Answer:
            answer = self._report(self._adverts(query), query, fault)
            left = self.desk.control.share_left("tencent_ads", query["account_id"])
            answer.headers["X-RateLimit-Remaining"] = f"100%,{left:.0%}"  # of the day, of the minute
            return answer

        stream = _STREAMS.get(query.get("level", ""), "daily")
        return await self.desk.serve(stream, query.get("account_id", ""), make, query)

    def _adverts(self, query: Mapping[str, str]) -> Adverts:
        missing = sorted(name for name in _REQUIRED if not query.get(name))
        if missing:
            raise _bad(f"{missing[0]} is required")
        if set(query) - _REQUIRED - _OPTIONAL:
            raise _bad(f"{sorted(set(query) - _REQUIRED - _OPTIONAL)[0]} is unknown")
        stamp, nonce = query["timestamp"], query["nonce"]
        if not stamp.isdigit() or all(abs(int(stamp) - now) > DRIFT for now in self.desk.control.clocks()):
            raise Refusal(_refused(11001, "timestamp is not within five minutes"))
        if len(nonce) > 32 or nonce in self._nonces:
            raise _bad("nonce is too long or was used before")
        self._nonces.add(nonce)
        verdict = self.tokens.check(query["access_token"])
        if verdict.state != GOOD:
            code = 11000 if verdict.state == EXPIRED else 11002
            raise Refusal(_refused(code, "access token expired or invalid"))
        adverts = advertiser(self.desk.world, "tencent_ads", query["account_id"])
        if adverts is None or verdict.subject != query["account_id"]:
            raise Refusal(_refused(11014, "no scope for this account"))
        return adverts

    def _report(self, adverts: Adverts, query: Mapping[str, str], fault: Fault | None) -> Answer:
        level, wanted = _LEVELS.get(query["level"], ("", []))
        group, fields, dates = (_json(query, name) for name in ("group_by", "fields", "date_range"))
        if not level or group != wanted:
            raise _bad("level and group_by do not go together")
        if "dynamic_creative_id" in fields and "dynamic_creative_id" not in group:
            raise _bad("fields: dynamic_creative_id is not of this level")
        if set(fields) - set(_FIELDS) or not fields:
            raise _bad("fields: unknown or empty")
        if query.get("time_line", "REQUEST_TIME") not in ("REQUEST_TIME", "REPORTING_TIME"):
            raise _bad("time_line is invalid")
        if not isinstance(dates, dict):
            raise _bad("date_range is invalid")
        days = span(dates.get("start_date", ""), dates.get("end_date", ""), MOST_DAYS)
        if days is None or days[0] < today(adverts, self.desk.now()) - timedelta(days=MOST_DAYS):
            raise _bad("date_range is invalid")
        number, size = (
            _whole(query, name, most) for name, most in (("page", 99_999), ("page_size", MOST_ROWS))
        )
        rows = figures(adverts, days, level, self.desk.now())
        order = _json(query, "order_by") if "order_by" in query else []
        if "order_by" in query and not 1 <= len(order) <= 2:
            raise _bad("order_by: one or two")
        for entry in reversed(order):
            field, kind = entry.get("sort_field"), entry.get("sort_type")
            if field not in fields or kind not in ("ASCENDING", "DESCENDING"):
                raise _bad("order_by: sort_field, sort_type")
            rows.sort(key=partial(_FIELDS[field], adverts), reverse=kind == "DESCENDING")
        key = tuple(sorted((n, v) for n, v in query.items() if n not in ("page", "timestamp", "nonce")))
        if not self.desk.announced(key, number, size, len(rows)):
            raise _bad(f"page {number} is beyond the last page")
        page = self.desk.page(rows, number, size, fault)
        info = {
            "page": number,
            "page_size": size,
            "total_number": page.total,
            "total_page": -(-page.total // size),
        }
        found = [{name: _FIELDS[name](adverts, row) for name in fields} for row in page.rows]
        return _ok({"list": found, "page_info": info})

    async def refresh(self, request: Request) -> Response:
        """GET oauth/token: a new access token. The refresh token stays, and is not told again."""
        query = query_of(request)

        def make(fault: Fault | None) -> Answer:
            known = (query.get("client_id"), query.get("client_secret")) == APPS["tencent_ads"]
            if not known or query.get("grant_type") != "refresh_token":
                raise Refusal(_refused(11012, "client_id, client_secret or grant_type unknown"))
            grant = self.tokens.refresh(query.get("refresh_token", ""))
            if grant is None:
                raise Refusal(_refused(11012, "refresh token expired"))
            return _ok(
                {
                    "access_token": grant.access_token,
                    "access_token_expires_in": grant.expires_in,
                    "refresh_token_expires_in": grant.refresh_expires_in,
                }
            )

        return await self.desk.serve("token", "", make)


def _json(query: Mapping[str, str], name: str) -> Any:
    try:
        return orjson.loads(query[name])
    except orjson.JSONDecodeError:
        raise _bad(f"{name} must be JSON") from None


def _whole(query: Mapping[str, str], name: str, most: int) -> int:
    text = query.get(name, "1" if name == "page" else "10")
    if not text.isdigit() or not 1 <= int(text) <= most:
        raise _bad(f"{name} must be between 1 and {most}")
    return int(text)


# ---- what a complete read holds -------------------------------------------------------------------
def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """The keys of a complete read (see ``extractors.sandbox.truth``)."""
    level, names = {
        "account_report": ("account", "account"),
        "adgroup_report": ("ad", "group"),
        "creative_report": ("ad", "group ad"),
    }[stream]
    return keys(world, account_id, level, days_of(start, end), now, names)
