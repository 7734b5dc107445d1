"""The sandbox half of TikTok ads: what its reports answer and refuse (platforms-global §12).

Served under ``/tiktok_ads/open_api/v1.3``: ``/report/integrated/get/`` and ``/gmv_max/report/get/``.
HTTP status is always 200; figures are texts in the account's currency. One of the advertiser's projects is a
GMV Max campaign: it stands in no auction report and has no ads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from extractors.sandbox.ad_credentials import TIKTOK_STORE
from extractors.sandbox.adland import (
    Figures,
    added_by_day,
    advertiser,
    figures,
    group_id,
    money,
    people,
    span,
)
from extractors.sandbox.ads import Adverts
from extractors.sandbox.asked import query_of
from extractors.sandbox.control import Fault
from extractors.sandbox.desk import Answer, Desk, Refusal
from extractors.sandbox.tokens import GOOD, TokenDesk
from extractors.sandbox.traffic import days_between
from extractors.sandbox.truth import days_of, periods_of
from extractors.sandbox.world import World

MOST_ROWS, MOST_DAYS, MOST_DAYS_IN_ALL = 1000, 30, 365
# Of an app at the lowest level: all reports, and those of GMV Max.
LIMITS = {"tiktok_ads": (10, 1.0), "tiktok_ads/gmv_max": (240, 60.0)}
GMV_MAX = 2
_ENTITIES = {"AUCTION_ADVERTISER": "advertiser", "AUCTION_CAMPAIGN": "campaign", "AUCTION_AD": "ad"}
_STREAMS = {"advertiser": "account_report", "campaign": "campaign_report", "ad": "ad_report"}
_PARAMETERS = frozenset(
    [
        "advertiser_id", "report_type", "service_type", "data_level", "dimensions", "metrics", "start_date",
        "end_date", "filtering", "page", "page_size",
    ]
)  # fmt: skip
_GMV_PARAMETERS = frozenset(
    [
        "advertiser_id", "store_ids", "dimensions", "metrics", "start_date", "end_date", "filtering", "page",
        "page_size",
    ]
)  # fmt: skip
# Some metrics are texts, some numbers; one that does not apply is a dash.
_METRICS: dict[str, Callable[[Figures], Any]] = {
    "spend": lambda f: money(f.cost),
    "impressions": lambda f: str(f.shows),
    "reach": lambda f: str(people([f.shows])),
    "clicks": lambda f: str(f.clicks),
    "complete_payment": lambda f: str(f.conversions) if f.clicks else "-",
    "total_complete_payment_rate": lambda f: money(f.value) if f.clicks else "-",
    "likes": lambda f: f.clicks // 9,
    "secondary_goal_result": lambda f: None,
}
_GMV_METRICS: dict[str, Callable[[Figures], Any]] = {
    "cost": lambda f: money(f.cost),
    "net_cost": lambda f: money(f.cost),
    "orders": lambda f: str(f.conversions),
    "gross_revenue": lambda f: money(f.value),
}
_NAMES: dict[str, dict[str, Callable[[Figures], Any]]] = {
    "advertiser": {},
    "campaign": {"campaign_name": lambda f: f.promotion.project_name if f.promotion else None},
    "ad": {
        "campaign_id": lambda f: f.promotion.project_id if f.promotion else None,
        "campaign_name": lambda f: f.promotion.project_name if f.promotion else None,
        "adgroup_id": lambda f: group_id(f.promotion) if f.promotion else None,
        "adgroup_name": lambda f: f"{f.promotion.promotion_name} group" if f.promotion else None,
        "ad_name": lambda f: f.promotion.promotion_name if f.promotion else None,
    },
}


def routes(desk: Desk) -> list[BaseRoute]:
    """The addresses of the API, for one desk."""
    api = Api(desk)
    return [
        Route("/open_api/v1.3/report/integrated/get/", api.endpoint(api.auction), methods=["GET"]),
        Route("/open_api/v1.3/gmv_max/report/get/", api.endpoint(api.gmv_max), methods=["GET"]),
    ]


def _refused(code: int, message: str) -> Answer:
    body = {"code": code, "message": message, "request_id": "sbx0error", "data": {}}
    return Answer(body, refusal=f"{code} {message}")


def _bad(message: str) -> Refusal:
    return Refusal(_refused(40002, message))


def _too_fast(seconds: float | None) -> Answer:
    return _refused(40100, "Too many requests. Please retry in some time.").after(seconds)


class Api:
    """The API for one sandbox."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        desk.tokens = self.tokens = TokenDesk("tiktok_ads", rotates=False, access_life=0, refresh_life=0)
        desk.rate_answer = _too_fast

    def endpoint(
        self, act: Callable[[Adverts, Mapping[str, str], Fault | None], Answer]
    ) -> Callable[[Request], Any]:
        """An HTTP endpoint that checks the token before ``act`` answers."""

        async def serve(request: Request) -> Response:
            query = query_of(request)

            def make(fault: Fault | None) -> Answer:
                return act(self._adverts(request, query), query, fault)

            stream, account = _stream_of(query), query.get("advertiser_id", "")
            narrow = "gmv_max" if act == self.gmv_max else ""
            return await self.desk.serve(stream, account, make, query, narrow=narrow)

        return serve

    def _adverts(self, request: Request, query: Mapping[str, str]) -> Adverts:
        verdict = self.tokens.check(request.headers.get("access-token", ""))
        if verdict.state != GOOD:
            raise Refusal(_refused(40105, "Access token is incorrect or has been revoked."))
        wanted = query.get("advertiser_id", "")
        if not wanted.isdigit():
            raise _bad("advertiser_id: a number is required")
        adverts = advertiser(self.desk.world, "tiktok_ads", wanted)
        if adverts is None or wanted != verdict.subject:
            raise Refusal(_refused(40001, f"No permission to operate advertiser {wanted}"))
        return adverts

    def auction(self, adverts: Adverts, query: Mapping[str, str], fault: Fault | None) -> Answer:
        """GET report/integrated/get/: a basic report of what was bought at auction, by day."""
        _only(query, _PARAMETERS)
        entity = _ENTITIES.get(query.get("data_level", ""))
        if query.get("report_type") != "BASIC" or query.get("service_type", "AUCTION") != "AUCTION":
            raise _bad("report_type, service_type: only BASIC reports of AUCTION are served here")
        dimensions = sorted(_json(query, "dimensions"))
        if entity is None or dimensions not in ([f"{entity}_id", "stat_time_day"], [f"{entity}_id"]):
            raise _bad("dimensions: do not fit data_level")
        if len(dimensions) == 1:
            return self._whole(adverts, entity, query, fault)
        metrics = _wanted(query, {**_METRICS, **_NAMES[entity]})
        rows = _auction_rows(adverts, entity, _days(query), self.desk.now())
        if entity == "ad" and not _asks_for_all(query):
            rows = [row for row in rows if row.promotion is None or row.promotion.promotion_id % 3]
        elif entity == "campaign":
            _asks_for_all(query)
        return self._listed(adverts, entity, rows, metrics, query, fault)

    def _whole(self, adverts: Adverts, entity: str, query: Mapping[str, str], fault: Fault | None) -> Answer:
        """A report without a dimension of time: one row an entity for all the days asked for."""
        if entity == "ad" or set(_json(query, "metrics")) - {"spend", "reach"}:
            raise _bad("dimensions: only spend and reach of accounts and campaigns are served without a day")
        days = span(query.get("start_date", ""), query.get("end_date", ""), MOST_DAYS_IN_ALL)
        if days is None:
            raise _bad(f"start_date, end_date: at most {MOST_DAYS_IN_ALL} days")
        if entity == "campaign":
            _asks_for_all(query)
        parts: dict[int, list[Figures]] = {}
        for row in _auction_rows(adverts, entity, days, self.desk.now()):
            parts.setdefault(_identity(adverts, entity, row), []).append(row)
        metrics = {
            "spend": lambda rows: money(sum(row.cost for row in rows)),
            "reach": lambda rows: str(people(row.shows for row in rows)),
        }
        rows = [
            {
                "dimensions": {f"{entity}_id": str(identity)},
                "metrics": {name: metrics[name](found) for name in _json(query, "metrics")},
            }
            for identity, found in parts.items()
        ]
        return self._paged(rows, query, fault)

    def gmv_max(self, adverts: Adverts, query: Mapping[str, str], fault: Fault | None) -> Answer:
        """GET gmv_max/report/get/: what GMV Max spent for one shop, by day."""
        _only(query, _GMV_PARAMETERS)
        stores, dimensions = _json(query, "store_ids"), _json(query, "dimensions")
        if not isinstance(stores, list) or len(stores) != 1:
            raise _bad("store_ids: exactly one")
        if stores[0] != TIKTOK_STORE:
            raise Refusal(_refused(40001, f"No permission to operate store {stores[0]}"))
        entity = _entity_asked(query)
        if entity not in ("advertiser", "campaign") or len(dimensions) != 2:
            raise _bad("dimensions: advertiser_id or campaign_id, and stat_time_day")
        filtering = _json(query, "filtering", "{}")
        if not isinstance(filtering, dict) or set(filtering) - {"gmv_max_promotion_types"}:
            raise _bad("filtering: unknown field")
        kinds = filtering.get("gmv_max_promotion_types", ["PRODUCT"])
        if set(kinds) - {"PRODUCT", "LIVE"}:
            raise _bad("filtering.gmv_max_promotion_types: unknown")
        metrics = _wanted(query, {**_GMV_METRICS, **_NAMES[entity]})
        # Its one campaign sells in live rooms, which are not told of unless they are asked for.
        rows = _gmv_rows(adverts, entity, _days(query), self.desk.now()) if "LIVE" in kinds else []
        return self._listed(adverts, entity, rows, metrics, query, fault)

    def _listed(
        self,
        adverts: Adverts,
        entity: str,
        rows: list[Figures],
        metrics: dict[str, Callable[[Figures], Any]],
        query: Mapping[str, str],
        fault: Fault | None,
    ) -> Answer:
        shown = [
            {
                "dimensions": {
                    "stat_time_day": f"{row.day} 00:00:00",
                    f"{entity}_id": str(_identity(adverts, entity, row)),
                },
                "metrics": {name: value(row) for name, value in metrics.items()},
            }
            for row in rows
        ]
        return self._paged(shown, query, fault)

    def _paged(self, rows: list[dict[str, Any]], query: Mapping[str, str], fault: Fault | None) -> Answer:
        number, size = _positive(query, "page", 1), _positive(query, "page_size", 10)
        if size > MOST_ROWS:
            raise _bad(f"page_size: must be at most {MOST_ROWS}")
        key = tuple(sorted((n, v) for n, v in query.items() if n != "page"))
        if not self.desk.announced(key, number, size, len(rows)):
            raise _bad(f"page: {number} is beyond the last page")
        page = self.desk.page(rows, number, size, fault)
        info = {
            "page": number,
            "page_size": size,
            "total_number": page.total,
            "total_page": -(-page.total // size),
        }
        body = {"list": page.rows, "page_info": info}
        return Answer({"code": 0, "message": "OK", "request_id": "sbx", "data": body})


# ---- what was asked -------------------------------------------------------------------------------
def _only(query: Mapping[str, str], known: frozenset[str]) -> None:
    strange = sorted(set(query) - known)
    if strange:
        raise _bad(f"{strange[0]}: unknown parameter")


def _json(query: Mapping[str, str], name: str, default: str = "") -> Any:
    try:
        return orjson.loads(query.get(name, default))
    except orjson.JSONDecodeError:
        raise _bad(f"{name}: must be JSON") from None


def _entity_asked(query: Mapping[str, str]) -> str:
    text = query.get("dimensions", "")
    return next((entity for entity in _STREAMS if f'"{entity}_id"' in text), "")


def _stream_of(query: Mapping[str, str]) -> str:
    if "stat_time_day" in query.get("dimensions", ""):
        return _STREAMS.get(_entity_asked(query), "account_report")
    days = span(query.get("start_date", ""), query.get("end_date", ""), MOST_DAYS_IN_ALL) or []
    return "reach_monthly" if days and days[0].day == 1 and days[0].weekday() else "reach_weekly"


def _wanted(
    query: Mapping[str, str], known: dict[str, Callable[[Figures], Any]]
) -> dict[str, Callable[[Figures], Any]]:
    names = _json(query, "metrics")
    if not isinstance(names, list) or not names or set(names) - set(known):
        raise _bad("metrics: Invalid metric fields")
    return {name: known[name] for name in names}


def _days(query: Mapping[str, str]) -> list[date]:
    days = span(query.get("start_date", ""), query.get("end_date", ""), MOST_DAYS)
    if days is None:
        raise _bad(f"start_date, end_date: at most {MOST_DAYS} days with stat_time_day")
    return days


def _asks_for_all(query: Mapping[str, str]) -> bool:
    """Whether deleted entities were asked for. Refuses a filter that is not the documented one."""
    found = False
    for rule in _json(query, "filtering", "[]"):
        if set(rule) != {"field_name", "filter_type", "filter_value"} or rule["filter_type"] != "IN":
            raise _bad("filtering: field_name, filter_type, filter_value")
        if rule["field_name"] not in ("ad_status", "campaign_status"):
            raise _bad("filtering: unknown field_name")
        try:  # the value is JSON text within the JSON
            found = found or "STATUS_ALL" in orjson.loads(rule["filter_value"])
        except (orjson.JSONDecodeError, TypeError):
            raise _bad("filtering: filter_value must be JSON text") from None
    return found


def _positive(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isdigit() or int(text) < 1:
        raise _bad(f"{name}: must be a positive number")
    return int(text)


# ---- what there is --------------------------------------------------------------------------------
def _auction_rows(adverts: Adverts, entity: str, days: list[date], now: int) -> list[Figures]:
    found = figures(adverts, days, "ad" if entity == "ad" else "campaign", now)
    return _of_account(entity, [f for f in found if f.promotion is None or f.promotion.project != GMV_MAX])


def _gmv_rows(adverts: Adverts, entity: str, days: list[date], now: int) -> list[Figures]:
    found = figures(adverts, days, "campaign", now)
    return _of_account(
        entity, [f for f in found if f.promotion is not None and f.promotion.project == GMV_MAX]
    )


def _of_account(entity: str, rows: list[Figures]) -> list[Figures]:
    """The rows, added up by day when the account is asked about."""
    return added_by_day(rows) if entity == "advertiser" else rows


def _identity(adverts: Adverts, entity: str, row: Figures) -> int:
    if row.promotion is None:
        return adverts.advertiser.advertiser_id
    return row.promotion.promotion_id if entity == "ad" else row.promotion.project_id


# ---- what a complete read holds -------------------------------------------------------------------
def zone(account_id: str) -> str:
    """Where the account's days begin."""
    return "America/New_York"


def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """The keys of a complete read (see ``extractors.sandbox.truth``)."""
    adverts = world.ad_accounts[account_id]
    if stream.startswith("reach_"):
        grain = {"reach_weekly": "week", "reach_monthly": "month"}[stream]
        return {
            f"{begin}|campaign|{_identity(adverts, 'campaign', row)}"
            for begin, touched in periods_of(start, end, grain, zone(account_id))
            for row in _auction_rows(adverts, "campaign", days_between(begin, touched[-1]), now)
        }
    days = days_of(start, end, zone(account_id))
    entity = {name: entity for entity, name in _STREAMS.items()}[stream]
    parts = {f"AUCTION_{entity.upper()}": _auction_rows(adverts, entity, days, now)}
    if entity != "ad":
        parts[f"GMV_MAX {TIKTOK_STORE}"] = _gmv_rows(adverts, entity, days, now)
    return {
        f"{row.day} 00:00:00|{_identity(adverts, entity, row)}|{report}"
        for report, rows in parts.items()
        for row in rows
    }
