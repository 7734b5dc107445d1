"""The sandbox half of Amazon Ads: what its reporting answers and refuses (platforms-global §14).

Served under ``/amazon_ads``: ``/reporting/reports``, ``/reporting/reports/<id>``, ``/token``, and
``/files/<id>`` for gzip JSON whose address is signed and good for an hour. A report holds the figures of the
moment it was asked for; the same request again, while it runs, is answered with its number. Each project is a
product; Display has no keywords. A targeting report also tells of a product that is bid on, unless keywords
alone are asked for.
"""

from __future__ import annotations

import gzip
import hashlib
import hmac
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from extractors.sandbox import oauth
from extractors.sandbox.ad_credentials import APPS
from extractors.sandbox.adland import (
    Figures,
    Keyword,
    advertiser,
    figures,
    group_id,
    keyword_id,
    span,
    today,
)
from extractors.sandbox.ads import Adverts
from extractors.sandbox.control import Fault
from extractors.sandbox.desk import Answer, Desk, Refusal
from extractors.sandbox.signatures import same
from extractors.sandbox.tokens import EXPIRED, GOOD, Grant, TokenDesk
from extractors.sandbox.truth import days_of
from extractors.sandbox.world import World

LINK_SECONDS = 3_600
MOST_DAYS = 31
STEPS = ("PENDING", "PROCESSING", "COMPLETED")
CONTENT_TYPE = "application/vnd.createasyncreportrequest.v3+json"
PRODUCTS = ("SPONSORED_PRODUCTS", "SPONSORED_BRANDS", "SPONSORED_DISPLAY")
KEPT_DAYS = (95, 60, 65)
BUDGETS = (1_500.5, 900, 700)
"""What each campaign may spend in a day, in whole units."""
_PLAIN: dict[str, Callable[[Adverts, Figures], Any]] = {
    "date": lambda a, f: f.day.isoformat(),
    "campaignId": lambda a, f: f.promotion.project_id if f.promotion else None,
    "campaignName": lambda a, f: f.promotion.project_name if f.promotion else None,
    "campaignBudgetCurrencyCode": lambda a, f: a.advertiser.currency,
    "impressions": lambda a, f: f.shows,
    "clicks": lambda a, f: f.clicks,
    "cost": lambda a, f: f.cost / 100,
}
_GROUPS: dict[str, Callable[[Adverts, Figures], Any]] = {
    "adGroupId": lambda a, f: group_id(f.promotion) if f.promotion else None,
    "adGroupName": lambda a, f: f"{f.promotion.promotion_name} group" if f.promotion else None,
}
_ADS: dict[str, Callable[[Adverts, Figures], Any]] = {
    "adId": lambda a, f: f.promotion.promotion_id if f.promotion else None,
}
PRODUCT = Keyword(9, 'asin="B0000LAMP"', "targeting_expression", 16)
_TARGETS: dict[str, Callable[[Adverts, Figures], Any]] = {
    "keywordId": lambda a, f: keyword_id(f),
    "keywordType": lambda a, f: _type(f),
    "matchType": lambda a, f: _type(f),
}
_TYPES = frozenset({"BROAD", "PHRASE", "EXACT", "TARGETING_EXPRESSION", "TARGETING_EXPRESSION_PREDEFINED"})
_BUDGET: dict[str, Callable[[Adverts, Figures], Any]] = {
    "campaignBudgetAmount": lambda a, f: BUDGETS[f.promotion.project] if f.promotion else None,
}
_BUDGET_TYPE: dict[str, Callable[[Adverts, Figures], Any]] = {
    "campaignBudgetType": lambda a, f: "DAILY_BUDGET",
}
_BUDGET_RULE: dict[str, Callable[[Adverts, Figures], Any]] = {
    "campaignRuleBasedBudgetAmount": lambda a, f: None,
}
_BY_DAYS: dict[str, Callable[[Adverts, Figures], Any]] = {
    "purchases14d": lambda a, f: f.conversions,
    "sales14d": lambda a, f: f.value / 100,
    "purchases30d": lambda a, f: f.conversions + 1,
}
_BY_CLICKS: dict[str, Callable[[Adverts, Figures], Any]] = {
    "purchases": lambda a, f: f.conversions + 1,  # with views
    "sales": lambda a, f: f.value / 100 + 1,
    "purchasesClicks": lambda a, f: f.conversions,
    "salesClicks": lambda a, f: f.value / 100,
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A report type: its product, what it is grouped by, its level and its columns."""

    product: str
    by: str
    level: str
    columns: Mapping[str, Callable[[Adverts, Figures], Any]]
    filters: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def kept(self) -> timedelta:
        """How far back days are answered."""
        return timedelta(days=KEPT_DAYS[PRODUCTS.index(self.product)])


def _type(row: Figures) -> str:
    return row.keyword.match.upper() if row.keyword else ""


def _text(_: Adverts, row: Figures) -> str:
    return row.keyword.text if row.keyword else ""


KINDS = {
    "spCampaigns": Kind(
        PRODUCTS[0],
        "campaign",
        "campaign",
        _PLAIN | _BUDGET | _BUDGET_TYPE | _BUDGET_RULE | _BY_DAYS,
    ),
    "sbCampaigns": Kind(PRODUCTS[1], "campaign", "campaign", _PLAIN | _BUDGET | _BUDGET_TYPE | _BY_CLICKS),
    "sdCampaigns": Kind(PRODUCTS[2], "campaign", "campaign", _PLAIN | _BUDGET | _BY_CLICKS),
    "spAdvertisedProduct": Kind(PRODUCTS[0], "advertiser", "ad", _PLAIN | _GROUPS | _ADS | _BY_DAYS),
    "sbAds": Kind(PRODUCTS[1], "ads", "ad", _PLAIN | _GROUPS | _ADS | _BY_CLICKS),
    "sdAdvertisedProduct": Kind(PRODUCTS[2], "advertiser", "ad", _PLAIN | _GROUPS | _ADS | _BY_CLICKS),
    "spTargeting": Kind(
        PRODUCTS[0],
        "targeting",
        "keyword",
        _PLAIN | _GROUPS | _TARGETS | {"keyword": _text, "targeting": _text} | _BY_DAYS,
        {"keywordType": _TYPES},
    ),
    "sbTargeting": Kind(
        PRODUCTS[1],
        "targeting",
        "keyword",
        _PLAIN | _GROUPS | _TARGETS | {"keywordText": _text} | _BY_CLICKS,
        {"keywordType": _TYPES | {"THEME"}},
    ),
}


@dataclass(slots=True)
class Report:
    """A report that was asked for."""

    account: str
    asked: tuple[bytes, int]
    file: bytes
    plan: str
    looks: int = 0

    @property
    def status(self) -> str:
        """What it says at the present look."""
        if self.plan == "fails":
            return "FAILED"
        return "PROCESSING" if self.plan == "never" else STEPS[min(max(self.looks - 1, 0), 2)]


def routes(desk: Desk) -> list[BaseRoute]:
    """The addresses of the API, for one desk."""
    api = Api(desk)
    return [
        Route("/token", api.token, methods=["POST"]),
        Route("/reporting/reports", api.ask, methods=["POST"]),
        Route("/reporting/reports/{number}", api.look, methods=["GET"]),
        Route("/files/{number}", api.file, methods=["GET"]),
    ]


def _refused(status: int, detail: str) -> Answer:
    return Answer({"code": str(status), "detail": detail}, status, refusal=f"{status} {detail}")


def _bad(detail: str) -> Refusal:
    return Refusal(_refused(400, detail))


def _too_fast(seconds: float | None) -> Answer:
    return _refused(429, "Too Many Requests").after(seconds)


class Api:
    """The API for one sandbox."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        desk.tokens = self.tokens = TokenDesk("amazon_ads", rotates=False, access_life=3_600, refresh_life=0)
        desk.rate_answer = _too_fast
        desk.token_answer = lambda: _refused(401, "Not authenticated")
        self.reports: dict[str, Report] = {}

    async def token(self, request: Request) -> Response:
        """POST /token (Login with Amazon): a new access token; the refresh token stays."""

        def answer(grant: Grant) -> dict[str, Any]:
            return {**oauth.pair(grant), "token_type": "bearer"}

        app = oauth.client(*APPS["amazon_ads"])
        return await oauth.refresh(request, self.desk, self.tokens, app, answer)

    def _caller(self, request: Request) -> Adverts:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        verdict = self.tokens.check(token)
        if scheme != "Bearer" or verdict.state != GOOD:
            word = "Access token has expired" if verdict.state == EXPIRED else "Not authenticated"
            raise Refusal(_refused(401, word))
        if request.headers.get("amazon-advertising-api-clientid") != APPS["amazon_ads"][0]:
            raise Refusal(_refused(401, "Not authenticated: client id"))
        profile = request.headers.get("amazon-advertising-api-scope", "")
        adverts = advertiser(self.desk.world, "amazon_ads", profile)
        if adverts is None or profile != verdict.subject:
            raise Refusal(_refused(403, f"Not authorized to access scope {profile}"))
        return adverts

    async def ask(self, request: Request) -> Response:
        """POST /reporting/reports: takes the order and gives its number."""
        text = await request.body()

        def make(fault: Fault | None) -> Answer:
            adverts = self._caller(request)
            if request.headers.get("content-type") != CONTENT_TYPE:
                raise Refusal(_refused(415, "Content-Type"))
            account = str(adverts.advertiser.advertiser_id)
            asked = (text, self.desk.now())  # a world that has moved on is another day
            for number, old in self.reports.items():
                running = old.status in STEPS[:2] and old.plan != "never"
                if running and (old.account, old.asked) == (account, asked):
                    detail = f"The Request is a duplicate of : {number}"
                    return Answer({"code": "425", "detail": detail}, 425)
            order = _order(text, today(adverts, self.desk.now()))
            file = gzip.compress(orjson.dumps(_shown(adverts, order, self.desk.now())))
            number = str(uuid.uuid5(uuid.NAMESPACE_OID, f"sandbox {len(self.reports)}"))
            self.reports[number] = Report(account, asked, file, self.desk.next_plan())
            return Answer({**order, "reportId": number, "status": "PENDING", "url": None})

        return await self.desk.serve(_stream_asked(text), "", make)

    async def look(self, request: Request) -> Response:
        """GET /reporting/reports/<id>: how it stands, and where its file lies."""
        number = request.path_params["number"]

        def make(fault: Fault | None) -> Answer:
            adverts = self._caller(request)
            report = self.reports.get(number)
            if report is None or report.account != str(adverts.advertiser.advertiser_id):
                raise Refusal(_refused(404, "Report not found"))
            report.looks += 1
            url = None
            if report.status == "COMPLETED":
                ends = int(time.time()) + (-1 if report.plan == "stale" else LINK_SECONDS)
                report.plan = ""
                host = f"{request.url.scheme}://{request.url.netloc}/amazon_ads"
                url = f"{host}/files/{number}?X-Amz-Expires={ends}&X-Amz-Signature={_signed(number, ends)}"
            why = "Report generation failed" if report.status == "FAILED" else None
            return Answer({"reportId": number, "status": report.status, "url": url, "failureReason": why})

        return await self.desk.serve("look", "", make)

    async def file(self, request: Request) -> Response:
        """GET the file: the address opens by itself, and only while it lasts."""
        number, query = request.path_params["number"], request.query_params

        def make(fault: Fault | None) -> Answer:
            report, ends = self.reports.get(number), query.get("X-Amz-Expires", "0")
            if "authorization" in request.headers:
                raise Refusal(_storage(400, "InvalidArgument: Only one auth mechanism allowed"))
            if not ends.isdigit() or not same(query.get("X-Amz-Signature", ""), _signed(number, int(ends))):
                raise Refusal(_storage(403, "SignatureDoesNotMatch"))
            if int(ends) < time.time() or report is None:
                raise Refusal(_storage(403, "AccessDenied: Request has expired"))
            lost = fault is not None and fault.kind == "empty_page"
            return Answer(b"" if lost else report.file, content_type="application/octet-stream")

        return await self.desk.serve("download", "", make)


def _storage(status: int, word: str) -> Answer:
    text = f'<?xml version="1.0"?><Error><Code>{word}</Code></Error>'
    return Answer(text.encode(), status, content_type="application/xml", refusal=word)


def _signed(number: str, ends: int) -> str:
    return hmac.new(b"sandbox s3", f"{number}/{ends}".encode(), hashlib.sha256).hexdigest()


# ---- what was asked -------------------------------------------------------------------------------
def _stream_asked(text: bytes) -> str:
    kind = next((kind for name, kind in KINDS.items() if f'"{name}"'.encode() in text), None)
    return f"{kind.level if kind is not None else 'campaign'}_report"


def _order(text: bytes, now: date) -> dict[str, Any]:
    """The request, refused where it is not as the document wants it."""
    try:
        order = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise _bad("the body must be JSON") from None
    if (
        not isinstance(order, dict)
        or not isinstance(order.get("name", ""), str)
        or set(order) - {"name", "startDate", "endDate", "configuration"}
    ):
        raise _bad("unknown field in the request")
    wanted = order.get("configuration")
    fields = {"adProduct", "groupBy", "columns", "reportTypeId", "timeUnit", "format", "filters"}
    if not isinstance(wanted, dict) or set(wanted) - fields:
        raise _bad("configuration: unknown field")
    kind = KINDS.get(str(wanted.get("reportTypeId")))
    if kind is None or wanted.get("adProduct") != kind.product:
        raise _bad("configuration reportTypeId, adProduct")
    if wanted.get("groupBy") != [kind.by]:
        raise _bad(f"configuration groupBy: {kind.by}")
    columns = wanted.get("columns")
    if not isinstance(columns, list) or not columns or set(columns) - set(kind.columns):
        raise _bad("configuration columns includes invalid values")
    if len(set(columns)) < len(columns) or wanted.get("timeUnit") != "DAILY" or "date" not in columns:
        raise _bad("configuration timeUnit: DAILY and the column date belong together")
    _check_filters(wanted.get("filters", []), kind)
    if wanted.get("format") != "GZIP_JSON":
        raise _bad("configuration format")
    days = span(str(order.get("startDate")), str(order.get("endDate")), MOST_DAYS)
    if days is None:
        raise _bad(f"startDate to endDate range must be at most {MOST_DAYS} days")
    if days[0] < now - kind.kept or days[-1] > now:
        raise _bad(f"startDate, endDate: the last {kind.kept.days} days of {kind.product}")
    return order


def _check_filters(filters: Any, kind: Kind) -> None:
    good = isinstance(filters, list) and all(
        isinstance(one, dict)
        and set(one) == {"field", "values"}
        and one["field"] in kind.filters
        and isinstance(one["values"], list)
        and bool(one["values"])
        and set(one["values"]) <= kind.filters[one["field"]]
        for one in filters
    )
    if not good:
        raise _bad("configuration filters includes invalid values")


# ---- what there is --------------------------------------------------------------------------------
def _figures(adverts: Adverts, kind: Kind, days: list[date], now: int) -> list[Figures]:
    project = PRODUCTS.index(kind.product)
    found = figures(adverts, days, kind.level, now)
    return [row for row in found if row.promotion is not None and row.promotion.project == project]


def _shown(adverts: Adverts, order: Mapping[str, Any], now: int) -> list[dict[str, Any]]:
    wanted = order["configuration"]
    kind = KINDS[wanted["reportTypeId"]]
    days = span(order["startDate"], order["endDate"], MOST_DAYS) or []
    rows = _figures(adverts, kind, days, now)
    if kind.level == "keyword":
        ads = _figures(adverts, replace(kind, level="ad"), days, now)
        rows += [replace(ad, keyword=PRODUCT, cost=ad.cost // PRODUCT.part) for ad in ads]
        for one in wanted.get("filters", []):
            rows = [row for row in rows if kind.columns[one["field"]](adverts, row) in one["values"]]
    return [{name: kind.columns[name](adverts, row) for name in wanted["columns"]} for row in rows]


# ---- what a complete read holds -------------------------------------------------------------------
def zone(account_id: str) -> str:
    """Where the account's days begin."""
    return "America/New_York"


def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """The keys of a complete read (see ``extractors.sandbox.truth``)."""
    adverts, days = world.ad_accounts[account_id], days_of(start, end, zone(account_id))
    level = {f"{kind.level}_report": kind.level for kind in KINDS.values()}[stream]
    keys = set()
    for kind in (kind for kind in KINDS.values() if kind.level == level):
        for row in _figures(adverts, kind, days, now):
            p = row.promotion
            assert p is not None
            own = f"{group_id(p)}|{keyword_id(row) or p.promotion_id}"
            entity = str(p.project_id) if level == "campaign" else own
            keys.add(f"{row.day}|{kind.product}|{entity}")
    return keys
