"""Festivals against a baseline found a second time in Python: clean weekdays, what came before and after, refunds, last year."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from conftest import PROJECT
from expected import Books, Sale, cents, ratio
from world import World

Phases = dict[str, list[tuple[str, date, date]]]
STORES = ("jade_tmall", "reef_us")
COMPARED_OF_ITEMS = ("orders", "units", "goods_paid", "net_sales")


@pytest.fixture(scope="module")
def calendar() -> Phases:
    found: Phases = defaultdict(list)
    with (PROJECT / "seeds" / "promo_calendar.csv").open() as lines:
        for row in csv.DictReader(lines):
            found[row["event_id"]].append(
                (row["phase"], date.fromisoformat(row["phase_start"]), date.fromisoformat(row["phase_end"]))
            )
    return found


def span(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def days_of(phases: list[tuple[str, date, date]], *names: str) -> list[date]:
    return [day for name, first, last in phases if name in names for day in span(first, last)]


class Baselines:
    """paid_amount of whole days of a store (or of ALL, of days with as many stores), and what a day of an event would
    have brought."""

    def __init__(self, built: Any, calendar: Phases, store: str) -> None:
        days = built.rows(
            "select period_start, paid_amount, stores_loaded from marts.store_daily"
            f" where store_id = '{store}' and is_complete"
        )
        self.paid = {row["period_start"]: row["paid_amount"] for row in days}
        self.stores = {row["period_start"]: row["stores_loaded"] for row in days}
        self.promoted = {day for phases in calendar.values() for _, a, b in phases for day in span(a, b)}

    def of(self, day: date, announced: date) -> Decimal | None:
        clean = []
        past = announced - timedelta(days=1)
        while past >= announced - timedelta(days=182) and len(clean) < 4:
            is_like = past.weekday() == day.weekday() and self.stores.get(past) == self.stores[day]
            if is_like and past not in self.promoted:
                clean.append(self.paid[past])
            past -= timedelta(days=1)
        return cents(sum(clean) / 4) if len(clean) == 4 else None

    def above(self, days: list[date], announced: date) -> Decimal | None:
        days = [day for day in days if day in self.paid]
        usual = [self.of(day, announced) for day in days]
        if None in usual:
            return None
        return sum((self.paid[day] for day in days), Decimal(0)) - sum(n for n in usual if n is not None)


def test_the_calendar_has_each_festival_on_its_own_day_and_no_phase_twice(calendar: Phases) -> None:
    assert len(calendar) > 80
    for year in range(2009, 2028):
        assert date(year, 11, 11) in days_of(calendar[f"double_11_{year}"], "burst")
        friday = days_of(calendar[f"black_friday_{year}"], "burst")[0]
        assert friday.weekday() == 4 and 23 <= friday.day <= 29
    for phases in calendar.values():
        days = [day for _, first, last in phases for day in span(first, last)]
        assert len(days) == len(set(days))
        assert min(days_of(phases, "burst")) > max(days_of(phases, "presale", "warm_up") or [date.min])


@pytest.mark.parametrize("store", STORES)
def test_an_event_is_held_against_clean_weekdays_with_what_came_before_and_after(
    store: str, built: Any, calendar: Phases
) -> None:
    usual = Baselines(built, calendar, store)
    rows = built.rows(f"select * from marts.promo_event where store_id = '{store}'")
    assert len(rows) >= (6 if store == "jade_tmall" else 1)
    lifted = 0
    for row in rows:
        phases = calendar[row["event_id"]]
        announced = min(first for _, first, _ in phases)
        event = days_of(phases, "burst", "return")
        after = [
            day
            for day in span(event[-1] + timedelta(days=1), event[-1] + timedelta(days=14))
            if day not in usual.promoted
        ]
        incremental = usual.above(event, announced)
        before = usual.above(days_of(phases, "presale", "warm_up"), announced)
        later = usual.above(after, announced)
        assert row["paid_amount"] == sum(usual.paid[day] for day in event if day in usual.paid)
        assert row["paid_amount_incremental"] == incremental, row["event_id"]
        assert (row["paid_amount_pre_dip"], row["paid_amount_post_dip"]) == (before, later)
        assert row["is_settled"] == all(day in usual.paid for day in [*event, *after])
        if incremental is not None and before is not None and later is not None:
            assert row["paid_amount_net_incremental"] == incremental + before + later
            lifted += 1
    assert lifted >= (5 if store == "jade_tmall" else 1)


def test_refunds_of_an_event_wait_until_every_order_is_old_enough(
    built: Any, books: Books, calendar: Phases
) -> None:
    last = books.whole_through("jade_tmall")
    checked = 0
    for row in built.rows("select * from marts.promo_event where store_id = 'jade_tmall'"):
        event = set(days_of(calendar[row["event_id"]], "burst", "return"))
        for window in (7, 15, 30):
            if row["event_end"] + timedelta(days=window) > last:
                assert row[f"refund_amount_cohort_{window}d"] is None
                continue
            back = sum(
                (
                    sum(refund.at_sale_rate.values(), Decimal(0))
                    for sale in books.sales
                    if sale.is_paid and sale.paid in event and sale.row["store_id"] == "jade_tmall"
                    for refund in sale.refunds
                    if refund.row["refunded_at"] <= sale.row["recognised_at"] + timedelta(days=window)
                ),
                Decimal(0),
            )
            assert row[f"refund_amount_cohort_{window}d"] == back
            assert row[f"refund_rate_cohort_{window}d"] == pytest.approx(
                ratio(back, row["paid_amount"]), abs=2e-6
            )
            checked += 1
    assert checked > 12


def test_what_came_back_of_an_event_within_30_days_is_what_came_back_of_its_days(built: Any) -> None:
    rows = built.rows(
        "select events.store_id, events.event_id, max(events.refund_amount_cohort_30d) as told,"
        " sum(stores.refund_amount_cohort_30d) as of_days"
        " from marts.promo_event as events"
        " join marts.promo_event_daily as days using (event_id, store_id)"
        " join marts.store_daily as stores"
        " on days.store_id = stores.store_id and days.date_day = stores.period_start"
        " where days.phase in ('burst', 'return') and events.refund_amount_cohort_30d is not null group by all"
    )
    assert len({row["told"] for row in rows}) > 3
    assert [row for row in rows if row["told"] != row["of_days"]] == []


def test_double_11_is_compared_with_double_11_and_its_first_day_with_the_first(built: Any) -> None:
    (row,) = built.rows(
        "select this.paid_amount_compare, before.paid_amount from marts.promo_event this"
        " join marts.promo_event before on before.event_id = this.compare_to and before.store_id = this.store_id"
        " where this.event_id = 'double_11_2026' and this.store_id = 'jade_tmall'"
    )
    assert row["paid_amount_compare"] == row["paid_amount"] > 0
    (day,) = built.rows(
        "select d.*, s.paid_amount as last_year from marts.promo_event_daily d join marts.store_daily s"
        " on s.store_id = d.store_id and s.period_start = '2025-11-01'"
        " where d.event_id = 'double_11_2026' and d.store_id = 'jade_tmall' and d.day_number = 1"
    )
    assert (day["date_day"], day["paid_amount_compare"]) == (date(2026, 11, 1), day["last_year"])


def in_event(calendar: Phases, day: date) -> tuple[str | None, date | None]:
    """The event of a day, and the day of the same number in the same event of the year before."""
    phases = ("presale", "warm_up", "burst", "return")
    first = {event: days_of(of, "burst", "return")[0] for event, of in calendar.items()}
    events = [event for event, of in calendar.items() if day in days_of(of, *phases)]
    if not events:
        return None, None
    event = min(events, key=lambda event: (first[event], event))
    name, year = event.rsplit("_", 1)
    last = f"{name}_{int(year) - 1}"
    then = first[last] + (day - first[event]) if last in calendar else None
    return event, then if then and then in days_of(calendar[last], *phases) else None


@pytest.mark.parametrize(
    ("table", "names"),
    [("store", ("paid_amount", "refund_amount", "buyers")), ("marketing", ("paid_amount", "new_buyers"))],
)
def test_a_day_of_an_event_stands_beside_the_same_day_of_the_event_before_in_the_daily_table(
    table: str, names: tuple[str, ...], built: Any, calendar: Phases
) -> None:
    rows = {
        (row["store_id"], row["period_start"]): row
        for row in built.rows(f"select * from marts.{table}_daily")
    }
    compared = 0
    for (store, day), row in rows.items():
        event, then = in_event(calendar, day)
        assert row.get("event_id", event) == event
        before = rows.get((store, then)) if then else None
        whole = before is not None and row["is_complete"] and before["is_complete"]
        for name in names:
            expected = before[name] if before and whole else None
            assert row[f"{name}_yoy_event"] == expected, (store, day)
            change = row[f"{name}_yoy_event_chg"]
            now = None if expected is None else row[name] - expected
            # Against a loss there is no rate.
            assert change == pytest.approx(ratio(now, max(expected or 0, 0)), abs=2e-6)
        compared += bool(whole)
    assert compared > 30


@pytest.mark.parametrize("table", ["product", "sku", "category"])
def test_an_item_on_a_day_of_an_event_stands_beside_itself_on_that_day_of_the_event_before(
    table: str, built: Any, world: World, books: Books, calendar: Phases
) -> None:
    orders: dict[Any, set[Any]] = defaultdict(set)
    units: dict[Any, Decimal] = defaultdict(Decimal)
    sales = {(sale.row["store_id"], sale.row["order_id"]): sale.paid for sale in books.sales if sale.is_paid}
    for line in world.streams["order_lines"]:
        paid = sales.get((line["store_id"], line["order_id"]))
        if paid and line["line_class"] == "product" and table != "category":
            key = (line["store_id"], line[f"{table}_id"], paid)
            orders[key].add(line["order_id"])
            units[key] += line["quantity"]
    whole = {
        (row["store_id"], row["period_start"])
        for row in built.rows("select * from marts.store_daily where is_complete")
    }
    item = "category_path" if table == "category" else f"{table}_id"
    rows = {
        (row["store_id"], row[item], row["period_start"]): row
        for row in built.rows(f"select * from marts.{table}_daily")
    }
    compared, nothing = 0, 0
    for (store, name, day), row in rows.items():
        _, then = in_event(calendar, day)
        if then is None or not {(store, day), (store, then)} <= whole:
            assert {row[f"{measure}_yoy_event"] for measure in COMPARED_OF_ITEMS} == {None}
            continue
        before = rows.get((store, name, then))
        for measure in COMPARED_OF_ITEMS:
            expected = before[measure] if before else 0
            assert row[f"{measure}_yoy_event"] == expected, (store, name, day, measure)
            assert row[f"{measure}_yoy_event_chg"] == pytest.approx(
                ratio(row[measure] - expected, max(expected, 0)), abs=2e-6
            )
        if table != "category" and name != "unknown":
            assert row["orders_yoy_event"] == len(orders[store, name, then])
            assert row["units_yoy_event"] == units[store, name, then]
        compared += 1
        nothing += before is None
    assert compared > 30 and nothing > 5
    assert not built.rows(f"select 1 from marts.{table}_weekly where orders_yoy_event is not null")


def test_buyers_won_by_an_event_are_those_whose_first_order_is_in_it(
    built: Any, books: Books, calendar: Phases
) -> None:
    rows = built.rows("select * from marts.promo_event where store_id = 'jade_tmall'")
    assert len(rows) >= 6
    for row in rows:
        event = set(days_of(calendar[row["event_id"]], "burst", "return"))
        orders = [
            sale
            for sale in books.sales
            if sale.counted
            and sale.row["store_id"] == "jade_tmall"
            and sale.row["buyer_key"]
            and sale.paid in event
        ]
        assert row["buyers"] == len({sale.row["buyer_key"] for sale in orders})
        assert row["new_buyers"] == sum(sale.first for sale in orders)


def sales_of(books: Books, store: str) -> list[Sale]:
    return [sale for sale in books.sales if store in ("ALL", sale.row["store_id"])]


def local(books: Books, sale: Sale, instant: str) -> datetime:
    moment: datetime = sale.row[instant]
    return moment.astimezone(ZoneInfo(books.stores[sale.row["store_id"]]["time_zone"]))


@pytest.mark.parametrize("store", [*STORES, "attic_uk", "ALL"])
def test_the_balance_rate_is_of_the_deposits_from_the_announcement_to_the_end(
    store: str, built: Any, books: Books, calendar: Phases
) -> None:
    whole = Baselines(built, calendar, store).paid.keys()
    found = 0
    for row in built.rows(f"select * from marts.promo_event where store_id = '{store}'"):
        days = whole & set(days_of(calendar[row["event_id"]], "presale", "warm_up", "burst", "return"))
        deposits = [
            sale
            for sale in sales_of(books, store)
            if sale.excluded is None
            and sale.row["deposit_paid_at"]
            and (day := local(books, sale, "deposit_paid_at").date()) in days
            and (store != "ALL" or books.counts_in_all(sale.row["store_id"], day))
        ]
        balances = [sale for sale in deposits if sale.paid]
        assert (row["deposits_paid"], row["balances_paid"]) == (len(deposits), len(balances))
        assert row["balance_rate"] == ratio(len(balances), len(deposits))
        found += len(deposits)
    assert found >= (2 if store == "attic_uk" else 8)


@pytest.mark.parametrize("store", [*STORES, "attic_uk", "ALL"])
def test_the_peak_day_is_shown_by_the_hours_of_each_stores_own_clock(
    store: str, built: Any, books: Books, calendar: Phases
) -> None:
    whole = Baselines(built, calendar, store).paid.keys()

    def peak(event: str) -> tuple[date, list[tuple[int, Decimal]]]:
        by_day: dict[date, list[tuple[int, Decimal]]] = {
            day: [(0, Decimal(0))] * 24 for day in days_of(calendar[event], "burst", "return") if day in whole
        }
        for sale in sales_of(books, store):
            if sale.is_paid and sale.paid in by_day and books.counts(sale, store):
                at = local(books, sale, "recognised_at")
                orders, amount = by_day[at.date()][at.hour]
                by_day[at.date()][at.hour] = (orders + sale.counted, amount + sale.amount)
        return max(by_day.items(), key=lambda day: (sum(paid for _, paid in day[1]), -day[0].toordinal()))

    events = built.rows(f"select * from marts.promo_event where store_id = '{store}'")
    loaded = {event["event_id"] for event in events if event["is_complete"]}
    compared = 0
    for event in events:
        rows = built.rows(
            f"select * from marts.promo_event_hourly where event_id = '{event['event_id']}'"
            f" and store_id = '{store}' order by hour_of_day"
        )
        assert [row["hour_of_day"] for row in rows] == list(range(24))
        day, hours = peak(event["event_id"])
        before_day, before = peak(event["compare_to"]) if event["compare_to"] in loaded else (None, None)
        total = sum((paid for _, paid in hours), Decimal(0))
        for n, row in enumerate(rows):
            assert row["date_day"] == day, event["event_id"]
            assert (row["orders_paid"], row["paid_amount"]) == hours[n], (event["event_id"], n)
            assert row["share_of_day"] == ratio(hours[n][1], total)
            assert row["orders_paid_so_far"] == sum(orders for orders, _ in hours[: n + 1])
            assert row["paid_amount_so_far"] == sum(paid for _, paid in hours[: n + 1])
            assert row["date_day_compare"] == before_day
            same_hour = before[n] if before else (None, None)
            assert (row["orders_paid_compare"], row["paid_amount_compare"]) == same_hour
        compared += before is not None
    assert compared == (1 if store in ("jade_tmall", "ALL") else 0)
