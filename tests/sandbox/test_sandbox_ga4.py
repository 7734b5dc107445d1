"""The pretend GA4 Data API answers and refuses as its document says (platforms-global §6)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import requests

from extractors.sandbox import Running
from extractors.sandbox.world import World

ASKED: dict[str, Any] = {
    "dateRanges": [{"startDate": "2026-11-16", "endDate": "2026-11-20"}],
    "dimensions": [{"name": "date"}, {"name": "sessionSourceMedium"}],
    "metrics": [{"name": "totalUsers"}, {"name": "sessions"}],
    "orderBys": [{"dimension": {"dimensionName": "date"}}],
}

BY_EVENT: dict[str, Any] = {"dimensions": [{"name": "date"}, {"name": "eventName"}]}


def event_filter(*names: str, **more: Any) -> dict[str, Any]:
    kept = {"fieldName": "eventName", "inListFilter": {"values": list(names), "caseSensitive": True}}
    return {"filter": {**kept, **more}}


def ask(
    sandbox: Running, variant: str = "valid", number: str = "312450001", **change: Any
) -> requests.Response:
    given: Any = sandbox.connections(variant)["ga4__lantern"]
    body = {name: value for name, value in {**ASKED, **change}.items() if value is not None}
    return requests.post(
        f"{given['host']}/v1beta/properties/{number}:runReport",
        json=body,
        headers={"Authorization": f"Bearer {given['extra']['access_token']}"},
        timeout=10,
    )


def values(answer: requests.Response, place: int) -> list[int]:
    return [int(row["metricValues"][place]["value"]) for row in answer.json()["rows"]]


def test_pages_hold_every_row_once_and_the_count_is_of_all(sandbox: Running) -> None:
    whole = ask(sandbox).json()
    parts = [ask(sandbox, limit=7, offset=start).json() for start in range(0, whole["rowCount"], 7)]
    assert [row for part in parts for row in part["rows"]] == whole["rows"]
    assert {part["rowCount"] for part in parts} == {whole["rowCount"]} and len(parts) > 2


def test_users_of_a_week_are_fewer_than_those_of_its_days_and_sessions_are_as_many(sandbox: Running) -> None:
    days = ask(sandbox, dimensions=[{"name": "date"}])
    week = ask(sandbox, dimensions=[{"name": "isoYearIsoWeek"}], orderBys=None)
    assert [row["dimensionValues"][0]["value"] for row in week.json()["rows"]] == ["202647"]
    assert sum(values(days, 0)) > values(week, 0)[0] and sum(values(days, 1)) == values(week, 1)[0]


def test_fewer_people_take_each_step_and_the_shop_knows_of_more_orders_than_the_site(
    sandbox: Running,
) -> None:
    people = {}
    for row in ask(sandbox, **BY_EVENT).json()["rows"]:
        name, count = row["dimensionValues"][1]["value"], int(row["metricValues"][0]["value"])
        people[name] = people.get(name, 0) + count
    steps = ["page_view", "view_item", "add_to_cart", "begin_checkout", "purchase"]
    assert [people[name] for name in steps] == sorted({people[name] for name in steps}, reverse=True)
    names = ("totalPurchasers", "ecommercePurchases", "grossPurchaseRevenue")
    bought = ask(sandbox, dimensions=[{"name": "date"}], metrics=[{"name": name} for name in names])
    purchasers, purchases = values(bought, 0), values(bought, 1)
    assert sum(purchasers) == people["purchase"] and all(map(int.__ge__, purchases, purchasers))
    revenue = [float(row["metricValues"][2]["value"]) for row in bought.json()["rows"]]
    world = World()
    for day, orders in enumerate(purchases):
        placed = world.books["lantern_web"].maker.count(date(2026, 11, 16 + day))
        assert 0.6 * placed < orders < placed and revenue[day] > 100 * orders
    only = ask(sandbox, **BY_EVENT, dimensionFilter=event_filter("add_to_cart", "nothing")).json()["rows"]
    assert {row["dimensionValues"][1]["value"] for row in only} == {"add_to_cart"}


def test_a_day_nobody_came_has_no_rows_and_no_count(sandbox: Running) -> None:
    body = ask(sandbox, dateRanges=[{"startDate": "2020-01-01", "endDate": "2020-01-02"}]).json()
    assert "rows" not in body and "rowCount" not in body


@pytest.mark.parametrize(
    "change",
    [
        {"metrics": []},
        {"metrics": [{"name": "conversions"}]},
        {"dimensions": [{"name": "colour"}]},
        {"dateRanges": [{"startDate": "2026-11-20", "endDate": "2026-11-16"}]},
        {"dateRanges": []},
        {"limit": 250_001},
        {"offset": -1},
        {"orderBys": [{"dimension": {"dimensionName": "yearMonth"}}]},
        {"orderBys": [{"dimension": {"dimensionName": "date"}, "desc": True}]},
        {"keepEmptyRows": True},
        {"dateRanges": [{"startDate": "2015-08-13", "endDate": "2015-08-20"}]},
        {"pageSize": 10},
        {"returnPropertyQuota": "yes"},
        {"orderBys": "date"},
        {"dimensionFilter": {"andGroup": {}}},
        {"dimensionFilter": event_filter("view_item")},
        {**BY_EVENT, "dimensionFilter": event_filter()},
        {**BY_EVENT, "dimensionFilter": event_filter(inListFilter={"values": "a", "caseSensitive": True})},
        {**BY_EVENT, "dimensionFilter": event_filter("view_item", fieldName="country")},
    ],
)
def test_a_wrong_report_is_refused(sandbox: Running, change: dict[str, Any]) -> None:
    answer = ask(sandbox, **change)
    assert answer.status_code == 400 and answer.json()["error"]["status"] == "INVALID_ARGUMENT"


def test_wrong_callers_are_refused(sandbox: Running) -> None:
    assert ask(sandbox, "expired").json()["error"]["status"] == "UNAUTHENTICATED"
    assert ask(sandbox, "revoked").status_code == 401
    assert ask(sandbox, number="1").json()["error"]["status"] == "PERMISSION_DENIED"


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"grant_type": "refresh_token", "refresh_token": "x"},
        {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": "a.b.c"},
        {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": "e30.e30.AAAA"},
    ],
)
def test_a_statement_nobody_signed_buys_nothing(sandbox: Running, form: dict[str, str]) -> None:
    answer = requests.post(f"{sandbox.base_url}/ga4/token", data=form, timeout=10)
    assert answer.status_code == 400 and answer.json()["error"] == "invalid_grant"
