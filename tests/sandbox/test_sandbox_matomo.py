"""The pretend Matomo answers and refuses as its document says (platforms-global §7)."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

import pytest
import requests

from extractors.sandbox import Running
from extractors.sandbox.world import World

ORDERS: dict[str, Any] = dict.fromkeys(
    ("idGoal", "filter_update_columns_when_show_all_goals", "filter_show_goal_columns_process_goals"),
    "ecommerceOrder",
)
REPORT = {"idSite": "1", "period": "day", "date": "2026-11-16,2026-11-20", "filter_limit": "-1"}


def ask(sandbox: Running, method: str = "VisitsSummary.get", query: Any = None, **change: Any) -> Any:
    given: Any = sandbox.connections()["matomo__lantern"]
    form = {"module": "API", "format": "JSON", "method": method, "token_auth": given["password"]}
    form = {name: value for name, value in {**form, **REPORT, **change}.items() if value is not None}
    answer = requests.post(f"{given['host']}/index.php", params=query, data=form, timeout=10)
    assert answer.status_code == 200, "errors come with HTTP 200 as well"
    return answer.json()


def test_visitors_of_a_week_are_fewer_than_those_of_its_days_and_visits_are_as_many(sandbox: Running) -> None:
    days = ask(sandbox, date="2026-11-09,2026-11-15")
    week = ask(sandbox, period="week", date="2026-11-09,2026-11-15")
    assert len(days) == 7 and list(week) == ["2026-11-09,2026-11-15"]
    (whole,) = week.values()
    daily = [day["nb_uniq_visitors"] for day in days.values()]
    assert max(daily) < whole["nb_uniq_visitors"] < sum(daily)
    assert whole["nb_visits"] == sum(day["nb_visits"] for day in days.values())


def test_a_range_has_no_distinct_visitors_and_no_label(sandbox: Running) -> None:
    whole = ask(sandbox, period="range")
    assert "nb_uniq_visitors" not in whole and whole["nb_visits"] > 0
    assert list(ask(sandbox, period="month", date="2026-11-01,2026-11-20")) == ["2026-11"]


def test_rows_of_a_week_hold_the_days_added_up_in_place_of_a_distinct_count(sandbox: Running) -> None:
    days = ask(sandbox, "DevicesDetection.getType", date="2026-11-09,2026-11-15")
    (rows,) = ask(sandbox, "DevicesDetection.getType", period="week", date="2026-11-09,2026-11-15").values()
    assert len(rows) > 1
    for row in rows:
        mine = [day for table in days.values() for day in table if day["label"] == row["label"]]
        assert row["sum_daily_nb_uniq_visitors"] == sum(day["nb_uniq_visitors"] for day in mine) > 0
        assert "nb_uniq_visitors" not in row


def test_kinds_of_referrer_come_to_all_visits_and_campaigns_to_their_kind(sandbox: Running) -> None:
    total = ask(sandbox, period="range")["nb_visits"]
    kinds = {
        row["label"]: row["nb_visits"] for row in ask(sandbox, "Referrers.getReferrerType", period="range")
    }
    campaigns = [row["nb_visits"] for row in ask(sandbox, "Referrers.getCampaigns", period="range")]
    assert sum(kinds.values()) == total and sum(campaigns) == kinds["Campaigns"] > 0
    assert len(ask(sandbox, "Referrers.getReferrerType", period="range", filter_limit="2")) == 2


def test_the_orders_of_all_kinds_are_most_of_the_shops_and_only_those_who_ask_are_told(
    sandbox: Running,
) -> None:
    def sold(method: str) -> list[Any]:
        rows = ask(sandbox, method, period="range", **ORDERS)
        return [row.get("goal_ecommerceOrder_nb_conversions", 0) for row in rows]

    placed = sum(World().books["lantern_web"].maker.count(date(2026, 11, day)) for day in range(16, 21))
    kinds, campaigns = sold("Referrers.getReferrerType"), sold("Referrers.getCampaigns")
    assert 0.6 * placed < sum(kinds) < placed and 0 < sum(campaigns) < sum(kinds)
    for row in ask(sandbox, "Referrers.getReferrerType", period="range"):
        assert not [name for name in row if name.startswith("goal_")]
    for change in ({"idGoal": "1"}, {"idGoal": None}, {"method": "VisitsSummary.get"}):
        assert "orders" in ask(sandbox, **{"method": "Referrers.getCampaigns", **ORDERS, **change})["message"]


def test_a_day_nobody_came_is_an_empty_list(sandbox: Running) -> None:
    assert ask(sandbox, date="2020-01-01,2020-01-02") == {"2020-01-01": [], "2020-01-02": []}


def test_several_reports_come_in_one_answer_and_each_says_what_is_wrong_with_it(sandbox: Running) -> None:
    calls = [
        {"method": "SitesManager.getSiteFromId", "idSite": "1"},
        {"method": "VisitsSummary.get", **REPORT},
    ]
    calls.append({"method": "VisitsSummary.get", **REPORT, "idSite": "2"})
    urls = {f"urls[{place}]": urlencode(call) for place, call in enumerate(calls)}
    site, summary, refused = ask(sandbox, "API.getBulkRequest", **dict.fromkeys(REPORT), **urls)
    assert site[0]["timezone"] == "Asia/Shanghai" and summary == ask(sandbox)
    assert refused["result"] == "error" and "website id = 2" in refused["message"]


@pytest.mark.parametrize(
    "change",
    [
        {"token_auth": "0" * 32},
        {"token_auth": None},
        {"idSite": "7"},
        {"method": "VisitsSummary.getUniqueUsers"},
        {"period": "fortnight"},
        {"date": "2026-11-31"},
        {"date": "2026-11-20,2026-11-16"},
        {"date": "16.11.2026"},
        {"format": "CSV"},
        {"module": "CoreHome"},
        {"idsite": "1"},
        {"segment": "countryCode==cn"},
        {"filter_offset": "10"},
        {"filter_limit": "all"},
        {"method": "API.getBulkRequest"},
    ],
)
def test_a_wrong_call_is_refused_with_http_200(sandbox: Running, change: dict[str, Any]) -> None:
    assert ask(sandbox, **change)["result"] == "error"


def test_a_token_in_the_address_is_refused(sandbox: Running) -> None:
    given: Any = sandbox.connections()["matomo__lantern"]
    answer = ask(sandbox, query={"token_auth": given["password"]}, token_auth=None)
    assert "POST" in answer["message"]
