"""The sandbox half of Umeng U-App: what its gateway answers and refuses (platforms-cn §24).

Served under ``/umeng``: ``/openapi/param2/1/com.umeng.uapp/<api>/<api key>``. The visits of the measured site
play the launches of its app; a launch's source is the channel the app was installed from.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from extractors.sandbox import market
from extractors.sandbox.asked import form_of
from extractors.sandbox.control import Fault
from extractors.sandbox.desk import Answer, Desk, Refusal
from extractors.sandbox.merchants import SHANGHAI
from extractors.sandbox.season import monday
from extractors.sandbox.signatures import aop, same
from extractors.sandbox.site_credentials import UMENG_APPS, UMENG_KEY, UMENG_SECRET
from extractors.sandbox.traffic import Figures, Visit, Visits, days_between
from extractors.sandbox.truth import periods_of, site_of
from extractors.sandbox.world import World

_SPACE = "com.umeng.uapp"
_CHANNELS = ("App Store", "huawei", "toutiao", "googleplay", "xiaomi", "oppo", "vivo", "市场部地推")
"""By the number of the world's source."""
_TRENDS = {
    "umeng.uapp.getNewUsers": ("newUserInfo", lambda f: f.new_visitors),
    "umeng.uapp.getActiveUsers": ("activeUserInfo", lambda f: f.visitors),
    "umeng.uapp.getLaunches": ("launchInfo", lambda f: f.visits),
}
_GRAINS = {"daily": "day", "weekly": "week", "monthly": "month"}


def routes(desk: Desk) -> list[BaseRoute]:
    """The addresses that the gateway has, for one desk."""
    gateway = Gateway(desk)
    return [Route(f"/openapi/param2/1/{_SPACE}/{{api}}/{{key}}", gateway.api, methods=["POST"])]


def _no(status: int, code: str, text: str) -> Answer:
    return Answer({"error_code": code, "error_message": text, "request_id": "sbx"}, status, refusal=code)


def _bad(text: str) -> Refusal:
    return Refusal(_no(400, "gw.ParamIllegal", text))


class Gateway:
    """The gateway for one sandbox."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        desk.rate_answer = lambda seconds: _no(400, "gw.QosAppFrequencyLimit", "the app calls too often")

    async def api(self, request: Request) -> Response:
        """POST of one API, signed over its path."""
        form = await form_of(request)
        name, key = request.path_params["api"], request.path_params["key"]

        def make(fault: Fault | None) -> Answer:
            self._accept(name, key, form)
            given = {k: v for k, v in form.items() if not k.startswith("_aop_")}
            visits = self._app(given.get("appkey", ""))
            if name in _TRENDS:
                return Answer(self._trend(visits, name, given, fault))
            if name == "umeng.uapp.getDailyData":
                return Answer(self._daily(visits, given))
            if name == "umeng.uapp.getChannelData":
                return Answer(self._by_channel(visits, given, fault))
            raise Refusal(_no(404, "gw.APIUnsupported", f"{_SPACE}/{name} does not exist"))

        return await self.desk.serve("traffic", form.get("appkey", ""), make)

    def _accept(self, name: str, key: str, form: Mapping[str, str]) -> None:
        if key != UMENG_KEY:
            raise Refusal(_no(400, "gw.AppKeyNotFound", "AppKey is not found"))
        signed = {k: v for k, v in form.items() if k != "_aop_signature"}
        path = f"param2/1/{_SPACE}/{name}/{key}"
        if not same(form.get("_aop_signature", ""), aop(path, signed, UMENG_SECRET)):
            raise Refusal(_no(400, "gw.SignatureInvalid", "Invalid signature"))

    def _app(self, appkey: str) -> Visits:
        for store, known in UMENG_APPS.items():
            if known == appkey:
                return self.desk.world.visits[store]
        raise Refusal(_no(403, "gw.APIACLDecline", "this appkey is not one of the account"))

    def _figures(self, visits: Visits, days: list[date]) -> Figures:
        today = datetime.fromtimestamp(self.desk.now(), SHANGHAI).date()
        return visits.figures(visits.known([day for day in days if day <= today], self.desk.now()))

    def _trend(
        self, visits: Visits, name: str, given: Mapping[str, str], fault: Fault | None
    ) -> dict[str, list[dict[str, Any]]]:
        """A row for each day, week or month of the range, also where there was nothing."""
        wrong = market.wrong_names(given, "appkey startDate endDate", "periodType")
        grain = _GRAINS.get(given.get("periodType", "daily"), "")
        if wrong is not None or not grain:
            raise _bad(wrong or "periodType")
        first, last = _day(given, "startDate"), _day(given, "endDate")
        if last < first:
            raise _bad("endDate")
        field, figure = _TRENDS[name]
        groups: dict[date, list[date]] = {}
        for day in days_between(first, last):
            groups.setdefault(_begin(day, grain), []).append(day)
        rows = [
            {
                "date": f"{begin}",
                "value": figure(self._figures(visits, days)),
                "hourValue": "",
                "dailyValue": [],
            }
            for begin, days in groups.items()
        ]
        return {field: self.desk.page(rows, 1, len(rows), fault).rows}

    def _daily(self, visits: Visits, given: Mapping[str, str]) -> dict[str, Any]:
        wrong = market.wrong_names(given, "appkey date", "version channel")
        if wrong is not None:
            raise _bad(wrong)
        day = _day(given, "date")
        f = self._figures(visits, [day])
        known = {"newUsers": f.new_visitors, "activityUsers": f.visitors, "launches": f.visits}
        return {"dailyData": {"date": f"{day}", **known, "totalUsers": 900_000, "payUsers": 0}}

    def _by_channel(
        self, visits: Visits, given: Mapping[str, str], fault: Fault | None
    ) -> dict[str, list[dict[str, Any]]]:
        wrong = market.wrong_names(given, "appkey date", "perPage page")
        if wrong is not None:
            raise _bad(wrong)
        day = _day(given, "date")
        page, size = _whole(given, "page", 1, 10_000), _whole(given, "perPage", 10, 100)
        groups: dict[int, list[Visit]] = {}
        for visit in visits.known([day], self.desk.now()):
            groups.setdefault(visit.source, []).append(visit)
        rows = []
        for source, found in sorted(groups.items()):
            f = visits.figures(found)
            seconds = timedelta(seconds=f.seconds // f.visits)
            rows.append(
                {
                    "id": f"5be3f1aa{source:016d}",
                    "channel": _CHANNELS[source],
                    "date": f"{day}",
                    "newUser": f.new_visitors,
                    "activeUser": f.visitors,
                    "launch": f.visits,
                    "totalUser": 90_000,
                    "totalUserRate": 0.1,
                    "duration": f"0{seconds}",
                }
            )
        return {"channelInfos": self.desk.page(rows, page, size, fault).rows}


def _day(given: Mapping[str, str], name: str) -> date:
    text = given.get(name, "")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise _bad(name) from None
    if text != day.isoformat():
        raise _bad(name)
    return day


def _whole(given: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = given.get(name, str(default))
    if not text.isdigit() or not 1 <= int(text) <= most:
        raise _bad(name)
    return int(text)


def _begin(day: date, grain: str) -> date:
    return {"day": day, "week": monday(day), "month": day.replace(day=1)}[grain]


# ---- what a complete read holds -------------------------------------------------------------------
_STREAMS = {"traffic": "day", "traffic_weekly": "week", "traffic_monthly": "month"}


def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """The keys of a complete read (see ``extractors.sandbox.truth``): of every day its total and its
    channels, of every week or month the three figures, whether there was anything or not."""
    visits, grain = world.visits[site_of(account_id).store], _STREAMS[stream]
    keys = set()
    for first, _ in periods_of(start, end, grain):
        if grain != "day":
            keys |= {
                f"{figure}|{grain}|{first}|total" for figure in ("active_users", "new_users", "launches")
            }
            continue
        keys.add(f"total|day|{first}|total")
        keys |= {f"channel|day|{first}|{_CHANNELS[v.source]}" for v in visits.known([first], now)}
    return keys
