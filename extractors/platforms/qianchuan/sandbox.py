"""The sandbox half of Qianchuan: what its reports answer and refuse (platforms-cn §16).

Served under ``/qianchuan``: ``/open_api/v1.0/qianchuan/report/{advertiser,ad,creative}/get/`` and the token's
renewal. HTTP status is always 200; money is yuan as numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from extractors.sandbox.ad_credentials import APPS
from extractors.sandbox.adland import Figures, advertiser, figures, group_id, keys, span
from extractors.sandbox.ads import Adverts
from extractors.sandbox.control import Fault
from extractors.sandbox.desk import Answer, Desk, Refusal
from extractors.sandbox.tokens import EXPIRED, GOOD, TokenDesk
from extractors.sandbox.truth import days_of
from extractors.sandbox.world import World

MOST_ROWS, MOST_DAYS, OLDEST = 1000, 30, timedelta(days=180)
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


def routes(desk: Desk) -> list[BaseRoute]:
    """The addresses of the API, for one desk."""
    api = Api(desk)
    reports = [
        Route(f"/open_api/v1.0/qianchuan/report/{level}/get/", api.report(level), methods=["GET"])
        for level in _LEVELS
    ]
    return [*reports, Route("/open_api/oauth2/refresh_token/", api.refresh, methods=["POST"])]


def _refused(code: int, message: str) -> Answer:
    body = {"code": code, "message": message, "request_id": "sbx0error", "data": {}}
    return Answer(body, refusal=f"{code} {message}")


def _bad(message: str) -> Refusal:
    return Refusal(_refused(40001, message))


def _ok(data: Any) -> Answer:
    return Answer({"code": 0, "message": "OK", "request_id": "sbx", "data": data})


def _too_fast(seconds: float | None) -> Answer:
    answer = _refused(40100, "too many requests")
    if seconds is not None:
        answer.headers["Retry-After"] = f"{seconds:g}"
    return answer


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
            query = dict(request.query_params)

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
        if not isinstance(filtering, dict) or "marketing_goal" not in filtering:
            raise _bad("filtering: marketing_goal is required")
        if filtering.get("order_platform", "QIANCHUAN") not in ("QIANCHUAN", "ECP_AWEME", "ALL"):
            raise _bad("filtering: order_platform")
        if query.get("time_granularity") != "TIME_GRANULARITY_DAILY":
            raise _bad("time_granularity: only days are served here")
        days = span(query.get("start_date", ""), query.get("end_date", ""), MOST_DAYS)
        if days is None:
            raise _bad(f"start_date, end_date: at most {MOST_DAYS} days")
        number, size = (_positive(query, name) for name in ("page", "page_size"))
        if size > MOST_ROWS:
            raise _bad(f"page_size: must be at most {MOST_ROWS}")
        rows = figures(adverts, days, _LEVELS[level], self.desk.now())
        if filtering.get("order_platform", "QIANCHUAN") != "ALL":
            rows = rows[::2]
        if filtering.get("is_highlight", "NO_HIGHLIGHT") not in ("ALL", "ONLY_HIGHLIGHT", "NO_HIGHLIGHT"):
            raise _bad("filtering: is_highlight")
        if level == "creative":
            wanted = filtering.get("is_highlight", "NO_HIGHLIGHT")
            rows = [r for r in rows if wanted == "ALL" or _is_highlight(r) == (wanted == "ONLY_HIGHLIGHT")]
        if query.get("order_field") in _FIELDS:
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

    async def refresh(self, request: Request) -> Response:
        """POST oauth2/refresh_token/: replaces both tokens."""
        text = await request.body()

        def make(fault: Fault | None) -> Answer:
            body = orjson.loads(text)
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
    level, names = {
        "account_report": ("account", "account"),
        "ad_report": ("ad", "group"),
        "creative_report": ("ad", "group ad"),
    }[stream]
    found = keys(world, account_id, level, days_of(start, end), now, names)
    return {f"{key[:10]} 00:00:00{key[10:]}" for key in found}
