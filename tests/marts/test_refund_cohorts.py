"""What came back of a month's orders by age, recomputed from the books."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from expected import Books, ratio

AGES = (1, 3, 7, 15, 30, 60, 90, 180)


@pytest.mark.parametrize("store", ["jade_tmall", "reef_us", "ALL"])
def test_refunds_of_a_month_at_an_age_are_null_until_every_order_is_that_old(
    store: str, built: Any, books: Books
) -> None:
    last: dict[
        date, date
    ] = {}  # how far what comes back of a month is read: as far as the first to end of those who sold
    paid: dict[date, Decimal] = defaultdict(Decimal)
    counts: dict[date, int] = defaultdict(int)
    back: dict[tuple[date, int], Decimal] = defaultdict(Decimal)
    for sale in books.sales:
        if not sale.counted or sale.paid is None or not books.counts(sale, store):
            continue
        if sale.paid > books.last_day(books.stores if store == "ALL" else [store]):
            continue  # the running day is in no month
        month = sale.paid.replace(day=1)
        seen = books.whole_through(sale.row["store_id"])
        last[month] = min(last.get(month, seen), seen)
        paid[month] += sale.amount
        counts[month] += 1
    sold_at = {
        (row["store_id"], row["order_id"]): row["paid_at"]
        for row in built.rows("select store_id, order_id, paid_at from marts.fct_orders where is_counted")
        if row["store_id"] == store or store == "ALL"
    }
    for row in built.rows("select * from marts.fct_refunds where is_counted and is_linked"):
        at = sold_at.get((row["store_id"], row["order_id"]))
        in_time = store != "ALL" or books.counts_in_all(row["store_id"], row["order_paid_date"])
        if at is not None and in_time:
            for age in AGES:
                if row["refunded_at"] <= at + timedelta(days=age):
                    back[row["order_paid_date"].replace(day=1), age] += row["refund_amount_cohort"]
    rows = built.rows(f"select * from marts.refund_cohort_monthly where store_id = '{store}'")
    assert {(row["paid_month"], row["days_since"]) for row in rows} == {(m, a) for m in paid for a in AGES}
    sales = {
        row["period_start"]: row
        for row in built.rows(f"select * from marts.store_monthly where store_id = '{store}'")
    }
    whole = {month: row["is_complete"] for month, row in sales.items()}
    assert {True, False} <= set(whole.values())
    known = 0
    for row in rows:
        month, age = row["paid_month"], row["days_since"]
        assert row["is_month_complete"] == whole[month]
        assert (row["orders_paid"], row["paid_amount"]) == (counts[month], paid[month])
        assert row["orders_paid"] == sales[month]["orders_paid"], "a month's orders are the same in both"
        end = (month + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        assert row["is_complete"] == (end + timedelta(days=age) <= last[month]), row
        if row["is_complete"]:
            known += 1
            assert row["refund_amount_cohort"] == back[month, age]
            assert row["refund_rate_cohort"] == pytest.approx(ratio(back[month, age], paid[month]), abs=2e-6)
        else:
            assert row["refund_amount_cohort"] is None and row["refund_rate_cohort"] is None
    assert 0 < known < len(rows)
