"""From the vendor's API to staging, for the shops abroad: staging says what the world did, to the cent.

One sandbox over real HTTP, four weeks read, one load, one dbt build; the figures they are held to come from the
world and its ledger, without the clients and without dbt.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from staged import Staged, at, staged

from extractors.accounts import Account
from extractors.core.window import days_window
from extractors.errors import ConfigError, ContractError
from extractors.platforms.amazon.sandbox import finances
from extractors.platforms.shopify.sandbox.records import paid_by_gift_card
from extractors.platforms.tiktok_shop.sandbox import promised, settled_between, settled_fees
from extractors.registry import platforms
from extractors.sandbox.buyers import CANARY
from extractors.sandbox.ledger import Ledger, refund_parts
from extractors.sandbox.orders import OrderState
from extractors.sandbox.season import day_number
from extractors.sandbox.truth import orders_modified, refunds_modified, shop_of

NEW_YORK = "America/New_York"
# 01:30 in New York on the Thursday a week before Thanksgiving.
NOW = datetime(2026, 11, 19, 1, 30, tzinfo=ZoneInfo(NEW_YORK))
START = date(2026, 10, 22)
SETTLE = timedelta(minutes=3)  # reads end so long behind now
FIRST, LAST = date(2026, 11, 1), date(2026, 11, 18)
NAMES = ["shopify", "amazon", "magento", "tiktok_shop"]
OPTIONS = {"amazon": {"marketplaces": "ATVPDKIKX0DER", "seller_id": "A2SANDBOXSELLER"}}
ACCOUNTS = {
    name: Account(
        f"{name}__harbor",
        name,
        name,
        f"harbor_{name}",
        NEW_YORK,
        "USD",
        start=START,
        options=OPTIONS.get(name, {}),
    )
    for name in NAMES
}
each = pytest.mark.parametrize("name", NAMES)


def amazon_paid_at(state: OrderState) -> int | None:
    """Amazon charges when it ships and tells no time: the order's own, unless it was called off unsent."""
    called_off = state.ended_at is not None and state.shipped_at is None
    return None if state.paid_at is None or called_off else state.order.timeline.created


def magento_paid_at(state: OrderState) -> int | None:
    """The invoice tells; of what was paid before the first read no invoice was read, and the order's time counts."""
    begun = int(datetime(START.year, START.month, START.day, tzinfo=ZoneInfo(NEW_YORK)).timestamp())
    if state.paid_at is None or state.paid_at >= begun:
        return state.paid_at
    return state.order.timeline.created


PAID_AT: dict[str, Callable[[OrderState], int | None]] = {
    "amazon": amazon_paid_at,
    "magento": magento_paid_at,
}
"""When an order counts as paid, where the vendor's record cannot say it as the world knows it."""
OWN_DAYS = {"amazon"}  # whose sales lie on other days than the ledger's


def paid_at(name: str, state: OrderState) -> int | None:
    return PAID_AT[name](state) if name in PAID_AT else state.paid_at


class Night(Staged):
    @property
    def span(self) -> tuple[int, int, int]:
        """The stretch that was read and the world's now, in epoch seconds."""
        start = datetime(START.year, START.month, START.day, tzinfo=ZoneInfo(NEW_YORK))
        return int(start.timestamp()), int((NOW - SETTLE).timestamp()), int(NOW.timestamp())

    def states(self, name: str) -> list[OrderState]:
        """The orders that were to be read."""
        return list(orders_modified(self.box.sandbox.world, shop_of(ACCOUNTS[name].id), *self.span))


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    with staged(Night, tmp_path_factory.mktemp("global"), ACCOUNTS, NOW, timedelta()) as night:
        yield night


def money(cents: int) -> Decimal:
    return Decimal(cents) / 100


def test_every_model_and_test_of_these_platforms_passes(night: Night) -> None:
    bad = {name: status for name, status in night.statuses.items() if status not in ("success", "pass")}
    assert not bad, night.output[-4000:]
    for name in NAMES:
        kinds = [node.split(".")[0] for node in night.statuses if f"_{name}__" in node]
        assert kinds.count("test") >= 4 and kinds.count("model") >= 4


@each
def test_every_order_of_four_weeks_is_staged_once(name: str, night: Night) -> None:
    found = night.tuples(f"select order_id from staging.stg_{name}__orders")
    assert sorted(order for (order,) in found) == sorted(order_id(name, s) for s in night.states(name))
    assert len(found) > 200


@each
def test_every_paid_order_has_the_worlds_money_and_times(name: str, night: Night) -> None:
    rows = night.tuples(f"""
        select o.order_id, o.created_at, o.paid_at, l.list_amount, l.units, l.discount, l.subsidy, l.goods,
            o.shipping_charged, o.tax, o.buyer_paid_total
        from staging.stg_{name}__orders as o
        join (
            select order_id, sum(list_amount) as list_amount, sum(line_platform_subsidy) as subsidy,
                sum(merchant_item_discount) as discount, sum(line_amount) as goods, sum(quantity) as units
            from staging.stg_{name}__order_lines where line_class = 'product' group by 1
        ) as l on o.order_id = l.order_id
        where o.paid_at is not null and o.exclude_reason is null
    """)
    expected = {}
    for state in night.states(name):
        order, paid = state.order, paid_at(name, state)
        if paid is not None:
            listed = sum(line.list_amount for line in order.lines)
            subsidy = sum(line.subsidy for line in order.lines)
            expected[order_id(name, state)] = (
                at(order.timeline.created),
                at(paid),
                money(listed),
                Decimal(sum(line.quantity for line in order.lines)),
                money(listed - subsidy - order.goods),
                money(subsidy),
                money(order.goods),
                money(order.shipping),
                money(order.tax),
                money(order.total),
            )
    found = {row[0]: row[1:] for row in rows}
    assert found.keys() == expected.keys() and len(found) > 150
    for key, row in expected.items():
        assert found[key] == row, key


def test_what_shopify_was_paid_with_gift_cards_is_staged_to_the_cent(night: Night) -> None:
    found = dict(
        night.tuples("select order_id, paid_by_gift_card from staging.stg_shopify__gift_card_payments")
    )
    cards = {
        order_id("shopify", state): money(paid_by_gift_card(state.order))
        for state in night.states("shopify")
        if state.paid_at is not None and paid_by_gift_card(state.order)
    }
    assert found == cards and len(found) > 10
    # Most of them paid the rest otherwise: no order was paid twice for it.
    both = night.tuples(
        "select count(*) from staging.stg_shopify__orders join staging.stg_shopify__gift_card_payments using (order_id)"
        " where buyer_paid_total > paid_by_gift_card and payment_type = 'shopify_payments'"
    )
    assert both[0][0] > 5


@each
def test_lines_name_their_products_and_their_own_money(name: str, night: Night) -> None:
    rows = night.tuples(
        f"select order_id, quantity, line_amount, line_tax, product_id is not null from staging.stg_{name}__order_lines"
    )
    found: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for key, *rest in rows:
        found[key].append(tuple(rest))
    checked = 0
    for state in night.states(name):
        if paid_at(name, state) is None:
            continue
        lines = [(Decimal(q), money(p), money(t), True) for q, p, t in lines_of(name, state)]
        assert sorted(found[order_id(name, state)]) == sorted(lines)
        checked += 1
    assert checked > 150


@each
def test_refunds_of_each_day_equal_the_worlds_own_ledger(name: str, night: Night) -> None:
    """By order and day, each part capped at what was paid, as the ledger counts."""
    rows = night.tuples(f"""
        select order_id, refunded_at, refund_amount, refund_goods, refund_shipping, refund_tax
        from staging.stg_{name}__refunds where refund_state = 'success'
    """)
    found: dict[tuple[str, datetime], Decimal] = defaultdict(Decimal)
    for order, moment, amount, *parts in rows:
        found[order, moment] += amount
        if None not in parts:
            assert sum(parts) == amount
    start = night.span[0]
    expected: dict[tuple[str, datetime], Decimal] = defaultdict(Decimal)
    for state in night.states(name):
        if paid_at(name, state) is None:
            continue
        for parts in refund_parts(state):
            if parts.at >= start:
                expected[order_id(name, state), datetime.fromtimestamp(parts.at, UTC)] += money(parts.amount)
    recent = {key: amount for key, amount in found.items() if key[1].timestamp() >= start}
    assert recent == expected and len(expected) > 10


def test_an_arbitrated_return_is_a_dispute_and_the_word_of_the_platform_a_decision(night: Night) -> None:
    found = {
        row["refund_id"]: (row["is_disputed"], row["is_platform_decided"])
        for row in night.rows("select * from staging.stg_tiktok_shop__refunds")
    }
    shop = shop_of(ACCOUNTS["tiktok_shop"].id)
    wanted = {
        str(refund.refund.id): (refund.is_disputed, refund.is_disputed and not refund.is_open)
        for state, refund in refunds_modified(night.box.sandbox.world, shop, *night.span)
        if state.paid_at is not None
    }
    assert {key: found.get(key) for key in wanted} == wanted
    assert {(False, False), (True, True)} <= set(wanted.values())


def test_what_tiktok_promised_and_when_it_came_are_staged(night: Night) -> None:
    found = {
        row["order_id"]: (row["promised_delivery_at"], row["delivered_at"])
        for row in night.rows("select * from staging.stg_tiktok_shop__orders")
    }
    shop = shop_of(ACCOUNTS["tiktok_shop"].id)
    wanted = {
        order_id("tiktok_shop", state): (
            None if state.paid_at is None else at(promised(shop, state.paid_at)),
            None if state.signed_at is None else at(state.signed_at),
        )
        for state in night.states("tiktok_shop")
    }
    assert found == wanted
    late = [came > by for by, came in wanted.values() if by and came]
    assert 10 < sum(late) < len(late) / 2
    assert any(by and not came and by < NOW for by, came in wanted.values())


def test_what_tiktok_settled_is_staged_with_what_affiliates_had_and_what_it_took(night: Night) -> None:
    found = {
        row["order_id"]: (row["settled_at"], row["affiliate_commission"], row["fees_platform"])
        for row in night.rows("select * from staging.stg_tiktok_shop__settlements")
    }
    wanted = {}
    shop = shop_of(ACCOUNTS["tiktok_shop"].id)
    for midnight, settled in settled_between(night.box.sandbox.world, shop, *night.span):
        for state in settled:
            fees = settled_fees(state)
            wanted[order_id("tiktok_shop", state)] = (
                at(midnight),
                money(fees["affiliate_commission_amount"]),
                money(fees["referral_fee_amount"]),
            )
    assert found == wanted
    assert 50 < sum(commission > 0 for _, commission, _ in wanted.values()) < len(wanted) / 2


def test_what_amazon_took_is_staged_once_for_each_order_refund_and_month(night: Night) -> None:
    found = {
        (row["order_id"], row["settled_at"]): row["fees_platform"]
        for row in night.rows("select * from staging.stg_amazon__settlements")
    }
    wanted: dict[tuple[str | None, datetime], Decimal] = {}
    world, shop, (start, end, now) = night.box.sandbox.world, shop_of(ACCOUNTS["amazon"].id), night.span
    sent = list(finances.shipped_between(world, shop, start, end, now))
    for state in sent:
        taken = sum(sum(finances.fees_of(state, line).values()) for line in state.order.lines)
        wanted[order_id("amazon", state), at(state.shipped_at)] = money(taken)
    for state, refund in refunds_modified(world, shop, start, end, now):
        if finances.is_posted(refund) and finances.fee_given_back(refund):
            wanted[order_id("amazon", state), at(refund.modified)] = -money(finances.fee_given_back(refund))
    wanted[None, datetime(2026, 11, 1, tzinfo=UTC)] = money(finances.SUBSCRIPTION)
    assert found == wanted
    assert any(map(finances.is_deferred, sent)) and any(fees < 0 for fees in wanted.values())
    rows = night.rows("select affiliate_commission from staging.stg_amazon__settlements")
    assert {row["affiliate_commission"] for row in rows} == {None}


@each
def test_the_days_of_the_ledger_are_the_days_of_staging(name: str, night: Night) -> None:
    wanted: dict[date, tuple[int, Decimal]] = {}
    if name in OWN_DAYS:
        for state in night.states(name):
            moment = paid_at(name, state)
            if moment is not None:
                day = datetime.fromtimestamp(moment, ZoneInfo(NEW_YORK)).date()
                count, total = wanted.get(day, (0, Decimal(0)))
                wanted[day] = (count + 1, total + money(state.order.total))
    else:
        ledger = Ledger(night.box.sandbox.world, night.span[0])
        for row in ledger.store(f"harbor_{name}", night.span[2], FIRST, LAST, "day"):
            wanted[row.period_start] = (row.orders_paid, row.paid_amount)
        # What changed in the last minutes stands in the next night's window and nowhere else.
        world, now = night.box.sandbox.world, night.span[2]
        for state in orders_modified(world, shop_of(ACCOUNTS[name].id), night.span[1], now + 1, now):
            if state.paid_at is not None:
                day = datetime.fromtimestamp(state.paid_at, ZoneInfo(NEW_YORK)).date()
                count, total = wanted.get(day, (0, Decimal(0)))
                wanted[day] = (count - 1, total - money(state.order.total))
    rows = night.tuples(f"""
        select cast(timezone('{NEW_YORK}', paid_at) as date), count(*), sum(buyer_paid_total)
        from staging.stg_{name}__orders where paid_at is not null and exclude_reason is null group by 1
    """)
    found = {day: (count, total) for day, count, total in rows}
    days = [day for day in wanted if FIRST <= day <= LAST]
    assert {day: found.get(day, (0, Decimal(0))) for day in days} == {day: wanted[day] for day in days}
    assert sum(wanted[day][0] for day in days) > 100 and len(days) > 10


@each
def test_a_buyer_who_comes_back_is_one_buyer(name: str, night: Night) -> None:
    rows = dict(night.tuples(f"select order_id, buyer_key from staging.stg_{name}__orders"))
    by_key: dict[str, set[str]] = defaultdict(set)
    for state in night.states(name):
        buyer, key = state.order.buyer, rows[order_id(name, state)]
        if buyer is not None and key is not None:
            by_key[key].add(buyer.key)
    assert all(len(people) == 1 for people in by_key.values())
    assert len({p for people in by_key.values() for p in people}) == len(by_key) > 100


@each
def test_products_carry_the_present_price_and_stock(name: str, night: Night) -> None:
    if "products" not in platforms()[name].stream_names:
        return
    rows = night.tuples(
        f"select list_price, stock from staging.stg_{name}__products where sku_id is not null"
    )
    views = night.box.sandbox.world.products(f"harbor_{name}", night.span[2])
    stocked = name != "magento"  # whose list of products holds no stock
    expected = [
        (money(p), Decimal(s) if stocked else None)
        for view in views
        for p, s in zip(view.prices, view.stock, strict=True)
    ]
    assert sorted(rows) == sorted(expected) and rows


def test_no_personal_value_stands_in_anything_that_was_written(night: Night) -> None:
    found = night.searched_for(CANARY)
    assert len(found) > 30 and not any(found.values()), found


def test_an_amazon_account_without_its_sellers_id_is_told_what_to_add() -> None:
    stream, account = platforms()["amazon"].stream("products"), replace(ACCOUNTS["amazon"], options={})
    with pytest.raises(ConfigError) as caught:
        list(stream.reads(account, days_window(START, START, account.zone)))
    assert "seller_id" in str(caught.value.advice)


def test_refunds_of_another_marketplace_are_left_to_the_account_they_are_of() -> None:
    """Transactions are answered for every marketplace of a seller, and there is one account a marketplace."""
    stream = platforms()["amazon"].stream("refunds")
    told: list[dict[str, Any]] = [
        {"transactionId": "1", "marketplaceDetails": {"marketplaceId": "ATVPDKIKX0DER"}},
        {"transactionId": "2", "marketplaceDetails": {"marketplaceId": "A2EUQ1WTGCTBG2"}},
        {"transactionId": "3", "sellingPartnerMetadata": {"marketplaceId": "A2EUQ1WTGCTBG2"}},
        {"transactionId": "4"},
    ]

    def kept(marketplaces: str | list[str]) -> str:
        account = replace(ACCOUNTS["amazon"], options={"marketplaces": marketplaces})
        (read,) = stream.reads(account, days_window(START, START, account.zone))
        assert read.finish
        return "".join(
            r["transactionId"] for r in read.finish([{**r, "transactionType": "Refund"} for r in told])
        )

    assert kept("ATVPDKIKX0DER") == "14"
    assert kept("A2EUQ1WTGCTBG2") == "234"
    assert kept("ATVPDKIKX0DER, A2EUQ1WTGCTBG2") == kept(["ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"]) == "1234"


@pytest.mark.parametrize("kind", [{}, {"transactionType": None}])
def test_a_transaction_that_does_not_say_what_it_is_may_be_a_refund(kind: dict[str, Any]) -> None:
    account = ACCOUNTS["amazon"]
    (read,) = platforms()["amazon"].stream("refunds").reads(account, days_window(START, START, account.zone))
    assert read.finish
    with pytest.raises(ContractError, match="without its transactionType"):
        read.finish([{"transactionId": "1", "transactionType": "Shipment"}, {"transactionId": "2", **kind}])


# ---- what only one vendor does ---------------------------------------------------------------------
def order_id(name: str, state: OrderState) -> str:
    """The order's id as the vendor writes it."""
    if name == "amazon":
        return f"114-{day_number(state.order.day):07d}-{state.order.index:07d}"
    if name == "magento":
        return str(day_number(state.order.day) * 100_000 + state.order.index)
    return str(state.order.id)


def lines_of(name: str, state: OrderState) -> list[tuple[int, int, int]]:
    """(quantity, goods, tax) of every line as the vendor cuts them."""
    if name == "tiktok_shop":  # one line a unit, the odd cents on the first units
        return [
            (1, *(cents // line.quantity + (i < cents % line.quantity) for cents in (line.paid, line.tax)))
            for line in state.order.lines
            for i in range(line.quantity)
        ]
    return [(line.quantity, line.paid, line.tax) for line in state.order.lines]
