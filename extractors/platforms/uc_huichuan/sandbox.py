"""The sandbox half of UC Huichuan: what its API answers and refuses (platforms-cn §19).

Served under ``/uc_huichuan``: ``/report/{account,adgroup,campaign,creative}``, ``/report/getFile``,
``/report/downloadFile``. HTTP is 200 whatever happened. A report is made from the figures of the moment it is
asked for and is ready at the second look.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from extractors.sandbox.adland import Figures, advertiser, figures, group_id, keys, money
from extractors.sandbox.ads import Adverts
from extractors.sandbox.asked import json_text
from extractors.sandbox.control import Fault
from extractors.sandbox.desk import Answer, Desk, Refusal
from extractors.sandbox.tokens import GOOD, TokenDesk
from extractors.sandbox.traffic import days_between
from extractors.sandbox.truth import days_of
from extractors.sandbox.world import World

MOST_DAYS = 366
LOOKS_NEEDED = 2
# An ad group (推广组) holds campaigns (推广计划), and these hold creatives.
_LEVELS = {"account": "account", "adgroup": "campaign", "campaign": "ad", "creative": "ad"}
_COLUMNS: dict[str, Callable[[Figures], str]] = {
    "srch": lambda f: str(f.shows),
    "click": lambda f: str(f.clicks),
    "consume": lambda f: money(f.cost),
    "ctr": lambda f: f"{f.clicks / f.shows * 100:.2f}" if f.shows else "0.00",
    "acp": lambda f: f"{f.cost / f.clicks / 100:.2f}" if f.clicks else "0.00",
    "bindingConversion": lambda f: str(f.conversions),
}


@dataclass(slots=True)
class Task:
    """A report that was asked for. ``fails``: it will never be made."""

    account: str
    file: bytes
    looks: int = 0
    never: bool = False
    fails: bool = False


def routes(desk: Desk) -> list[BaseRoute]:
    """The addresses of the API, for one desk."""
    api = Api(desk)
    reports = [
        Route(f"/report/{level}", api.endpoint(api.ask(level), f"{level}_report"), methods=["POST"])
        for level in _LEVELS
    ]
    return [
        *reports,
        Route("/report/getFile", api.endpoint(api.look, "look"), methods=["POST"]),
        Route("/report/downloadFile", api.endpoint(api.download, "download"), methods=["POST"]),
    ]


def _no(message: str, status: int = 2, **more: Any) -> Answer:
    header = {"status": status, "desc": "failure", "failures": [{"message": message}], **more}
    return Answer({"header": header, "body": None}, refusal=message)


def _ok(body: Any) -> Answer:
    header = {"status": 0, "desc": "success", "failures": [], "quota": 20_000, "leftQuota": 19_000}
    return Answer({"header": header, "body": body})


def _too_fast(seconds: float | None) -> Answer:
    return _no("请求过于频繁, 请稍后再试").after(seconds)


class Api:
    """The API for one sandbox."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        desk.tokens = self.tokens = TokenDesk("uc_huichuan", rotates=False, access_life=0, refresh_life=0)
        desk.rate_answer = _too_fast
        self.tasks: dict[int, Task] = {}

    def endpoint(
        self, act: Callable[[Adverts, Mapping[str, Any], Fault | None], Answer], stream: str
    ) -> Callable[[Request], Any]:
        """An HTTP endpoint that checks the header before ``act`` answers."""

        async def serve(request: Request) -> Response:
            text = await json_text(request)

            def make(fault: Fault | None) -> Answer:
                adverts, body = self._caller(text)
                return act(adverts, body, fault)

            return await self.desk.serve(stream, "", make)

        return serve

    def _caller(self, text: bytes) -> tuple[Adverts, Mapping[str, Any]]:
        try:
            message = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise Refusal(_no("参数格式错误: 不是JSON")) from None
        if not isinstance(message, dict) or set(message) != {"header", "body"}:
            raise Refusal(_no("参数格式错误: header, body"))
        header, body = message["header"], message["body"]
        if set(header) - {"username", "password", "token", "target", "source"}:
            raise Refusal(_no("参数格式错误: header"))
        verdict = self.tokens.check(str(header.get("token")))
        if verdict.state != GOOD:
            raise Refusal(_no("token无效"))
        adverts = advertiser(self.desk.world, "uc_huichuan", verdict.subject)
        if adverts is None or header.get("username") != f"{adverts.advertiser.store}@uc":
            raise Refusal(_no("用户名不存在"))
        if header.get("password") != "sandbox-uc-password":
            raise Refusal(_no("密码错误"))
        return adverts, body

    # ---- reports ----------------------------------------------------------------------------------
    def ask(self, level: str) -> Callable[[Adverts, Mapping[str, Any], Fault | None], Answer]:
        """POST report/<level>: takes the order and gives the number of a task."""

        def act(adverts: Adverts, body: Mapping[str, Any], fault: Fault | None) -> Answer:
            if set(body) != {"startDate", "endDate", "unitOfTime", "performanceData"}:
                raise Refusal(_no("参数错误: 缺少或未知的参数"))
            days = _days(body)
            wanted = body["performanceData"]
            if body["unitOfTime"] != 1:
                raise Refusal(_no("参数错误: unitOfTime"))
            if not isinstance(wanted, list) or not wanted or set(wanted) - set(_COLUMNS):
                raise Refusal(_no("参数错误: performanceData"))
            rows = figures(adverts, days, _LEVELS[level], self.desk.now())
            number = 9_007_199_254_740_993 + len(self.tasks)
            # One of two integrators met GBK, the other UTF-8: here it goes by the task's number.
            encoding = "gbk" if number % 2 else "utf-8"
            plan = self.desk.next_plan()
            text = _file(adverts, level, rows, wanted).encode(encoding)
            subject = str(adverts.advertiser.advertiser_id)
            self.tasks[number] = Task(subject, text, never=plan == "never", fails=plan == "fails")
            return _ok({"taskId": number})

        return act

    def _task(self, adverts: Adverts, body: Mapping[str, Any]) -> Task:
        kinds = {name: type(value) for name, value in body.items()}
        if kinds != {"taskId": int, "adReport": bool}:
            raise Refusal(_no("参数错误: taskId, adReport"))
        task = self.tasks.get(body["taskId"])
        if task is None or task.account != str(adverts.advertiser.advertiser_id):
            raise Refusal(_no("任务不存在或已过期" if task else "任务不存在"))
        if task.fails:
            raise Refusal(_no("报告生成失败"))
        return task

    def look(self, adverts: Adverts, body: Mapping[str, Any], fault: Fault | None) -> Answer:
        """POST report/getFile: whether the file is there."""
        task = self._task(adverts, body)
        task.looks += 1
        ready = task.looks >= LOOKS_NEEDED and not task.never
        return _ok({"reportFileType": {"taskId": body["taskId"], "ready": ready}})

    def download(self, adverts: Adverts, body: Mapping[str, Any], fault: Fault | None) -> Answer:
        """POST report/downloadFile: the file as bytes."""
        task = self._task(adverts, body)
        if task.looks < LOOKS_NEEDED or task.never:
            raise Refusal(_no("报告尚未生成"))
        empty = fault is not None and fault.kind == "empty_page"
        return Answer(b"" if empty else task.file, content_type="application/octet-stream")


def _days(body: Mapping[str, Any]) -> list[date]:
    try:
        first, last = (date.fromisoformat(str(body[name])) for name in ("startDate", "endDate"))
    except ValueError:
        raise Refusal(_no("参数错误: 日期")) from None
    if last < first or last - first >= timedelta(days=MOST_DAYS):
        raise Refusal(_no("参数错误: 时间范围"))
    return days_between(first, last)


def _file(adverts: Adverts, level: str, rows: list[Figures], wanted: list[str]) -> str:
    known = adverts.advertiser
    names = ["日期", "账户ID", "账户名称"]
    if level != "account":
        names += ["推广组ID", "推广组名称"]
    if level in ("campaign", "creative"):
        names += ["推广计划ID", "推广计划名称"]
    if level == "creative":
        names += ["创意ID", "创意名称"]
    lines = [",".join([*names, *wanted])]
    for row in rows:
        cells = [row.day.isoformat(), str(known.advertiser_id), known.name]
        if row.promotion is not None:
            p = row.promotion
            cells += [str(p.project_id), p.project_name]
            if level in ("campaign", "creative"):
                cells += [str(group_id(p)), f'"{p.promotion_name},首版"']
            if level == "creative":
                cells += [str(p.promotion_id), p.promotion_name]
        lines.append(",".join([*cells, *(_COLUMNS[name](row) for name in wanted)]))
    return "".join(f"{line}\r\n" for line in lines)


# ---- what a complete read holds -------------------------------------------------------------------
def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """The keys of a complete read (see ``extractors.sandbox.truth``)."""
    names = {
        "account_report": "account",
        "adgroup_report": "campaign",
        "campaign_report": "campaign group",
        "creative_report": "campaign group ad",
    }[stream]
    level = _LEVELS[stream.removesuffix("_report")]
    return keys(world, account_id, level, days_of(start, end), now, names)
