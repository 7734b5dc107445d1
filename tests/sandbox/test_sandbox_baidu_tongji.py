"""The pretend Baidu Tongji answers and refuses as its document says (platforms-cn §21, door 2)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
import requests
from sandbox_callers import SHANGHAI, Callers

from extractors.sandbox import Running

METRICS = "pv_count,visit_count,visitor_count,new_visitor_count,bounce_ratio,avg_visit_time"


def _number(cell: Any) -> int:
    return int(str(cell).replace(",", ""))


def _table(body: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Rows by their label, cells by metric."""
    result = body["result"]
    names = result["fields"][1:]
    labels = [entry[0] if isinstance(entry[0], str) else entry[0]["name"] for entry in result["items"][0]]
    return dict(
        zip(labels, [dict(zip(names, cells, strict=True)) for cells in result["items"][1]], strict=True)
    )


def test_rows_are_positional_and_newest_first(callers: Callers) -> None:
    result = callers.tongji(max_results="100")["result"]
    assert result["fields"] == ["simple_date_title", "pv_count", "visitor_count"]
    labels = [entry[0] for entry in result["items"][0]]
    assert labels[0] == "2026/11/20"
    assert labels == sorted(labels, reverse=True)
    assert result["total"] == len(labels) == len(result["items"][1]) == 20
    assert all(len(cells) == 2 for cells in result["items"][1])


def test_pages_by_start_index_hold_every_row_once(callers: Callers) -> None:
    labels = [
        entry[0]
        for start in (0, 7, 14)
        for entry in callers.tongji(max_results="7", start_index=str(start))["result"]["items"][0]
    ]
    assert len(labels) == len(set(labels)) == 20


def test_counts_from_a_thousand_on_have_separators_and_missing_ones_are_dashes(callers: Callers) -> None:
    rows = _table(callers.tongji(metrics="pv_count,trans_count", max_results="100"))
    assert all("," in row["pv_count"] for row in rows.values())
    assert {row["trans_count"] for row in rows.values()} == {"--"}


def test_days_to_come_have_no_figures(callers: Callers) -> None:
    rows = _table(callers.tongji(start_date="20261121", end_date="20261122"))
    assert _number(rows["2026/11/21"]["pv_count"]) > 0
    assert set(rows["2026/11/22"].values()) == {"--"}


@pytest.mark.parametrize(
    ("gran", "start", "end"), [("week", "20261109", "20261115"), ("month", "20261001", "20261031")]
)
def test_visitors_of_a_period_are_fewer_than_the_days_together(
    callers: Callers, gran: str, start: str, end: str
) -> None:
    span = {"start_date": start, "end_date": end, "metrics": METRICS, "max_results": "100"}
    days = _table(callers.tongji(**span)).values()
    whole = list(_table(callers.tongji(gran=gran, **span)).values())
    assert len(whole) == 1
    daily = [_number(day["visitor_count"]) for day in days]
    assert max(daily) < _number(whole[0]["visitor_count"]) < sum(daily)
    for additive in ("pv_count", "visit_count"):
        assert _number(whole[0][additive]) == sum(_number(day[additive]) for day in days)


def test_periods_are_labelled_by_their_days(callers: Callers) -> None:
    labels = list(_table(callers.tongji(gran="week", start_date="20261104", end_date="20261120")))
    assert labels == ["2026/11/16 - 2026/11/20", "2026/11/09 - 2026/11/15", "2026/11/04 - 2026/11/08"]


@pytest.mark.parametrize("view", ["type", "site"])
def test_visitors_over_sources_are_at_least_the_total(callers: Callers, view: str) -> None:
    day = {"start_date": "20261111", "end_date": "20261111", "metrics": METRICS}
    sources = _table(callers.tongji(method="source/all/a", viewType=view, **day))
    total = next(iter(_table(callers.tongji(**day)).values()))
    visitors = [_number(row["visitor_count"]) for row in sources.values()]
    assert max(visitors) <= _number(total["visitor_count"]) < sum(visitors)
    assert sum(_number(row["visit_count"]) for row in sources.values()) == _number(total["visit_count"])
    assert ("百度" in sources) == (view == "site")


def test_devices_add_up_in_visits_and_not_in_visitors(callers: Callers) -> None:
    span = {"start_date": "20261101", "end_date": "20261120", "gran": "month", "metrics": METRICS}
    rows = [next(iter(_table(callers.tongji(clientDevice=d, **span)).values())) for d in ("pc", "mobile")]
    whole = next(iter(_table(callers.tongji(**span)).values()))
    assert sum(_number(row["visit_count"]) for row in rows) == _number(whole["visit_count"])
    assert sum(_number(row["visitor_count"]) for row in rows) > _number(whole["visitor_count"])


def test_the_source_filter_tells_bought_from_natural_search(callers: Callers) -> None:
    def visits(source: str) -> int:
        day = {"start_date": "20261111", "end_date": "20261111", "metrics": "visit_count"}
        return _number(next(iter(_table(callers.tongji(source=source, **day)).values()))["visit_count"])

    assert visits("search,1") == visits("searchBaiduPro") + visits("searchBaiduNature")
    assert visits("search,0") == visits("search,1") + visits("searchOther")


def test_late_hits_raise_yesterday_for_a_week(sandbox: Running, callers: Callers) -> None:
    def views(day: int) -> int:
        sandbox.control.set_clock(datetime(2026, 11, day, 2, 0, tzinfo=SHANGHAI))
        return _number(
            next(iter(_table(callers.tongji(start_date="20261105", end_date="20261105")).values()))[
                "pv_count"
            ]
        )

    assert views(6) < views(8) < views(13) == views(20)


REFUSED: dict[str, tuple[dict[str, Any], int]] = {
    "no token": ({"access_token": None}, 110),
    "an unknown token": ({"access_token": "made up"}, 110),
    "an unknown method": ({"method": "trend/time/b"}, 3),
    "another site": ({"site_id": "1"}, 6),
    "an unknown metric": ({"metrics": "pv_count,uv_count"}, 100),
    "no metrics": ({"metrics": ""}, 100),
    "dashes in a date": ({"start_date": "2026-11-01"}, 100),
    "an impossible date": ({"end_date": "20261131"}, 100),
    "an end before the start": ({"end_date": "20261001"}, 100),
    "more than 731 days": ({"start_date": "20240101", "end_date": "20260101"}, 100),
    "an unknown grain": ({"gran": "year"}, 100),
    "a parameter of another method": ({"viewType": "site"}, 100),
    "an unknown device": ({"clientDevice": "watch"}, 100),
    "an unknown source": ({"source": "search"}, 100),
    "an unknown order": ({"order": "uv,desc"}, 100),
    "rows past the end": ({"start_index": "60"}, 100),
}


@pytest.mark.parametrize("case", list(REFUSED))
def test_a_report_is_refused(callers: Callers, case: str) -> None:
    change, code = REFUSED[case]
    assert callers.tongji(**change)["error_code"] == code


def test_expired_tokens_are_said_to_be_and_can_be_refreshed_once(sandbox: Running) -> None:
    callers = Callers(sandbox, "expired")
    assert callers.tongji()["error_code"] == 111
    connection = callers.connections["baidu_tongji__lantern"]
    query = {
        "grant_type": "refresh_token",
        "client_id": connection["login"],
        "client_secret": connection["password"],
        "refresh_token": connection["extra"]["refresh_token"],
    }
    url = f"{connection['host']}/oauth/2.0/token"
    fresh = requests.get(url, params=query, timeout=10).json()
    assert "result" in callers.tongji(access_token=fresh["access_token"])
    assert requests.get(url, params=query, timeout=10).json()["error"] == "expired_token"
    assert (
        requests.post(url, data={**query, "refresh_token": fresh["refresh_token"]}, timeout=10).status_code
        == 200
    )


def test_the_site_list_names_the_sites_of_the_account(callers: Callers) -> None:
    connection = callers.connections["baidu_tongji__lantern"]
    url = f"{connection['host']}/rest/2.0/tongji/config/getSiteList"
    body = requests.get(url, params={"access_token": connection["extra"]["access_token"]}, timeout=10).json()
    assert [str(site["site_id"]) for site in body["list"]] == [connection["extra"]["site_id"]]
