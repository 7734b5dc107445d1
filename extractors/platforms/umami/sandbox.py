"""The sandbox half of Umami: what a self-hosted v3 answers and refuses (platforms-global §9).

Served under ``/umami/api``: ``/auth/login``, ``/websites/<id>/stats``, ``/websites/<id>/metrics/expanded``.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from extractors.sandbox.asked import json_text, query_of
from extractors.sandbox.control import Fault
from extractors.sandbox.credentials import mint
from extractors.sandbox.desk import Answer, Desk, Refusal
from extractors.sandbox.merchants import SHANGHAI
from extractors.sandbox.site_credentials import UMAMI_SITES, UMAMI_USERS
from extractors.sandbox.tokens import GOOD, TokenDesk
from extractors.sandbox.traffic import SOURCES, Figures, Visit, Visits, days_between
from extractors.sandbox.truth import periods_of, site_of
from extractors.sandbox.world import World

LIMITS = {"umami": (50, 15.0)}  # the cloud's; a server of one's own has none
WHOLE = True  # the lists that are read are shorter than any page
_RANGE = {"startAt", "endAt"}


def routes(desk: Desk) -> list[BaseRoute]:
    """The addresses of a self-hosted Umami, for one desk."""
    api = Api(desk)
    return [
        Route("/api/auth/login", api.login, methods=["POST"]),
        Route("/api/websites/{website}/stats", api.stats, methods=["GET"]),
        Route("/api/websites/{website}/metrics/expanded", api.expanded, methods=["GET"]),
    ]


def _no(status: int, code: str, message: str) -> Answer:
    body = {"error": {"message": message, "code": code, "status": status}}
    return Answer(body, status, refusal=f"{status} {code}")


def _unauthorized() -> Answer:
    return _no(401, "unauthorized", "Unauthorized")


def _bad(what: str) -> Refusal:
    return Refusal(_no(400, "bad-request", what))


def _too_fast(seconds: float | None) -> Answer:
    return _no(429, "too-many-requests", "Too many requests").after(seconds)


class Api:
    """Umami for one sandbox."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        desk.tokens = self.tokens = TokenDesk("umami", rotates=False, access_life=86_400, refresh_life=0)
        desk.rate_answer = _too_fast
        desk.token_answer = _unauthorized

    async def login(self, request: Request) -> Response:
        """POST /auth/login: a user's name and password for a token."""
        text = await json_text(request)

        def make(fault: Fault | None) -> Answer:
            try:
                body = orjson.loads(text)
            except orjson.JSONDecodeError:
                raise _bad("Bad request") from None
            for store, (user, secret) in UMAMI_USERS.items():
                if (body.get("username"), body.get("password")) == (user, secret):
                    token = mint("umami", store, "access", time.time_ns(), int(time.time()) + 86_400)
                    return Answer({"token": token, "user": {"id": "sbx", "role": "view-only"}})
            return _no(401, "incorrect-username-password", "Incorrect username and/or password.")

        return await self.desk.serve("token", "", make)

    async def stats(self, request: Request) -> Response:
        """GET /websites/<id>/stats."""

        def make(fault: Fault | None) -> Answer:
            visits, query = self._asked(request, set())
            found = self._figures(visits, _between(query))
            first, last = _between(query)
            before = self._figures(visits, (first - (last - first) - 1, first - 1))
            return Answer({**found, "comparison": before})

        return await self.desk.serve("traffic", request.path_params["website"], make)

    async def expanded(self, request: Request) -> Response:
        """GET /websites/<id>/metrics/expanded, by device or channel."""

        def make(fault: Fault | None) -> Answer:
            visits, query = self._asked(request, {"type", "limit", "offset", "search"})
            kind = query.get("type", "")
            if kind not in ("device", "channel"):
                raise _bad("Bad request")
            groups: dict[str, list[Visit]] = {}
            for visit in self._visits(visits, _between(query)):
                name = _device(visit) if kind == "device" else _channel(visit)
                groups.setdefault(name, []).append(visit)
            rows: list[dict[str, Any]] = [
                {"name": name, **_shown(visits.figures(found))} for name, found in groups.items()
            ]
            rows.sort(key=lambda row: (-row["visitors"], -row["visits"]))
            offset, limit = _whole(query, "offset", 0), _whole(query, "limit", 500)
            if kind == "channel":  # one list, without pages
                return Answer(rows)
            return Answer(self.desk.page(rows[offset:], 1, limit, fault).rows)

        return await self.desk.serve("traffic", request.path_params["website"], make)

    def _asked(self, request: Request, more: set[str]) -> tuple[Visits, Mapping[str, str]]:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        verdict = self.tokens.check(token)
        if scheme != "Bearer" or verdict.state != GOOD:
            raise Refusal(_unauthorized())
        query = query_of(request)
        if set(query) - _RANGE - more:
            raise _bad("Bad request")
        if UMAMI_SITES.get(verdict.subject) != request.path_params["website"]:
            raise Refusal(_unauthorized())
        return self.desk.world.visits[verdict.subject], query

    def _visits(self, visits: Visits, between: tuple[int, int]) -> list[Visit]:
        first, last = (datetime.fromtimestamp(at / 1_000, UTC).astimezone(SHANGHAI) for at in between)
        days = days_between(first.date(), last.date())
        known = visits.known(days, self.desk.now())
        return [visit for visit in known if between[0] <= visit.at * 1_000 <= between[1]]

    def _figures(self, visits: Visits, between: tuple[int, int]) -> dict[str, int]:
        return _shown(visits.figures(self._visits(visits, between)))


def _shown(figures: Figures) -> dict[str, int]:
    return {
        "pageviews": figures.page_views,
        "visitors": figures.visitors,
        "visits": figures.visits,
        "bounces": figures.bounces,
        "totaltime": figures.seconds,
    }


def _device(visit: Visit) -> str:
    return "desktop" if visit.device == "pc" else "mobile"


def _channel(visit: Visit) -> str:
    source = SOURCES[visit.source]
    if source.kind == "through":
        return "direct"
    if source.kind == "search":
        return "paidSearch" if source.is_paid else "organicSearch"
    return "organicSocial"


def _between(query: Mapping[str, str]) -> tuple[int, int]:
    first, last = _whole(query, "startAt", -1), _whole(query, "endAt", -1)
    if min(first, last) < 10**11 or last < first:  # seconds, or nothing at all
        raise _bad("Invalid date range")
    return first, last


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.lstrip("-").isdigit():
        raise _bad(f"{name} is no number")
    return int(text)


# ---- what a complete read holds -------------------------------------------------------------------
_GRAINS = {"traffic": "day", "traffic_weekly": "week", "traffic_monthly": "month"}


def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """The keys of a complete read (see ``extractors.sandbox.truth``): a total of every period, and its
    devices and channels."""
    visits, grain = world.visits[site_of(account_id).store], _GRAINS[stream]
    keys = set()
    for first, days in periods_of(start, end, grain):
        keys.add(f"total|{grain}|{first}|total")
        for visit in visits.known(_whole_days(first, days), now):
            keys.add(f"device|{grain}|{first}|{_device(visit)}")
            keys.add(f"source|{grain}|{first}|{_channel(visit)}")
    return keys


def _whole_days(first: date, days: list[date]) -> list[date]:
    """The period's days from its first to the last that is touched."""
    return [first + timedelta(days=i) for i in range((days[-1] - first).days + 1)]
