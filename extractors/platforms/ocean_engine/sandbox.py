"""The sandbox half of Ocean Engine: what its Marketing API answers and refuses (platforms-cn §16).

Served under ``/ocean_engine``: ``/open_api/v3.0/report/custom/get/`` and the rest. HTTP status is always 200.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from extractors.sandbox.ads import Adverts, Delivery
from extractors.sandbox.asked import json_text, query_of
from extractors.sandbox.control import Fault
from extractors.sandbox.credentials import APP_KEYS
from extractors.sandbox.desk import Answer, Desk, Refusal
from extractors.sandbox.merchants import ADVERTISER_BY_ID, ADVERTISERS, SHANGHAI
from extractors.sandbox.tokens import EXPIRED, GOOD, TokenDesk
from extractors.sandbox.traffic import days_between
from extractors.sandbox.truth import advertiser_of, days_of
from extractors.sandbox.world import World

MOST_ROWS = 100
MOST_DAYS = 30

_TOPICS = frozenset(
    [
        "BASIC_DATA",
        "BIDWORD_DATA",
        "DMP_DATA",
        "DPA_VIDEO_DATA",
        "MATERIAL_BOOST_DATA",
        "MATERIAL_DATA",
        "ONE_KEY_BOOST_DATA",
        "PRODUCT_DATA",
        "QUERY_DATA",
        "STD_BASIC_DATA",
        "STD_BIDWORD_DATA",
        "STD_DMP_DATA",
        "STD_MATERIAL_DATA",
        "STD_PRODUCT_DATA",
        "STD_QUERY_DATA",
        "UNI_PROJECT_DATA",
        "UNI_PROJECT_MATERIAL_DATA",
        "VIDEO_DUARATION_DATA",
    ]
)
_DIMENSIONS: dict[str, Callable[[Delivery], str]] = {
    "stat_time_day": lambda d: d.day.isoformat(),
    "cdp_project_id": lambda d: str(d.promotion.project_id),
    "cdp_project_name": lambda d: d.promotion.project_name,
    "cdp_promotion_id": lambda d: str(d.promotion.promotion_id),
    "cdp_promotion_name": lambda d: d.promotion.promotion_name,
}


def _ratio(over: int, under: int, factor: float) -> str:
    return f"{over / under * factor:.2f}" if under else "0.00"


_Sums = tuple[int, int, int, int, int]
"""cost (fen), shows, clicks, conversions, value (fen)."""

_METRICS: dict[str, Callable[[_Sums], str]] = {
    "stat_cost": lambda s: f"{s[0] / 100:.2f}",
    "show_cnt": lambda s: str(s[1]),
    "click_cnt": lambda s: str(s[2]),
    "ctr": lambda s: _ratio(s[2], s[1], 100),
    "cpc_platform": lambda s: _ratio(s[0], s[2], 0.01),
    "cpm_platform": lambda s: _ratio(s[0], s[1], 10),
    "convert_cnt": lambda s: str(s[3]),
    "conversion_cost": lambda s: _ratio(s[0], s[3], 0.01),
    "conversion_rate": lambda s: _ratio(s[3], s[2], 100),
    "stat_pay_amount": lambda s: f"{s[4] / 100:.2f}",
}


def routes(desk: Desk) -> list[BaseRoute]:
    """The addresses of the Marketing API, for one desk."""
    api = Api(desk)
    root = "/open_api"
    return [
        Route(f"{root}/v3.0/report/custom/get/", api.endpoint(api.report, "ad_report"), methods=["GET"]),
        Route(f"{root}/v3.0/report/custom/config/get/", api.endpoint(api.config, "config"), methods=["GET"]),
        Route(
            f"{root}/2/advertiser/fund/daily_stat/",
            api.endpoint(api.daily_stat, "account_report"),
            methods=["GET"],
        ),
        Route(f"{root}/oauth2/advertiser/get/", api.advertisers, methods=["GET"]),
        Route(f"{root}/oauth2/refresh_token/", api.refresh, methods=["POST"]),
    ]


def _no(code: int, message: str) -> Refusal:
    return Refusal(_refused(code, message))


def _refused(code: int, message: str) -> Answer:
    body = {"code": code, "message": message, "request_id": "sbx0error", "data": {}}
    return Answer(body, refusal=f"{code} {message}")


def _ok(data: Any) -> Answer:
    return Answer({"code": 0, "message": "OK", "request_id": "20261122SBX", "data": data})


def _too_fast(seconds: float | None) -> Answer:
    answer = _refused(40100, "too many requests, please retry later")
    answer.headers["X-RateLimit-Dimension"] = "app_id+advertiser_id"
    return answer.after(seconds)


class Api:
    """The Marketing API for one sandbox."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.app_id, self.secret = APP_KEYS["ocean_engine"]
        desk.tokens = self.tokens = TokenDesk(
            "ocean_engine", rotates=True, access_life=86_400, refresh_life=30 * 86_400
        )
        desk.rate_answer = _too_fast
        desk.token_answer = lambda: _refused(40102, "access_token has expired")

    def endpoint(
        self, act: Callable[[Adverts, Mapping[str, str], Fault | None], Answer], stream: str
    ) -> Callable[[Request], Any]:
        """An HTTP endpoint that checks the token and the advertiser before ``act`` answers."""

        async def serve(request: Request) -> Response:
            query = query_of(request)

            def make(fault: Fault | None) -> Answer:
                return act(self._adverts(request, query), query, fault)

            return await self.desk.serve(stream, query.get("advertiser_id", ""), make, query)

        return serve

    def _subject(self, token: str) -> str:
        if not token:
            raise _no(40104, "Access-Token is empty")
        verdict = self.tokens.check(token)
        if verdict.state == EXPIRED:
            raise _no(40102, "access_token has expired")
        if verdict.state != GOOD:
            raise _no(40105, "access_token is wrong")
        return verdict.subject

    def _adverts(self, request: Request, query: Mapping[str, str]) -> Adverts:
        subject = self._subject(request.headers.get("access-token", ""))
        wanted = query.get("advertiser_id", "")
        if not wanted.isdigit():
            raise _no(40001, "advertiser_id: a number is required")
        if wanted != subject or int(wanted) not in ADVERTISER_BY_ID:
            raise _no(40002, f"No permission to operate advertiser {wanted}")
        return self.desk.world.adverts[ADVERTISER_BY_ID[int(wanted)].store]

    # ---- reports ----------------------------------------------------------------------------------
    def report(self, adverts: Adverts, query: Mapping[str, str], fault: Fault | None) -> Answer:
        """GET v3.0/report/custom/get/: rows by the dimensions asked for; every value is a string."""
        _only(
            query,
            "advertiser_id dimensions metrics filters start_time end_time order_by data_topic page page_size",
        )
        dimensions, metrics = _names(query, "dimensions", _DIMENSIONS), _names(query, "metrics", _METRICS)
        filters, order = _filters(query), _orders(query, {*dimensions, *metrics})
        topic = query.get("data_topic", "BASIC_DATA")
        if topic not in _TOPICS:
            raise _no(40001, f"data_topic: {topic} is unknown")
        first, last = _dates(query, "start_time", "end_time", MOST_DAYS)
        number, size = _paging(query)
        rows = (
            []
            if topic != "BASIC_DATA"
            else [
                row
                for day in days_between(first, last)
                for row in adverts.deliveries(day, self.desk.now())
                if all(accepts(row) for accepts in filters)
            ]
        )
        groups: dict[tuple[str, ...], _Sums] = {}
        for row in rows:
            key = tuple(_DIMENSIONS[name](row) for name in dimensions)
            groups[key] = _plus(groups.get(key, (0, 0, 0, 0, 0)), row)
        shown = sorted(groups.items())
        for field, descending in reversed(order):
            shown.sort(key=lambda entry: _sort_key(entry, field, dimensions), reverse=descending)
        if not self.desk.announced((query["advertiser_id"], _but_page(query)), number, size, len(shown)):
            raise _no(40001, f"page: {number} is beyond the last page")
        page = self.desk.page(shown, number, size, fault)
        total: _Sums = (0, 0, 0, 0, 0)
        for row in rows:
            total = _plus(total, row)
        return _ok(
            {
                "rows": [_row(key, sums, dimensions, metrics) for key, sums in page.rows],
                "total_metrics": {name: _METRICS[name](total) for name in metrics},
                "page_info": _page_info(number, size, page.total),
            }
        )

    def daily_stat(self, adverts: Adverts, query: Mapping[str, str], fault: Fault | None) -> Answer:
        """GET 2/advertiser/fund/daily_stat/: the money of each day, yuan as numbers."""
        _only(query, "advertiser_id start_date end_date page page_size")
        first, last = _dates(query, "start_date", "end_date", 366)
        number, size = _paging(query)
        now = self.desk.now()
        found = [
            wallet
            for day in days_between(first, last)[::-1]
            if (wallet := adverts.wallet(day, now)) is not None
        ]
        if not self.desk.announced((query["advertiser_id"], _but_page(query)), number, size, len(found)):
            raise _no(40001, f"page: {number} is beyond the last page")
        page = self.desk.page(found, number, size, fault)
        rows = [
            {
                "date": w.day.isoformat(),
                "cost": w.cost / 100,
                "cash_cost": (w.cost - w.reward_cost) / 100,
                "reward_cost": w.reward_cost / 100,
                "shared_wallet_cost": 0.0,
                "company_wallet_cost": 0.0,
                "income": w.income / 100,
                "transfer_in": 0.0,
                "transfer_out": 0.0,
                "balance": w.balance / 100,
                "grant_balance": 0.0,
                "non_grant_balance": w.balance / 100,
                "frozen": 0.0,
            }
            for w in page.rows
        ]
        return _ok({"list": rows, "page_info": _page_info(number, size, page.total)})

    def config(self, adverts: Adverts, query: Mapping[str, str], fault: Fault | None) -> Answer:
        """GET v3.0/report/custom/config/get/: which dimensions and metrics a topic has."""
        _only(query, "advertiser_id data_topics")
        topics = _json_list(query, "data_topics")
        if not topics or not set(topics) <= _TOPICS:
            raise _no(40001, "data_topics: unknown or empty")
        described = {"filter_able": True, "sort_able": True, "exclusion_dims": [], "exclusion_metrics": []}
        basic = {
            "dimensions": [{"field": name, "name": name, **described} for name in _DIMENSIONS],
            "metrics": [{"field": name, "name": name, "exclusion_dims": []} for name in _METRICS],
        }
        empty: dict[str, list[Any]] = {"dimensions": [], "metrics": []}
        return _ok({"list": [{"data_topic": t, **(basic if t == "BASIC_DATA" else empty)} for t in topics]})

    # ---- accounts and tokens ----------------------------------------------------------------------
    async def advertisers(self, request: Request) -> Response:
        """GET oauth2/advertiser/get/: which advertisers the token may act for."""
        query = query_of(request)

        def make(fault: Fault | None) -> Answer:
            token = request.headers.get("access-token", "") or query.get("access_token", "")
            subject = self._subject(token)
            found = [a for a in ADVERTISERS if str(a.advertiser_id) == subject]
            rows = [
                {"advertiser_id": a.advertiser_id, "advertiser_name": a.name, "is_valid": True} for a in found
            ]
            return _ok({"list": rows})

        return await self.desk.serve("advertisers", "", make, query)

    async def refresh(self, request: Request) -> Response:
        """POST oauth2/refresh_token/: replaces both tokens."""
        text = await json_text(request)

        def make(fault: Fault | None) -> Answer:
            try:
                body = orjson.loads(text)
            except orjson.JSONDecodeError:
                raise _no(40001, "the body must be JSON") from None
            if (
                not isinstance(body, dict)
                or str(body.get("app_id")) != self.app_id
                or body.get("secret") != self.secret
            ):
                raise _no(40001, "app_id or secret is wrong")
            grant = self.tokens.refresh(str(body.get("refresh_token", "")))
            if grant is None:
                raise _no(40107, "refresh_token is wrong or spent")
            return _ok(
                {
                    "access_token": grant.access_token,
                    "expires_in": grant.expires_in,
                    "refresh_token": grant.refresh_token,
                    "refresh_token_expires_in": grant.refresh_expires_in,
                    "advertiser_ids": [int(grant.subject)],
                }
            )

        return await self.desk.serve("token", "", make)


# ---- parameters -----------------------------------------------------------------------------------
def _only(query: Mapping[str, str], allowed: str) -> None:
    unknown = sorted(set(query) - set(allowed.split()))
    if unknown:
        raise _no(40001, f"{unknown[0]}: unknown parameter")


def _json_list(query: Mapping[str, str], name: str) -> list[Any]:
    if name not in query:
        raise _no(40001, f"{name}: is required")
    try:
        value = orjson.loads(query[name])
    except orjson.JSONDecodeError:
        raise _no(40001, f"{name}: must be a JSON list") from None
    if not isinstance(value, list):
        raise _no(40001, f"{name}: must be a JSON list")
    return value


def _names(query: Mapping[str, str], name: str, known: Mapping[str, Any]) -> list[str]:
    names = _json_list(query, name)
    if not names:
        raise _no(40001, f"{name}: must not be empty")
    unknown = [str(entry) for entry in names if entry not in known]
    if unknown:
        raise _no(40001, f"{name}: {unknown[0]} is unknown")
    if len(set(names)) != len(names):
        raise _no(40001, f"{name}: a name is repeated")
    return names


def _filters(query: Mapping[str, str]) -> list[Callable[[Delivery], bool]]:
    """Filters on dimensions: operator 1 (=), 6 (≠), 7 (contains), 8 (does not contain), 10 (in)."""
    out: list[Callable[[Delivery], bool]] = []
    for entry in _json_list(query, "filters"):
        if not isinstance(entry, dict) or set(entry) != {"field", "type", "operator", "values"}:
            raise _no(40001, "filters: each needs field, type, operator, values")
        field, operator, values = entry["field"], entry["operator"], entry["values"]
        if field not in _DIMENSIONS or operator not in (1, 6, 7, 8, 10) or entry["type"] not in (1, 2, 3):
            raise _no(40001, f"filters: {field} cannot be filtered like that")
        if not isinstance(values, list) or not values or not all(isinstance(v, str) for v in values):
            raise _no(40001, "filters: values must be a list of strings")
        out.append(_filter(_DIMENSIONS[field], operator, values))
    return out


def _filter(
    value_of: Callable[[Delivery], str], operator: int, values: list[str]
) -> Callable[[Delivery], bool]:
    def accepts(row: Delivery) -> bool:
        value = value_of(row)
        if operator in (1, 10):
            return value in values
        if operator == 6:
            return value not in values
        contains = any(part in value for part in values)
        return contains if operator == 7 else not contains

    return accepts


def _orders(query: Mapping[str, str], fields: set[str]) -> list[tuple[str, bool]]:
    out = []
    for entry in _json_list(query, "order_by"):
        if (
            not isinstance(entry, dict)
            or entry.get("type") not in ("ASC", "DESC")
            or entry.get("field") not in fields
        ):
            raise _no(40001, "order_by: each needs a field that is asked for and a type ASC or DESC")
        out.append((entry["field"], entry["type"] == "DESC"))
    return out


def _dates(query: Mapping[str, str], first: str, last: str, most: int) -> tuple[date, date]:
    days = []
    for name in (first, last):
        try:
            days.append(datetime.strptime(query.get(name, ""), "%Y-%m-%d").replace(tzinfo=SHANGHAI).date())
        except ValueError:
            raise _no(40001, f"{name}: must look like 2026-01-05") from None
    if days[1] < days[0]:
        raise _no(40001, f"{last}: is before {first}")
    if days[1] - days[0] >= timedelta(days=most):
        raise _no(40001, f"{first}, {last}: at most {most} days")
    return days[0], days[1]


def _paging(query: Mapping[str, str]) -> tuple[int, int]:
    numbers = []
    for name, default in (("page", "1"), ("page_size", "20")):
        text = query.get(name, default)
        if not text.isdigit() or int(text) < 1:
            raise _no(40001, f"{name}: must be a positive number")
        numbers.append(int(text))
    if numbers[1] > MOST_ROWS:
        raise _no(40001, f"page_size: must be at most {MOST_ROWS}")
    return numbers[0], numbers[1]


def _but_page(query: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((key, value) for key, value in query.items() if key != "page"))


# ---- rows -----------------------------------------------------------------------------------------
def _plus(sums: _Sums, row: Delivery) -> _Sums:
    return (
        sums[0] + row.cost,
        sums[1] + row.shows,
        sums[2] + row.clicks,
        sums[3] + row.conversions,
        sums[4] + row.value,
    )


def _sort_key(entry: tuple[tuple[str, ...], _Sums], field: str, dimensions: list[str]) -> Any:
    key, sums = entry
    return key[dimensions.index(field)] if field in dimensions else float(_METRICS[field](sums))


def _row(key: tuple[str, ...], sums: _Sums, dimensions: list[str], metrics: list[str]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "dimensions": dict(zip(dimensions, key, strict=True)),
        "metrics": {name: _METRICS[name](sums) for name in metrics},
    }
    if sums[1] % 41 == 0:
        row["row_tags"] = {"sampled": "0"}
    return row


def _page_info(number: int, size: int, total: int) -> dict[str, int]:
    return {"page": number, "page_size": size, "total_number": total, "total_page": -(-total // size)}


# ---- what a complete read holds -------------------------------------------------------------------
def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """The keys of a complete read (see ``extractors.sandbox.truth``): a row per day and promotion that
    delivered, and a row of money per day."""
    adverts = world.adverts[advertiser_of(account_id).store]
    days = days_of(start, end)
    keys: dict[str, Callable[[], set[str]]] = {
        "ad_report": lambda: {
            f"{day}|{row.promotion.project_id}|{row.promotion.promotion_id}"
            for day in days
            for row in adverts.deliveries(day, now)
        },
        "account_report": lambda: {str(day) for day in days if adverts.wallet(day, now) is not None},
    }
    return keys[stream]()
