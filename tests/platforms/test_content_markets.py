"""From the vendor's API to staging, order by order: what staging says is what the pretend world did.

One sandbox over real HTTP, one load, one dbt build for all platforms below; the figures they are held to come
from the world itself, without the clients and without dbt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from staged import MONEY, Staged, at, staged, yuan

from extractors.accounts import Account
from extractors.core.model import Reply, Request
from extractors.core.paging import SizedNextToken
from extractors.errors import ContractError
from extractors.platforms import xiaohongshu
from extractors.platforms.kuaishou_shop import ORDER_PAGES, REFUND_PAGES
from extractors.registry import platforms
from extractors.sandbox import timeline as tl
from extractors.sandbox.buyers import CANARY
from extractors.sandbox.market import refunded_line
from extractors.sandbox.orders import OrderState, RefundState
from extractors.sandbox.truth import orders_modified, refunds_modified, shop_of

SHANGHAI = ZoneInfo("Asia/Shanghai")
# Weeks of presales and Double 11 lie behind it.
NOW = datetime(2026, 11, 21, 10, 0, tzinfo=SHANGHAI)
START = date(2026, 10, 24)
NAMES = ("doudian", "alibaba_1688", "suning", "kuaishou_shop", "xiaohongshu")
BY_DAY = {"suning"}
"""Vendors that do not tell when a thing happened: it is dated by the day it was listed under."""
ONE_DISCOUNT = {"kuaishou_shop"}
"""Vendors that do not tell who bears a discount: all of it counts as the merchant's."""
SALE_TIME_ONLY = {"suning"}
"""Vendors that show an order once it is paid and tell no other time of it."""
OFFERING = [name for name in NAMES if "products" in platforms()[name].stream_names]
SILENT_ON_STOCK = {"doudian"}
"""Vendors whose list of products tells no stock."""
SKUS_ARE_PRODUCTS = {"xiaohongshu"}
"""Vendors whose orders name SKUs alone."""
ACCOUNTS = {
    name: Account(
        f"{name}__lantern",
        name,
        name,
        shop_of(f"{name}__lantern").store,
        "Asia/Shanghai",
        "CNY",
        # Half-hour windows make many calls: two weeks of them are enough here.
        start=START + timedelta(days=14 if name == "xiaohongshu" else 0),
        options={"calls_per_second": 1000},
    )
    for name in NAMES
}


class Night(Staged):
    def orders(self, name: str) -> list[OrderState]:
        """The orders that were to be read."""
        found = orders_modified(self.box.sandbox.world, self._shop(name), *self._span(name))
        return [state for state in found if state.paid_at is not None or name not in SALE_TIME_ONLY]

    def refunds(self, name: str) -> list[tuple[OrderState, RefundState]]:
        """The refunds that were to be read."""
        return refunds_modified(self.box.sandbox.world, self._shop(name), *self._span(name))

    @staticmethod
    def _shop(name: str) -> Any:
        return shop_of(ACCOUNTS[name].id)

    @staticmethod
    def _span(name: str) -> tuple[int, int, int]:
        first = ACCOUNTS[name].start or START
        start = datetime(first.year, first.month, first.day, tzinfo=SHANGHAI)
        now = int(NOW.timestamp())
        return int(start.timestamp()), now + 1, now


@pytest.fixture(scope="session")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    with staged(Night, tmp_path_factory.mktemp("markets"), ACCOUNTS, NOW, timedelta(minutes=10)) as night:
        yield night


def bare(text: str) -> str:
    """A vendor's id without the letters it begins with: the world's own."""
    return text.lstrip("PETQR")


def day_of(moment: datetime | None) -> date | None:
    """The shops' day of an instant."""
    return moment.astimezone(SHANGHAI).date() if moment is not None else None


def test_every_staging_test_passes_on_what_the_vendors_sent(night: Night) -> None:
    assert len(night.statuses) >= 9 * len(NAMES)
    assert set(night.statuses.values()) <= {"success", "pass"}, night.output


@pytest.mark.parametrize("name", NAMES)
def test_every_order_was_paid_when_and_what_the_world_says(night: Night, name: str) -> None:
    found = {
        bare(row["order_id"]): (
            row["created_at"], row["paid_at"], row["list_amount"], row["subsidy"] + row["platform_subsidy"],
            row["goods"] - row["order_discount"] - row["platform_subsidy"],
            row["shipping_charged"], row["lines"], row["units"], row["buyer_paid_total"] if row["paid_at"] else None,
        )
        for row in night.rows(MONEY.format(name))
    }  # fmt: skip
    wanted = {
        str(state.order.id): (
            at(state.paid_at if name in SALE_TIME_ONLY else state.order.timeline.created),
            at(state.paid_at),
            yuan(sum(line.list_amount for line in state.order.lines)),
            yuan(0 if name in ONE_DISCOUNT else sum(line.subsidy for line in state.order.lines)),
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
        total = found[key][-1]
        assert found[key][:-1] == facts[:-1], key
        assert total is None or total == facts[-1], key
    assert sum(row[4] for row in found.values()) == sum(row[4] for row in wanted.values()) > 0


@pytest.mark.parametrize("name", NAMES)
def test_every_order_is_in_the_state_the_world_left_it_in(night: Night, name: str) -> None:
    found = {
        bare(row["order_id"]): (row["order_state"], row["is_deposit_forfeited"])
        for row in night.rows(f"select * from staging.stg_{name}__orders")
    }
    states = {
        tl.CREATED: "created", tl.DEPOSIT: "deposit_paid", tl.PAID: "paid", tl.SHIPPED: "shipped",
        tl.SIGNED: "delivered", tl.COMPLETED: "completed", tl.CLOSED_UNPAID: "closed_unpaid",
        tl.FORFEITED: "closed_unpaid", tl.REFUSED: "closed_unpaid",
    }  # fmt: skip
    seen = set()
    for state in night.orders(name):
        expected = states.get(state.status, "cancelled" if state.shipped_at is None else "completed")
        if state.order.timeline.flow == "group" and state.status == tl.DEPOSIT:
            expected = "created"
        if name in SALE_TIME_ONLY and state.status == tl.CANCELLED:
            expected = "cancelled"
        assert found[str(state.order.id)] == (expected, state.status == tl.FORFEITED), state.order.id
        seen.add(expected)
    assert {"paid", "shipped", "completed", "cancelled"} <= seen


@pytest.mark.parametrize("name", NAMES)
def test_every_refund_gave_back_when_and_what_the_world_says(night: Night, name: str) -> None:
    rows = night.rows(f"select * from staging.stg_{name}__refunds")
    when = day_of if name in BY_DAY else (lambda moment: moment)
    found = Counter(
        (
            bare(row["order_id"]),
            when(row["refunded_at"]),
            row["refund_amount"] if row["refunded_at"] else None,
        )
        for row in rows
    )
    wanted = Counter(
        (
            str(state.order.id),
            when(at(refund.refunded_at)),
            yuan(refund.refund.amount) if refund.refunded_at else None,
        )
        for state, refund in night.refunds(name)
    )
    assert wanted.total() > 20
    assert found == wanted
    assert len({row["refund_id"] for row in rows}) == len(rows)
    assert all((row["refund_state"] == "success") == (row["refunded_at"] is not None) for row in rows)


@pytest.mark.parametrize("name", sorted(BY_DAY))
def test_what_a_vendor_does_not_time_ended_on_the_day_it_was_listed_under(night: Night, name: str) -> None:
    """A first load reads weeks at once: what ended in them is not of its own day."""
    rows = night.rows(f"select * from staging.stg_{name}__orders")
    found = {row["order_id"]: (day_of(row["completed_at"]), day_of(row["cancelled_at"])) for row in rows}
    days = set()
    for state in night.orders(name):
        if state.status in (tl.COMPLETED, tl.CANCELLED):
            day = day_of(at(state.modified))
            days.add(day)
            expected = (day, None) if state.status == tl.COMPLETED else (None, day)
            assert found[str(state.order.id)] == expected, state.order.id
    assert len(days) > 14


def test_a_dispute_is_told_by_doudian_for_good_and_by_others_while_it_lasts(night: Night) -> None:
    told = "select * from staging.stg_{}__refunds"
    found = {row["refund_id"]: row for row in night.rows(told.format("doudian"))}
    seen = set()
    for _, refund in night.refunds("doudian"):
        row = found[str(refund.refund.id)]
        seen.add(expected := (refund.is_disputed, refund.is_disputed and not refund.is_open))
        assert (row["is_disputed"], row["is_platform_decided"]) == expected, row
    assert {(False, False), (True, True)} <= seen
    seen = set()
    for name in ("kuaishou_shop", "xiaohongshu"):
        found = {bare(row["refund_id"]): row for row in night.rows(told.format(name))}
        for _, refund in night.refunds(name):
            row, waits = found[str(refund.refund.id)], refund.is_disputed and refund.is_open
            assert (row["is_disputed"], row["is_platform_decided"]) == (waits, None if waits else False), row
            seen.add(waits)
    assert seen == {True, False}


def test_when_a_kuaishou_buyer_confirms_is_not_when_the_parcel_came(night: Night) -> None:
    confirmed = night.tuples(
        "select count(*) from raw_kuaishou_shop.orders where payload ->> '$.orderBaseInfo.recvTime' > '0'"
    )
    assert confirmed[0][0] > 10
    rows = night.rows("select * from staging.stg_kuaishou_shop__orders")
    assert {row["delivered_at"] for row in rows} == {None}
    assert any(row["completed_at"] for row in rows)


def test_a_1688_return_tells_its_pieces(night: Night) -> None:
    rows = night.rows("select * from staging.stg_alibaba_1688__refunds")
    found = {bare(row["refund_id"]): row["quantity"] for row in rows}
    wanted = {
        str(refund.refund.id): refunded_line(state, refund).quantity
        if refund.refund.plan.goods_return
        else None
        for state, refund in night.refunds("alibaba_1688")
    }
    assert found == wanted
    assert None in wanted.values() and max(filter(None, wanted.values())) > 1


def test_a_xiaohongshu_refund_tells_its_sku_its_pieces_and_its_postage(night: Night) -> None:
    rows = night.rows("select * from staging.stg_xiaohongshu__refunds")
    found = {
        bare(row["refund_id"]): (row["line_id"] is not None, row["quantity"], row["refund_shipping"])
        for row in rows
    }
    wanted = {}
    for _, state in night.refunds("xiaohongshu"):
        refund, pieces = state.refund, sum(part.quantity for part in state.refund.lines)
        comes_back = refund.plan.goods_return or refund.plan.before_shipment
        # Of less than was asked for, nobody tells which part was left out.
        is_split = refund.shipping and (state.refunded_at is None or refund.plan.part != tl.PARTIAL)
        wanted[str(refund.id)] = (
            len(refund.lines) == 1,
            pieces if pieces and comes_back else None,
            yuan(refund.shipping) if is_split else None,
        )
    assert found == wanted
    assert all(len({row[place] for row in wanted.values()}) > 1 for place in range(3))
    lines = night.rows("select order_id, line_id from staging.stg_xiaohongshu__order_lines")
    assert {(row["order_id"], row["line_id"]) for row in rows if row["line_id"]} <= {
        (line["order_id"], line["line_id"]) for line in lines
    }


@pytest.mark.parametrize("name", OFFERING)
def test_products_are_what_the_shop_has_with_its_present_price_and_stock(night: Night, name: str) -> None:
    rows = night.rows(f"select * from staging.stg_{name}__products")
    views = night.box.sandbox.world.products(shop_of(ACCOUNTS[name].id).store, int(NOW.timestamp()))
    whole = {row["product_name"]: row for row in rows if row["sku_id"] is None}
    wanted = {view.item.chinese: (min(view.prices), sum(view.stock), view) for view in views}
    if name in SKUS_ARE_PRODUCTS:
        wanted = {
            f"{view.item.chinese} {sku[1]}": (view.prices[place], view.stock[place], view)
            for view in views
            for place, sku in enumerate(view.item.skus)
        }
    assert len(views) > 5 and set(whole) == set(wanted)
    for title, (price, stock, view) in wanted.items():
        row = whole[title]
        assert (row["list_price"], row["is_on_sale"]) == (yuan(price), view.is_on_sale)
        assert row["stock"] == (None if name in SILENT_ON_STOCK else Decimal(stock))
        assert row["modified_at"] == at(view.modified)
    sold = night.rows(f"select distinct product_id, sku_id from staging.stg_{name}__order_lines")
    assert {line["product_id"] for line in sold} <= {row["product_id"] for row in rows}
    variants = {(row["product_id"], row["sku_id"]) for row in rows if row["sku_id"] is not None}
    assert not variants or {(line["product_id"], line["sku_id"]) for line in sold} <= variants


def test_no_personal_value_stands_in_anything_that_was_written(night: Night) -> None:
    found = night.searched_for(CANARY)
    assert len(found) > 30 and not any(found.values()), found


def test_nothing_was_refused_on_the_way(night: Night) -> None:
    assert night.box.control.counters()["refusals"] == {}


@pytest.mark.parametrize(
    ("paging", "name", "cursor"),
    [(ORDER_PAGES, "orderList", "cursor"), (REFUND_PAGES, "refundOrderInfoList", "pcursor")],
)
def test_records_of_kuaishou_that_lost_their_cursor_do_not_end_a_read(
    paging: SizedNextToken, name: str, cursor: str
) -> None:
    def read(**data: Any) -> int:
        reply = Reply({"result": 1, "data": {name: [{"oid": 1}], **data}})
        return sum(len(page.records) for page in paging.pages(lambda request: reply, Request("list")))

    assert read(**{cursor: "nomore"}) == 1
    for lost in ({}, {cursor: ""}, {cursor: None}):
        with pytest.raises(ContractError, match=cursor):
            read(**lost)


@pytest.mark.parametrize("is_wrapped", [False, True])
def test_after_sales_of_xiaohongshu_are_read_out_of_one_envelope_or_two(is_wrapped: bool) -> None:
    """Its newer after-sale methods put the answer of the service behind them, envelope and all, into `data`."""

    def answer(data: dict[str, Any]) -> Reply:
        inner = {"success": True, "code": 0, "msg": "", "data": data} if is_wrapped else data
        return Reply({"success": True, "error_code": 0, "error_msg": "", "data": inner})

    listed = answer(
        {"totalCount": 1, "pageNo": 1, "pageSize": 100, "afterSaleBasicInfos": [{"returnsId": "R1"}]}
    )
    pages = xiaohongshu.REFUND_PAGES.pages(lambda request: listed, Request("list"))
    assert [record for page in pages for record in page.records] == [{"returnsId": "R1"}]

    class Calls:
        def call(self, request: Request) -> Reply:
            return answer({"afterSaleInfo": {"returnsId": request.params["returnsId"], "refundStatus": 2}})

    record = {"returnsId": "R1"}
    stream = xiaohongshu.PLATFORM.stream("refunds")
    assert stream.detail is not None
    stream.detail(Calls(), record)  # type: ignore[arg-type]
    assert record == {"returnsId": "R1", "detail": {"returnsId": "R1", "refundStatus": 2}}
