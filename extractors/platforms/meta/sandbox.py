"""The sandbox half of Meta ads: what asynchronous insights answer and refuse (platforms-global §11).

Served under ``/meta``: ``POST /v26.0/act_<id>/insights``, ``GET /v26.0/<run>`` and its ``/insights``, and
``GET /v26.0/act_<id>/campaigns``.
A run holds the figures of the moment it was asked for; it says Completed once before it has its 100 percent.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from extractors.sandbox.ad_credentials import APPS
from extractors.sandbox.adland import Figures, advertiser, figures, group_id, money, people, today
from extractors.sandbox.ads import Adverts, Promotion
from extractors.sandbox.asked import form_of, query_of
from extractors.sandbox.control import Fault
from extractors.sandbox.cursor import turn
from extractors.sandbox.desk import Answer, Desk, Refusal
from extractors.sandbox.router import names
from extractors.sandbox.signatures import same
from extractors.sandbox.tokens import GOOD, TokenDesk
from extractors.sandbox.traffic import days_between
from extractors.sandbox.truth import days_of, periods_of
from extractors.sandbox.world import World

MOST_ROWS = 60  # "limit" is a wish: pages are as long as the vendor likes
KEPT = timedelta(days=1_128)  # 37 months
MOST_DAYS = {"day": 93, "week": 450, "month": 450}
_INCREMENTS = {"1": "day", "7": "week", "monthly": "month"}
REACH = {"day": "reach_daily", "week": "reach_weekly", "month": "reach_monthly"}
# By the campaign's place: of a day, of its whole run.
BUDGETS: tuple[dict[str, str], ...] = (
    {"daily_budget": "12050", "lifetime_budget": "0"},
    {"daily_budget": "0", "lifetime_budget": "9000000"},
)
STEPS = (("Job Running", 42), ("Job Completed", 97), ("Job Completed", 100))
_LEVELS = ("account", "campaign", "adset", "ad")
# How an entity stands, by its level: those of campaigns, of ad sets too, of ads too.
_STATUSES = {
    "campaign": names("ACTIVE PAUSED DELETED ARCHIVED IN_PROCESS WITH_ISSUES"),
    "adset": names("ACTIVE PAUSED DELETED CAMPAIGN_PAUSED ARCHIVED IN_PROCESS WITH_ISSUES"),
    "ad": names(
        "ACTIVE PAUSED DELETED PENDING_REVIEW DISAPPROVED PREAPPROVED PENDING_BILLING_INFO CAMPAIGN_PAUSED "
        "ARCHIVED ADSET_PAUSED IN_PROCESS WITH_ISSUES"
    ),
}
_HIDDEN = frozenset({"DELETED", "ARCHIVED"})  # from lists; a report leaves out what is deleted alone
# By the campaign's place; what is below a deleted campaign is deleted.
_CAMPAIGNS = ("ACTIVE", "PAUSED", "DELETED")
_ADS = ("ACTIVE", "PENDING_REVIEW", "ARCHIVED", "DELETED", "WITH_ISSUES")
_SUMS = ("cost", "shows", "clicks", "conversions", "value")
_FIELDS = frozenset(
    [
        "account_id", "account_currency", "date_start", "date_stop", "spend", "impressions", "clicks",
        "attribution_setting", "reach", "actions", "action_values", "campaign_id", "campaign_name",
        "adset_id", "adset_name", "ad_id", "ad_name",
    ]
)  # fmt: skip
_PARAMETERS = frozenset(
    [
        "level", "fields", "time_range", "time_increment", "action_breakdowns", "action_attribution_windows",
        "use_unified_attribution_setting", "filtering", "appsecret_proof",
    ]
)  # fmt: skip


@dataclass(slots=True)
class Run:
    """A report run."""

    account: str
    rows: list[dict[str, Any]]
    plan: str
    looks: int = 0

    @property
    def step(self) -> tuple[str, int]:
        """Status and percentage at the present look."""
        if self.plan == "fails":
            return ("Job Failed", 12)
        if self.plan == "never":
            return ("Job Running", 80)
        return STEPS[min(max(self.looks - 1, 0), len(STEPS) - 1)]


def routes(desk: Desk) -> list[BaseRoute]:
    """The addresses of the API, for one desk."""
    api = Api(desk)
    return [
        Route("/v26.0/act_{number}/insights", api.ask, methods=["POST"]),
        Route("/v26.0/act_{number}/campaigns", api.campaigns, methods=["GET"]),
        Route("/v26.0/{number:int}", api.endpoint(api.look, "look"), methods=["GET"]),
        Route("/v26.0/{number:int}/insights", api.endpoint(api.insights, "insights"), methods=["GET"]),
    ]


def _refused(code: int, message: str, status: int = 400, subcode: int | None = None) -> Answer:
    error: dict[str, Any] = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "sbx"}
    if subcode is not None:
        error["error_subcode"] = subcode
    return Answer({"error": error}, status, refusal=f"{code} {message}")


def _bad(message: str) -> Refusal:
    return Refusal(_refused(100, f"(#100) {message}"))


def _too_fast(seconds: float | None) -> Answer:
    return _refused(17, "User request limit reached", subcode=2446079).after(seconds)


class Api:
    """The API for one sandbox."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        desk.tokens = self.tokens = TokenDesk("meta", rotates=False, access_life=0, refresh_life=0)
        desk.rate_answer = _too_fast
        self.runs: dict[int, Run] = {}

    def _caller(self, request: Request, given: Mapping[str, str]) -> Adverts:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        verdict = self.tokens.check(token)
        if scheme != "Bearer" or verdict.state != GOOD:
            raise Refusal(_refused(190, "Invalid OAuth access token.", 401, 460))
        proof = hmac.new(APPS["meta"][1].encode(), token.encode(), hashlib.sha256).hexdigest()
        if not same(given.get("appsecret_proof", ""), proof):
            raise _bad("Invalid appsecret_proof provided in the API argument")
        adverts = advertiser(self.desk.world, "meta", verdict.subject)
        if adverts is None:
            raise Refusal(_refused(200, "(#200) The user has no permission for this ad account", 403))
        return adverts

    async def ask(self, request: Request) -> Response:
        """POST act_<id>/insights: begins a report run."""
        form = await form_of(request)
        grain = _INCREMENTS.get(form.get("time_increment", ""), "day")
        level = form.get("level", "ad")
        stream = f"{level}_report" if grain == "day" and level != "adset" else REACH[grain]

        def make(fault: Fault | None) -> Answer:
            adverts = self._caller(request, form)
            if request.path_params["number"] != str(adverts.advertiser.advertiser_id):
                raise Refusal(_refused(200, "(#200) The user has no permission for this ad account", 403))
            rows = self._rows(adverts, form)
            number = 6_023_920_149_050_000 + len(self.runs)
            self.runs[number] = Run(request.path_params["number"], rows, self.desk.next_plan())
            return self._ok({"report_run_id": str(number)})

        return await self.desk.serve(stream, request.path_params["number"], make)

    async def campaigns(self, request: Request) -> Response:
        """GET act_<id>/campaigns: those that are neither archived nor deleted, page by page."""
        query = query_of(request)

        def make(fault: Fault | None) -> Answer:
            adverts = self._caller(request, query)
            if request.path_params["number"] != str(adverts.advertiser.advertiser_id):
                raise Refusal(_refused(200, "(#200) The user has no permission for this ad account", 403))
            strange = sorted(set(query) - {"fields", "limit", "after", "summary", "appsecret_proof"})
            if strange:
                raise _bad(f"param {strange[0]} is unknown")
            fields = query.get("fields", "id").split(",")
            if set(fields) - {"id", "name", "daily_budget", "lifetime_budget"}:
                raise _bad("fields has a field that a campaign does not have")
            given = (query.get("limit", "25"), query.get("after", "0"))
            if not all(text.isdigit() for text in given) or not int(given[0]):
                raise _bad("param limit, after: must be positive numbers")
            rows = campaigns_of(adverts, self.desk.now())
            shown, following = turn(rows, int(given[1]), int(given[0]), fault)
            data = [{name: row[name] for name in row if name in {"id", *fields}} for row in shown]
            after = len(rows) if following is None else following
            paging: dict[str, Any] = {"cursors": {"before": given[1], "after": str(after)}}
            if following is not None:
                paging["next"] = f"https://graph.facebook.example{request.url.path}?after={after}"
            body: dict[str, Any] = {"data": data, "paging": paging}
            if "total_count" in query.get("summary", ""):
                body["summary"] = {"total_count": len(rows)}
            return self._ok(body)

        return await self.desk.serve("campaign_budgets", request.path_params["number"], make)

    def endpoint(
        self, act: Callable[[int, Run, Mapping[str, str], Fault | None], Answer], stream: str
    ) -> Callable[[Request], Any]:
        """An HTTP endpoint about one run."""

        async def serve(request: Request) -> Response:
            query = query_of(request)

            def make(fault: Fault | None) -> Answer:
                adverts = self._caller(request, query)
                number = request.path_params["number"]
                run = self.runs.get(number)
                if run is None or run.account != str(adverts.advertiser.advertiser_id):
                    words = f"Unsupported get request. Object with ID '{number}' does not exist"
                    raise Refusal(_refused(100, words, subcode=33))
                return act(number, run, query, fault)

            return await self.desk.serve(stream, "", make)

        return serve

    def _ok(self, body: Any) -> Answer:
        usage = {"1": [{"type": "ads_insights", "call_count": 12, "total_cputime": 9, "total_time": 9}]}
        told = {"facebook-api-version": "v26.0", "x-business-use-case-usage": orjson.dumps(usage).decode()}
        return Answer(body, headers=told)

    def look(self, number: int, run: Run, query: Mapping[str, str], fault: Fault | None) -> Answer:
        """GET <run>: how it stands."""
        run.looks += 1
        status, percent = run.step
        return self._ok(
            {
                "id": str(number),
                "account_id": run.account,
                "async_status": status,
                "async_percent_completion": percent,
            }
        )

    def insights(self, number: int, run: Run, query: Mapping[str, str], fault: Fault | None) -> Answer:
        """GET <run>/insights: the rows, page by page."""
        if run.step != ("Job Completed", 100):
            raise _bad("The report run is not completed")
        strange = sorted(set(query) - {"limit", "after", "summary", "appsecret_proof"})
        if strange:
            raise _bad(f"param {strange[0]} is unknown")
        given = (query.get("limit", "25"), query.get("after", "0"))
        if not all(text.isdigit() for text in given) or not int(given[0]):
            raise _bad("param limit, after: must be positive numbers")
        size, start = min(int(given[0]), MOST_ROWS), int(given[1])
        if start and start >= len(run.rows):
            raise _bad("Invalid cursor")
        page = self.desk.page(run.rows, start // size + 1, size, fault)
        last = start + size >= len(run.rows)
        body: dict[str, Any] = {"data": page.rows}
        if page.rows:
            body["paging"] = {"cursors": {"before": str(start), "after": str(start + size)}}
            if not last:
                body["paging"]["next"] = (
                    f"https://graph.facebook.example/v26.0/{number}/insights?after={start + size}"
                )
        if "spend" in query.get("summary", ""):
            hundredths = sum(round(float(row["spend"]) * 100) for row in run.rows)
            body["summary"] = {"spend": money(hundredths)}
        return self._ok(body)

    def _rows(self, adverts: Adverts, form: Mapping[str, str]) -> list[dict[str, Any]]:
        strange = sorted(set(form) - _PARAMETERS)
        if strange:
            raise _bad(f"param {strange[0]} is unknown")
        level, fields = form.get("level", ""), form.get("fields", "").split(",")
        if level not in _LEVELS:
            raise _bad("param level must be one of account, campaign, adset, ad")
        if set(fields) - _FIELDS:
            raise _bad(f"{sorted(set(fields) - _FIELDS)[0]} is not valid for fields param")
        grain = _INCREMENTS.get(form.get("time_increment", ""))
        if grain is None:
            raise _bad("param time_increment: only 1, 7 and monthly are served here")
        windows = _json(form, "action_attribution_windows", "[]")
        if set(windows) - {"1d_click", "7d_click", "28d_click", "1d_view", "1d_ev", "default", "dda"}:
            raise _bad("param action_attribution_windows is invalid")
        if set(_json(form, "action_breakdowns", "[]")) - {"action_type"}:
            raise _bad("param action_breakdowns is invalid")
        if form.get("use_unified_attribution_setting", "false") not in ("true", "false"):
            raise _bad("param use_unified_attribution_setting must be a boolean")
        span = _json(form, "time_range", "{}")
        try:
            first, last = date.fromisoformat(span["since"]), date.fromisoformat(span["until"])
        except (KeyError, TypeError, ValueError):
            raise _bad("param time_range is invalid") from None
        if last < first or last - first >= timedelta(days=MOST_DAYS[grain]):
            raise Refusal(_refused(1, "Please reduce the amount of data you're asking for", 500))
        if first < today(adverts, self.desk.now()) - KEPT:
            words = (
                "(#3018) The start date of the time range cannot be beyond 37 months from the current date"
            )
            raise Refusal(_refused(3018, words))
        wanted = _wanted(_json(form, "filtering", "[]"), level)
        rows = []
        for start, days in _periods(first, last, grain):
            delivered = figures(adverts, days, "ad" if level == "adset" else level, self.desk.now())
            for row, shows in _added(delivered, level):
                if row.promotion is not None and _status(row.promotion, level) not in wanted:
                    continue
                shown = _row(adverts, row, level, set(fields), windows)
                shown |= {"date_start": start.isoformat(), "date_stop": days[-1].isoformat()}
                rows.append(shown | ({"reach": str(people(shows))} if "reach" in fields else {}))
        return rows


def _wanted(filters: Any, level: str) -> frozenset[str]:
    """The statuses of a level that are answered for."""
    known = _STATUSES.get(level, frozenset())
    if filters == []:
        return known - {"DELETED"}
    if (
        not isinstance(filters, list)
        or len(filters) != 1
        or set(filters[0]) != {"field", "operator", "value"}
    ):
        raise _bad("param filtering must be a list of one filter here: field, operator, value")
    field, operator, named = (filters[0][name] for name in ("field", "operator", "value"))
    if level not in _STATUSES or field != f"{level}.effective_status" or operator != "IN":
        raise _bad("param filtering: only the level's effective_status, IN, is served here")
    if not isinstance(named, list) or not named or set(named) - known:
        raise _bad("param filtering has a status that this level does not have")
    return frozenset(named)


def _status(promotion: Promotion, level: str) -> str:
    campaign = _CAMPAIGNS[promotion.project % len(_CAMPAIGNS)]
    if level == "campaign" or campaign == "DELETED":
        return campaign
    own = _ADS[promotion.promotion_id // 100_000 % len(_ADS)]
    if level == "adset":
        return own if own in _HIDDEN else "ACTIVE"
    return "CAMPAIGN_PAUSED" if campaign == "PAUSED" and own == "ACTIVE" else own


def campaigns_of(adverts: Adverts, now: int) -> list[dict[str, Any]]:
    """The campaigns that are neither archived nor deleted, with their budgets in hundredths of the account's
    currency."""
    running = {
        p.project_id: p
        for p in adverts.promotions(today(adverts, now))
        if _status(p, "campaign") not in _HIDDEN
    }
    return [
        {"id": str(number), "name": p.project_name, **BUDGETS[p.project % len(BUDGETS)]}
        for number, p in sorted(running.items())
    ]


def _periods(first: date, last: date, grain: str) -> list[tuple[date, list[date]]]:
    """Days; sevens of days, counted from the first; calendar months; each with those days asked for."""
    found: dict[date, list[date]] = {}
    for day in days_between(first, last):
        start = day
        if grain == "week":
            start = first + (day - first) // timedelta(days=7) * timedelta(days=7)
        elif grain == "month":
            start = max(day.replace(day=1), first)
        found.setdefault(start, []).append(day)
    return list(found.items())


def _added(rows: list[Figures], level: str) -> list[tuple[Figures, list[int]]]:
    """Each entity's rows of a period as one, with how often it was shown on each day."""
    found: dict[int, list[Figures]] = {}
    for row in rows:
        p = row.promotion
        entity = 0 if p is None else p.promotion_id if level in ("adset", "ad") else p.project_id
        found.setdefault(entity, []).append(row)
    added = []
    for parts in found.values():
        sums = {name: sum(getattr(part, name) for part in parts) for name in _SUMS}
        added.append((replace(parts[0], **sums), [part.shows for part in parts]))
    return added


def _json(form: Mapping[str, str], name: str, default: str) -> Any:
    try:
        return orjson.loads(form.get(name, default))
    except orjson.JSONDecodeError:
        raise _bad(f"param {name} must be JSON") from None


def _row(adverts: Adverts, row: Figures, level: str, fields: set[str], windows: list[str]) -> dict[str, Any]:
    known, p = adverts.advertiser, row.promotion
    everything: dict[str, Any] = {
        "account_id": str(known.advertiser_id),
        "account_currency": known.currency,
        "attribution_setting": "7d_click_1d_view",
        "date_start": row.day.isoformat(),
        "date_stop": row.day.isoformat(),
        "spend": money(row.cost),
        "impressions": str(row.shows),
        "clicks": str(row.clicks),
    }
    if p is not None:
        everything |= {"campaign_id": str(p.project_id), "campaign_name": p.project_name}
        if level in ("adset", "ad"):
            everything |= {"adset_id": str(group_id(p)), "adset_name": f"{p.promotion_name} set"}
        if level == "ad":
            everything |= {"ad_id": str(p.promotion_id), "ad_name": p.promotion_name}
    if row.conversions:  # arrays are left out when empty
        everything["actions"] = [
            {"action_type": "link_click", "value": str(row.clicks)},
            *_actions(str(row.conversions), windows),
        ]
        everything["action_values"] = _actions(money(row.value), windows)
    shown = {name: value for name, value in everything.items() if name in fields}
    return {**shown, "date_start": everything["date_start"], "date_stop": everything["date_stop"]}


def _actions(value: str, windows: list[str]) -> list[dict[str, str]]:
    """The same purchases under each of their names: they are not to be added up."""
    names = ("purchase", "omni_purchase", "offsite_conversion.fb_pixel_purchase")
    clicked = {"7d_click": value} if "7d_click" in windows else {}
    return [{"action_type": name, "value": value, **clicked} for name in names]


# ---- what a complete read holds -------------------------------------------------------------------
def zone(account_id: str) -> str:
    """Where the account's days begin."""
    return "America/New_York"


def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """The keys of a complete read (see ``extractors.sandbox.truth``)."""
    adverts = world.ad_accounts[account_id]
    if stream.startswith("reach_"):
        grain, found = next(grain for grain, name in REACH.items() if name == stream), set()
        touched = (
            [(day, [day]) for day in days_of(start, end, zone(account_id))]
            if grain == "day"
            else periods_of(start, end, grain, zone(account_id))
        )
        for begin, days in touched:
            for row in figures(adverts, days_between(begin, days[-1]), "ad", now):
                if row.promotion is not None:
                    found.add(f"{begin}|adset|{group_id(row.promotion)}")
                    if grain != "day":
                        found.add(f"{begin}|account|{adverts.advertiser.advertiser_id}")
                        found.add(f"{begin}|campaign|{row.promotion.project_id}")
                        found.add(f"{begin}|ad|{row.promotion.promotion_id}")
        return found
    if stream == "campaign_budgets":
        ids = [row["id"] for row in campaigns_of(adverts, now)]
        return {f"{day}|{number}" for day in days_of(start, end, zone(account_id)) for number in ids}
    level = {"account_report": "account", "campaign_report": "campaign", "ad_report": "ad"}[stream]
    keys = set()
    for row in figures(adverts, days_of(start, end, zone(account_id)), level, now):
        p = row.promotion
        if p is None:
            keys.add(f"{row.day}|{adverts.advertiser.advertiser_id}")
        elif level == "campaign":
            keys.add(f"{row.day}|{p.project_id}")
        else:
            keys.add(f"{row.day}|{group_id(p)}|{p.promotion_id}")
    return keys
