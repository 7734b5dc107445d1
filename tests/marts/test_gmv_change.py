"""Why a figure changed: the effects are LMDI's, add up to the change to the cent, and the sentence says what the figures say."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest

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


def test_a_comparison_of_an_unfinished_week_takes_as_many_days_of_the_week_before(built: Any) -> None:
    (row,) = built.rows(
        "select c.*, s.paid_amount_prev from marts.gmv_change_weekly c join marts.store_weekly s"
        " using (store_id, period_start) where store_id = 'reef_us' and period_start = '2026-11-16'"
        " and compare = 'prev'"
    )
    assert not row["is_complete"] and row["days_elapsed"] == 6
    assert row["paid_amount_before"] == row["paid_amount_prev"]
    assert "than the first 6 days of the week before (" in row["sentence"]
