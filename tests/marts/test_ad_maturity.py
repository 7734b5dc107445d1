"""How ads grow after their day: figures at equal age and what young days will come to, recomputed from the rows."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from expected import Books, period_of, ratio
from world import World

GRAINS = {"day": "daily", "week": "weekly", "month": "monthly"}
MATURE = 28
ENOUGH_DAYS = 14
Read = dict[str, Decimal]


@pytest.fixture(scope="module")
def reads(world: World) -> dict[tuple[str, str, date, int], Read]:
    """What each read said: (account, campaign, day, age) → sums over its ads."""
    found: dict[tuple[str, str, date, int], Read] = defaultdict(lambda: defaultdict(Decimal))
    for row in world.streams["ads"]:
        if row["entity_level"] not in ("account", "keyword"):
            age = (row["as_of_date"] - row["report_date"]).days
            read = found[row["account_id"], row["campaign_id"], row["report_date"], age]
            for name in ("spend", "conversions_platform", "conversion_value_platform"):
                read[name] += row[name]
    return found


@pytest.fixture(scope="module")
def ages(reads: Any) -> dict[tuple[str, date], list[int]]:
    found: dict[tuple[str, date], set[int]] = defaultdict(set)
    for account, _, day, age in reads:
        found[account, day].add(age)
    return {key: sorted(value) for key, value in found.items()}


def share(account: str | None, at: int, name: str, reads: Any, ages: Any) -> float | None:
    """Part of the final figure known at an age, over the matured days of an account, or of all of them (None)."""
    then = final = Decimal(0)
    days = 0
    for (of, day), seen in ages.items():
        if account not in (None, of) or seen[-1] < MATURE:
            continue
        younger = [age for age in seen if age <= at]
        if younger:
            days += 1
            then += sum(
                read[name] for key, read in reads.items() if key[::2] == (of, day) and key[3] == younger[-1]
            )
            final += sum(
                read[name] for key, read in reads.items() if key[::2] == (of, day) and key[3] == seen[-1]
            )
    return ratio(then, final) if days >= ENOUGH_DAYS else None


def test_every_read_of_every_day_is_kept(built: Any, world: World) -> None:
    rows = built.rows("select * from marts.fct_ad_snapshot")
    assert len(rows) == len(world.streams["ads"])
    assert sum(row["is_latest"] for row in rows) == sum(
        bool(row["is_latest"]) for row in world.streams["ads"]
    )
    assert {row["days_since"] for row in rows} == {1, 4, 7, 29}
    for row in rows[::50]:
        assert row["as_of_date"] - row["report_date"] == timedelta(days=row["days_since"])


def test_the_growth_of_matured_days_is_the_curve_of_the_account_or_of_its_platform(
    built: Any, reads: Any, ages: Any
) -> None:
    rows = {
        (row["account_id"], row["days_since"]): row for row in built.rows("select * from marts.ad_maturity")
    }
    assert len(rows) == 2 * MATURE
    for (account, age), row in rows.items():
        jade = account == "ocean_engine__jade"
        assert row["curve_of"] == ("account" if jade else "platform"), "reef has six matured days"
        for name, column in (
            ("conversions_platform", "conversions_share"),
            ("conversion_value_platform", "conversion_value_share"),
        ):
            assert row[column] == pytest.approx(
                share(account if jade else None, age, name, reads, ages), abs=2e-6
            )


@pytest.mark.parametrize("grain", GRAINS)
def test_a_campaign_is_judged_at_equal_age_and_by_what_it_will_come_to(
    grain: str, built: Any, reads: Any, ages: Any, books: Books
) -> None:
    shares = {
        (account, age): share(of, age, "conversions_platform", reads, ages)
        for account, of in (("ocean_engine__jade", "ocean_engine__jade"), ("ocean_engine__reef", None))
        for age in (1, 4, 7)
    }
    rows = built.rows(f"select * from marts.ad_campaign_{GRAINS[grain]}")
    known = withdrawn = 0
    for row in rows:
        account, campaign, start = row["account_id"], row["campaign_id"], row["period_start"]
        last = books.last_day([row["store_id"]])
        days = sorted(
            {
                day
                for of, which, day, _ in reads
                if (of, which, period_of(grain, day)) == (account, campaign, start) and day <= last
            }
        )
        last_reads = {
            day: max(age for age in ages[account, day] if (account, campaign, day, age) in reads)
            for day in days
        }
        # A day on which the campaign is withdrawn has no figure that could still grow.
        standing = {
            day: age for day, age in last_reads.items() if age == ages[account, day][-1]
        } or last_reads
        assert row["days_since"] == min(standing.values())
        assert row["as_of_date"] == min(day + timedelta(days=age) for day, age in standing.items())
        withdrawn += len(standing) < len(last_reads)
        for age in (1, 7):
            if all(age in ages[account, day] for day in days):
                then = [reads.get((account, campaign, day, age), defaultdict(Decimal)) for day in days]
                value = sum(read["conversion_value_platform"] for read in then)
                assert row[f"conversion_value_{age}d"] == value
                assert row[f"spend_{age}d"] == sum(read["spend"] for read in then)
                assert row[f"roas_{age}d"] == pytest.approx(ratio(value, row[f"spend_{age}d"]), abs=2e-6)
                known += 1
            else:
                assert row[f"roas_{age}d"] is None and row[f"spend_{age}d"] is None
        expected = 0.0
        for day in days:
            latest = ages[account, day][-1]
            read = reads.get((account, campaign, day, latest))
            if read:
                expected += float(read["conversions_platform"]) / (
                    1 if latest >= MATURE else shares[account, latest]
                )
        if row["conversions_platform"] is None:
            assert row["conversions_expected_final"] is None
        else:
            assert float(row["conversions_expected_final"]) == pytest.approx(expected, abs=0.01)
    assert known > 5 and (withdrawn > 1 or grain == "day")


@pytest.mark.parametrize("grain", GRAINS)
def test_an_account_is_as_old_as_the_reads_of_its_days(
    grain: str, built: Any, ages: Any, books: Books
) -> None:
    """Not as old as the last read of an ad that later reads of the day name no more."""
    rows = built.rows(f"select * from marts.ad_account_{GRAINS[grain]}")
    for row in rows:
        last = books.last_day([row["store_id"]])
        reads = {
            day: own[-1]
            for (account, day), own in ages.items()
            if (account, period_of(grain, day)) == (row["account_id"], row["period_start"]) and day <= last
        }
        assert row["days_since"] == min(reads.values())
        assert row["as_of_date"] == min(day + timedelta(days=age) for day, age in reads.items())
    assert len(rows) > 3


def test_a_day_is_compared_with_the_day_before_as_both_stood_after_one_day(built: Any) -> None:
    rows = {
        (row["account_id"], row["campaign_id"], row["period_start"]): row
        for row in built.rows("select * from marts.ad_campaign_daily")
    }
    compared = 0
    for (account, campaign, day), row in rows.items():
        before = rows.get((account, campaign, day - timedelta(days=1)))
        if before and before["roas_1d"]:
            assert row["roas_1d_prev"] == before["roas_1d"]
            assert row["roas_1d_prev_chg"] == pytest.approx(row["roas_1d"] / before["roas_1d"] - 1, abs=1e-5)
            compared += 1
    assert compared > 50
