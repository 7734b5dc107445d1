"""The ledger adds up as ``marts.md`` says, on orders small enough to check by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from extractors.sandbox import timeline as tl
from extractors.sandbox.buyers import Buyer
from extractors.sandbox.catalogue import ITEMS
from extractors.sandbox.ledger import Ledger, StoreFigures, period_start, refund_parts
from extractors.sandbox.merchants import SHOP_BY_STORE
from extractors.sandbox.orders import Line, Order, OrderState, Refund, RefundLine, state_of
from extractors.sandbox.timeline import Event, RefundPlan, Timeline
from extractors.sandbox.world import World

TMALL, HARBOR = "lantern_tmall", "harbor_us"
END = datetime(2026, 12, 31, 12, 0)


def at(store: str, text: str) -> int:
    """Epoch seconds of a wall-clock time in the store's zone."""
    return int(datetime.fromisoformat(text).replace(tzinfo=SHOP_BY_STORE[store].zone).timestamp())


def buyer(key: str) -> Buyer:
    return Buyer(key, False, key, 0, key, key, key, key, key, "", "", "", "", "")


def line(number: int, paid: int, *, tax: int = 0, quantity: int = 1, **discounts: int) -> Line:
    """A line for which the buyer pays ``paid`` after the discounts given."""
    given = {"item_discount": 0, "adjustment": 0, "order_discount": 0, "subsidy": 0, **discounts}
    listed = paid + given["item_discount"] - given["adjustment"] + given["order_discount"] + given["subsidy"]
    return Line(number, ITEMS[0], 0, quantity, listed // quantity, tax=tax, **given)


class Handmade(Ledger):
    """A ledger of a few orders written down here."""

    def __init__(self) -> None:
        super().__init__(World(first_day=date(2026, 1, 1)))
        self.book: list[Order] = []

    def add(
        self,
        store: str,
        events: list[tuple[str, str]],
        lines: tuple[Line, ...],
        who: str | None = None,
        *,
        shipping: int = 0,
        shipping_tax: int = 0,
        flow: str = "standard",
        exclusion: str | None = None,
        deposit: int = 0,
        refunds: tuple[tuple[str, int, int, int, tuple[RefundLine, ...]], ...] = (),
    ) -> Order:
        """``refunds``: (when it succeeds, goods, shipping, tax, the lines its record names)."""
        timed = [Event(at(store, when), what) for when, what in events]
        plans, made = [], []
        for number, (when, goods, post, tax, parts) in enumerate(refunds, 1):
            plans.append(RefundPlan(number, tl.LINE, 1, 1.0, False, False))
            made.append(Refund(number, plans[-1], goods + post + tax, goods, post, tax, parts, ""))
            timed.append(Event(at(store, when), tl.REFUNDED, number))
        timed.sort(key=lambda event: event.at)
        created = timed[0].at
        timeline = Timeline(created, flow, len(lines), exclusion, tuple(timed), tuple(plans))
        order = Order(
            SHOP_BY_STORE[store],
            date(2026, 11, 1),
            len(self.book),
            1_000 + len(self.book),
            timeline,
            "fixed",
            None if who is None else buyer(who),
            lines,
            shipping,
            shipping_tax,
            deposit,
            "alipay",
            "",
            tuple(made),
        )
        self.book.append(order)
        return order

    def orders(self, store: str, now: int) -> Iterator[OrderState]:
        for order in self.book:
            state = state_of(order, now)
            if state is not None and order.shop.store == store:
                yield state

    def month_of(
        self, store: str, first: str, last: str, grain: str, **when: Any
    ) -> dict[date, StoreFigures]:
        now = when.get("now", int(END.replace(tzinfo=SHOP_BY_STORE[store].zone).timestamp()))
        rows = self.store(store, now, date.fromisoformat(first), date.fromisoformat(last), grain)
        return {row.period_start: row for row in rows}


@pytest.fixture
def ledger() -> Handmade:
    return Handmade()


def paid(when: str, created: str | None = None) -> list[tuple[str, str]]:
    return [(created or when, tl.CREATED), (when, tl.PAID)]


def test_a_sale_is_split_into_its_components(ledger: Handmade) -> None:
    first = line(1, 8_000, item_discount=1_000, order_discount=700, subsidy=300, quantity=2)
    second = line(2, 2_500, adjustment=-500)
    ledger.add(TMALL, paid("2026-11-03 10:00"), (first, second), "a", shipping=800)
    row = ledger.month_of(TMALL, "2026-11-03", "2026-11-03", "day")[date(2026, 11, 3)]
    assert (row.orders_created, row.orders_paid, row.units_paid) == (1, 1, 3)
    assert row.list_amount == Decimal("130.00")
    assert row.merchant_discount == Decimal("22.00")
    assert row.platform_subsidy == Decimal("3.00")
    assert row.goods_paid == Decimal("105.00")
    assert row.shipping_charged == Decimal("8.00")
    assert row.paid_amount == Decimal("113.00")


def test_a_refund_twelve_days_later_falls_in_its_own_month_and_takes_the_cohort_back(
    ledger: Handmade,
) -> None:
    ledger.add(
        TMALL,
        paid("2026-11-25 23:59:50"),
        (line(1, 10_000),),
        "a",
        refunds=(("2026-12-07 09:00", 4_000, 0, 0, ()),),
    )
    days = ledger.month_of(TMALL, "2026-11-20", "2026-12-10", "day")
    sale, refund = days[date(2026, 11, 25)], days[date(2026, 12, 7)]
    assert (sale.goods_paid, sale.net_sales, sale.refund_amount) == (Decimal(100), Decimal(100), Decimal(0))
    assert (sale.net_sales_cohort, sale.refund_amount_cohort) == (Decimal(60), Decimal(40))
    assert (refund.goods_paid, refund.net_sales, refund.refund_amount) == (
        Decimal(0),
        Decimal(-40),
        Decimal(40),
    )
    months = ledger.month_of(TMALL, "2026-11-20", "2026-12-10", "month")
    assert months[date(2026, 11, 1)].net_sales == Decimal(100)
    assert months[date(2026, 12, 1)].net_sales == Decimal(-40)
    assert months[date(2026, 11, 1)].net_sales_cohort == Decimal(60)


def test_before_its_success_a_refund_counts_nowhere(ledger: Handmade) -> None:
    ledger.add(
        TMALL,
        paid("2026-11-25 10:00"),
        (line(1, 10_000),),
        "a",
        refunds=(("2026-12-07 09:00", 4_000, 0, 0, ()),),
    )
    early = ledger.month_of(TMALL, "2026-11-25", "2026-12-10", "day", now=at(TMALL, "2026-12-07 08:59"))
    assert sum(row.refund_amount for row in early.values()) == 0
    assert early[date(2026, 11, 25)].net_sales_cohort == Decimal(100)


def test_a_presale_is_sold_on_its_balance_and_a_forfeited_deposit_is_no_sale(ledger: Handmade) -> None:
    deposit = [("2026-10-20 10:00", tl.CREATED), ("2026-10-20 10:05", tl.DEPOSIT)]
    ledger.add(
        TMALL,
        [*deposit, ("2026-11-01 00:10", tl.PAID)],
        (line(1, 20_000),),
        "a",
        flow="presale",
        deposit=2_000,
    )
    ledger.add(
        TMALL,
        [*deposit, ("2026-11-05 00:00", tl.FORFEITED)],
        (line(1, 9_000),),
        "b",
        flow="presale",
        deposit=900,
    )
    days = ledger.month_of(TMALL, "2026-10-20", "2026-11-05", "day")
    assert (days[date(2026, 10, 20)].orders_created, days[date(2026, 10, 20)].orders_paid) == (2, 0)
    assert days[date(2026, 10, 20)].orders_unpaid == 1
    assert days[date(2026, 11, 1)].goods_paid == Decimal(200)
    assert days[date(2026, 11, 5)].deposit_forfeited == Decimal(9)
    assert days[date(2026, 11, 5)].buyers == 0


def test_cash_on_delivery_is_sold_when_it_is_signed_for(ledger: Handmade) -> None:
    story = [("2026-11-01 10:00", tl.CREATED), ("2026-11-02 10:00", tl.SHIPPED)]
    ledger.add(TMALL, [*story, ("2026-11-04 18:00", tl.SIGNED)], (line(1, 5_000),), "a", flow="cod")
    ledger.add(TMALL, [*story, ("2026-11-04 18:00", tl.REFUSED)], (line(1, 7_000),), "b", flow="cod")
    days = ledger.month_of(TMALL, "2026-11-01", "2026-11-04", "day")
    assert days[date(2026, 11, 1)].orders_paid == 0
    assert days[date(2026, 11, 4)].goods_paid == Decimal(50)


def test_a_refund_that_names_no_parts_takes_goods_first_then_postage(ledger: Handmade) -> None:
    order = ledger.add(
        TMALL,
        paid("2026-11-01 10:00"),
        (line(1, 3_000), line(2, 2_000)),
        "a",
        shipping=800,
        refunds=(("2026-11-02 10:00", 0, 800, 0, ()), ("2026-11-03 10:00", 5_000, 0, 0, ())),
    )
    state = state_of(order, at(TMALL, "2026-11-30 00:00"))
    assert state is not None
    assert [(p.goods, p.shipping) for p in refund_parts(state)] == [(800, 0), (4_200, 800)]


def test_a_refund_that_names_its_parts_keeps_them(ledger: Handmade) -> None:
    goods = line(1, 3_000, tax=266)
    order = ledger.add(
        HARBOR,
        paid("2026-11-01 10:00"),
        (goods,),
        "a",
        shipping=595,
        shipping_tax=53,
        refunds=(
            ("2026-11-02 10:00", 0, 595, 53, ()),
            ("2026-11-03 10:00", 3_000, 0, 266, (RefundLine(goods, 1, 3_000, 266),)),
        ),
    )
    state = state_of(order, at(HARBOR, "2026-11-30 00:00"))
    assert state is not None
    assert [(p.goods, p.shipping, p.tax) for p in refund_parts(state)] == [(0, 595, 53), (3_000, 0, 266)]
    row = ledger.month_of(HARBOR, "2026-11-01", "2026-11-30", "month")[date(2026, 11, 1)]
    assert row.tax == Decimal("3.19")
    assert row.refund_amount == row.paid_amount == Decimal("39.14")
    assert row.net_sales == 0


def test_refunds_are_capped_at_what_was_paid_and_count_nothing_when_nothing_was(ledger: Handmade) -> None:
    ledger.add(
        TMALL,
        paid("2026-11-01 10:00"),
        (line(1, 3_000),),
        "a",
        shipping=800,
        refunds=(("2026-11-02 10:00", 5_000, 0, 0, ()),),
    )
    ledger.add(
        TMALL,
        [("2026-11-01 10:00", tl.CREATED)],
        (line(1, 3_000),),
        "b",
        refunds=(("2026-11-02 10:00", 3_000, 0, 0, ()),),
    )
    day = ledger.month_of(TMALL, "2026-11-02", "2026-11-02", "day")[date(2026, 11, 2)]
    assert (day.refunds, day.refund_goods, day.refund_shipping) == (1, Decimal(30), Decimal(8))


def test_marked_orders_leave_when_the_mark_is_seen(ledger: Handmade) -> None:
    ledger.add(
        TMALL,
        [*paid("2026-11-01 10:00"), ("2026-11-09 10:00", tl.MARKED)],
        (line(1, 3_000),),
        "a",
        exclusion="brushed",
    )
    before = ledger.month_of(TMALL, "2026-11-01", "2026-11-01", "day", now=at(TMALL, "2026-11-09 09:59"))
    after = ledger.month_of(TMALL, "2026-11-01", "2026-11-01", "day")
    assert before[date(2026, 11, 1)].goods_paid == Decimal(30)
    assert (after[date(2026, 11, 1)].goods_paid, after[date(2026, 11, 1)].orders_created) == (Decimal(0), 0)


def test_new_buyers_are_new_once_and_counted_anew_at_every_grain(ledger: Handmade) -> None:
    for who, when in (
        ("a", "2026-11-02 10:00"),
        ("a", "2026-11-04 10:00"),
        ("b", "2026-11-04 11:00"),
        ("a", "2026-11-10 10:00"),
        ("b", "2026-11-11 10:00"),
        ("c", "2026-12-01 10:00"),
    ):
        ledger.add(TMALL, paid(when), (line(1, 1_000),), who)
    days = ledger.month_of(TMALL, "2026-11-02", "2026-11-11", "day")
    assert (days[date(2026, 11, 4)].buyers, days[date(2026, 11, 4)].new_buyers) == (2, 1)
    weeks = ledger.month_of(TMALL, "2026-11-02", "2026-11-15", "week")
    assert [(w.buyers, w.new_buyers, w.returning_buyers) for w in weeks.values()] == [(2, 2, 0), (2, 0, 2)]
    months = ledger.month_of(TMALL, "2026-11-01", "2026-12-31", "month")
    assert [(m.buyers, m.new_buyers) for m in months.values()] == [(2, 2), (1, 1)]


def test_an_unpaid_first_attempt_makes_nobody_returning(ledger: Handmade) -> None:
    closed = [("2026-11-01 10:00", tl.CREATED), ("2026-11-02 10:00", tl.CLOSED_UNPAID)]
    ledger.add(TMALL, closed, (line(1, 1_000),), "a")
    ledger.add(TMALL, paid("2026-11-03 10:00"), (line(1, 1_000),), "a")
    days = ledger.month_of(TMALL, "2026-11-01", "2026-11-03", "day")
    assert days[date(2026, 11, 1)].orders_unpaid == 1
    assert days[date(2026, 11, 3)].new_buyers == 1


def test_orders_without_a_known_buyer_count_in_sales_only(ledger: Handmade) -> None:
    ledger.add(HARBOR, paid("2026-11-03 10:00"), (line(1, 1_000),))
    row = ledger.month_of(HARBOR, "2026-11-03", "2026-11-03", "day")[date(2026, 11, 3)]
    assert (row.orders_paid, row.goods_paid, row.buyers, row.new_buyers) == (1, Decimal(10), 0, 0)


def test_days_are_the_stores_own_through_the_clock_change(ledger: Handmade) -> None:
    for when in ("2026-10-31 23:59:59", "2026-11-01 00:30", "2026-11-01 23:59:59", "2026-11-02 00:00"):
        ledger.add(HARBOR, paid(when), (line(1, 1_000),), "a")
    days = ledger.month_of(HARBOR, "2026-10-31", "2026-11-02", "day")
    assert [row.orders_paid for row in days.values()] == [1, 2, 1]


def test_quiet_days_have_rows_of_zeros(ledger: Handmade) -> None:
    days = ledger.month_of(TMALL, "2026-11-02", "2026-11-04", "day")
    assert [row.orders_paid for row in days.values()] == [0, 0, 0]


def test_periods_begin_where_they_should() -> None:
    assert period_start(date(2027, 1, 1), "week") == date(2026, 12, 28)
    assert period_start(date(2026, 11, 30), "month") == date(2026, 11, 1)
    with pytest.raises(ValueError, match="quarter"):
        period_start(date(2026, 11, 30), "quarter")


# ---- on the world itself --------------------------------------------------------------------------
# One rule for all shops: one in four here and the one with taxes, the others are thorough.
@pytest.mark.parametrize(
    "store",
    [
        pytest.param(store, marks=() if place % 4 == 0 or store == HARBOR else pytest.mark.thorough)
        for place, store in enumerate(SHOP_BY_STORE)
    ],
)
def test_additive_figures_of_months_are_those_of_their_days(small_world: World, now: int, store: str) -> None:
    ledger = Ledger(small_world)
    span = (date(2026, 11, 1), date(2026, 11, 20))
    days, months = (ledger.store(store, now, *span, grain) for grain in ("day", "month"))
    month = months[0]
    assert month.orders_paid > 100
    for name in (
        "orders_created",
        "orders_paid",
        "units_paid",
        "goods_paid",
        "shipping_charged",
        "tax",
        "paid_amount",
        "merchant_discount",
        "platform_subsidy",
        "refund_amount",
        "net_sales",
        "net_sales_cohort",
    ):
        assert sum(getattr(day, name) for day in days) == getattr(month, name), name
    assert month.buyers < sum(day.buyers for day in days)
    assert month.new_buyers == sum(day.new_buyers for day in days)
    assert month.goods_paid == month.list_amount - month.merchant_discount - month.platform_subsidy


def test_a_warehouse_that_started_later_knows_fewer_orders_and_more_new_buyers(
    small_world: World, now: int
) -> None:
    span = (date(2026, 11, 10), date(2026, 11, 20))
    whole = Ledger(small_world).store(TMALL, now, *span, "month")[0]
    late = Ledger(small_world, loaded_from=at(TMALL, "2026-11-10 00:00")).store(TMALL, now, *span, "month")[0]
    assert (late.orders_paid, late.goods_paid) == (whole.orders_paid, whole.goods_paid)
    assert late.new_buyers > whole.new_buyers


def test_the_ledger_of_ads_is_the_same_at_every_level(small_world: World, now: int) -> None:
    ledger = Ledger(small_world)
    span = (date(2026, 11, 1), date(2026, 11, 20))
    levels = [
        ledger.ads("lantern_web", now, *span, "month", level) for level in ("account", "project", "promotion")
    ]
    assert len(levels[0]) == 1
    assert len(levels[0]) < len(levels[1]) < len(levels[2])
    for name in ("spend", "impressions", "clicks", "conversions", "conversion_value"):
        assert len({sum(getattr(row, name) for row in rows) for rows in levels}) == 1, name


def test_the_ledger_of_traffic_counts_people_once(small_world: World, now: int) -> None:
    ledger = Ledger(small_world)
    span = (date(2026, 11, 2), date(2026, 11, 15))
    days = ledger.traffic("lantern_web", now, *span, "day")
    weeks = ledger.traffic("lantern_web", now, *span, "week")
    sources = ledger.traffic("lantern_web", now, *span, "week", by_source=True)
    assert len(weeks) == 2
    for number, week in enumerate(weeks):
        mine = days[number * 7 : number * 7 + 7]
        assert week.visitor_days == sum(day.visitors for day in mine)
        assert max(day.visitors for day in mine) < week.visitors < week.visitor_days
        parts = [row for row in sources if row.period_start == week.period_start]
        assert {row.source for row in parts} == {"through", "search", "link"}
        assert max(row.visitors for row in parts) < week.visitors < sum(row.visitors for row in parts)
        assert sum(row.page_views for row in parts) == week.page_views
    phone, desk = (ledger.traffic("lantern_web", now, *span, "week", device=d)[0] for d in ("mobile", "pc"))
    assert phone.visits + desk.visits == weeks[0].visits
