"""The pretend Plausible answers and refuses as its document says (platforms-global §8)."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from extractors.sandbox import Running

ASKED: dict[str, Any] = {
    "site_id": "lantern-home.example",
    "metrics": ["visitors", "visits"],
    "date_range": ["2026-11-16", "2026-11-20"],
    "dimensions": ["time:day", "visit:source"],
    "order_by": [["time:day", "asc"], ["visit:source", "asc"]],
    "include": {"total_rows": True},
}


def ask(sandbox: Running, key: str | None = None, **change: Any) -> requests.Response:
    given: Any = sandbox.connections()["plausible__lantern"]
    body = {name: value for name, value in {**ASKED, **change}.items() if value is not None}
    headers = {"Authorization": f"Bearer {key or given['password']}"}
    return requests.post(f"{given['host']}/api/v2/query", json=body, headers=headers, timeout=10)


def metric(answer: requests.Response, place: int) -> list[int]:
    return [row["metrics"][place] for row in answer.json()["results"]]


def test_pages_hold_every_row_once_and_the_count_is_of_all(sandbox: Running) -> None:
    whole = ask(sandbox).json()
    count = whole["meta"]["total_rows"]
    parts = [ask(sandbox, pagination={"limit": 7, "offset": at}).json() for at in range(0, count, 7)]
    assert [row for part in parts for row in part["results"]] == whole["results"]
    assert {part["meta"]["total_rows"] for part in parts} == {count == len(whole["results"]) and count}
    assert len(parts) > 2


def test_visitors_of_a_week_are_fewer_than_those_of_its_days_and_visits_are_as_many(sandbox: Running) -> None:
    days = ask(sandbox, dimensions=["time:day"], order_by=None)
    week = ask(sandbox, dimensions=["time:week"], order_by=None)
    assert [row["dimensions"] for row in week.json()["results"]] == [["2026-11-16"]]
    assert max(metric(days, 0)) < metric(week, 0)[0] < sum(metric(days, 0))
    assert sum(metric(days, 1)) == metric(week, 1)[0]


def test_a_day_nobody_came_has_no_row_and_the_range_is_told_in_the_sites_zone(sandbox: Running) -> None:
    body = ask(sandbox, date_range=["2020-01-01", "2020-01-02"]).json()
    assert body["results"] == [] and body["meta"] == {"total_rows": 0}
    assert body["query"]["date_range"] == ["2020-01-01T00:00:00+08:00", "2020-01-02T23:59:59+08:00"]


@pytest.mark.parametrize(
    "change",
    [
        {"metrics": []},
        {"metrics": ["uv"]},
        {"metrics": ["visits", "visits"]},
        {"dimensions": ["visit:colour"]},
        {"date_range": ["2026-11-20", "2026-11-16"]},
        {"date_range": None},
        {"date_range": ["2026-11-31", "2026-12-01"]},
        {"order_by": [["time:week", "asc"]]},
        {"order_by": [["visits", "up"]]},
        {"pagination": {"limit": 10_001}},
        {"pagination": {"limit": 0}},
        {"pagination": {"offset": -1}},
        {"pagination": {"page": 2}},
        {"page": 2},
        {"include": {"colour": True}},
        {"include": {"total_rows": "yes"}},
        {"order_by": "visits"},
    ],
)
def test_a_wrong_query_is_refused(sandbox: Running, change: dict[str, Any]) -> None:
    answer = ask(sandbox, **change)
    assert answer.status_code == 400 and set(answer.json()) == {"error"}


def test_wrong_callers_are_refused(sandbox: Running) -> None:
    assert ask(sandbox, "0" * 64).status_code == 401
    assert ask(sandbox, site_id="other.example").status_code == 401
