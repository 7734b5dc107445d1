"""The sandbox half of Google Ads: what searchStream answers and refuses (platforms-global §10).

Served under ``/google_ads``: ``/v26/customers/<id>/googleAds:searchStream`` and ``/token``. One campaign is
Performance Max: it has no ads and no keywords. A keyword has the same id in every ad group.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from extractors.sandbox import oauth
from extractors.sandbox.ad_credentials import APPS, MANAGER
from extractors.sandbox.adland import Figures, advertiser, figures, group_id, today
from extractors.sandbox.ads import Adverts
from extractors.sandbox.asked import json_text
from extractors.sandbox.control import Fault
from extractors.sandbox.desk import Answer, Desk, Refusal
from extractors.sandbox.tokens import EXPIRED, GOOD, Grant, TokenDesk
from extractors.sandbox.traffic import days_between
from extractors.sandbox.truth import days_of
from extractors.sandbox.world import World

WHOLE = True  # a stream answers with everything: there are no pages
CHUNK = 40
KEPT = timedelta(days=1_128)  # 37 months
PERFORMANCE_MAX = 2
"""The project that has no ads and no keywords."""
FIRST_CRITERION = 297_000_000_000
SHARED = 1
"""The project whose budget is shared with campaigns elsewhere."""

_LEVELS = {"customer": "account", "campaign": "campaign", "ad_group_ad": "ad", "keyword_view": "keyword"}
_ACCOUNT = frozenset({"customer.id", "customer.currency_code", "customer.time_zone", "segments.date"})
_CAMPAIGN = _ACCOUNT | {
    "campaign.id",
    "campaign.name",
    "campaign.status",
    "campaign.advertising_channel_type",
}
_GROUP = _CAMPAIGN | {"ad_group.id", "ad_group.name"}
_AD = _GROUP | {"ad_group_ad.ad.id", "ad_group_ad.ad.name"}
_KEYWORD = _GROUP | {
    "ad_group_criterion.criterion_id",
    "ad_group_criterion.keyword.text",
    "ad_group_criterion.keyword.match_type",
}
_BUDGET = frozenset(
    {"campaign_budget.amount_micros", "campaign_budget.explicitly_shared", "campaign_budget.period"}
)
_FIELDS = {
    "customer": _ACCOUNT,
    "campaign": _CAMPAIGN | _BUDGET,
    "ad_group_ad": _AD,
    "keyword_view": _KEYWORD,
}
_STREAMS = {
    "customer": "account_report",
    "campaign": "campaign_report",
    "ad_group_ad": "ad_report",
    "keyword_view": "keyword_report",
}
_SUMMARIES = {"NO_SUMMARY_ROW", "SUMMARY_ROW_WITH_RESULTS", "SUMMARY_ROW_ONLY"}
_METRICS: dict[str, Callable[[Figures], Any]] = {
    "metrics.cost_micros": lambda f: str(f.cost * 10_000),
    "metrics.impressions": lambda f: str(f.shows),
    "metrics.clicks": lambda f: str(f.clicks),
    "metrics.conversions": lambda f: float(f.conversions),
    "metrics.conversions_value": lambda f: f.value / 100,
}
_QUERY = re.compile(
    r"SELECT (?P<fields>[\w., ]+) FROM (?P<resource>\w+) WHERE segments\.date BETWEEN '(?P<first>[\d-]+)' "
    r"AND '(?P<last>[\d-]+)'"
)


def routes(desk: Desk) -> list[BaseRoute]:
    """The addresses of the API, for one desk."""
    api = Api(desk)
    return [
        Route("/v26/customers/{number}/googleAds:searchStream", api.search_stream, methods=["POST"]),
        Route("/token", api.token, methods=["POST"]),
    ]


def _refused(code: int, status: str, kind: str = "", word: str = "", **details: Any) -> Answer:
    error: dict[str, Any] = {"code": code, "message": f"{status} {word}".strip(), "status": status}
    if kind:
        failure = {"errorCode": {kind: word}, "message": word}
        failure |= {"details": details} if details else {}
        error["details"] = [
            {
                "@type": "type.googleapis.com/google.ads.googleads.v26.errors.GoogleAdsFailure",
                "errors": [failure],
            }
        ]
    return Answer([{"error": error}], code, refusal=error["message"])


def _bad(word: str, kind: str = "queryError") -> Refusal:
    return Refusal(_refused(400, "INVALID_ARGUMENT", kind, word))


def _too_fast(seconds: float | None) -> Answer:
    more = (
        {}
        if seconds is None
        else {"quotaErrorDetails": {"rateScope": "ACCOUNT", "retryDelay": f"{seconds:g}s"}}
    )
    answer = _refused(429, "RESOURCE_EXHAUSTED", "quotaError", "RESOURCE_TEMPORARILY_EXHAUSTED", **more)
    return answer.after(seconds)


class Api:
    """The API for one sandbox."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        desk.tokens = self.tokens = TokenDesk("google_ads", rotates=False, access_life=3_600, refresh_life=0)
        desk.rate_answer = _too_fast
        desk.token_answer = lambda: _refused(
            401, "UNAUTHENTICATED", "authenticationError", "OAUTH_TOKEN_EXPIRED"
        )

    async def token(self, request: Request) -> Response:
        """POST /token: a person's refresh token for an access token of an hour; it stays the same."""

        def answer(grant: Grant) -> dict[str, Any]:
            return {"access_token": grant.access_token, "expires_in": 3_599, "token_type": "Bearer"}

        app = oauth.client(*APPS["google_ads"])
        return await oauth.refresh(request, self.desk, self.tokens, app, answer)

    async def search_stream(self, request: Request) -> Response:
        """POST customers/<id>/googleAds:searchStream: a list of chunks."""
        text = await json_text(request)
        found = re.search(rb" FROM (\w+) ", text)
        resource = found.group(1).decode() if found else ""
        stream = _STREAMS.get(resource, "ad_report")

        def make(fault: Fault | None) -> Answer:
            adverts = self._customer(request)
            try:
                body = orjson.loads(text)
            except orjson.JSONDecodeError:
                raise _bad("BAD_JSON") from None
            return self._answer(adverts, body, fault)

        return await self.desk.serve(stream, request.path_params["number"], make)

    def _customer(self, request: Request) -> Adverts:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        verdict = self.tokens.check(token)
        if scheme != "Bearer" or verdict.state != GOOD:
            word = "OAUTH_TOKEN_EXPIRED" if verdict.state == EXPIRED else "OAUTH_TOKEN_INVALID"
            raise Refusal(_refused(401, "UNAUTHENTICATED", "authenticationError", word))
        number = request.path_params["number"]
        adverts = advertiser(self.desk.world, "google_ads", number)
        # The credential reaches the customer through its manager only.
        if (
            adverts is None
            or verdict.subject != number
            or request.headers.get("login-customer-id") != MANAGER
        ):
            raise Refusal(_refused(403, "PERMISSION_DENIED", "authorizationError", "USER_PERMISSION_DENIED"))
        return adverts

    def _answer(self, adverts: Adverts, body: Mapping[str, Any], fault: Fault | None) -> Answer:
        strange = sorted(set(body) - {"query", "summaryRowSetting"})
        if strange:
            raise Refusal(_refused(400, "INVALID_ARGUMENT", "requestError", f"UNKNOWN_FIELD_{strange[0]}"))
        if body.get("summaryRowSetting", "NO_SUMMARY_ROW") not in _SUMMARIES:
            raise Refusal(_refused(400, "INVALID_ARGUMENT", "requestError", "INVALID_ENUM_VALUE"))
        match = _QUERY.fullmatch(str(body.get("query", "")))
        if match is None or match["resource"] not in _LEVELS:
            raise _bad("BAD_RESOURCE_TYPE_IN_FROM_CLAUSE")
        resource, fields = match["resource"], [field.strip() for field in match["fields"].split(",")]
        for field in fields:
            if field not in _FIELDS[resource] and field not in _METRICS:
                raise _bad("UNRECOGNIZED_FIELD")
        try:
            first, last = date.fromisoformat(match["first"]), date.fromisoformat(match["last"])
        except ValueError:
            raise _bad("INVALID_VALUE_WITH_BETWEEN_OPERATOR") from None
        if last < first:
            raise _bad("START_DATE_AFTER_END_DATE", "dateRangeError")
        if first < today(adverts, self.desk.now()) - KEPT:
            raise _bad("REQUESTED_DATE_GRANULARITY_NOT_SUPPORTED", "dateRangeError")
        rows = _rows(adverts, resource, days_between(first, last), self.desk.now())
        chunks: list[dict[str, Any]] = [
            {
                "results": [_row(adverts, row, fields) for row in rows[start : start + CHUNK]],
                "fieldMask": ",".join(fields),
                "requestId": "sbx",
            }
            for start in range(0, len(rows), CHUNK)
        ]
        if fault is not None and chunks:
            if fault.kind == "empty_page":
                chunks[-1]["results"] = []
            elif fault.kind == "repeated_page":
                chunks.append(dict(chunks[0]))
        if body.get("summaryRowSetting") == "SUMMARY_ROW_WITH_RESULTS":
            cost = sum(row.cost for row in rows) * 10_000
            if fault is not None and fault.kind == "changed_total":
                cost += 10_000
            chunks.append({"summaryRow": {"metrics": {"costMicros": str(cost)}}, "requestId": "sbx"})
        return Answer(chunks)


def _rows(adverts: Adverts, resource: str, days: list[date], now: int) -> list[Figures]:
    found = figures(adverts, days, _LEVELS[resource], now)
    if resource not in ("ad_group_ad", "keyword_view"):
        return found
    return [row for row in found if row.promotion is not None and row.promotion.project != PERFORMANCE_MAX]


def _row(adverts: Adverts, row: Figures, fields: list[str]) -> dict[str, Any]:
    known, p = adverts.advertiser, row.promotion
    customer = f"customers/{known.advertiser_id}"
    everything: dict[str, Any] = {
        "customer.id": str(known.advertiser_id),
        "customer.currency_code": known.currency,
        "customer.time_zone": known.zone,
        "segments.date": row.day.isoformat(),
        **{name: value(row) for name, value in _METRICS.items()},
    }
    out: dict[str, Any] = {"customer": {"resourceName": customer}}
    if p is not None:
        kind = "PERFORMANCE_MAX" if p.project == PERFORMANCE_MAX else "SEARCH"
        everything |= {
            "campaign.id": str(p.project_id),
            "campaign.name": p.project_name,
            "campaign.status": "REMOVED" if row.day.day % 9 == 0 else "ENABLED",
            "campaign.advertising_channel_type": kind,
            "campaign_budget.amount_micros": "120500000",
            "campaign_budget.explicitly_shared": p.project == SHARED,
            "campaign_budget.period": "DAILY",
            "ad_group.id": str(group_id(p)),
            "ad_group.name": f"{p.promotion_name} group",
            "ad_group_ad.ad.id": str(p.promotion_id),
            "ad_group_ad.ad.name": p.promotion_name,
        }
        if row.keyword is not None:
            everything |= {
                "ad_group_criterion.criterion_id": str(FIRST_CRITERION + row.keyword.number),
                "ad_group_criterion.keyword.text": row.keyword.text,
                "ad_group_criterion.keyword.match_type": row.keyword.match.upper(),
            }
        out["campaign"] = {"resourceName": f"{customer}/campaigns/{p.project_id}"}
    for field in fields:
        *steps, last = [_camel(step) for step in field.split(".")]
        place = out
        for step in steps:
            place = place.setdefault(step, {})
        place[last] = everything[field]
    return out


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


# ---- what a complete read holds -------------------------------------------------------------------
def zone(account_id: str) -> str:
    """Where the account's days begin."""
    return "America/New_York"


def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """The keys of a complete read (see ``extractors.sandbox.truth``)."""
    adverts = world.ad_accounts[account_id]
    resource = {name: resource for resource, name in _STREAMS.items()}[stream]
    rows = _rows(adverts, resource, days_of(start, end, zone(account_id)), now)
    return {f"{row.day}|{_entity(adverts, resource, row)}" for row in rows}


def _entity(adverts: Adverts, resource: str, row: Figures) -> str:
    if row.promotion is None:
        return str(adverts.advertiser.advertiser_id)
    if resource == "campaign":
        return str(row.promotion.project_id)
    if row.keyword is not None:
        return f"{group_id(row.promotion)}|{FIRST_CRITERION + row.keyword.number}"
    return f"{group_id(row.promotion)}|{row.promotion.promotion_id}"
