"""Sales by region, kind of buyer and way of payment, counted again from the orders of each period."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from expected import ZERO, Books, Sale, cents, ratio

GRAINS = {"day": "daily", "week": "weekly", "month": "monthly"}
OUTCOMES = ("cancelled", "fully_refunded", "partly_refunded")
RATIOS = (
    ("pay_rate_created_cohort", "orders_created_paid", "orders_created"),
    ("discount_rate", "merchant_discount", "list_amount"),
    ("avg_unit_price", "goods_paid", "units_paid"),
    ("units_per_order", "units_paid", "orders_paid"),
    ("refund_rate_cohort_30d", "refund_amount_cohort_30d", "paid_amount_mature"),
)
PARTS = {
    "list": "list_amount",
    "discount": "merchant_discount",
    "subsidy": "platform_subsidy",
    "goods": "goods_paid",
    "shipping": "shipping_charged",
    "tax": "tax",
    "gift_cards": "gift_cards_sold",
}


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
    sold: dict[Any, list[Sale]] = defaultdict(list)
    paid: dict[Any, Decimal] = defaultdict(Decimal)
    back: dict[Any, Decimal] = defaultdict(Decimal)
    parts_back: dict[Any, Decimal] = defaultdict(Decimal)
    units_back: dict[Any, Decimal] = defaultdict(Decimal)
    created: dict[Any, list[Sale]] = defaultdict(list)
    # In whose period a buyer's very first order lies: of the store, or of any store of the platform.
    first: dict[Any, date] = {}
    kept: dict[Any, bool] = {}
    put_down: dict[Any, list[Decimal | None]] = defaultdict(list)
    paid_days: dict[Any, set[date]] = defaultdict(set)  # whatever was bought then, and however long ago
    for sale in books.sales:
        for store, is_first in ((sale.row["store_id"], sale.first), ("ALL", sale.first_anywhere)):
            if is_first and (store, sale.paid) in starts and books.counts(sale, store):
                first[store, sale.row["platform"], sale.row["buyer_key"]] = starts[store, sale.paid]
                kept[store, sale.row["platform"], sale.row["buyer_key"]] = sale.outcome in (
                    "kept",
                    "partly_refunded",
                )
    for sale in books.sales:
        if sale.counted and sale.row["buyer_key"] and sale.paid:
            for store in (sale.row["store_id"], "ALL"):
                paid_days[store, sale.row["platform"], sale.row["buyer_key"]].add(sale.paid)
        moments = {
            "received": sale.row["deposit_paid_at"],
            "forfeited": sale.row["is_deposit_forfeited"] and sale.row["cancelled_at"],
        }
        for name, moment in moments.items():
            own = sale.row["store_id"]
            day = moment and books.day(own, moment)
            for store in (own, "ALL"):
                in_time = day and (store == own or books.counts_in_all(own, day))
                if in_time and sale.excluded is None and (store, day) in starts:
                    amount = sale.row["deposit_paid_amount"]
                    key = (store, sale.row.get(trait) or "unknown", starts[store, day])
                    put_down[*key, name].append(
                        None if amount is None else cents(amount * books.rates(sale.row["currency"], day))
                    )
        for store in (sale.row["store_id"], "ALL"):
            in_time = store != "ALL" or books.counts_in_all(sale.row["store_id"], sale.created)
            if sale.excluded is None and (store, sale.created) in starts and in_time:
                created[store, sale.row.get(trait) or "unknown", starts[store, sale.created]].append(sale)
            if not sale.is_paid or (store, sale.paid) not in starts or not books.counts(sale, store):
                continue
            key = (store, sale.row.get(trait) or "unknown", starts[store, sale.paid])
            sold[key].append(sale)
            paid[key] += sale.amount
            orders[key] += sale.counted
            if sale.counted and sale.row["buyer_key"]:
                buyers[key].add((sale.row["platform"], sale.row["buyer_key"]))
    for refund in books.refunds:
        for store in (refund.row["store_id"], "ALL"):
            own = refund.row["store_id"]
            if (store, refund.day) in starts and (store == own or books.counts_in_all(own, refund.day)):
                value = (refund.sale.row.get(trait) if refund.sale else None) or "unknown"
                key = (store, value, starts[store, refund.day])
                back[key] += sum(refund.value.values(), Decimal(0))
                units_back[key] += refund.row["quantity"]
                for part, amount in refund.value.items():
                    parts_back[key, part] += amount
    rows = {
        (row["store_id"], row[trait], row["period_start"]): row
        for row in built.rows(f"select * from marts.{trait}_{GRAINS[grain]}")
    }
    with_deposits = {key[:3] for key in put_down}
    assert set(rows) == set(paid) | set(back) | set(created) | with_deposits and len(rows) > 30
    for key, row in rows.items():
        assert (row["orders_paid"], row["buyers"]) == (orders[key], len(buyers[key])), key
        assert (row["paid_amount"], row["refund_amount"]) == (paid[key], back[key]), key
        new = sum(first.get((key[0], *buyer)) == key[2] for buyer in buyers[key])
        assert (row["new_buyers"], row["returning_buyers"]) == (new, len(buyers[key]) - new), key
        year = {key[2] - timedelta(days=days) for days in range(1, 366)}
        old = sum(not year.isdisjoint(paid_days[key[0], *buyer]) for buyer in buyers[key])
        assert row["returning_buyers_365d"] == old, key
        bought: dict[Any, list[Sale]] = defaultdict(list)
        for sale in sold[key]:
            if sale.counted and sale.row["buyer_key"]:
                bought[key[0], sale.row["platform"], sale.row["buyer_key"]].append(sale)
        assert row["repeat_in_period_buyers"] == sum(len(sales) > 1 for sales in bought.values()), key
        won = {buyer for buyer in bought if first.get(buyer) == key[2]}
        assert row["new_buyers_kept"] == sum(kept[buyer] for buyer in won), key
        assert row["new_buyer_amount"] == sum((s.amount for b in won for s in bought[b]), ZERO), key
        for name in ("received", "forfeited"):
            amounts = put_down[*key, name]
            told = None if None in amounts else sum((a for a in amounts if a), ZERO)
            assert row[f"deposit_{name}"] == told, (key, name)
        for part, name in PARTS.items():
            assert row[name] == sum((sale.value(part) for sale in sold[key]), ZERO), (key, name)
        for outcome in OUTCOMES:
            count = sum(sale.counted and sale.outcome == outcome for sale in sold[key])
            assert row[f"orders_{outcome}_cohort"] == count, (key, outcome)
        for part in ("goods", "shipping", "tax"):
            assert row[f"refund_{part}"] == parts_back[key, part], (key, part)
        assert row["refund_units"] == units_back[key], key
        firsts = [sale for sale in sold[key] if (sale.first_anywhere if key[0] == "ALL" else sale.first)]
        assert (row["first_orders"], row["first_order_amount"]) == (
            len(firsts),
            sum((sale.amount for sale in firsts), ZERO),
        ), key
        thirty_days = timedelta(days=30)
        mature = [s for s in sold[key] if s.paid <= books.whole_through(s.row["store_id"]) - thirty_days]
        back_in_time = sum(
            (
                sum(refund.at_sale_rate.values(), ZERO)
                for sale in mature
                for refund in sale.refunds
                if refund.row["refunded_at"] <= sale.row["recognised_at"] + thirty_days
            ),
            ZERO,
        )
        assert row["paid_amount_mature"] == sum((sale.amount for sale in mature), ZERO), key
        assert row["refund_amount_cohort_30d"] == back_in_time, key
        unpaid = sum(sale.paid is None for sale in created[key])
        assert (row["orders_created"], row["orders_unpaid"]) == (len(created[key]), unpaid), key
        assert row["merchant_receivable"] == row["paid_amount"] + row["platform_subsidy"], key
        for name, over, under in RATIOS:
            assert row[name] == pytest.approx(ratio(row[over], row[under]), abs=1e-6), (key, name)
    assert any(row["new_buyers"] and row["returning_buyers"] for row in rows.values())
    assert any(0 < row["new_buyers_kept"] < row["new_buyers"] for row in rows.values())
    assert any(row["new_buyers"] and row["repeat_in_period_buyers"] for row in rows.values())
    assert any(0 < row["returning_buyers_365d"] < row["buyers"] for row in rows.values())
    assert any(row["deposit_received"] for row in rows.values())
    assert any(row["deposit_forfeited"] for row in rows.values())
    assert any(row["refund_rate_cohort_30d"] for row in rows.values())
    assert any(row["paid_amount"] and not row["paid_amount_mature"] for row in rows.values())


def test_a_buyer_of_two_regions_is_one_buyer_of_the_store(built: Any) -> None:
    rows = built.rows(
        "select s.buyers, r.added from marts.store_monthly s join (select store_id, period_start,"
        " sum(buyers) as added from marts.region_monthly group by all) r using (store_id, period_start)"
        " where s.buyers > 10"
    )
    assert all(row["buyers"] <= row["added"] for row in rows)
    assert sum(row["buyers"] < row["added"] for row in rows) > 10
