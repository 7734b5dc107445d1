"""The pretend Umeng answers and refuses as its document says (platforms-cn §24)."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest
import requests

from extractors.sandbox import Running

DAY = {"date": "2026-11-20"}
SPAN = {"startDate": "2026-11-16", "endDate": "2026-11-20"}


def ask(
    sandbox: Running, api: str, *, secret: str | None = None, key: str | None = None, **given: Any
) -> requests.Response:
    connection: Any = sandbox.connections()["umeng__lantern"]
    form = {"appkey": connection["extra"]["appkey"], **given}
    form = {name: str(value) for name, value in form.items() if value is not None}
    key = key or connection["login"]
    path = f"param2/1/com.umeng.uapp/umeng.uapp.{api}/{key}"
    text = path + "".join(sorted(name + value for name, value in form.items()))
    signer = hmac.new((secret or connection["password"]).encode(), text.encode(), hashlib.sha1)
    form["_aop_signature"] = signer.hexdigest().upper()
    return requests.post(f"{connection['host']}/openapi/{path}", data=form, timeout=10)


def values(sandbox: Running, api: str, field: str, **span: Any) -> list[int]:
    return [row["value"] for row in ask(sandbox, api, **{**SPAN, **span}).json()[field]]


def test_active_users_of_a_week_are_fewer_than_those_of_its_days_and_launches_are_as_many(
    sandbox: Running,
) -> None:
    days = values(sandbox, "getActiveUsers", "activeUserInfo", periodType="daily")
    (week,) = values(sandbox, "getActiveUsers", "activeUserInfo", periodType="weekly")
    assert len(days) == 5 and max(days) < week < sum(days)
    days = values(sandbox, "getLaunches", "launchInfo")
    assert values(sandbox, "getLaunches", "launchInfo", periodType="monthly") == [sum(days)]


def test_a_day_is_told_at_once_as_the_trends_tell_it(sandbox: Running) -> None:
    day = ask(sandbox, "getDailyData", **DAY).json()["dailyData"]
    span = {"startDate": DAY["date"], "endDate": DAY["date"]}
    assert values(sandbox, "getNewUsers", "newUserInfo", **span) == [day["newUsers"]]
    assert values(sandbox, "getActiveUsers", "activeUserInfo", **span) == [day["activityUsers"]]
    assert day["date"] == DAY["date"] and day["launches"] > day["activityUsers"] > 0


def test_channels_come_in_pages_to_the_days_launches(sandbox: Running) -> None:
    day = ask(sandbox, "getDailyData", **DAY).json()["dailyData"]
    pages = [
        ask(sandbox, "getChannelData", page=page, perPage=3, **DAY).json()["channelInfos"]
        for page in (1, 2, 3, 4)
    ]
    assert [len(page) for page in pages] == [3, 3, 2, 0]
    assert sum(row["launch"] for page in pages for row in page) == day["launches"]
    assert sum(row["activeUser"] for page in pages for row in page) > day["activityUsers"]


def test_days_without_anything_are_zeros(sandbox: Running) -> None:
    span = {"startDate": "2020-01-01", "endDate": "2020-01-03"}
    assert values(sandbox, "getLaunches", "launchInfo", **span) == [0, 0, 0]
    assert ask(sandbox, "getChannelData", date="2020-01-01").json() == {"channelInfos": []}


@pytest.mark.parametrize(
    ("api", "given"),
    [
        ("getLaunches", {"startDate": "2026-11-16"}),
        ("getLaunches", {**SPAN, "periodType": "yearly"}),
        ("getLaunches", {"startDate": "2026-11-20", "endDate": "2026-11-16"}),
        ("getLaunches", {"startDate": "20261116", "endDate": "20261120"}),
        ("getLaunches", {**SPAN, "access_token": "x"}),
        ("getDailyData", {}),
        ("getDailyData", {**DAY, "page": 1}),
        ("getChannelData", {**DAY, "perPage": 101}),
        ("getChannelData", {**DAY, "page": 0}),
    ],
)
def test_a_wrong_call_is_refused(sandbox: Running, api: str, given: dict[str, Any]) -> None:
    answer = ask(sandbox, api, **given)
    assert answer.status_code == 400 and answer.json()["error_code"] == "gw.ParamIllegal"


def test_wrong_callers_are_refused(sandbox: Running) -> None:
    assert ask(sandbox, "getDailyData", secret="guessed", **DAY).json()["error_code"] == "gw.SignatureInvalid"
    assert ask(sandbox, "getDailyData", key="7", **DAY).json()["error_code"] == "gw.AppKeyNotFound"
    assert ask(sandbox, "getDailyData", appkey="7", **DAY).json()["error_code"] == "gw.APIACLDecline"
    assert ask(sandbox, "getEverything", **DAY).status_code == 404
