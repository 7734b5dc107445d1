"""The fiscal calendar recomputed without SQL, and the queries of docs/fiscal.md as they stand there."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "fiscal.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"```sql\n(.*?)```", PAGE, flags=re.S)
WEEKS = (4, 4, 5) * 4


def year_start(year: int) -> date:
    """The Monday of the week that holds the first of January."""
    first = date(year, 1, 1)
    return first - timedelta(days=first.weekday())


def fiscal(day: date) -> tuple[int, int, int, bool]:
    """Fiscal year, period, week, and whether the year has 53."""
    year = day.year + 1 if day >= year_start(day.year + 1) else day.year
    week = (day - year_start(year)).days // 7 + 1
    return year, period_of_week(week), week, (year_start(year + 1) - year_start(year)).days == 371


def period_of_week(week: int) -> int:
    left = week
    for period, weeks in enumerate(WEEKS, 1):
        if left <= weeks:
            return period
        left -= weeks
    return 12


@pytest.fixture(scope="module")
def dates(built: Any) -> dict[date, dict[str, Any]]:
    return {row["date_day"]: row for row in built.rows("select * from marts.dim_date")}


def test_every_date_has_its_fiscal_year_period_and_week(dates: Any) -> None:
    seen_53 = set()
    for day, row in dates.items():
        year, period, week, long = fiscal(day)
        assert (row["fiscal_year"], row["fiscal_period"], row["fiscal_week"]) == (year, period, week), day
        assert row["fiscal_quarter"] == (period + 2) // 3
        assert row["is_fiscal_year_of_53_weeks"] == long
        seen_53.update([year] if long else [])
    assert len(seen_53) >= 4


def test_restated_weeks_of_two_years_are_364_days_apart(dates: Any) -> None:
    by_week = {
        (row["fiscal_year"], row["restated_fiscal_week"], row["iso_weekday"]): day
        for day, row in dates.items()
        if row["restated_fiscal_week"] is not None and row["fiscal_year"] is not None
    }
    after_long = compared = 0
    for day, row in dates.items():
        if row["fiscal_year"] is None:
            continue
        before = by_week.get((row["fiscal_year"] - 1, row["fiscal_week"], row["iso_weekday"]))
        if before is not None:
            assert day - before == timedelta(days=364), day
            compared += 1
            after_long += dates[before]["is_fiscal_year_of_53_weeks"]
    assert compared > 9000 and after_long >= 4 * 364


def test_what_adds_up_over_a_fiscal_period_comes_to_its_days(built: Any) -> None:
    expected: dict[tuple[int, int], Decimal] = defaultdict(Decimal)
    for row in built.rows("select period_start, paid_amount from marts.store_daily where store_id = 'ALL'"):
        year, period, _, _ = fiscal(row["period_start"])
        expected[year, period] += row["paid_amount"] or 0
    rows = built.rows(QUERIES[0])
    assert {(row["fiscal_year"], row["fiscal_period"]): row["paid_amount"] or 0 for row in rows} == expected


def test_buyers_of_a_fiscal_period_are_counted_anew(built: Any) -> None:
    people: dict[tuple[int, int, str], set[str]] = defaultdict(set)
    days: dict[tuple[int, int, str], int] = defaultdict(int)
    paid: dict[tuple[int, int, str], Decimal] = defaultdict(Decimal)
    for row in built.rows("select * from marts.fct_orders where is_counted"):
        year, period, _, _ = fiscal(row["paid_date"])
        key = (year, period, row["store_id"])
        paid[key] += row["paid_amount"]
        if row["buyer_key"]:
            people[key].add(row["buyer_key"])
            days[key] += 1
    rows = {
        (row["fiscal_year"], row["fiscal_period"], row["store_id"]): row for row in built.rows(QUERIES[1])
    }
    assert rows.keys() == paid.keys()
    for key, row in rows.items():
        buyers = len(people[key])
        assert row["buyers"] == buyers
        # What guests paid is in it, as in store_*.
        spent = pytest.approx(float(paid[key]) / buyers, abs=0.006) if buyers else None
        assert row["spend_per_buyer"] == spent
    assert sum(row["buyers"] for row in rows.values()) < sum(days.values())


def test_a_fiscal_period_is_set_against_the_restated_one_of_the_year_before(built: Any) -> None:
    paid = {
        row["period_start"]: row["paid_amount"]
        for row in built.rows(
            "select period_start, paid_amount from marts.store_daily where store_id = 'ALL'"
        )
    }
    compared = 0
    for row in built.rows(QUERIES[2]):
        days = [day for day in paid if fiscal(day)[:2] == (row["fiscal_year"], row["fiscal_period"])]
        before = [day - timedelta(days=364) for day in days if day - timedelta(days=364) in paid]
        assert (row["days"], row["days_before"]) == (len(days), len(before))
        assert (row["paid_amount_before"] or 0) == sum(paid[day] or 0 for day in before)
        compared += len(before)
    assert compared > 30
