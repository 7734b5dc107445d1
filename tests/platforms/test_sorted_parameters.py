"""From the vendor's API to staging, for the vendors that copied TOP's manner: staging says what the world did.

One sandbox over real HTTP, one load, one dbt build; the figures they are held to come from the world and its
ledger, without the clients and without dbt.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from staged import Staged, at, staged, yuan

from extractors.accounts import Account
from extractors.registry import platforms
from extractors.sandbox.buyers import CANARY
from extractors.sandbox.halves import platform_halves
from extractors.sandbox.ledger import Ledger
from extractors.sandbox.orders import OrderState
from extractors.sandbox.truth import orders_modified, refunds_modified, shop_of

SHANGHAI = ZoneInfo("Asia/Shanghai")
# Double 11 lies within the four weeks before it.
NOW = datetime(2026, 11, 21, 10, 0, tzinfo=SHANGHAI)
FOUR_WEEKS = date(2026, 10, 24)
# First day read; fewer days where the vendor makes a day cost a thousand calls.
STARTS = {
    "jd": FOUR_WEEKS,
    "pinduoduo": date(2026, 11, 19),
    "kaola": date(2026, 11, 12),
    "beibei": FOUR_WEEKS,
}
ACCOUNTS = {
    name: Account(account, name, name, shop_of(account).store, "Asia/Shanghai", "CNY", start=start)
    for name, start in STARTS.items()
    for account in (f"{name}__lantern",)
}
# Vendors that do not say who pays for a discount: there it counts as the merchant's.
SILENT_ON_SUBSIDY = frozenset({"beibei"})
# Vendors that do not say when a refund succeeded: there it is the day it was first seen so.
SILENT_ON_SUCCESS = frozenset({"kaola"})
# Vendors whose list of products names no price.
SILENT_ON_PRICE = frozenset({"pinduoduo"})
OFFERING = [name for name in STARTS if "products" in platforms()[name].stream_names]
each = pytest.mark.parametrize("name", STARTS)


class Night(Staged):
    def span(self, name: str) -> tuple[int, int, int]:
        """The stretch that was read and the world's now, in epoch seconds."""
        now = int(NOW.timestamp())
        return int(datetime(*STARTS[name].timetuple()[:3], tzinfo=SHANGHAI).timestamp()), now + 1, now

    def paid(self, name: str) -> list[OrderState]:
        """The orders that were to be read and are paid."""
        world, account = self.box.sandbox.world, ACCOUNTS[name].id
        keys = platform_halves()[name].truth(world, account, "orders", *self.span(name))
        readable = {number(key) for key in keys}
        found = orders_modified(world, shop_of(account), *self.span(name))
        return [state for state in found if state.paid_at is not None and str(state.order.id) in readable]


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    with staged(Night, tmp_path_factory.mktemp("sorted"), ACCOUNTS, NOW, timedelta(minutes=40)) as night:
        yield night


def number(identity: str) -> str:
    """The world's number in an id: some vendors, and our kinds of refund, put something before it."""
    return identity.rpartition("-")[2]


# What the buyer paid: the lines, less what is taken off the order, and the postage.
MONEY = """
    select o.order_id, o.created_at, o.paid_at, l.list_amount, l.units,
        l.list_amount - l.goods - l.subsidy + o.order_discount as merchant,
        l.subsidy + o.platform_subsidy as subsidy,
        l.goods - o.order_discount - o.platform_subsidy as goods, o.shipping_charged, o.tax, o.buyer_paid_total
    from staging.stg_{0}__orders as o
    join (
        select order_id, sum(list_amount) as list_amount, sum(line_platform_subsidy) as subsidy,
            sum(line_amount) as goods, sum(quantity) as units
        from staging.stg_{0}__order_lines group by 1
    ) as l on o.order_id = l.order_id
    where o.paid_at is not null
"""


def test_every_staging_test_passes_on_what_the_vendors_sent(night: Night) -> None:
    assert len(night.statuses) >= 9 * len(STARTS)
    assert set(night.statuses.values()) <= {"success", "pass"}, night.output


@each
def test_every_order_was_paid_when_and_what_the_world_says(night: Night, name: str) -> None:
    found = {number(row[0]): row[1:] for row in night.tuples(MONEY.format(name))}
    wanted = {}
    for state in night.paid(name):
        order = state.order
        listed = sum(line.list_amount for line in order.lines)
        subsidy = 0 if name in SILENT_ON_SUBSIDY else sum(line.subsidy for line in order.lines)
        wanted[str(order.id)] = (
            at(order.timeline.created),
            at(state.paid_at),
            yuan(listed),
            sum(line.quantity for line in order.lines),
            yuan(listed - subsidy - order.goods),
            yuan(subsidy),
            yuan(order.goods),
            yuan(order.shipping),
            Decimal(0),
            yuan(order.total),
        )
    assert len(wanted) > 100
    assert found.keys() == wanted.keys()
    for key, facts in wanted.items():
        assert found[key][:-1] == facts[:-1], key
        assert found[key][-1] in (None, facts[-1]), key


@each
def test_every_refund_gave_back_when_and_what_the_world_says(night: Night, name: str) -> None:
    found = {
        number(row[0]): (number(row[1]), *row[2:])
        for row in night.tuples(
            f"select refund_id, order_id, refund_amount, refunded_at from staging.stg_{name}__refunds"
            f" where refund_state = 'success' and refunded_at >= to_timestamp({night.span(name)[0]})"
        )
    }
    shop = shop_of(ACCOUNTS[name].id)
    start = night.span(name)[0]
    wanted = {
        str(refund.refund.id): (str(state.order.id), yuan(refund.refund.amount), at(refund.refunded_at))
        for state, refund in refunds_modified(night.box.sandbox.world, shop, *night.span(name))
        if refund.refunded_at is not None and (name not in SILENT_ON_SUCCESS or refund.created >= start)
    }
    assert len(wanted) > 10
    if name in SILENT_ON_SUCCESS:
        assert all(row[2] is not None for row in found.values())
        assert {key: row[:2] for key, row in found.items()} == {key: row[:2] for key, row in wanted.items()}
    else:
        assert found == wanted


def test_a_pinduoduo_dispute_is_told_with_its_end(night: Night) -> None:
    found = {
        row["refund_id"]: (row["is_disputed"], row["is_platform_decided"])
        for row in night.rows("select * from staging.stg_pinduoduo__refunds")
    }
    shop = shop_of(ACCOUNTS["pinduoduo"].id)
    wanted = {
        str(refund.refund.id): (refund.is_disputed, refund.is_disputed and not refund.is_open)
        for _, refund in refunds_modified(night.box.sandbox.world, shop, *night.span("pinduoduo"))
    }
    assert found == wanted
    assert len(set(wanted.values())) > 1


@each
def test_the_days_add_up_to_the_ledger(night: Night, name: str) -> None:
    start, _, now = night.span(name)
    first = STARTS[name] + timedelta(days=1)
    days = night.tuples(
        f"select cast(timezone('Asia/Shanghai', paid_at) as date), count(*), sum(goods + shipping_charged + tax)"
        f" from ({MONEY.format(name)}) group by 1"
    )
    back = night.tuples(
        f"select cast(timezone('Asia/Shanghai', refunded_at) as date), sum(refund_amount)"
        f" from staging.stg_{name}__refunds where refund_state = 'success' group by 1"
    )
    paid = {day: (orders, amount) for day, orders, amount in days if first <= day <= NOW.date()}
    refunded = {day: amount for day, amount in back if first <= day <= NOW.date()}
    ledger = Ledger(night.box.sandbox.world, loaded_from=start)
    figures = ledger.store(ACCOUNTS[name].store_id, now, first, NOW.date())
    assert paid == {f.period_start: (f.orders_paid, f.paid_amount) for f in figures if f.orders_paid}
    if name not in SILENT_ON_SUCCESS:
        assert refunded == {f.period_start: f.refund_amount for f in figures if f.refunds}


@pytest.mark.parametrize("name", OFFERING)
def test_products_are_what_the_shop_has_with_its_present_price_and_stock(night: Night, name: str) -> None:
    found = night.tuples(f"""
        select product_name, list_price, stock, is_on_sale, product_id, sku_id from staging.stg_{name}__products""")
    views = night.box.sandbox.world.products(shop_of(ACCOUNTS[name].id).store, int(NOW.timestamp()))
    price = (lambda view: None) if name in SILENT_ON_PRICE else (lambda view: yuan(min(view.prices)))
    assert sorted(row[:4] for row in found if row[5] is None) == sorted(
        (view.item.chinese, price(view), Decimal(sum(view.stock)), view.is_on_sale) for view in views
    )
    sold = night.tuples(f"select distinct product_id, sku_id from staging.stg_{name}__order_lines")
    assert {product for product, _ in sold} <= {row[4] for row in found} and sold
    variants = {row[4:] for row in found if row[5] is not None}
    assert not variants or set(sold) <= variants


@each
def test_buyers_are_told_apart_by_their_key_alone(night: Night, name: str) -> None:
    rows = night.tuples(f"select order_id, buyer_key from staging.stg_{name}__orders")
    keys = {number(order): buyer for order, buyer in rows}
    buyers = {str(state.order.id): state.order.buyer.key for state in night.paid(name) if state.order.buyer}
    known = {key for key in keys.values() if key is not None}
    if known:
        pairs = {(keys[order], buyer) for order, buyer in buyers.items()}
        assert len(pairs) == len({key for key, _ in pairs}) == len(set(buyers.values())) > 50


def test_no_personal_value_stands_in_anything_that_was_written(night: Night) -> None:
    found = night.searched_for(CANARY)
    assert len(found) > 30 and not any(found.values()), found


def test_nothing_was_refused_on_the_way(night: Night) -> None:
    assert night.box.control.counters()["refusals"] == {}
