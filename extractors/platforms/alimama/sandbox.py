"""The sandbox half of Alimama: what universalbp reports answer and refuse on TOP's gateway (cn §13).

Served under ``/alimama``: ``/router/rest`` and ``/token``. All values are texts, money is yuan. The campaigns
belong to three scenes; a scene that is not asked for is left out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from extractors.sandbox import oauth
from extractors.sandbox.ad_credentials import APPS
from extractors.sandbox.adland import Figures, advertiser, figures, group_id, keys, money, span
from extractors.sandbox.ads import Adverts, Promotion
from extractors.sandbox.asked import form_of
from extractors.sandbox.control import Fault
from extractors.sandbox.desk import Answer, Desk, Refusal
from extractors.sandbox.merchants import SHANGHAI
from extractors.sandbox.signatures import same, top
from extractors.sandbox.tokens import GOOD, Grant, TokenDesk
from extractors.sandbox.truth import days_of
from extractors.sandbox.world import World

MOST_ROWS, MOST_DAYS, DRIFT = 100, 90, 600
SCENES = ("onebpSearch", "onebpDisplay", "onebpSite")
_LEVELS = {
    "account": ["date"],
    "campaign": ["date", "campaign"],
    "adgroup": ["date", "campaign", "adgroup"],
    "creative": ["date", "campaign", "adgroup", "creative"],
}
# Two packages of methods with the same objects: 万相台无界API, and before it 直通车API.
_RESULTS = {"taobao.universalbp.new": "top_result", "taobao.universalbp": "result"}
_SYSTEM = {"method", "app_key", "session", "timestamp", "v", "format", "sign_method", "sign"}
_FIELDS: dict[str, tuple[str, Callable[[Figures], str]]] = {
    "charge": ("charge", lambda f: money(f.cost)),
    "adPv": ("ad_pv", lambda f: str(f.shows)),
    "click": ("click", lambda f: str(f.clicks)),
    "alipayInshopNum": ("alipay_inshop_num", lambda f: str(f.conversions)),
    "alipayInshopAmt": ("alipay_inshop_amt", lambda f: money(f.value)),
}
_QUERY = {
    "by_page", "split_type", "unify_type", "effect_equal", "start_time", "end_time", "query_domains",
    "query_field_in_list", "biz_code_in_list", "offset", "page_size",
}  # fmt: skip


def routes(desk: Desk) -> list[BaseRoute]:
    """The gateway and the token page, for one desk."""
    api = Api(desk)
    return [
        Route("/router/rest", api.door, methods=["POST"]),
        Route("/token", api.refresh, methods=["POST"]),
    ]


def _refused(code: int, message: str, sub_code: str = "", sub_msg: str = "") -> Answer:
    error: dict[str, Any] = {"code": code, "msg": message, "request_id": "sbx"}
    if sub_code:
        error |= {"sub_code": sub_code, "sub_msg": sub_msg}
    return Answer({"error_response": error}, refusal=f"{code} {message} {sub_msg}")


def _too_fast(seconds: float | None) -> Answer:
    words = f"This ban will last for {seconds:g} more seconds" if seconds is not None else "too fast"
    return _refused(7, "App Call Limited", "accesscontrol.limited-by-api-access-count", words)


class Api:
    """The gateway for one sandbox."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        desk.tokens = self.tokens = TokenDesk(
            "alimama", rotates=True, access_life=86_400, refresh_life=30 * 86_400
        )
        desk.rate_answer = _too_fast
        desk.token_answer = lambda: _refused(27, "Invalid session", "session-expired", "session expired")

    async def door(self, request: Request) -> Response:
        """POST /router/rest."""
        params = await form_of(request)
        level = params.get("method", "").rsplit(".", 1)[-1]

        def make(fault: Fault | None) -> Answer:
            return self._report(self._caller(params), params, fault)

        return await self.desk.serve(f"{level}_report", "", make)

    def _caller(self, params: Mapping[str, str]) -> Adverts:
        key, secret = APPS["alimama"]
        missing = sorted(name for name in _SYSTEM if not params.get(name))
        if missing:
            raise Refusal(_refused(40, f"Missing required arguments:{missing[0]}"))
        if params["app_key"] != key:
            raise Refusal(_refused(29, "Invalid app Key"))
        try:
            at = datetime.strptime(params["timestamp"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHANGHAI)
        except ValueError:
            raise Refusal(_refused(31, "Invalid timestamp")) from None
        if all(abs(at.timestamp() - now) > DRIFT for now in self.desk.control.clocks()):
            raise Refusal(_refused(31, "Invalid timestamp"))
        if params["sign_method"] not in ("md5", "hmac", "hmac-sha256"):
            raise Refusal(_refused(41, "Invalid arguments:sign_method"))
        if not same(top(params, secret, params["sign_method"]), params["sign"]):
            raise Refusal(_refused(25, "Invalid signature"))
        verdict = self.tokens.check(params["session"])
        if verdict.state != GOOD:
            raise Refusal(_refused(27, "Invalid session", "session-expired", "session expired"))
        adverts = advertiser(self.desk.world, "alimama", verdict.subject)
        if adverts is None:
            raise Refusal(_refused(11, "Insufficient isv permissions"))
        return adverts

    def _report(self, adverts: Adverts, params: Mapping[str, str], fault: Fault | None) -> Answer:
        methods, _, level = params["method"].partition(".report.query.")
        if methods not in _RESULTS or level not in _LEVELS:
            raise Refusal(_refused(22, "Invalid method"))
        name = f"top_{level}_report_query_v_o"
        if set(params) - _SYSTEM != {"top_service_context", name}:
            raise _bad("top_service_context and the query are required, and nothing else")
        context, query = (_json(params, part) for part in ("top_service_context", name))
        if set(context) != {"biz_code"} or context["biz_code"] not in SCENES or set(query) != _QUERY:
            raise _bad("biz_code or the fields of the query")
        scenes, wanted = query["biz_code_in_list"], query["query_field_in_list"]
        if not scenes or set(scenes) - set(SCENES) or set(wanted) - set(_FIELDS):
            raise _bad("biz_code_in_list or query_field_in_list")
        if (
            query["query_domains"] != _LEVELS[level]
            or query["split_type"] != "day"
            or query["by_page"] is not True
        ):
            raise _bad("query_domains, split_type or by_page")
        if query["effect_equal"] not in (1, 3, 7, 15, 30) or query["unify_type"] not in ("zhai", "mta"):
            raise _bad("effect_equal or unify_type")
        days = span(str(query["start_time"]), str(query["end_time"]), MOST_DAYS)
        if days is None:
            raise _bad("start_time, end_time")
        offset, size = query["offset"], query["page_size"]
        if not (isinstance(offset, int) and isinstance(size, int) and offset >= 0 and 1 <= size <= MOST_ROWS):
            raise _bad("offset or page_size")
        world_level = "ad" if level in ("adgroup", "creative") else level
        rows = figures(adverts, days, world_level, self.desk.now())
        if level != "account":
            rows = [r for r in rows if r.promotion is not None and SCENES[r.promotion.project] in scenes]
        page = self.desk.page(rows[offset:], 1, size, fault)
        bulk: dict[str, Any] = {"count": page.total + offset}
        if page.rows:
            bulk["top_report_v_o_list"] = {"top_report_vo": [_row(level, row, wanted) for row in page.rows]}
        result = {
            "info": {"ok": True, "message": "", "error_code": ""},
            "top_report_v_o_top_bulk_data": bulk,
        }
        above = f"{params['method'].removeprefix('taobao.').replace('.', '_')}_response"
        return Answer({above: {_RESULTS[methods]: result, "request_id": "sbx"}})

    async def refresh(self, request: Request) -> Response:
        """POST /token: replaces both tokens."""

        def answer(grant: Grant) -> dict[str, Any]:
            ends = int(time.time() * 1000) + grant.expires_in * 1000
            return {**oauth.pair(grant), "re_expires_in": grant.refresh_expires_in, "expire_time": ends}

        app = oauth.client(*APPS["alimama"])
        return await oauth.refresh(request, self.desk, self.tokens, app, answer)


def _bad(what: str) -> Refusal:
    info = {"ok": False, "message": f"illegal argument: {what}", "error_code": "ILLEGAL_ARGUMENT"}
    return Refusal(
        Answer({"universalbp_new_report_response": {"top_result": {"info": info}}}, refusal=f"illegal {what}")
    )


def _json(params: Mapping[str, str], name: str) -> dict[str, Any]:
    try:
        found = orjson.loads(params[name])
    except orjson.JSONDecodeError:
        raise _bad(name) from None
    if not isinstance(found, dict):
        raise _bad(name)
    return found


def _is_made_up(promotion: Promotion) -> bool:
    """Whether the creative is one the vendor makes up itself: it has no id of its own."""
    return promotion.promotion_id % 4 == 1


def _row(level: str, row: Figures, wanted: list[str]) -> dict[str, Any]:
    out: dict[str, Any] = {"thedate": row.day.isoformat()}
    if row.promotion is not None:
        p = row.promotion
        out |= {
            "biz_code": SCENES[p.project],
            "campaign_id": str(p.project_id),
            "campaign_name": p.project_name,
        }
        if level in ("adgroup", "creative"):
            out |= {"adgroup_id": str(group_id(p)), "adgroup_name": f"{p.promotion_name}-单元"}
        if level == "creative" and _is_made_up(p):
            out |= {"creative_id": "-1", "black_creative_promotion_id": str(p.promotion_id)}
        elif level == "creative":
            out |= {"creative_id": str(p.promotion_id), "creative_name": p.promotion_name}
    return {**out, "report_index": {_FIELDS[name][0]: _FIELDS[name][1](row) for name in wanted}}


# ---- what a complete read holds -------------------------------------------------------------------
def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """The keys of a complete read (see ``extractors.sandbox.truth``)."""
    if stream == "creative_report":
        rows = figures(world.ad_accounts[account_id], days_of(start, end), "ad", now)
        shown = [(row.day, row.promotion) for row in rows if row.promotion is not None]
        return {f"{day}|{group_id(p)}|{'-1:' if _is_made_up(p) else ''}{p.promotion_id}" for day, p in shown}
    level, names = {
        "account_report": ("account", ""),
        "campaign_report": ("campaign", "campaign"),
        "adgroup_report": ("ad", "group"),
    }[stream]
    return keys(world, account_id, level, days_of(start, end), now, names)
