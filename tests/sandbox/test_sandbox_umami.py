"""The pretend Umami answers and refuses as its source says (platforms-global §9)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
import requests
from sandbox_callers import SHANGHAI

from extractors.sandbox import Running

DAY_MS = 86_400_000
MONDAY = int(datetime(2026, 11, 16, tzinfo=SHANGHAI).timestamp() * 1_000)


def ask(sandbox: Running, path: str = "stats", variant: str = "valid", **change: Any) -> requests.Response:
    given: Any = sandbox.connections(variant)["umami__lantern"]
    site = change.pop("site", given["extra"]["website_id"])
    query = {"startAt": MONDAY, "endAt": MONDAY + DAY_MS - 1, **change}
    return requests.get(
        f"{given['host']}/websites/{site}/{path}",
        params={name: value for name, value in query.items() if value is not None},
        headers={"Authorization": f"Bearer {given['extra']['access_token']}"},
        timeout=10,
    )


def sign_in(sandbox: Running, **change: Any) -> requests.Response:
    given: Any = sandbox.connections()["umami__lantern"]
    body = {"username": given["login"], "password": given["password"], **change}
    return requests.post(f"{given['host']}/auth/login", json=body, timeout=10)


def test_visitors_of_a_week_are_fewer_than_those_of_its_days_and_visits_are_as_many(sandbox: Running) -> None:
    days = [
        ask(sandbox, startAt=MONDAY + n * DAY_MS, endAt=MONDAY + (n + 1) * DAY_MS - 1).json()
        for n in range(4)
    ]
    whole = ask(sandbox, endAt=MONDAY + 4 * DAY_MS - 1).json()
    assert max(day["visitors"] for day in days) < whole["visitors"] < sum(day["visitors"] for day in days)
    for name in ("visits", "pageviews", "bounces", "totaltime"):
        assert whole[name] == sum(day[name] for day in days) > 0


def test_devices_and_channels_come_to_the_whole(sandbox: Running) -> None:
    whole = ask(sandbox).json()
    for kind in ("device", "channel"):
        rows = ask(sandbox, "metrics/expanded", type=kind).json()
        assert sum(row["visits"] for row in rows) == whole["visits"] and len(rows) > 1
        assert sum(row["visitors"] for row in rows) >= whole["visitors"]


def test_devices_come_in_pages_and_channels_in_one_list(sandbox: Running) -> None:
    whole = ask(sandbox, "metrics/expanded", type="device").json()
    parts = [ask(sandbox, "metrics/expanded", type="device", limit=1, offset=n).json() for n in range(3)]
    assert parts == [[whole[0]], [whole[1]], []]
    assert len(ask(sandbox, "metrics/expanded", type="channel", limit=1).json()) > 1


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("stats", {"startAt": None}),
        ("stats", {"startAt": "2026-11-16"}),
        ("stats", {"startAt": MONDAY // 1_000, "endAt": MONDAY // 1_000 + 86_399}),
        ("stats", {"endAt": MONDAY - 1}),
        ("stats", {"period": "day"}),
        ("stats", {"country": "CN"}),
        ("metrics/expanded", {}),
        ("metrics/expanded", {"type": "colour"}),
        ("metrics/expanded", {"type": "device", "limit": "all"}),
        ("metrics/expanded", {"type": "channel", "limit": "all"}),
    ],
)
def test_a_wrong_question_is_refused(sandbox: Running, path: str, change: dict[str, Any]) -> None:
    answer = ask(sandbox, path, **change)
    assert answer.status_code == 400 and answer.json()["error"]["status"] == 400


def test_wrong_callers_are_refused(sandbox: Running) -> None:
    assert ask(sandbox, variant="expired").status_code == ask(sandbox, variant="revoked").status_code == 401
    assert ask(sandbox, site="another").json()["error"]["code"] == "unauthorized"
    assert sign_in(sandbox, password="guessed").status_code == 401


def test_a_user_signs_in_for_a_token(sandbox: Running) -> None:
    given: Any = sandbox.connections()["umami__lantern"]
    token = sign_in(sandbox).json()["token"]
    site = given["extra"]["website_id"]
    answer = requests.get(
        f"{given['host']}/websites/{site}/stats",
        params={"startAt": MONDAY, "endAt": MONDAY + DAY_MS},
        headers={"Authorization": f"Bearer {token}"},
        timeout=10,
    )
    assert answer.status_code == 200
