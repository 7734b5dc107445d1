"""From the vendor's API to staging, order by order, for the shops whose vendors tell little of refunds.

One sandbox over real HTTP, one load, one dbt build; the figures they are held to come from the world itself,
without the clients and without dbt.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from staged import MONEY, Staged, at, staged, yuan

from extractors.accounts import Account
from extractors.core.window import Window
from extractors.credentials import Credentials
from extractors.extract import extract
from extractors.landing import Landing
from extractors.sandbox import timeline as tl
from extractors.sandbox.buyers import CANARY
from extractors.sandbox.ledger import Ledger
from extractors.sandbox.orders import OrderState, RefundState
from extractors.sandbox.truth import orders_modified, refunds_modified, shop_of

SHANGHAI = ZoneInfo("Asia/Shanghai")
# Double 11 lies within the four weeks before it.
NOW = datetime(2026, 11, 21, 10, 0, tzinfo=SHANGHAI)
START = date(2026, 10, 24)
NAMES = ("youzan", "mogujie", "dangdang")
ACCOUNTS = {
    name: Account(
        f"{name}__lantern", name, name, shop_of(f"{name}__lantern").store, "Asia/Shanghai", "CNY", start=START
    )
    for name in NAMES
}
each = pytest.mark.parametrize("name", NAMES)


class Night(Staged):
    def orders(self, name: str) -> list[OrderState]:
        """The orders that were to be read."""
        return list(orders_modified(self.box.sandbox.world, shop_of(ACCOUNTS[name].id), *span()))

    def refunds(self, name: str) -> list[tuple[OrderState, RefundState]]:
        """The refunds that changed in the stretch that was read."""
        return list(refunds_modified(self.box.sandbox.world, shop_of(ACCOUNTS[name].id), *span()))


def span() -> tuple[int, int, int]:
    """The stretch that was read and the world's now, in epoch seconds."""
    start = datetime(START.year, START.month, START.day, tzinfo=SHANGHAI)
    now = int(NOW.timestamp())
    return int(start.timestamp()), now + 1, now


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    with staged(Night, tmp_path_factory.mktemp("quiet"), ACCOUNTS, NOW, timedelta(minutes=10)) as night:
        yield night


def bare(text: str) -> str:
    """A vendor's id without the letters it begins with: the world's own."""
    return text.lstrip("ER")


def test_every_staging_test_passes_on_what_the_vendors_sent(night: Night) -> None:
    assert len(night.statuses) >= 9 * len(NAMES)
    assert set(night.statuses.values()) <= {"success", "pass"}, night.output


@each
def test_every_order_was_paid_when_and_what_the_world_says(night: Night, name: str) -> None:
    found = {
        bare(row["order_id"]): (
            row["created_at"],
            row["paid_at"],
            row["list_amount"],
            row["subsidy"] + row["platform_subsidy"],
            row["goods"] - row["order_discount"] - row["platform_subsidy"],
            row["shipping_charged"],
            row["lines"],
            row["units"],
            row["buyer_paid_total"],
        )
        for row in night.rows(MONEY.format(name))
    }
    wanted = {
        str(state.order.id): (
            at(state.order.timeline.created),
            at(state.paid_at),
            yuan(sum(line.list_amount for line in state.order.lines)),
            yuan(sum(line.subsidy for line in state.order.lines)),
            yuan(state.order.goods),
            yuan(state.order.shipping),
            len(state.order.lines),
            sum(line.quantity for line in state.order.lines),
            yuan(state.order.total) if state.paid_at is not None else None,
        )
        for state in night.orders(name)
    }
    assert len(wanted) > 200
    assert found.keys() == wanted.keys()
    for key, facts in wanted.items():
        assert found[key] == facts, key


@each
def test_every_order_is_in_the_state_the_world_left_it_in(night: Night, name: str) -> None:
    found = {bare(row["order_id"]): row for row in night.rows(f"select * from staging.stg_{name}__orders")}
    states = {
        tl.CREATED: "created",
        tl.DEPOSIT: "created",
        tl.PAID: "paid",
        tl.SHIPPED: "shipped",
        tl.COMPLETED: "completed",
        tl.CLOSED_UNPAID: "closed_unpaid",
    }
    seen = set()
    for state in night.orders(name):
        expected = states.get(state.status, "cancelled" if state.shipped_at is None else "completed")
        row = found[str(state.order.id)]
        assert (row["order_state"], row["shipped_at"]) == (expected, at(state.shipped_at)), state.order.id
        seen.add(expected)
    assert {"paid", "shipped", "completed", "cancelled", "closed_unpaid"} <= seen


@each
def test_the_days_add_up_to_the_ledger(night: Night, name: str) -> None:
    start, _, now = span()
    first = START + timedelta(days=1)
    days = night.rows(
        "select cast(timezone('Asia/Shanghai', paid_at) as date) as day, count(*) as orders,"
        " sum(goods - order_discount - platform_subsidy + shipping_charged + tax) as paid"
        f" from ({MONEY.format(name)}) where paid_at is not null group by 1"
    )
    paid = {row["day"]: (row["orders"], row["paid"]) for row in days if first <= row["day"] <= NOW.date()}
    ledger = Ledger(night.box.sandbox.world, loaded_from=start)
    figures = ledger.store(ACCOUNTS[name].store_id, now, first, NOW.date())
    assert len(paid) == (NOW.date() - first).days + 1
    assert paid == {f.period_start: (f.orders_paid, f.paid_amount) for f in figures if f.orders_paid}


@each
def test_buyers_are_told_apart_by_their_key_alone(night: Night, name: str) -> None:
    keys = {
        bare(row["order_id"]): row["buyer_key"]
        for row in night.rows(f"select order_id, buyer_key from staging.stg_{name}__orders")
    }
    buyers = {str(state.order.id): state.order.buyer.key for state in night.orders(name) if state.order.buyer}
    pairs = {(keys[order], buyer) for order, buyer in buyers.items()}
    assert len(pairs) == len({key for key, _ in pairs}) == len(set(buyers.values())) > 50


def disputed(refund: RefundState) -> bool:
    """Whether Youzan tells of it: while it is called in."""
    return refund.is_disputed and refund.is_open


def test_every_youzan_refund_gave_back_when_and_what_the_world_says(night: Night) -> None:
    found = {
        bare(row["refund_id"]): (
            bare(row["order_id"]),
            row["refund_amount"],
            row["refunded_at"],
            row["refund_state"],
            row["refund_shipping"],
            row["line_id"] is None,
            row["quantity"],
            row["is_disputed"],
            row["is_platform_decided"],
        )
        for row in night.rows("select * from staging.stg_youzan__refunds")
    }
    states = {tl.ASKED: "requested", tl.REFUNDED: "success", tl.WITHDRAWN: "closed"}
    wanted = {
        str(refund.refund.id): (
            str(state.order.id),
            yuan(refund.refund.amount),
            at(refund.refunded_at),
            "processing" if disputed(refund) else states.get(refund.phase, "processing"),
            yuan(refund.refund.shipping),
            len(refund.refund.lines) > 1,
            (sum(part.quantity for part in refund.refund.lines) or None)
            if refund.refund.plan.goods_return
            else None,
            disputed(refund),
            None if disputed(refund) else False,
        )
        for state, refund in night.refunds("youzan")
    }
    assert sum(row[2] is not None for row in wanted.values()) > 20
    assert all(any(row[place] for row in wanted.values()) for place in (4, 6, 7))
    assert found == wanted


def test_a_youzan_group_is_a_sale_when_it_forms(night: Night) -> None:
    rows = {bare(row["order_id"]): row for row in night.rows("select * from staging.stg_youzan__orders")}
    groups = [state for state in night.orders("youzan") if state.order.timeline.flow == "group"]
    assert {rows[str(state.order.id)]["order_type"] for state in groups} == {"group_buy"}
    later = [
        state for state in groups if state.paid_at and state.deposit_at and state.paid_at > state.deposit_at
    ]
    failed = [state for state in groups if state.status == tl.CLOSED_UNPAID and state.deposit_at]
    assert len(later) > 10 < len(groups) and failed
    assert all(rows[str(state.order.id)]["paid_at"] == at(state.paid_at) for state in groups)


def test_youzan_items_come_from_both_shelves(night: Night) -> None:
    shop = shop_of(ACCOUNTS["youzan"].id)
    found = {
        row["product_id"]: (row["list_price"], row["stock"], row["is_on_sale"])
        for row in night.rows("select * from staging.stg_youzan__products")
    }
    wanted = {
        str(405_000_000 + view.item.number): (
            yuan(min(view.prices)),
            Decimal(sum(view.stock)),
            view.is_on_sale,
        )
        for view in night.box.sandbox.world.products(shop.store, int(NOW.timestamp()))
    }
    assert found == wanted and len(found) == 12


def test_a_merchants_own_youzan_app_reads_with_nothing_but_its_shops_number(
    night: Night, tmp_path: Path
) -> None:
    offered = night.box.connections()["youzan__lantern"]
    own = Credentials(str(offered["host"]), str(offered["login"]), str(offered["password"]), {"kdt_id": "32"})
    landing = Landing(tmp_path / "landing")
    landed = extract(
        ACCOUNTS["youzan"],
        own,
        landing,
        hash_key=b"k" * 32,
        token_dir=tmp_path / "tokens",
        window=Window(NOW - timedelta(days=1), NOW),
        streams=("orders",),
        now=NOW,
    )
    assert sum(manifest.rows for manifest in landed) > 5
    kept = json.loads((tmp_path / "tokens" / "youzan__lantern.json").read_text())
    assert kept["access_token"] and datetime.fromisoformat(kept["expires_at"]) > datetime.now(UTC)


def test_mogujie_tells_the_amount_of_a_refund_only_where_the_whole_order_was_given_back(night: Night) -> None:
    rows = night.rows("select * from staging.stg_mogujie__refunds")
    concerned = {str(state.order.id): state for state in night.orders("mogujie") if state.refunds}
    assert {row["order_id"] for row in rows} == set(concerned)
    back: dict[str, Decimal] = {}
    partly = 0
    for row in rows:
        state = concerned[row["order_id"]]
        assert (row["refund_state"] == "success") == (row["refunded_at"] is not None)
        if state.status == tl.CANCELLED:
            back[row["order_id"]] = back.get(row["order_id"], Decimal(0)) + row["refund_amount"]
            assert row["refunded_at"] <= at(state.modified)
        else:
            assert row["refund_amount"] is None
            partly += row["refund_state"] == "success"
    closed = {
        key: yuan(state.order.total) for key, state in concerned.items() if state.status == tl.CANCELLED
    }
    assert back == closed
    assert partly > 5 < len(closed)


def test_every_dangdang_refund_gave_back_when_and_what_the_world_says(night: Night) -> None:
    rows = night.rows("select * from staging.stg_dangdang__refunds where refund_id not like 'cancelled-%'")
    found = sorted(
        (row["order_id"], row["requested_at"], row["refund_amount"], row["refunded_at"]) for row in rows
    )
    wanted = sorted(
        (str(state.order.id), at(refund.created), yuan(refund.refund.amount), at(refund.refunded_at))
        for state, refund in night.refunds("dangdang")
        if not refund.refund.plan.before_shipment
    )
    assert len(wanted) > 30
    assert {row[:3]: row[3] for row in found} == {row[:3]: row[3] for row in wanted}
    assert {row["refund_type"] for row in rows} == {"return_refund", "refund_only", "before_shipment"}


def test_a_paid_dangdang_order_that_was_cancelled_gives_back_all_of_it(night: Night) -> None:
    found = {
        row["order_id"]: (row["refund_amount"], row["refunded_at"])
        for row in night.rows(
            "select * from staging.stg_dangdang__refunds where refund_id like 'cancelled-%'"
        )
    }
    wanted = {
        str(state.order.id): (yuan(state.order.total), at(state.modified))
        for state in night.orders("dangdang")
        if state.status == tl.CANCELLED and state.shipped_at is None
    }
    assert len(wanted) > 10
    assert found == wanted


def test_no_personal_value_stands_in_anything_that_was_written(night: Night) -> None:
    found = night.searched_for(CANARY)
    assert len(found) > 30 and not any(found.values()), found


def test_nothing_was_refused_on_the_way(night: Night) -> None:
    assert night.box.control.counters()["refusals"] == {}
