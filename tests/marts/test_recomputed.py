"""The marts equal the same figures computed in Python from the same rows, at every grain, to the cent."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from expected import Books, period_end, period_of
from world import World

TABLES = {"day": "store_daily", "week": "store_weekly", "month": "store_monthly"}


def days_between(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def differences(row: dict[str, Any], figures: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    found = {}
    for name, figure in figures.items():
        got = row[name]
        if isinstance(figure, float) or isinstance(got, float):
            same = (
                figure is not None and got is not None and abs(got - figure) <= 2e-6 * max(1.0, abs(figure))
            )
        else:
            same = got == figure
        if not same:
            found[name] = (got, figure)
    return found


@pytest.mark.parametrize("grain", TABLES)
def test_every_order_figure_of_every_store_and_period_is_the_recomputed_one(
    grain: str, built: Any, books: Books
) -> None:
    rows = built.rows(f"select * from marts.{TABLES[grain]} order by store_id, period_start")
    assert len(rows) > 40
    wrong = []
    for row in rows:
        stores = list(books.stores) if row["store_id"] == "ALL" else [row["store_id"]]
        start, end = row["period_start"], period_end(grain, row["period_start"])
        inside = set(days_between(start, end))
        figures = books.measures(stores, inside.__contains__, start)
        for name, pair in differences(row, figures).items():
            wrong.append((row["store_id"], start, name, *pair))
    assert wrong[:10] == []


def test_what_all_stores_leave_out_is_shown_by_store(built: Any, books: Books) -> None:
    early: dict[str, int] = dict.fromkeys(books.stores, 0)
    left_out = 0
    for sale in books.sales:
        days = [day for day in (sale.created, sale.paid) if day]
        is_early = not all(books.counts_in_all(sale.row["store_id"], day) for day in days)
        # What no mart has is counted as such, and not as a doubt about what they have.
        early[sale.row["store_id"]] += is_early and sale.excluded is None
        left_out += is_early and sale.excluded is not None
    shown = "select store_id, findings from marts.data_quality where check_name = 'orders_before_history'"
    assert {row["store_id"]: row["findings"] for row in built.rows(shown)} == early
    assert early["reef_us"] > 0 and left_out > 0


def test_refunds_are_told_as_capped_where_a_mart_has_their_order(
    built: Any, world: World, books: Books
) -> None:
    given_back = {
        (refund.row["store_id"], refund.row["refund_id"]): sum(refund.parts.values(), refund.other)
        for refund in books.refunds
    }
    orders = {(sale.row["store_id"], sale.row["order_id"]): sale for sale in books.sales}
    capped: dict[str, int] = dict.fromkeys(books.stores, 0)
    for row in world.streams["refunds"]:
        order = orders.get((row["store_id"], row["order_id"]))
        if row["refund_state"] == "success" and order and order.is_paid:
            capped[row["store_id"]] += row["refund_amount"] > given_back.get(
                (row["store_id"], row["refund_id"]), 0
            )
    shown = "select store_id, findings from marts.data_quality where check_name = 'refunds_capped'"
    assert {row["store_id"]: row["findings"] for row in built.rows(shown)} == capped
    assert min(capped.values()) > 0


def test_fees_that_come_back_are_beside_the_sales_and_never_more_than_were_charged(
    built: Any, books: Books
) -> None:
    told = built.rows("""
        select event_type, sum(other) as other from marts.fct_sales_ledger group by event_type order by event_type
    """)
    charged = sum((sale.value("other") for sale in books.sales if sale.is_paid), Decimal(0))
    back = sum((refund.other_value for refund in books.refunds), Decimal(0))
    assert [(row["event_type"], row["other"]) for row in told] == [("refund", -back), ("sale", charged)]
    linked = [refund for refund in books.refunds if refund.sale and refund.other]
    assert linked and any(refund.other for refund in books.refunds if refund.sale is None)
    (over,) = built.rows("""
        select count(*) as orders
        from (
            select platform, store_id, order_id, sum(refund_other_orig) as back
            from marts.fct_refunds where is_linked group by all
        ) as refunds
        inner join marts.fct_orders as orders using (platform, store_id, order_id)
        where refunds.back > greatest(orders.other_charged_orig, 0)
    """)
    assert over["orders"] == 0


def test_no_event_is_left_out_of_any_grain_but_those_of_the_running_day(built: Any, books: Books) -> None:
    last = {store: books.last_day([store]) for store in books.stores}
    sales = [sale for sale in books.sales if sale.is_paid and sale.paid]
    paid = sum((s.amount for s in sales if s.paid and s.paid <= last[s.row["store_id"]]), Decimal(0))
    refunded = sum(
        (sum(r.value.values(), Decimal(0)) for r in books.refunds if r.day <= last[r.row["store_id"]]),
        Decimal(0),
    )
    (facts,) = built.rows("select sum(amount) as paid from marts.fct_sales_ledger where event_type = 'sale'")
    assert facts["paid"] == sum((sale.amount for sale in sales), Decimal(0)) > paid
    for table in TABLES.values():
        (row,) = built.rows(
            f"select sum(paid_amount) as paid, sum(refund_amount) as refunded from marts.{table} where store_id <> 'ALL'"
        )
        assert (row["paid"], row["refunded"]) == (paid, refunded)


def test_a_comparison_takes_as_many_first_days_of_the_earlier_period(built: Any, books: Books) -> None:
    checked, losses = defaultdict(int), 0
    for grain, table in TABLES.items():
        by_key = {
            (row["store_id"], row["period_start"]): row for row in built.rows(f"select * from marts.{table}")
        }
        for (store, start), row in by_key.items():
            if row["paid_amount_prev"] is None:
                continue
            stores = list(books.stores) if store == "ALL" else [store]
            earlier = period_of(grain, start - timedelta(days=1))
            days = row["days_elapsed"]
            whole = days == row["days_in_period"]

            to_compare = days_between(earlier, period_end(grain, earlier))
            before = books.measures(
                stores, set(to_compare if whole else to_compare[:days]).__contains__, earlier
            )
            own = days_between(start, period_end(grain, start))[:days]
            now = books.measures(stores, set(own).__contains__, start)
            for name in ("orders_paid", "paid_amount", "net_sales", "buyers", "new_buyers", "refund_amount"):
                assert row[f"{name}_prev"] == before[name], (store, grain, start, name)
                change = row[f"{name}_prev_chg"]
                if before[name] > 0:
                    rate = float(now[name] - before[name]) / float(before[name])
                    assert change == pytest.approx(rate, abs=2e-6)
                    continue
                assert change is None, "a rise from a loss would read as a fall"
                losses += before[name] < 0
            checked[grain, whole] += 1
    assert checked["day", True] > 300 and losses > 20
    assert checked["week", True] > 40 and checked["month", True] > 10
    assert checked["week", False] + checked["month", False] >= 2


@pytest.mark.parametrize("grain", TABLES)
@pytest.mark.parametrize(
    ("subject", "key", "names"),
    [
        (
            "store",
            ("store_id",),
            ("uv_value", "pay_conversion", "aov", "list_amount", "deposit_received", "refund_goods_cohort"),
        ),
        (
            "marketing",
            ("store_id",),
            ("marketing_cost", "platform_claimed_value", "cac", "new_buyer_roas", "cost_ratio", "ad_clicks"),
        ),
        (
            "after_sales",
            ("store_id", "reason"),
            ("ship_within_48h_rate", "avg_delivery_days", "avg_refund_hours", "late_rate"),
        ),
    ],
)
def test_a_figure_of_a_whole_period_stands_beside_that_of_the_whole_period_before(
    subject: str, key: tuple[str, ...], names: tuple[str, ...], grain: str, built: Any
) -> None:
    rows = {
        (*(row[name] for name in key), row["period_start"]): row
        for row in built.rows(f"select * from marts.{TABLES[grain].replace('store', subject)}")
    }
    compared: dict[str, int] = defaultdict(int)
    for (*who, start), row in rows.items():
        before = rows.get((*who, period_of(grain, start - timedelta(days=1))))
        if not row["is_complete"] or before is None or not before["is_complete"]:
            continue
        if subject == "marketing" and not (row["is_ads_loaded"] and before["is_ads_loaded"]):
            continue  # ads of a part of a week are no ads of it
        for name in names:
            assert row[f"{name}_prev"] == before[name], (who, start, name)
            if row[name] is not None and (before[name] or 0) > 0:
                change = float(row[name]) / float(before[name]) - 1
                assert row[f"{name}_prev_chg"] == pytest.approx(change, abs=1e-4), (who, start, name)
                compared[name] += 1
    assert set(compared) == set(names) or grain == "month", compared


@pytest.mark.parametrize(
    ("subject", "key", "measure"),
    [("product", "product_id", "orders"), ("sku", "sku_id", "orders"), ("region", "region", "orders_paid")],
)
def test_a_change_compares_the_whole_days_so_what_sold_on_the_running_day_alone_has_fallen_to_nothing(
    subject: str, key: str, measure: str, built: Any
) -> None:
    whole: dict[tuple[Any, ...], int] = defaultdict(int)
    for day in built.rows(f"select * from marts.{subject}_daily where is_complete"):
        for grain in ("week", "month"):
            whole[grain, day["store_id"], day[key], period_of(grain, day["period_start"])] += day[measure]
    nothing = 0
    for grain, table in (("week", "weekly"), ("month", "monthly")):
        for row in built.rows(f"select * from marts.{subject}_{table} where {measure}_prev > 0"):
            own = whole[grain, row["store_id"], row[key], row["period_start"]]
            change = own / row[f"{measure}_prev"] - 1
            assert row[f"{measure}_prev_chg"] == pytest.approx(change, abs=2e-6), (grain, row[key])
            nothing += own == 0 and row[measure] > 0
    assert nothing > 0


@pytest.mark.parametrize("grain", ["day", "week"])
@pytest.mark.parametrize(
    ("subject", "key", "measures"),
    [
        ("after_sales", ("store_id", "reason"), ("refunds", "refund_amount")),
        ("margin", ("store_id", "level", "item_id"), ("net_sales_ex_tax", "gross_margin")),
        ("product", ("store_id", "product_id"), ("orders", "net_sales")),
    ],
)
def test_what_has_no_row_in_a_loaded_period_before_is_compared_with_0(
    subject: str, key: tuple[str, ...], measures: tuple[str, ...], grain: str, built: Any
) -> None:
    whole = built.rows(f"select store_id, period_start from marts.{TABLES[grain]} where is_complete")
    read = {(row["store_id"], row["period_start"]) for row in whole}
    rows = {
        (*(row[name] for name in key), row["period_start"]): row
        for row in built.rows(f"select * from marts.{TABLES[grain].replace('store', subject)}")
    }
    nothing = 0
    for (*who, start), row in rows.items():
        earlier = period_of(grain, start - timedelta(days=1))
        if {(row["store_id"], start), (row["store_id"], earlier)} <= read:
            before = rows.get((*who, earlier), dict.fromkeys(measures, 0))
            assert [row[f"{name}_prev"] for name in measures] == [before[name] for name in measures], who
            nothing += (*who, earlier) not in rows
    assert nothing > 0
