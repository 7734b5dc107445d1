"""The sandbox half of Google Analytics 4: what the Data API answers and refuses (platforms-global §6).

Served under ``/ga4``: ``/v1beta/properties/<id>:runReport`` and ``/token``, where a service account's signed
statement buys an access token.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from extractors.sandbox.ad_credentials import PROPERTY_BASE, SERVICE_ACCOUNT, service_key
from extractors.sandbox.asked import form_of, json_text
from extractors.sandbox.control import Fault
from extractors.sandbox.credentials import mint
from extractors.sandbox.desk import Answer, Desk, Refusal
from extractors.sandbox.merchants import SHANGHAI, SITES, Site
from extractors.sandbox.shopping import Bought, Shopping
from extractors.sandbox.tokens import GOOD, TokenDesk
from extractors.sandbox.traffic import SOURCES, Figures, Source, Visit, days_between
from extractors.sandbox.truth import days_of, site_of
from extractors.sandbox.world import World

MOST_ROWS = 250_000
SCOPE = "https://www.googleapis.com/auth/analytics.readonly"
AUDIENCE = "https://oauth2.googleapis.com/token"
HOUR_TOKENS = 40_000
FIRST_DATE = date(2015, 8, 14)

_TYPES = {"orderBys": list, "returnPropertyQuota": bool, "dimensionFilter": dict}
_METRICS: dict[str, tuple[str, Callable[[Figures, Bought], str]]] = {
    "totalUsers": ("TYPE_INTEGER", lambda f, _: str(f.visitors)),
    "activeUsers": ("TYPE_INTEGER", lambda f, _: str(f.visitors)),
    "newUsers": ("TYPE_INTEGER", lambda f, _: str(f.new_visitors)),
    "sessions": ("TYPE_INTEGER", lambda f, _: str(f.visits)),
    "engagedSessions": ("TYPE_INTEGER", lambda f, _: str(f.visits - f.bounces)),
    "screenPageViews": ("TYPE_INTEGER", lambda f, _: str(f.page_views)),
    "userEngagementDuration": ("TYPE_SECONDS", lambda f, _: str(f.seconds)),
    "totalPurchasers": ("TYPE_INTEGER", lambda _, b: str(b.people)),
    "ecommercePurchases": ("TYPE_INTEGER", lambda _, b: str(b.orders)),
    "grossPurchaseRevenue": ("TYPE_CURRENCY", lambda _, b: f"{b.amount / 100:.2f}".rstrip("0").rstrip(".")),
}


def _channel(source: Source) -> str:
    if source.kind == "through":
        return "Direct"
    if source.kind == "search":
        return "Paid Search" if source.is_paid else "Organic Search"
    return "Referral"


def _medium(source: Source) -> str:
    if source.kind == "through":
        return "(direct) / (none)"
    if source.kind == "search":
        return f"{source.domain or source.name} / {'cpc' if source.is_paid else 'organic'}"
    return f"{source.domain} / referral"


def _day(visit: Visit) -> date:
    return datetime.fromtimestamp(visit.at, SHANGHAI).date()


@lru_cache(maxsize=4096)  # visits are many, hours few; a day of Shanghai begins with an hour
def _named(hour: int, form: str) -> str:
    return f"{datetime.fromtimestamp(hour * 3_600, SHANGHAI):{form}}"


_DIMENSIONS: dict[str, Callable[[Visit], str]] = {
    "date": lambda v: _named(v.at // 3_600, "%Y%m%d"),
    "isoYearIsoWeek": lambda v: _named(v.at // 3_600, "%G%V"),
    "yearMonth": lambda v: _named(v.at // 3_600, "%Y%m"),
    "deviceCategory": lambda v: "desktop" if v.device == "pc" else "mobile",
    "sessionDefaultChannelGroup": lambda v: _channel(SOURCES[v.source]),
    "sessionSourceMedium": lambda v: _medium(SOURCES[v.source]),
}
_EVENT = "eventName"
_Row = tuple[tuple[str, ...], tuple[Figures, Bought]]


@lru_cache(maxsize=16)  # the pages of one read ask for the same
def _grouped(
    shopping: Shopping,
    days: tuple[date, ...],
    dimensions: tuple[str, ...],
    wanted: frozenset[str] | None,
    now: int,
) -> list[_Row]:
    groups: dict[tuple[str, ...], list[Visit]] = {}
    for visit in shopping.visits.known(days, now):
        for event in _events(shopping, visit, now) if _EVENT in dimensions else ("",):
            if wanted is None or event in wanted:
                key = tuple(event if name == _EVENT else _DIMENSIONS[name](visit) for name in dimensions)
                groups.setdefault(key, []).append(visit)
    figures = shopping.visits.figures
    return [(key, (figures(group), shopping.bought(group, now))) for key, group in sorted(groups.items())]


def _events(shopping: Shopping, visit: Visit, now: int) -> list[str]:
    """What a visit sends: the events that every site collects, and its steps in the shop."""
    return [
        "session_start",
        "page_view",
        *(["first_visit"] if visit.is_first else []),
        *(["user_engagement"] if visit.pages > 1 else []),
        *shopping.steps(visit),
        *(["purchase"] if shopping.bought([visit], now).orders else []),
    ]


def routes(desk: Desk) -> list[BaseRoute]:
    """The addresses of the Data API, for one desk."""
    api = Api(desk)
    return [
        Route("/v1beta/properties/{number}:runReport", api.run_report, methods=["POST"]),
        Route("/token", api.token, methods=["POST"]),
    ]


def _refused(code: int, status: str, message: str) -> Answer:
    body = {"error": {"code": code, "message": message, "status": status}}
    return Answer(body, code, refusal=f"{status} {message}")


def _bad(message: str) -> Refusal:
    return Refusal(_refused(400, "INVALID_ARGUMENT", message))


def _too_fast(seconds: float | None) -> Answer:
    answer = _refused(429, "RESOURCE_EXHAUSTED", "Exhausted concurrent requests quota. Please retry.")
    return answer.after(seconds)


class Api:
    """The Data API for one sandbox."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        desk.tokens = self.tokens = TokenDesk("ga4", rotates=False, access_life=3_600, refresh_life=0)
        desk.rate_answer = _too_fast
        desk.token_answer = lambda: _refused(401, "UNAUTHENTICATED", "Request had invalid credentials.")
        self.spent = 0

    # ---- tokens -----------------------------------------------------------------------------------
    async def token(self, request: Request) -> Response:
        """POST /token: a statement signed by the service account for a token of an hour."""
        form = await form_of(request)

        def make(fault: Fault | None) -> Answer:
            problem = _wrong_statement(form)
            if problem:
                return Answer({"error": "invalid_grant", "error_description": problem}, 400, refusal=problem)
            serial, ends = time.time_ns(), int(time.time()) + 3_600
            token = mint("ga4", SITES[0].store, "access", serial, ends)
            return Answer({"access_token": token, "expires_in": 3_599, "token_type": "Bearer"})

        return await self.desk.serve("token", "", make)

    # ---- reports ----------------------------------------------------------------------------------
    async def run_report(self, request: Request) -> Response:
        """POST v1beta/properties/<id>:runReport."""
        text = await json_text(request)

        def make(fault: Fault | None) -> Answer:
            shopping = self._property(request)
            try:
                body = orjson.loads(text)
            except orjson.JSONDecodeError:
                raise _bad("Invalid JSON payload received.") from None
            return self._report(shopping, body, fault)

        return await self.desk.serve("traffic", request.path_params["number"], make)

    def _property(self, request: Request) -> Shopping:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        verdict = self.tokens.check(token)
        if scheme != "Bearer" or verdict.state != GOOD:
            raise Refusal(_refused(401, "UNAUTHENTICATED", "Request had invalid authentication credentials."))
        site = _site(request.path_params["number"])
        if site is None or site.store != verdict.subject:
            words = "User does not have sufficient permissions for this property."
            raise Refusal(_refused(403, "PERMISSION_DENIED", words))
        return self.desk.world.shopping[site.store]

    def _report(self, shopping: Shopping, body: Mapping[str, Any], fault: Fault | None) -> Answer:
        dimensions, metrics = (
            _asked(body, "dimensions", {*_DIMENSIONS, _EVENT}, 9),
            _asked(body, "metrics", _METRICS, 10),
        )
        if not metrics:
            raise _bad("Metrics are required.")
        allowed = "dateRanges dimensions dimensionFilter metrics orderBys limit offset returnPropertyQuota"
        strange = sorted(set(body) - set(allowed.split()))
        if strange:
            raise _bad(f'Invalid JSON payload received. Unknown name "{strange[0]}": Cannot find field.')
        for part, kind in _TYPES.items():
            if not isinstance(body.get(part, kind()), kind):
                raise _bad(f"Invalid value at '{part}'.")
        order = [entry.get("dimension", {}).get("dimensionName") for entry in body.get("orderBys", [])]
        if set(order) - set(dimensions) or any(
            set(entry) - {"dimension"} for entry in body.get("orderBys", [])
        ):
            raise _bad("Order by a dimension that is not in the request.")
        offset, limit = _whole(body, "offset", 0), _whole(body, "limit", 10_000)
        if not 1 <= limit <= MOST_ROWS:
            raise _bad(f"limit must be between 1 and {MOST_ROWS}.")
        days = _range(body)
        found = _grouped(shopping, tuple(days), tuple(dimensions), _wanted(body, dimensions), self.desk.now())
        if not order and len(dimensions) > 1:
            found = found[::-1]  # no order was asked for: none is kept
        page = self.desk.page(found[offset:], 1, limit, fault)
        self.spent += 10
        answer: dict[str, Any] = {
            "dimensionHeaders": [{"name": name} for name in dimensions],
            "metricHeaders": [{"name": name, "type": _METRICS[name][0]} for name in metrics],
            "metadata": {"currencyCode": "CNY", "timeZone": "Asia/Shanghai"},
            "kind": "analyticsData#runReport",
        }
        if "sessionSourceMedium" in dimensions:
            answer["metadata"]["subjectToThresholding"] = True
        if body.get("returnPropertyQuota"):
            rest = HOUR_TOKENS - self.spent % HOUR_TOKENS
            answer["propertyQuota"] = {
                "tokensPerHour": {"consumed": 10, "remaining": rest},
                "tokensPerDay": {"consumed": 10, "remaining": 200_000},
            }
        if page.rows:
            answer["rows"] = [
                {
                    "dimensionValues": [{"value": part} for part in key],
                    "metricValues": [{"value": _METRICS[name][1](*told)} for name in metrics],
                }
                for key, told in page.rows
            ]
        total = page.total + offset
        if total:
            answer["rowCount"] = total
        return Answer(answer)


def _wrong_statement(form: Mapping[str, str]) -> str | None:
    """What is wrong with a signed statement; None when it is good."""
    if form.get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer":
        return "unsupported_grant_type"
    parts = form.get("assertion", "").split(".")
    if len(parts) != 3:
        return "Bad Request"
    try:
        head, claims = (orjson.loads(_unpacked(part)) for part in parts[:2])
        signed = f"{parts[0]}.{parts[1]}".encode()
        service_key().public_key().verify(_unpacked(parts[2]), signed, padding.PKCS1v15(), SHA256())
    except (ValueError, InvalidSignature):
        return "Invalid JWT Signature."
    if head.get("alg") != "RS256" or claims.get("iss") != SERVICE_ACCOUNT:
        return "Invalid grant: account not found"
    if claims.get("aud") != AUDIENCE or claims.get("scope") != SCOPE:
        return "Invalid audience or scope"
    begins, ends = int(claims.get("iat", 0)), int(claims.get("exp", 0))
    if abs(begins - time.time()) > 300 or not begins < ends <= begins + 3_600:
        return "Invalid JWT: Token must be a short-lived token (60 minutes)"
    return None


def _unpacked(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _site(number: str) -> Site | None:
    return next((site for site in SITES if str(PROPERTY_BASE + site.number) == number), None)


def _asked(body: Mapping[str, Any], part: str, known: Collection[str], most: int) -> list[str]:
    names = [entry.get("name") for entry in body.get(part, [])]
    if len(names) > most:
        raise _bad(f"Requests are limited to {most} {part}.")
    for name in names:
        if name not in known:
            raise _bad(f"Field {name} is not a valid {part[:-1]}.")
    if len(set(names)) != len(names):
        raise _bad(f"Duplicate {part}.")
    return names


def _whole(body: Mapping[str, Any], name: str, default: int) -> int:
    text = str(body.get(name, default))
    if not text.isdigit():
        raise _bad(f"{name} must be a whole number.")
    return int(text)


def _wanted(body: Mapping[str, Any], dimensions: list[str]) -> frozenset[str] | None:
    """The events that a filter keeps: the one form of a filter that is served here, a list of names."""
    if "dimensionFilter" not in body:
        return None
    expression = body["dimensionFilter"]
    kept = expression.get("filter") if set(expression) == {"filter"} else None
    if not isinstance(kept, dict) or set(kept) != {"fieldName", "inListFilter"}:
        raise _bad("dimensionFilter must hold one filter with an inListFilter here.")
    if kept["fieldName"] != _EVENT or _EVENT not in dimensions:
        raise _bad(f"{kept['fieldName']} is not an event name that was asked for.")
    names = kept["inListFilter"]
    values = names.get("values") if isinstance(names, dict) else None
    if not values or not isinstance(values, list) or set(names) - {"values", "caseSensitive"}:
        raise _bad("An inListFilter must have a value.")
    if names.get("caseSensitive") is not True or not all(isinstance(name, str) for name in values):
        raise _bad("Event names are compared as they are written here.")
    return frozenset(values)


def _range(body: Mapping[str, Any]) -> list[date]:
    ranges = body.get("dateRanges", [])
    if len(ranges) != 1:
        raise _bad("One date range is served here.")
    try:
        first, last = (date.fromisoformat(ranges[0][name]) for name in ("startDate", "endDate"))
    except (KeyError, ValueError):
        raise _bad("Invalid date range.") from None
    if last < first or first < FIRST_DATE:
        raise _bad("The end date is before the start date, or that before 2015-08-14.")
    return days_between(first, last)


# ---- what a complete read holds -------------------------------------------------------------------
def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """The keys of a complete read (see ``extractors.sandbox.truth``): total, devices, sources and steps in
    the shop of every period that had a visit."""
    grain = {"traffic": "day", "traffic_weekly": "week", "traffic_monthly": "month"}[stream]
    shopping = world.shopping[site_of(account_id).store]
    keys = set()
    days = days_of(start, end)
    first = _begin(days[0], grain)
    for visit in shopping.visits.known(days_between(first, days[-1]), now):
        when = _begin(_day(visit), grain).isoformat()
        source = f"{_channel(SOURCES[visit.source])} · {_medium(SOURCES[visit.source])}"
        device = "desktop" if visit.device == "pc" else "mobile"
        keys |= {
            f"total|{grain}|{when}|total",
            f"device|{grain}|{when}|{device}",
            f"source|{grain}|{when}|{source}",
        }
        for step in shopping.steps(visit):
            keys |= {f"steps|{grain}|{when}|{step}", f"source_steps|{grain}|{when}|{source} · {step}"}
    return keys


def _begin(day: date, grain: str) -> date:
    if grain == "week":
        return date.fromisocalendar(*day.isocalendar()[:2], 1)
    return day.replace(day=1) if grain == "month" else day
