"""Why a figure changed: the effects are LMDI's, add up to the change to the cent, and the sentence says what the figures say."""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from world import World

GRAINS = ("daily", "weekly", "monthly")
LEAVES = {
    "visitors": ("visitors", "conversion", "orders_per_buyer", "units_per_order", "unit_price"),
    "buyers": ("buyers", "orders_per_buyer", "units_per_order", "unit_price"),
    "orders": ("orders", "units_per_order", "unit_price"),
    "appeared": ("appeared",),
    "disappeared": ("disappeared",),
    "unexplained": ("unexplained",),
    "none": (),
}


@pytest.mark.parametrize("grain", GRAINS)
def test_the_effects_of_every_row_add_up_to_its_change(grain: str, built: Any) -> None:
    rows = built.rows(f"select * from marts.gmv_change_{grain}")
    assert len(rows) > 15
    for row in rows:
        total = sum((row[f"effect_{name}"] for name in LEAVES[row["explained_from"]]), Decimal(0))
        assert total == row["paid_amount_change"] == row["paid_amount"] - row["paid_amount_before"]


@pytest.mark.parametrize("grain", GRAINS)
def test_each_effect_is_the_logarithmic_mean_times_the_growth_of_its_factor(grain: str, built: Any) -> None:
    explained = 0
    for row in built.rows(f"select * from marts.gmv_change_{grain}"):
        if row["explained_from"] not in ("visitors", "buyers"):
            continue
        now, before = float(row["paid_amount"]), float(row["paid_amount_before"])
        mean = now if now == before else (now - before) / math.log(now / before)

        def level(suffix: str, row: dict[str, Any] = row) -> dict[str, float]:
            names = ("visitors", "buyers", "orders_paid", "units_paid", "paid_amount")
            return {name: float(row[name + suffix] or 0) for name in names}

        one, zero = level(""), level("_before")

        def effect(of: str, per: str, mean: float = mean, one: Any = one, zero: Any = zero) -> float:
            return mean * math.log((one[of] / one[per]) / (zero[of] / zero[per]))

        assert float(row["effect_orders_per_buyer"]) == pytest.approx(
            effect("orders_paid", "buyers"), abs=0.02
        )
        assert float(row["effect_units_per_order"]) == pytest.approx(
            effect("units_paid", "orders_paid"), abs=0.02
        )
        assert float(row["effect_unit_price"]) == pytest.approx(effect("paid_amount", "units_paid"), abs=0.03)
        if row["explained_from"] == "visitors":
            assert float(row["effect_conversion"]) == pytest.approx(effect("buyers", "visitors"), abs=0.02)
        explained += 1
    assert explained > 10


def test_a_change_is_explained_in_a_sentence_with_its_own_figures(built: Any) -> None:
    rows = built.rows("select * from marts.gmv_change_weekly union all select * from marts.gmv_change_daily")
    words = {"visitors": "visitors came", "unit_price": "a unit cost", "buyers": "people bought"}
    checked = set()
    for row in rows:
        assert row["sentence"].startswith(f"Paid {row['paid_amount']} CNY, ") and row["sentence"].endswith(
            "."
        )
        if row["main_driver"] in words:
            assert words[row["main_driver"]] in row["sentence"]
            assert f"{abs(row['paid_amount_change'])} " in row["sentence"]
            checked.add(row["main_driver"])
    assert checked == set(words)


def test_what_drove_a_change_did_not_go_against_it(built: Any) -> None:
    rows = built.rows(
        "select * from marts.gmv_change_daily where paid_amount_change <> 0"
        " and explained_from in ('visitors', 'buyers', 'orders')"
    )
    against = 0
    for row in rows:
        way = 1 if row["paid_amount_change"] > 0 else -1
        assert row[f"effect_{row['main_driver']}"] * way > 0, row["sentence"]
        against += row["effect_units_per_order"] == -row["effect_orders"]
    assert against > 0  # as many units in fewer orders: two effects of one size


def test_a_comparison_of_an_unfinished_week_takes_as_many_days_of_the_week_before(built: Any) -> None:
    (row,) = built.rows(
        "select c.*, s.paid_amount_prev from marts.gmv_change_weekly c join marts.store_weekly s"
        " using (store_id, period_start) where store_id = 'reef_us' and period_start = '2026-11-16'"
        " and compare = 'prev'"
    )
    assert not row["is_complete"] and row["days_elapsed"] == 6
    assert row["paid_amount_before"] == row["paid_amount_prev"]
    assert "than the first 6 days of the week before (" in row["sentence"]


# ---- by source ---------------------------------------------------------------------------------------------

EFFECTS = (
    "traffic", "source_share", "conversion", "basket", "appeared", "disappeared", "unexplained", "unattributed",
)  # fmt: skip


@pytest.mark.parametrize("grain", GRAINS)
def test_the_effects_of_the_sources_add_up_to_the_change_of_the_store(grain: str, built: Any) -> None:
    store = {
        (row["store_id"], row["compare"], row["period_start"]): row
        for row in built.rows(f"select * from marts.gmv_change_{grain}")
    }
    rows: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for row in built.rows(f"select * from marts.gmv_change_source_{grain}"):
        rows[row["store_id"], row["compare"], row["period_start"]].append(row)
    for key, group in rows.items():
        (total,) = [row for row in group if row["is_total"]]
        for name in ("paid_amount", "paid_amount_before", "paid_amount_change"):
            assert total[name] == store[key][name], key
        assert sum(total[f"effect_{name}"] for name in EFFECTS) == total["paid_amount_change"], key
        told = [row for row in group if not row["is_total"] and row["explained_from"] != "untold"]
        assert told
        for row in told:
            change = sum((row[f"effect_{name}"] or 0 for name in EFFECTS), Decimal(0))
            assert change == row["paid_amount_change"] == row["paid_amount"] - row["paid_amount_before"], key
        for name in EFFECTS[:-1]:
            assert total[f"effect_{name}"] == sum(row[f"effect_{name}"] or 0 for row in told), (key, name)
    # The files of the world tell of no whole month.
    assert len(rows) >= {"daily": 40, "weekly": 2, "monthly": 0}[grain]


@pytest.mark.parametrize("grain", ("day", "week"))
def test_each_source_is_taken_apart_from_what_the_export_says_of_its_days(
    grain: str, built: Any, world: World
) -> None:
    """From the rows of the files themselves, period by period: visits, buyers and money of every source."""
    seen = {
        (row["source_l2"], row["period_start"]): row["visitors"]
        for row in world.streams["traffic"]
        if row["grain"] == "day" and row["device"] == "all" and not row["is_total"]
    }
    brought = {
        (row["source_l2"], row["period_start"]): row
        for row in world.streams["source_outcomes"]
        if row["grain"] == "day" and not row["is_total"]
    }
    rows = built.rows(
        f"select * from marts.gmv_change_source_{'daily' if grain == 'day' else 'weekly'} where not is_total"
    )
    groups: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[row["compare"], row["period_start"]].append(row)
    explained = 0
    for group in groups.values():

        def days(row: dict[str, Any], start: Any) -> list[Any]:
            return [start + timedelta(days=n) for n in range(row["days_elapsed"])]

        def added(row: dict[str, Any], start: Any, of: str) -> Any:
            keys = [(row["source_l2"], day) for day in days(row, start)]
            if of == "visits":
                return sum(seen.get(key, 0) for key in keys)
            return sum(brought[key][of] if key in brought else 0 for key in keys)

        starts = [(row["period_start"], row["before_period_start"]) for row in group]
        all_visits = [
            sum(added(row, start[which], "visits") for row, start in zip(group, starts, strict=True))
            for which in (0, 1)
        ]
        for row in group:
            if row["explained_from"] != "visitors":
                continue
            now, before = row["period_start"], row["before_period_start"]
            visits, visits_before = added(row, now, "visits"), added(row, before, "visits")
            bought, bought_before = added(row, now, "paid"), added(row, before, "paid")
            paid, paid_before = added(row, now, "paid_amount"), added(row, before, "paid_amount")
            assert (row["visitor_days"], row["buyer_days"]) == (visits, bought)
            assert (row["paid_amount"], row["paid_amount_before"]) == (paid, paid_before)
            one, zero = float(paid), float(paid_before)
            mean = one if one == zero else (one - zero) / math.log(one / zero)
            factors = {
                "traffic": all_visits[0] / all_visits[1],
                "source_share": visits / all_visits[0] / (visits_before / all_visits[1]),
                "conversion": bought / visits / (bought_before / visits_before),
                "basket": one / bought / (zero / bought_before),
            }
            for name, growth in factors.items():
                assert float(row[f"effect_{name}"]) == pytest.approx(mean * math.log(growth), abs=0.03), (
                    row,
                    name,
                )
            explained += 1
    assert explained > 20 or (grain == "week" and explained > 3), explained


def test_a_change_by_source_is_explained_in_a_sentence_with_its_own_figures(built: Any) -> None:
    rows = built.rows("select * from marts.gmv_change_source_daily")
    assert {row["is_total"] for row in rows} == {True, False}
    for row in rows:
        who = "Paid" if row["is_total"] else f"{row['source_l1']} > {row['source_l2']} brought"
        assert row["sentence"].startswith(who) and row["sentence"].endswith(".")
        if row["paid_amount_change"]:
            assert f" {abs(row['paid_amount_change'])} " in row["sentence"]
        assert (row["main_source"] is None) == ("did most" not in row["sentence"])
        if row["main_source"]:
            assert f"; of the sources {row['main_source']} did most (" in row["sentence"]
