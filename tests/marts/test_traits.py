"""Sales by region, kind of buyer and way of payment, counted again from the orders of each period."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from expected import Books

GRAINS = {"day": "daily", "week": "weekly", "month": "monthly"}


@pytest.mark.parametrize("trait", ["region", "buyer_type", "payment_type"])
@pytest.mark.parametrize("grain", GRAINS)
def test_orders_buyers_and_refunds_of_a_trait_are_the_recomputed_ones(
    trait: str, grain: str, built: Any, books: Books
) -> None:
    starts: dict[tuple[str, date], date] = {
        (row["store_id"], row["date_day"]): row["period_start"]
        for row in built.rows(f"select * from marts.dim_period where grain = '{grain}'")
    }
    orders: dict[Any, int] = defaultdict(int)
    buyers: dict[Any, set[Any]] = defaultdict(set)
    paid: dict[Any, Decimal] = defaultdict(Decimal)
    back: dict[Any, Decimal] = defaultdict(Decimal)
    for sale in books.sales:
        for store in (sale.row["store_id"], "ALL"):
            if not sale.is_paid or (store, sale.paid) not in starts:
                continue
            key = (store, sale.row.get(trait) or "unknown", starts[store, sale.paid])
            paid[key] += sale.amount
            orders[key] += sale.counted
            if sale.counted and sale.row["buyer_key"]:
                buyers[key].add((sale.row["platform"], sale.row["buyer_key"]))
    for refund in books.refunds:
        for store in (refund.row["store_id"], "ALL"):
            if (store, refund.day) in starts:
                value = (refund.sale.row.get(trait) if refund.sale else None) or "unknown"
                back[store, value, starts[store, refund.day]] += sum(refund.value.values(), Decimal(0))
    rows = {
        (row["store_id"], row[trait], row["period_start"]): row
        for row in built.rows(f"select * from marts.{trait}_{GRAINS[grain]}")
    }
    assert set(rows) == set(paid) | set(back) and len(rows) > 30
    for key, row in rows.items():
        assert (row["orders_paid"], row["buyers"]) == (orders[key], len(buyers[key])), key
        assert (row["paid_amount"], row["refund_amount"]) == (paid[key], back[key]), key


def test_a_buyer_of_two_regions_is_one_buyer_of_the_store(built: Any) -> None:
    rows = built.rows(
        "select s.buyers, r.added from marts.store_monthly s join (select store_id, period_start,"
        " sum(buyers) as added from marts.region_monthly group by all) r using (store_id, period_start)"
        " where s.buyers > 10"
    )
    assert all(row["buyers"] <= row["added"] for row in rows)
    assert sum(row["buyers"] < row["added"] for row in rows) > 10
