"""Margins and targets against the same figures worked out in plain Python, line by line and day by day."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from expected import Books, cents, period_of, ratio
from world import World

GRAINS = {"day": "daily", "week": "weekly", "month": "monthly"}
BACK = ("return_refund", "before_shipment")
NOVEMBER = [date(2026, 11, 1) + timedelta(days=n) for n in range(30)]


@pytest.fixture(scope="module")
def cost_of(world: World, books: Books) -> Any:
    """What a piece cost in the reporting currency: of (store, product, SKU) on a day, or None."""
    told = world.books["dropped_costs"]

    def cost(store: str, product: str | None, sku: str | None, day: date) -> float | None:
        for place, kind, item in (
            (store, "sku_id", sku), ("", "sku_id", sku), (store, "product_id", product), ("", "product_id", product),
        ):  # fmt: skip
            found = [
                row
                for row in told
                if row["store_id"] == place
                and row[kind] == item
                and (kind == "sku_id" or not row["sku_id"])
                and row["valid_from"] <= day
            ]
            if item and found:
                row = max(found, key=lambda one: one["valid_from"])
                return round(float(row["unit_cost"]) * float(books.rates(row["currency"], day)), 6)
        return None

    return cost


@pytest.fixture(scope="module")
def moves(built: Any, cost_of: Any) -> list[dict[str, Any]]:
    """Every sold line and every refunded part: store, product, category, day, net sales and cost (None: not known)."""
    sold = built.rows(
        "select * from marts.fct_order_lines where line_class = 'product' and exclude_reason is null"
        " and paid_date is not null"
    )
    lines = {(row["platform"], row["store_id"], row["order_id"], row["line_id"]): row for row in sold}
    found = []
    for row in sold:
        unit = cost_of(row["store_id"], row["product_id"], row["sku_id"], row["paid_date"])
        cost = None if unit is None else float(row["units"]) * unit
        found.append({**row, "day": row["paid_date"], "net": row["goods_paid"], "cost": cost, "sold": None})
    for row in built.rows(
        "select l.*, r.refund_type from marts.fct_refund_lines l"
        " join marts.fct_refunds r using (platform, store_id, refund_id)"
    ):
        line = lines.get((row["platform"], row["store_id"], row["order_id"], row["line_id"]))
        unit = row["order_paid_date"] and cost_of(
            row["store_id"], row["product_id"], row["sku_id"], row["order_paid_date"]
        )
        back = 0.0
        if line and row["refund_type"] in BACK and line["goods_paid"] > 0:
            back = round(
                float(line["units"]) * min(float(row["refund_goods_cohort"] / line["goods_paid"]), 1), 4
            )
        cost = None if unit is None else -back * unit
        found.append(
            {
                **row,
                "day": row["refund_date"],
                "net": -row["refund_goods"],
                "cost": cost,
                "sold": row["order_paid_date"],
            }
        )
    return found


@pytest.mark.parametrize("level", ["store", "category", "product"])
@pytest.mark.parametrize("grain", GRAINS)
def test_margins_are_those_of_the_lines_with_a_cost(
    grain: str, level: str, moves: Any, built: Any, books: Books
) -> None:
    net: dict[Any, Decimal] = defaultdict(Decimal)
    covered: dict[Any, Decimal] = defaultdict(Decimal)
    pieces: dict[Any, float] = defaultdict(float)
    for move in moves:
        if move["day"] is None or move["day"] > books.last_day([move["store_id"]]):
            continue
        item = {"store": "ALL", "category": move["category_path"], "product": move["product_id"]}[level]
        key = (move["store_id"], item or "unknown", period_of(grain, move["day"]))
        net[key] += move["net"]
        if move["cost"] is not None:
            covered[key] += move["net"]
            # Cents are made for each item and day of sale; all levels and periods add those up.
            pieces[
                (*key, move["product_id"], move["sku_id"], move["category_path"], move["day"], move["sold"])
            ] += move["cost"]
    cogs: dict[Any, Decimal] = defaultdict(Decimal)
    for piece, cost in pieces.items():
        cogs[piece[:3]] += cents(Decimal(str(round(cost, 6))))
    rows = built.rows(
        f"select * from marts.margin_{GRAINS[grain]} where level = '{level}' and store_id <> 'ALL'"
    )
    assert {(row["store_id"], row["item_id"], row["period_start"]) for row in rows} == set(net)
    shown = hidden = 0
    for row in rows:
        key = (row["store_id"], row["item_id"], row["period_start"])
        assert row["net_sales_ex_tax"] == net[key], key
        assert row["net_sales_with_cost"] == covered[key], key
        assert row["cogs"] == pytest.approx(cogs[key], abs=Decimal("0.01")), key
        if covered[key] > 0 and covered[key] >= net[key] * Decimal("0.9"):
            shown += 1
            assert row["gross_margin"] == pytest.approx(
                row["net_sales_with_cost"] - row["cogs"], abs=Decimal("0.01")
            )
            assert row["gross_margin_rate"] == ratio(row["gross_margin"], row["net_sales_with_cost"])
        else:
            hidden += 1
            assert row["gross_margin"] is None and row["gross_margin_rate"] is None, key
    assert shown > 5
    assert hidden or level == "store"


def test_all_stores_together_are_their_sum_and_have_the_ad_spend_of_all(built: Any) -> None:
    rows = built.rows(
        "select store_id, period_start, net_sales_ex_tax, cogs, marketing_cost from marts.margin_monthly"
        " where level = 'store' and period_start = date '2026-10-01'"
    )
    by_store = {row["store_id"]: row for row in rows}
    whole = by_store.pop("ALL")
    assert set(by_store) == {"jade_tmall", "reef_us"}
    for name in ("net_sales_ex_tax", "cogs", "marketing_cost"):
        assert whole[name] == sum(row[name] for row in by_store.values()) != 0


def test_a_november_is_phased_like_last_years_and_paced_against_that(built: Any) -> None:
    days = built.rows(
        "select * from marts.target_daily where store_id = 'jade_tmall' and metric = 'orders_paid' order by period_start"
    )
    assert [row["period_start"] for row in days] == NOVEMBER
    reached = {
        row["period_start"]: row
        for row in built.rows("select * from marts.store_daily where store_id = 'jade_tmall'")
    }
    assert all(row["phasing"] == "comparable_days" for row in days)
    assert next(row for row in days if row["period_start"].day == 11)["comparable_date"] == date(2025, 11, 11)
    weights = [reached[row["comparable_date"]]["orders_paid"] for row in days]
    assert len(set(weights)) > 3
    so_far = planned = 0.0
    for row, weight in zip(days, weights, strict=True):
        part = 80 * weight / sum(weights)
        planned += part
        assert float(row["phased_target"]) == pytest.approx(part, abs=0.006)
        now = reached.get(row["period_start"])
        known = now is not None and now["is_complete"]
        assert row["is_known"] == known, row["period_start"]
        if known and now is not None:
            so_far += now["orders_paid"]
            assert float(row["actual_to_date"]) == so_far
            assert row["pace"] == pytest.approx(so_far / planned, abs=1e-5)
            assert float(row["forecast"]) == pytest.approx(80 * so_far / planned, abs=0.01)
    (month,) = built.rows(
        "select * from marts.target_monthly where store_id = 'jade_tmall' and metric = 'orders_paid'"
    )
    last = [row for row in days if row["is_known"]][-1]
    assert month["known_through"] == last["period_start"] < NOVEMBER[-1]
    assert {name: month[name] for name in ("actual_to_date", "pace", "forecast", "required_per_day")} == {
        name: last[name] for name in ("actual_to_date", "pace", "forecast", "required_per_day")
    }


def test_a_store_without_a_last_year_has_its_target_spread_evenly(built: Any) -> None:
    days = built.rows("select * from marts.target_daily where store_id = 'reef_us'")
    assert len(days) == 30
    assert {row["phasing"] for row in days} == {"even"}
    assert {round(row["weight"], 6) for row in days} == {round(1 / 30, 6)}
