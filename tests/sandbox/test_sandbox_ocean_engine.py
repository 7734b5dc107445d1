"""The pretend Ocean Engine answers and refuses as its document says (platforms-cn §16)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
import requests
from sandbox_callers import SHANGHAI, Callers

from extractors.sandbox import Running

ALL_METRICS = [
    "stat_cost",
    "show_cnt",
    "click_cnt",
    "ctr",
    "cpc_platform",
    "cpm_platform",
    "convert_cnt",
    "conversion_cost",
    "conversion_rate",
    "stat_pay_amount",
]


def _rows(body: dict[str, Any]) -> list[dict[str, Any]]:
    assert body["code"] == 0, body
    return body["data"]["rows"]


def test_every_value_is_text_and_pages_hold_every_row_once(callers: Callers) -> None:
    whole = _rows(callers.report())
    assert all(
        isinstance(v, str) for row in whole for part in ("dimensions", "metrics") for v in row[part].values()
    )
    keys = [tuple(row["dimensions"].values()) for row in whole]
    assert len(set(keys)) == len(keys) == 100
    first = callers.report(page_size="30")["data"]["page_info"]
    paged = [
        row
        for n in range(1, first["total_page"] + 1)
        for row in _rows(callers.report(page_size="30", page=str(n)))
    ]
    assert len(paged) == first["total_number"]
    assert paged[:100] == whole


def test_days_and_totals_are_the_sum_of_their_promotions(callers: Callers) -> None:
    span = {"start_time": "2026-11-10", "end_time": "2026-11-12"}
    promotions = callers.report(**span)
    days = callers.report(dimensions=["stat_time_day"], **span)
    for day in _rows(days):
        date = day["dimensions"]["stat_time_day"]
        costs = [
            row["metrics"]["stat_cost"]
            for row in _rows(promotions)
            if row["dimensions"]["stat_time_day"] == date
        ]
        assert sum(map(Decimal, costs)) == Decimal(day["metrics"]["stat_cost"])
    assert promotions["data"]["total_metrics"] == days["data"]["total_metrics"]


def test_the_wallet_agrees_with_the_report(callers: Callers) -> None:
    days = _rows(callers.report(dimensions=["stat_time_day"]))
    stat = callers.ocean(
        "2/advertiser/fund/daily_stat/", start_date="2026-11-01", end_date="2026-11-20", page_size="100"
    )["data"]["list"]
    assert [row["date"] for row in stat] == sorted((row["date"] for row in stat), reverse=True)
    cost = {row["date"]: row["cost"] for row in stat}
    assert {d["dimensions"]["stat_time_day"]: float(d["metrics"]["stat_cost"]) for d in days} == cost
    for row in stat:
        assert row["cash_cost"] + row["reward_cost"] == pytest.approx(row["cost"])


def test_the_balance_moves_by_income_and_cost(callers: Callers) -> None:
    stat = callers.ocean(
        "2/advertiser/fund/daily_stat/", start_date="2026-11-03", end_date="2026-11-20", page_size="100"
    )["data"]["list"][::-1]
    for before, after in pairwise(stat):
        assert after["balance"] == pytest.approx(before["balance"] + after["income"] - after["cost"])
    assert any(row["income"] for row in stat)


def test_conversions_mature_and_spend_is_corrected(sandbox: Running, callers: Callers) -> None:
    def day(at: datetime) -> dict[str, str]:
        sandbox.control.set_clock(at)
        body = callers.report(
            dimensions=["stat_time_day"], metrics=ALL_METRICS, start_time="2026-10-10", end_time="2026-10-10"
        )
        return _rows(body)[0]["metrics"]

    same = day(datetime(2026, 10, 10, 15, 0, tzinfo=SHANGHAI))
    next_day = day(datetime(2026, 10, 11, 2, 0, tzinfo=SHANGHAI))
    corrected = day(datetime(2026, 10, 13, 2, 0, tzinfo=SHANGHAI))
    mature = day(datetime(2026, 11, 12, 2, 0, tzinfo=SHANGHAI))
    later = day(datetime(2026, 12, 24, 2, 0, tzinfo=SHANGHAI))
    assert float(same["stat_cost"]) < float(next_day["stat_cost"])
    assert float(corrected["stat_cost"]) < float(next_day["stat_cost"])
    assert int(next_day["convert_cnt"]) < int(corrected["convert_cnt"]) < int(mature["convert_cnt"])
    assert corrected["stat_cost"] == mature["stat_cost"]
    assert mature == later


def test_a_row_can_disappear_when_its_spend_is_cancelled(sandbox: Running, callers: Callers) -> None:
    def keys(at: datetime) -> set[tuple[str, ...]]:
        sandbox.control.set_clock(at)
        span = {"start_time": "2026-09-15", "end_time": "2026-10-12"}
        pages = callers.report(**span)["data"]["page_info"]["total_page"]
        rows = [row for n in range(1, pages + 1) for row in _rows(callers.report(page=str(n), **span))]
        return {tuple(row["dimensions"].values()) for row in rows}

    gone: set[tuple[str, ...]] = set()
    for day in range(16, 29):
        early, late = (
            datetime(2026, 9, day, 6, tzinfo=SHANGHAI),
            datetime(2026, 9, day + 2, 6, tzinfo=SHANGHAI),
        )
        gone |= keys(early) - keys(late)
    assert gone


REFUSED: dict[str, tuple[dict[str, Any], int]] = {
    "no token": ({"token": ""}, 40104),
    "an unknown token": ({"token": "made up"}, 40105),
    "no advertiser": ({"advertiser_id": None}, 40001),
    "another advertiser": ({"advertiser_id": "1760000000000000457"}, 40002),
    "an unknown dimension": ({"dimensions": ["stat_time_dya"]}, 40001),
    "an unknown metric": ({"metrics": ["cost"]}, 40001),
    "no dimensions": ({"dimensions": []}, 40001),
    "metrics that are no JSON": ({"metrics": "stat_cost"}, 40001),
    "no filters": ({"filters": None}, 40001),
    "a filter without operator": ({"filters": [{"field": "cdp_project_id"}]}, 40001),
    "no order": ({"order_by": None}, 40001),
    "an order by what was not asked for": ({"order_by": [{"field": "show_cnt", "type": "ASC"}]}, 40001),
    "a page too large": ({"page_size": "101"}, 40001),
    "page zero": ({"page": "0"}, 40001),
    "a page past the end": ({"page": "99"}, 40001),
    "more than thirty days": ({"start_time": "2026-10-01", "end_time": "2026-10-31"}, 40001),
    "an end before the start": ({"start_time": "2026-11-20", "end_time": "2026-11-01"}, 40001),
    "a time for a date": ({"start_time": "2026-11-01 00:00:00"}, 40001),
    "an unknown topic": ({"data_topic": "BASIC"}, 40001),
    "an unknown parameter": ({"pagesize": "10"}, 40001),
}


@pytest.mark.parametrize("case", list(REFUSED))
def test_the_report_refuses_at_http_200(callers: Callers, case: str) -> None:
    change, code = REFUSED[case]
    assert callers.report(**change)["code"] == code


def test_thirty_days_are_not_too_many(callers: Callers) -> None:
    assert callers.report(start_time="2026-10-01", end_time="2026-10-30")["code"] == 0


def test_rows_can_be_filtered_and_ordered(callers: Callers) -> None:
    metrics = ["stat_cost", "show_cnt"]
    rows = _rows(callers.report(metrics=metrics, order_by=[{"field": "show_cnt", "type": "DESC"}]))
    shows = [int(row["metrics"]["show_cnt"]) for row in rows]
    assert shows == sorted(shows, reverse=True)
    one = rows[0]["dimensions"]["cdp_promotion_id"]
    only = [{"field": "cdp_promotion_id", "type": 2, "operator": 10, "values": [one]}]
    assert {row["dimensions"]["cdp_promotion_id"] for row in _rows(callers.report(filters=only))} == {one}


def test_a_refresh_replaces_both_tokens_and_spends_the_old_one(sandbox: Running) -> None:
    callers = Callers(sandbox, "expired")
    assert callers.report()["code"] == 40102
    connection = callers.connections["ocean_engine__lantern"]
    body = {
        "app_id": connection["login"],
        "secret": connection["password"],
        "refresh_token": connection["extra"]["refresh_token"],
    }
    url = f"{connection['host']}/open_api/oauth2/refresh_token/"
    fresh = requests.post(url, json=body, timeout=10).json()["data"]
    assert fresh["refresh_token"] != body["refresh_token"]
    assert requests.post(url, json=body, timeout=10).json()["code"] == 40107
    assert callers.report(token=fresh["access_token"])["code"] == 0
    again = requests.post(url, json={**body, "refresh_token": fresh["refresh_token"]}, timeout=10).json()
    assert again["code"] == 0


def test_a_revoked_token_cannot_be_refreshed(sandbox: Running) -> None:
    callers = Callers(sandbox, "revoked")
    assert callers.report()["code"] == 40105
    connection = callers.connections["ocean_engine__lantern"]
    body = {
        "app_id": connection["login"],
        "secret": connection["password"],
        "refresh_token": connection["extra"]["refresh_token"],
    }
    answer = requests.post(f"{connection['host']}/open_api/oauth2/refresh_token/", json=body, timeout=10)
    assert answer.json()["code"] == 40107


def test_the_configuration_lists_what_the_report_accepts(callers: Callers) -> None:
    body = callers.ocean("v3.0/report/custom/config/get/", data_topics=["BASIC_DATA"])
    topic = body["data"]["list"][0]
    dimensions = [entry["field"] for entry in topic["dimensions"]]
    metrics = [entry["field"] for entry in topic["metrics"]]
    assert callers.report(dimensions=dimensions, metrics=metrics)["code"] == 0


def test_the_token_names_its_advertiser(callers: Callers) -> None:
    rows = callers.ocean("oauth2/advertiser/get/", advertiser_id=None)["data"]["list"]
    assert [row["advertiser_id"] for row in rows] == [1_760_000_000_000_000_123]
