"""Margins and targets against the same figures worked out in plain Python, line by line and day by day."""

from __future__ import annotations

import math
from calendar import monthrange
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

import pytest
from expected import Books, cents, histories, paid_on, period_of, ratio
from world import World

GRAINS = {"day": "daily", "week": "weekly", "month": "monthly"}
BACK = ("return_refund", "before_shipment")
SAID_OF_A_MONTH = ("actual_to_date", "pace", "forecast", "forecast_low", "forecast_high", "required_per_day")
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
    uncosted: set[Any] = set()
    for move in moves:
        if move["day"] is None or move["day"] > books.last_day([move["store_id"]]):
            continue
        item = {"store": "ALL", "category": move["category_path"], "product": move["product_id"]}[level]
        key = (move["store_id"], item or "unknown", period_of(grain, move["day"]))
        net[key] += move["net"]
        if move["cost"] is None:
            uncosted.add(key)
        else:
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
    told = built.rows(f"select * from marts.store_{GRAINS[grain]} where store_id <> 'ALL'")
    sold, of_ads = (
        {
            (row["store_id"], "ALL", row["period_start"])
            for row in told
            if row[name] is not None and level == "store"
        }
        for name in ("paid_amount", "ad_spend")
    )
    assert {(row["store_id"], row["item_id"], row["period_start"]) for row in rows} == set(
        net
    ) | sold | of_ads
    shown = hidden = 0
    for row in rows:
        key = (row["store_id"], row["item_id"], row["period_start"])
        if level == "store" and key not in sold:
            assert row["net_sales_ex_tax"] is None and row["cm2"] is None and row["marketing_cost"], key
            continue
        assert row["net_sales_ex_tax"] == net[key], key
        assert row["net_sales_with_cost"] == covered[key], key
        assert row["cogs"] == pytest.approx(cogs[key], abs=Decimal("0.01")), key
        lesser, greater = sorted((abs(net[key]), abs(covered[key])))
        if key not in uncosted or (net[key] * covered[key] > 0 and lesser >= greater * Decimal("0.9")):
            shown += 1
            assert row["gross_margin"] == pytest.approx(
                row["net_sales_with_cost"] - row["cogs"], abs=Decimal("0.01")
            )
            rate = ratio(row["gross_margin"], row["net_sales_with_cost"])
            assert row["gross_margin_rate"] == (
                rate if row["net_sales_with_cost"] * row["cogs"] >= 0 else None
            )
        else:
            hidden += 1
            assert row["gross_margin"] is None and row["gross_margin_rate"] is None, key
    assert shown > 5
    assert hidden or level == "store"
    taken_back = [row for row in rows if row["net_sales_ex_tax"] < 0 and row["cost_coverage"] == 1]
    assert all(row["gross_margin"] is not None for row in taken_back)
    assert taken_back or grain != "day"


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


def test_all_stores_have_no_margin_of_what_was_sold_before_a_stores_history(built: Any) -> None:
    for level in ("store", "category"):
        found = dict.fromkeys(("jade_tmall", "reef_us", "ALL"), Decimal(0))
        for row in built.rows(
            "select store_id, sum(net_sales_ex_tax) as net from marts.margin_monthly"
            f" where level = '{level}' and period_start = date '2026-07-01' group by store_id"
        ):
            found[row["store_id"]] = row["net"]
        assert found["ALL"] == found["jade_tmall"] > 0 != found["reef_us"]


def test_what_did_not_sell_on_the_day_before_had_a_margin_of_nothing_then(built: Any) -> None:
    """What is compared with an earlier day is what its goods come to: one without a row there is 0, not unknown."""
    rows = {
        (row["store_id"], row["level"], row["item_id"], row["period_start"]): row
        for row in built.rows("select * from marts.margin_daily")
    }
    nothing = 0
    for (store, level, item, day), row in rows.items():
        if level == "store" or (store, level, item, day - timedelta(days=1)) in rows:
            continue
        known = rows[store, "store", "ALL", day]["net_sales_ex_tax_prev"] is not None
        told = row["net_sales_ex_tax_prev"], row["gross_margin_prev"]
        assert told == ((0, 0) if known else (None, None)), (store, level, item, day)
        assert row["net_sales_ex_tax_prev_chg"] is None and row["gross_margin_rate_prev"] is None
        nothing += known
    assert nothing > 100


def test_what_is_spent_on_a_day_without_a_sale_stands_on_that_day(built: Any) -> None:
    found = {}
    for grain in GRAINS.values():
        found[grain] = built.rows(
            "select store_id, date_trunc('month', period_start)::date as month, sum(marketing_cost) as spent,"
            " sum(net_sales_ex_tax) as net, sum(cogs) as cogs, count(*) filter (where marketing_cost > 0"
            " and coalesce(units_paid, 0) = 0) as quiet"
            f" from marts.margin_{grain} where level = 'store' group by all order by all"
        )
    quiet = 0
    for day, month in zip(found["daily"], found["monthly"], strict=True):
        quiet += day.pop("quiet")
        del month["quiet"]
        assert day == month
    assert quiet > 0


@dataclass
class Brought:
    """What buyers brought: net sales taken back to the sale, the part with a cost, and that cost."""

    net: Decimal = Decimal(0)
    covered: Decimal = Decimal(0)
    cost: float = 0.0
    lines: int = 0
    bare: int = 0  # of them without a cost

    def __iadd__(self, other: Brought) -> Brought:
        self.net += other.net
        self.covered += other.covered
        self.cost += other.cost
        self.lines += other.lines
        self.bare += other.bare
        return self

    @property
    def margin(self) -> float | None:
        lesser, greater = sorted((abs(self.net), abs(self.covered)))
        shown = self.net * self.covered > 0 and lesser >= greater * Decimal("0.9")
        shown = shown or self.lines > self.bare == 0
        return float(self.covered) - self.cost if shown else None


def test_an_event_is_judged_by_the_margin_of_its_orders_with_what_came_back_taken_off(
    moves: Any, built: Any, books: Books
) -> None:
    days: dict[tuple[str, date], Brought] = defaultdict(Brought)
    bare: set[tuple[str, date]] = set()  # some of its goods have no cost
    for move in moves:
        is_back = "refund_id" in move
        if is_back and move["refund_goods_cohort"] is None:
            continue
        day = move["sold"] if is_back else move["day"]
        net = -move["refund_goods_cohort"] if is_back else move["goods_paid"]
        cost = move["cost"]
        for store in (move["store_id"], "ALL"):
            if store == "ALL" and not books.counts_in_all(move["store_id"], day):
                continue
            days[store, day] += Brought(net, Decimal(0) if cost is None else net, cost or 0.0)
            if cost is None:
                bare.add((store, day))
    rows = built.rows("select * from marts.promo_event_daily")
    shown = hidden = 0
    above: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in rows:
        key = (row["store_id"], row["date_day"])
        whole = days[key]
        margin = whole.margin if key in bare else float(whole.covered) - whole.cost
        if margin is None:
            hidden += 1
            assert row["gross_margin_cohort"] is None, key
        else:
            shown += 1
            assert float(row["gross_margin_cohort"]) == pytest.approx(margin, abs=0.03), key
        if row["phase"] in ("burst", "return") and row["is_complete"]:
            above[row["event_id"], row["store_id"]] += row["gross_margin_cohort_incremental"] or Decimal(
                "NaN"
            )
    assert shown > 100 and hidden > 5
    for row in built.rows("select * from marts.promo_event"):
        total = above[row["event_id"], row["store_id"]]
        assert row["gross_margin_cohort_incremental"] == (None if total.is_nan() else total), row["event_id"]
    assert any(not total.is_nan() for total in above.values())


@pytest.fixture(scope="module")
def brought(moves: Any, built: Any, books: Books) -> dict[tuple[str, date, date], Brought]:
    """By store (and ALL), day of the buyers' first order and day of the sale, up to the last whole day."""
    orders: dict[Any, Brought] = defaultdict(Brought)
    for move in moves:
        is_back = "refund_id" in move
        if is_back and move["refund_goods_cohort"] is None:
            continue
        net = -move["refund_goods_cohort"] if is_back else move["goods_paid"]
        known = move["cost"] is not None
        orders[move["platform"], move["store_id"], move["order_id"]] += Brought(
            net, net if known else Decimal(0), move["cost"] if known else 0.0, 1, not known
        )
    found: dict[tuple[str, date, date], Brought] = defaultdict(Brought)
    whole = built.rows(
        "select store_id, max(period_start) as day from marts.store_daily where is_complete group by all"
    )
    last = {row["store_id"]: row["day"] for row in whole}
    for store in last:
        for (platform, _), sales in histories(books, store).items():
            for sale in sales:
                if paid_on(sale) <= min(last[store], last[sale.row["store_id"]]):
                    order = (platform, sale.row["store_id"], sale.row["order_id"])
                    found[store, paid_on(sales[0]), paid_on(sale)] += orders[order]
    return found


def test_a_cohort_has_the_margin_of_its_orders_held_against_the_ads_of_its_month(
    brought: Any, built: Any
) -> None:
    cells: dict[tuple[str, date, date], Brought] = defaultdict(Brought)
    for (store, first, day), value in brought.items():
        cells[store, first.replace(day=1), day.replace(day=1)] += value
    ads = {
        (row["store_id"], row["period_start"]): row["ad_spend"] if row["is_ads_loaded"] else None
        for row in built.rows("select * from marts.store_monthly")
    }
    rows = built.rows(
        "select * from marts.cohort_monthly where acquisition_source = 'ALL'"
        " order by store_id, buyer_type, cohort_month, month_number"
    )
    shown = hidden = judged = unjudged = 0
    for (store, kind, cohort), group in groupby(
        rows, key=lambda row: (row["store_id"], row["buyer_type"], row["cohort_month"])
    ):
        so_far = Brought()
        for row in group:
            if kind != "ALL":
                assert row["marketing_cost"] is None and row["ltv_to_cac"] is None
                continue
            key = (store, cohort, row["month_number"])
            assert row["marketing_cost"] == ads.get((store, cohort)), key
            if row["orders"] is None:
                assert (
                    row["cumulative_margin"] is None and row["ltv"] is None and row["cost_coverage"] is None
                )
                continue
            so_far += cells[store, cohort, row["calendar_month"]]
            assert row["cumulative_net_sales_ex_tax"] == so_far.net == row["cumulative_net_sales"], key
            assert row["cumulative_net_sales_with_cost"] == so_far.covered, key
            assert row["cost_coverage"] == ratio(so_far.covered, so_far.net), key
            if so_far.margin is None:
                hidden += 1
                assert row["cumulative_margin"] is None and row["ltv"] is None, key
                continue
            shown += 1
            assert float(row["cumulative_margin"]) == pytest.approx(so_far.margin, abs=0.01), key
            assert row["ltv"] == ratio(row["cumulative_margin"], row["cohort_size"]), key
            if row["marketing_cost"] and row["is_history_before"]:
                judged += 1
                assert row["ltv_to_cac"] == pytest.approx(
                    so_far.margin / float(row["marketing_cost"]), abs=1e-4
                ), key
            else:
                unjudged += 1
                assert row["ltv_to_cac"] is None, key
    assert (shown > 50, hidden > 5, judged > 2, unjudged > 50) == (True,) * 4, (
        shown,
        hidden,
        judged,
        unjudged,
    )


@pytest.mark.parametrize("grain", ["week", "month"])
def test_the_buyers_of_a_period_have_paid_back_when_their_margin_has_come_to_its_ads(
    grain: str, brought: Any, built: Any
) -> None:
    ages: dict[tuple[str, date], dict[int, Brought]] = defaultdict(lambda: defaultdict(Brought))
    for (store, first, day), value in brought.items():
        ages[store, period_of(grain, first)][(day - first).days] += value
    known_from = {
        (row["store_id"], row["period_start"]): row["history_from"]
        for row in built.rows(f"select * from marts.customer_{GRAINS[grain]}")
    }
    rows = built.rows(f"select * from marts.marketing_{GRAINS[grain]}")
    paid_back = open_ = unknown = 0
    for row in rows:
        key = (row["store_id"], row["period_start"])
        whole = Brought()
        for value in ages[key].values():
            whole += value
        assert row["is_margin_loaded"] == (whole.margin is not None), key
        is_known = row["is_margin_loaded"] and row["is_orders_loaded"] and row["is_ads_loaded"]
        if not is_known or not row["ad_spend"] or not known_from[key] < row["period_start"]:
            unknown += 1
            assert row["payback_days"] is None, key
            continue
        margin, expected = 0.0, None
        for age in sorted(ages[key]):
            margin += float(ages[key][age].covered) - ages[key][age].cost
            if expected is None and margin >= float(row["ad_spend"]):
                expected = age
        assert row["payback_days"] == expected, key
        paid_back += expected is not None
        open_ += expected is None
    assert paid_back + open_ >= 2 and unknown > 20, (paid_back, open_, unknown)
    assert (paid_back and open_) or grain == "month"


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
    brought: list[tuple[float, float]] = []
    for row, weight in zip(days, weights, strict=True):
        part = 80 * weight / sum(weights)
        planned += part
        assert float(row["phased_target"]) == pytest.approx(part, abs=0.01)
        now = reached.get(row["period_start"])
        known = now is not None and now["is_complete"]
        assert row["is_known"] == known, row["period_start"]
        if known and now is not None:
            so_far += now["orders_paid"]
            assert float(row["actual_to_date"]) == so_far
            assert float(row["phased_target_to_date"]) == pytest.approx(planned, abs=0.006)
            assert row["pace"] == ratio(so_far, row["phased_target_to_date"])
            assert float(row["forecast"]) == pytest.approx(80 * so_far / planned, abs=0.01)
            if part:
                brought.append((part, float(now["orders_paid"])))
            if len(brought) < 7:
                assert row["forecast_low"] is None and row["forecast_high"] is None
                continue
            # The pace by weighted least squares, a day's variance as its part of the month; and the error of what it foretells.
            pace = so_far / planned
            fitted = sum(bought for _, bought in brought) / sum(due for due, _ in brought)
            variance = sum((bought - fitted * due) ** 2 / due for due, bought in brought) / (len(brought) - 1)
            error = math.sqrt(variance * (80 - planned) + (80 - planned) ** 2 * variance / planned)
            low, high = 80 * pace - 1.645 * error, 80 * pace + 1.645 * error
            assert float(row["forecast_low"]) == pytest.approx(max(low, so_far), abs=0.01)
            assert float(row["forecast_high"]) == pytest.approx(high, abs=0.01)
    unequal = built.rows(
        "select store_id, metric from marts.target_daily group by store_id, metric, month_start"
        " having sum(phased_target) <> max(target)"
    )
    assert not unequal
    (month,) = built.rows(
        "select * from marts.target_monthly where store_id = 'jade_tmall' and metric = 'orders_paid'"
    )
    last = [row for row in days if row["is_known"]][-1]
    assert month["known_through"] == last["period_start"] < NOVEMBER[-1]
    assert {name: month[name] for name in SAID_OF_A_MONTH} == {name: last[name] for name in SAID_OF_A_MONTH}
    assert month["forecast_low"] < month["forecast"] < month["forecast_high"]


@pytest.mark.parametrize("table", ["target_daily", "target_monthly"])
def test_a_row_of_a_target_tells_its_period_and_how_far_it_is_known(table: str, built: Any) -> None:
    rows = built.rows(
        f"select t.*, s.data_through_at as read_through from marts.{table} as t left join marts.store_daily as s"
        " on s.store_id = t.store_id and s.period_start = t.period_start + t.days_elapsed - 1"
    )
    for row in rows:
        whole = 1 if table == "target_daily" else monthrange(*row["period_start"].timetuple()[:2])[1]
        assert row["period_end"] == row["period_start"] + timedelta(days=whole - 1)
        assert row["days_in_period"] == whole
        assert row["is_complete"] == (row["days_elapsed"] == whole)
        assert row["data_through_at"] == (row["read_through"] if row["days_elapsed"] else None)
        if table == "target_monthly" and row["days_elapsed"]:
            assert row["known_through"] == row["period_start"] + timedelta(days=row["days_elapsed"] - 1)
    of_days = {0, 1} if table == "target_daily" else {22}
    assert of_days <= {row["days_elapsed"] for row in rows}


def test_a_store_without_a_last_year_has_its_target_spread_evenly(built: Any) -> None:
    days = built.rows("select * from marts.target_daily where store_id = 'reef_us'")
    assert len(days) == 30
    assert {row["phasing"] for row in days} == {"even"}
    assert {round(row["weight"], 6) for row in days} == {round(1 / 30, 6)}
