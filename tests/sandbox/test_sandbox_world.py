"""The pretend world is one world: computable in any order, and sensible wherever one looks."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractors.sandbox import timeline as tl
from extractors.sandbox.merchants import SHOPS, Shop
from extractors.sandbox.orders import OrderState, allocate, locate_market, locate_woo, state_of
from extractors.sandbox.season import black_friday, day_number, day_of
from extractors.sandbox.timeline import HORIZON_DAYS, day_bounds
from extractors.sandbox.traffic import SOURCES, days_between
from extractors.sandbox.world import World

by_shop = pytest.mark.parametrize("shop", SHOPS, ids=[shop.store for shop in SHOPS])
AUTUMN = days_between(date(2026, 10, 1), date(2026, 10, 14))


def _states(world: World, shop: Shop, first: date, last: date, now: int) -> list[OrderState]:
    book = world.books[shop.store]
    found = []
    for day in days_between(first, last):
        for index in range(book.maker.count(day)):
            state = book.state(day, index, now)
            if state is not None:
                found.append(state)
    return found


def test_a_day_computed_alone_is_the_day_computed_after_all_others(small_world: World) -> None:
    for shop in SHOPS:
        walked = [small_world.books[shop.store].order(day, 3) for day in AUTUMN]
        alone = World(first_day=small_world.first_day).books[shop.store].order(AUTUMN[-1], 3)
        assert alone == walked[-1]
    visits = World(first_day=small_world.first_day).visits["lantern_web"].day(AUTUMN[-1])
    for day in AUTUMN:
        small_world.visits["lantern_web"].day(day)
    assert visits == small_world.visits["lantern_web"].day(AUTUMN[-1])


def test_another_process_sees_the_same_world(small_world: World) -> None:
    program = (
        "from datetime import date; from extractors.sandbox.world import World\n"
        "w = World(first_day=date(2026, 9, 1))\n"
        "print(w.books['harbor_us'].order(date(2026, 10, 5), 2))\n"
        "print(w.adverts['plum_taobao'].deliveries(date(2026, 10, 5), 1793000000))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={"PYTHONHASHSEED": "99"},
    )
    order, delivery = done.stdout.splitlines()
    assert order == str(small_world.books["harbor_us"].order(date(2026, 10, 5), 2))
    assert delivery == str(small_world.adverts["plum_taobao"].deliveries(date(2026, 10, 5), 1793000000))


def test_another_seed_is_another_world(small_world: World) -> None:
    other = World(seed=8, first_day=small_world.first_day)
    day = AUTUMN[0]
    assert other.books["lantern_tmall"].order(day, 0) != small_world.books["lantern_tmall"].order(day, 0)


@by_shop
def test_a_scale_of_ten_brings_about_ten_times_the_orders(small_world: World, shop: Shop) -> None:
    ten = World(scale=10, first_day=small_world.first_day).books[shop.store].maker
    one = small_world.books[shop.store].maker
    ratio = sum(map(ten.count, AUTUMN)) / sum(map(one.count, AUTUMN))
    assert 9 < ratio < 11


@by_shop
def test_events_lie_in_order_within_the_horizon(small_world: World, shop: Shop) -> None:
    maker = small_world.books[shop.store].maker
    seen = 0
    for day in [*AUTUMN, date(2026, 10, 20), date(2026, 11, 11)]:
        start, length = day_bounds(shop, day)
        for index in range(maker.count(day)):
            timeline = maker.make(day, index, start, length)
            times = [event.at for event in timeline.events]
            assert start <= timeline.created == times[0] < start + length
            assert times == sorted(times)
            assert times[-1] <= timeline.created + HORIZON_DAYS * 86_400
            seen += len(times)
    assert seen > 500


@by_shop
def test_a_listing_is_what_looking_at_every_record_gives(small_world: World, shop: Shop) -> None:
    chance = random.Random(5)
    book = small_world.books[shop.store]
    for _ in range(6):
        now = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp()) + chance.randrange(20 * 86_400)
        start = now - chance.randrange(3_600, 30 * 86_400)
        end = start + chance.randrange(60, 2 * 86_400)
        everything = _states(
            small_world, shop, small_world.first_day, day_of(day_number(date(2026, 11, 22))), now
        )
        expected = {
            (s.order.day, s.order.index, s.modified) for s in everything if start <= s.modified <= end
        }
        listed = book.modified_between(start, end, now)
        assert {(row.day, row.index, row.modified) for row in listed} == expected
        assert [row.modified for row in listed] == sorted(row.modified for row in listed)
        refunds = {
            (s.order.day, s.order.index, r.refund.plan.number, r.modified)
            for s in everything
            for r in s.refunds
            if start <= r.modified <= end
        }
        found = book.refunds_modified_between(start, end, now)
        assert {(row.day, row.index, row.refund, row.modified) for row in found} == refunds


def test_neighbouring_windows_read_later_hold_every_order_once(small_world: World, now: int) -> None:
    book = small_world.books["lantern_web"]
    start = now - 30 * 86_400
    seen: Counter[tuple[date, int]] = Counter()
    for begin in range(start, now, 86_400):
        seen.update((row.day, row.index) for row in book.modified_between(begin, begin + 86_399, now))
    changed = {
        (s.order.day, s.order.index)
        for s in _states(small_world, book.shop, small_world.first_day, date(2026, 11, 21), now)
        if s.modified >= start
    }
    assert set(seen) == changed
    assert set(seen.values()) == {1}


@by_shop
def test_money_is_never_negative_and_refunds_never_exceed_it(
    small_world: World, shop: Shop, now: int
) -> None:
    refunded = 0
    for state in _states(small_world, shop, AUTUMN[0], AUTUMN[-1], now):
        order = state.order
        for line in order.lines:
            assert line.paid > 0
            assert min(line.item_discount, line.order_discount, line.subsidy, line.tax, -line.adjustment) >= 0
        assert state.refunded <= order.total
        refunded += state.refunded > 0
        assert (order.tax > 0) == (shop.tax_rate > 0)
    assert refunded > 10


@by_shop
def test_each_shop_knows_new_and_returning_buyers_and_organisations(
    small_world: World, shop: Shop, now: int
) -> None:
    first: dict[str, int] = {}
    repeats = orders = organisations = strangers = 0
    for state in _states(small_world, shop, small_world.first_day, date(2026, 11, 20), now):
        buyer = state.order.buyer
        if buyer is None:
            strangers += 1
            continue
        orders += 1
        repeats += buyer.key in first
        organisations += buyer.is_organisation
        first.setdefault(buyer.key, state.order.timeline.created)
    assert 0.08 < repeats / orders < 0.6
    assert 0.01 < organisations / orders < 0.12
    assert (strangers > 0) == shop.is_own_site


def test_every_kind_of_story_happens_on_taobao(small_world: World, now: int) -> None:
    shop = SHOPS[0]
    states = _states(small_world, shop, date(2026, 9, 10), date(2026, 11, 20), now)
    assert {s.status for s in states} >= {
        tl.CREATED,
        tl.PAID,
        tl.SHIPPED,
        tl.COMPLETED,
        tl.CLOSED_UNPAID,
        tl.FORFEITED,
        tl.CANCELLED,
        tl.REFUSED,
    }
    assert {s.exclusion for s in states} == {None, "test", "brushed"}
    assert {r.refund.plan.part for s in states for r in s.refunds} == {
        tl.FULL,
        tl.LINE,
        tl.PARTIAL,
        tl.SHIPPING_ONLY,
    }
    assert {r.phase for s in states for r in s.refunds} >= {tl.ASKED, tl.REFUNDED, tl.WITHDRAWN}
    late = [s for s in states if s.is_edited and s.modified - s.order.timeline.created > 24 * 86_400]
    assert late


def test_a_mark_may_come_days_after_the_payment(small_world: World, now: int) -> None:
    waits = []
    for state in _states(small_world, SHOPS[0], date(2026, 9, 10), date(2026, 10, 20), now):
        marks = [event.at for event in state.order.timeline.events if event.what == tl.MARKED]
        if state.order.timeline.exclusion == "brushed" and state.paid_at:
            waits.append((marks[0] - state.paid_at) / 86_400)
            before = state_of(state.order, marks[0] - 1)
            assert before is not None
            assert before.exclusion is None
            assert state.exclusion == "brushed"
    assert max(waits) > 5


def test_festivals_show(small_world: World) -> None:
    def orders(store: str, day: date) -> int:
        return small_world.books[store].maker.count(day)

    usual = sum(orders("lantern_tmall", day) for day in AUTUMN) / len(AUTUMN)
    assert orders("lantern_tmall", date(2026, 11, 11)) > 2.5 * usual
    assert orders("lantern_tmall", date(2026, 6, 18)) > 2 * usual
    friday = black_friday(2026)
    assert friday == date(2026, 11, 27)
    assert orders("harbor_us", friday) > 2 * orders("harbor_us", friday - timedelta(days=14))
    assert orders("lantern_tmall", friday) < 1.6 * usual


def test_evenings_are_busier_than_nights(small_world: World, now: int) -> None:
    shop = SHOPS[0]
    hours = Counter(
        datetime.fromtimestamp(s.order.timeline.created, shop.zone).hour
        for s in _states(small_world, shop, AUTUMN[0], AUTUMN[-1], now)
    )
    assert hours[21] > 5 * hours[4]


def test_days_of_the_clock_change_are_23_and_25_hours_long() -> None:
    harbor = SHOPS[3]
    assert day_bounds(harbor, date(2026, 3, 8))[1] == 23 * 3_600
    assert day_bounds(harbor, date(2026, 11, 1))[1] == 25 * 3_600


@by_shop
def test_ids_are_unique_and_lead_back_to_their_order(small_world: World, shop: Shop, now: int) -> None:
    ids: set[int] = set()
    for state in _states(small_world, shop, AUTUMN[0], AUTUMN[6], now):
        order = state.order
        for identity in [order.id, *(refund.id for refund in order.refunds)]:
            assert identity not in ids
            ids.add(identity)
            if not shop.is_own_site:
                place = locate_market(identity)
                assert place is not None
                assert place[:3] == (shop, order.day, order.index)
            else:
                spot = locate_woo(identity)
                assert spot is not None
                assert spot[:2] == (order.day, order.index)
    assert len(ids) > 100


def test_ids_of_others_lead_nowhere() -> None:
    assert locate_market(12345) is None
    assert locate_woo(10**18) is None


@settings(deadline=None)  # a busy machine is no error
@given(st.integers(0, 10**7), st.lists(st.integers(0, 10**6), min_size=1, max_size=6).filter(any))
def test_an_allocation_adds_up_and_is_never_a_cent_from_fair(amount: int, weights: list[int]) -> None:
    parts = allocate(amount, weights)
    assert sum(parts) == amount
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - amount * weight / sum(weights)) < 1


def test_products_change_now_and_then_and_prices_stay_on_the_shelf(small_world: World, now: int) -> None:
    for shop in SHOPS:
        today = {p.item.key: p for p in small_world.products(shop.store, now)}
        month = {p.item.key: p for p in small_world.products(shop.store, now - 30 * 86_400)}
        assert set(month) <= set(today)
        assert any(today[key].modified > month[key].modified for key in month)
        for key, product in today.items():
            assert product.listed <= product.modified <= now
            if key in month and month[key].modified == product.modified:
                assert product == month[key]


def test_products_are_sold_on_several_platforms_and_only_after_their_launch(
    small_world: World, now: int
) -> None:
    sold: dict[str, set[str]] = {}
    for shop in SHOPS:
        for state in _states(small_world, shop, AUTUMN[0], AUTUMN[-1], now):
            for line in state.order.lines:
                sold.setdefault(line.item.key, set()).add(shop.platform)
                assert line.item.launched <= state.order.day
    assert sum(len(platforms) >= 2 for platforms in sold.values()) > 5


def test_visitors_are_people(small_world: World, now: int) -> None:
    visits = small_world.visits["lantern_web"]
    week = days_between(date(2026, 11, 2), date(2026, 11, 8))
    daily = [visits.figures(visits.known([day], now)) for day in week]
    whole = visits.figures(visits.known(week, now))
    assert max(f.visitors for f in daily) < whole.visitors < sum(f.visitors for f in daily)
    assert whole.visits == sum(f.visits for f in daily)
    assert whole.new_visitors == sum(f.new_visitors for f in daily)
    by_source = [
        visits.figures(v for v in visits.known(week, now) if v.source == place)
        for place in range(len(SOURCES))
    ]
    assert sum(f.visitors for f in by_source) > whole.visitors > max(f.visitors for f in by_source)
    assert all(visit.at <= visit.known_at < visit.at + 7 * 86_400 for visit in visits.day(week[0]))


def test_orders_and_visitors_make_a_sensible_conversion(small_world: World, now: int) -> None:
    days = days_between(date(2026, 10, 5), date(2026, 10, 18))
    visits = small_world.visits["lantern_web"]
    visitors = sum(visits.figures(visits.known([day], now)).visitors for day in days)
    orders = sum(small_world.books["lantern_web"].maker.count(day) for day in days)
    assert 0.01 < orders / visitors < 0.06


def test_a_bigger_site_counts_each_simulated_person_several_times() -> None:
    big = World(scale=40, first_day=date(2026, 11, 1)).visits["lantern_web"]
    day = date(2026, 11, 3)
    figures = big.figures(big.day(day))
    assert big.weight > 5
    assert figures.visits == len(big.day(day)) * big.weight
    assert figures.visits > 30_000


def test_before_history_there_is_nothing(small_world: World, now: int) -> None:
    before = small_world.first_day - timedelta(days=3)
    assert small_world.visits["lantern_web"].day(before) == ()
    assert small_world.adverts["lantern_web"].deliveries(before, now) == []
    start = day_bounds(SHOPS[0], before)[0]
    assert list(small_world.books["lantern_tmall"].created_between(start, start + 86_400, now)) == []
