"""Customers, cohorts and repurchase against the same figures computed in Python from the same orders."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from expected import ZERO, Books, History, Sale, histories, paid_on, ratio
from world import World


def net(sales: list[Sale]) -> Decimal:
    goods = sum((sale.value("goods") for sale in sales), ZERO)
    return goods - sum((refund.at_sale_rate["goods"] for sale in sales for refund in sale.refunds), ZERO)


@pytest.fixture(scope="module")
def last_days(built: Any) -> dict[str, date]:
    """The last whole day of each store, as the stores themselves say."""
    rows = built.rows(
        "select store_id, max(period_start) as day from marts.store_daily where is_complete group by store_id"
    )
    return {row["store_id"]: row["day"] for row in rows}


def months(first: date, number: int) -> date:
    count = first.year * 12 + first.month - 1 + number
    return date(count // 12, count % 12 + 1, 1)


def test_all_stores_know_first_buyers_as_far_back_as_the_shortest_history_of_those_selling(
    built: Any,
) -> None:
    known = {
        row["period_start"]: row["history_from"]
        for row in built.rows("select * from marts.customer_monthly where store_id = 'ALL'")
    }
    assert known[date(2011, 1, 1)] == date(2010, 11, 18)
    assert known[date(2025, 12, 1)] == date(2025, 9, 25)
    assert known[date(2026, 10, 1)] == date(2026, 9, 1)
    for table in ("cohort_monthly", "repurchase_monthly"):
        rows = built.rows(
            f"select store_id, cohort_month, max(is_history_before) as most, min(is_history_before) as least"
            f" from marts.{table} group by all"
        )
        assert all(row["most"] == row["least"] for row in rows)
        before = {(row["store_id"], row["cohort_month"]): row["least"] for row in rows}
        joined = date(2026, 9, 1)  # an old store's cohort that a new one's first buyers fell into
        assert before["jade_tmall", joined] and not before["reef_us", joined] and not before["ALL", joined]
        assert before["ALL", date(2026, 8, 1)] and before["ALL", date(2026, 10, 1)]
        assert not before["ALL", date(2010, 11, 1)]


@pytest.mark.parametrize("grain", ["week", "month"])
def test_buyers_and_active_customers_of_a_period_are_the_recomputed_ones(
    grain: str, built: Any, books: Books
) -> None:
    days: dict[tuple[str, date], set[date]] = defaultdict(set)
    for row in built.rows(f"select * from marts.dim_period where grain = '{grain}'"):
        days[row["store_id"], row["period_start"]].add(row["date_day"])
    by_store = {store: histories(books, store) for store in [*books.stores, "ALL"]}
    rows = built.rows(f"select * from marts.customer_{grain}ly")
    assert len(rows) > 25
    for row in rows:
        store, start = row["store_id"], row["period_start"]
        inside, last = days[store, start], max(days[store, start])

        def within(window: int, orders: list[Sale], last: date = last) -> int:
            return sum(last - timedelta(days=window) < paid_on(sale) <= last for sale in orders)

        def is_inside(sale: Sale, store: str = store, inside: set[date] = inside) -> bool:
            return paid_on(sale) in inside and books.counts(sale, store)

        people = by_store[store].values()
        bought = [orders for orders in people if any(map(is_inside, orders))]
        new = [orders for orders in bought if is_inside(orders[0])]
        again = [sale for orders in bought for sale in orders[1:] if is_inside(sale)]
        expected = {
            "buyers": len(bought),
            "new_buyers": len(new),
            "returning_buyers": len(bought) - len(new),
            "repeat_in_period_buyers": sum(sum(map(is_inside, orders)) > 1 for orders in bought),
            "repeat_orders": len(again),
            "first_order_amount": sum((orders[0].amount for orders in new), ZERO),
            "new_buyer_amount": sum((s.amount for orders in new for s in orders if is_inside(s)), ZERO),
            "customers_total": sum(paid_on(orders[0]) <= last for orders in people),
            "customers_365d": sum(within(365, orders) > 0 for orders in people),
            "customers_90d": sum(within(90, orders) > 0 for orders in people),
            "customers_30d": sum(within(30, orders) > 0 for orders in people),
            "repeat_customers_90d": sum(within(90, orders) > 1 for orders in people),
            "repeat_customers_30d": sum(within(30, orders) > 1 for orders in people),
        }
        if not row["is_orders_loaded"] and row["buyers"] is None:
            continue
        assert {name: row[name] for name in expected} == expected, (store, start)
        jd = ratio(expected["repeat_customers_90d"], expected["customers_90d"])
        assert row["repurchase_rate_jd_90d"] == pytest.approx(jd, abs=2e-6)


def cohort_cells(
    people: History, last: date, last_days: dict[str, date]
) -> Iterator[tuple[date, int, list[Sale], int]]:
    """Each reached cell of each cohort: its month, number, orders, and distinct buyers."""

    def is_over(sale: Sale) -> bool:  # for all stores, and for its own
        return paid_on(sale) <= min(last, last_days[sale.row["store_id"]])

    cohorts: dict[date, list[list[Sale]]] = defaultdict(list)
    for orders in people.values():
        if is_over(orders[0]):
            cohorts[paid_on(orders[0]).replace(day=1)].append(orders)
    for month, members in cohorts.items():
        for number in range(37):
            begins = months(month, number)
            if begins > last:
                break
            bought = [
                [s for s in orders if paid_on(s).replace(day=1) == begins and is_over(s)]
                for orders in members
            ]
            yield (
                month,
                number,
                [s for orders in bought for s in orders],
                sum(bool(orders) for orders in bought),
            )


def told_visitors(books: Books) -> dict[tuple[str, str, date], list[Any]]:
    """What the platforms say of all visitors of a store, by grain and period."""
    told: dict[tuple[str, str, date], list[Any]] = defaultdict(list)
    for row in books.world.streams["traffic"]:
        if row["is_total"] and row["device"] == "all":
            told[row["store_id"], row["grain"], row["period_start"]].append(row)
    return told


@pytest.mark.parametrize("grain", ["week", "month"])
def test_stickiness_holds_the_visitors_of_an_average_day_against_those_of_the_whole_period(
    grain: str, built: Any, books: Books
) -> None:
    told = told_visitors(books)
    rows = built.rows(f"select * from marts.customer_{grain}ly where store_id <> 'ALL'")
    sticky = open_periods = 0
    for row in rows:
        key = (row["store_id"], grain, row["period_start"])
        if key not in told or len(told[key]) > 1:
            assert row["visitors"] in (None, 0) and row["stickiness"] is None, key
            continue
        (said,) = told[key]
        assert (row["visitors"], row["new_visitors"]) == (said["visitors"], said["new_visitors"]), key
        again = said["visitors"] - said["new_visitors"]
        assert row["returning_visitors"] == again, key
        assert row["returning_visitor_share"] == pytest.approx(again / said["visitors"], abs=1e-6), key
        if not (row["is_complete"] and row["is_traffic_loaded"]):
            assert row["stickiness"] is None, key
            open_periods += 1
            continue
        days = [row["period_start"] + timedelta(days=n) for n in range(row["days_in_period"])]
        # A day that was asked for and had nobody has no row.
        daily = sum(said["visitors"] for day in days for said in told[row["store_id"], "day", day])
        assert row["visitor_days"] == daily, key
        assert row["stickiness"] == pytest.approx(daily / len(days) / row["visitors"], abs=1e-6), key
        sticky += 1
    # Of no month the world has every day's visitors: November runs, and a unit test judges whole ones.
    assert sticky >= 3 if grain == "week" else open_periods == 1


def test_cohort_cells_are_the_recomputed_ones_and_null_after_the_data_ends(
    built: Any, books: Books, last_days: dict[str, date]
) -> None:
    rows = {
        (row["store_id"], row["cohort_month"], row["month_number"]): row
        for row in built.rows(
            "select * from marts.cohort_monthly where buyer_type = 'ALL' and acquisition_source = 'ALL'"
        )
    }
    reached = unseen = 0
    for store in [*books.stores, "ALL"]:
        so_far: dict[date, Decimal] = defaultdict(Decimal)
        people = histories(books, store)
        # What the buyers of a store that is read no further did later nobody knows, in ALL either.
        seen: dict[date, date] = {}
        for first in (orders[0] for orders in people.values()):
            own = last_days[first.row["store_id"]]
            if paid_on(first) <= own:
                month = paid_on(first).replace(day=1)
                seen[month] = min(seen.get(month, last_days[store]), own)
        for month, number, orders, buyers in cohort_cells(people, last_days[store], last_days):
            if months(month, number) > seen[month]:
                unseen += 1
                continue
            row = rows.pop((store, month, number))
            so_far[month] += net(orders)
            assert (row["active_buyers"], row["orders"]) == (buyers, len(orders)), (store, month, number)
            assert row["paid_amount"] == sum((sale.amount for sale in orders), ZERO)
            assert row["cumulative_net_sales"] == so_far[month]
            assert row["retention"] == pytest.approx(ratio(buyers, row["cohort_size"]), abs=2e-6)
            reached += 1
    assert reached > 250 and unseen > 50
    assert len(rows) > 250, "the cells the data does not reach"
    for row in rows.values():
        figures = ("active_buyers", "retention", "orders", "paid_amount", "net_sales_cohort", "ltv_net_sales")
        assert [row[name] for name in figures] == [None] * len(figures)


def test_a_cohort_month_without_its_kind_of_buyer_has_no_row_and_kinds_add_up_to_all(built: Any) -> None:
    (row,) = built.rows(
        "select sum(case when buyer_type = 'ALL' then cohort_size end) as everybody,"
        " sum(case when buyer_type <> 'ALL' then cohort_size end) as kinds from marts.cohort_monthly"
        " where month_number = 0 and acquisition_source = 'ALL'"
    )
    assert row["everybody"] == row["kinds"] > 300


def test_a_cohort_is_split_by_the_source_of_each_buyers_first_order(
    built: Any, world: World, books: Books, last_days: dict[str, date]
) -> None:
    told = {(row["store_id"], row["order_id"]): row["source_l1"] for row in world.streams["order_sources"]}
    rows = {
        (row["store_id"], row["acquisition_source"], row["cohort_month"], row["month_number"]): row
        for row in built.rows(
            "select * from marts.cohort_monthly where buyer_type = 'ALL' and acquisition_source <> 'ALL' and orders is not null"
        )
    }
    assert {store for store, *_ in rows} == {"reef_us", "ALL"}, "no order of the others says it"
    for store in ("reef_us", "ALL"):
        by_source: dict[str, History] = defaultdict(dict)
        for buyer, orders in histories(books, store).items():
            first = orders[0].row
            by_source[told.get((first["store_id"], first["order_id"]), "unknown")][buyer] = orders
        assert set(by_source) == {"owned", "free_search", "unknown"}
        for source, people in by_source.items():
            for month, number, orders, buyers in cohort_cells(people, last_days[store], last_days):
                row = rows.pop((store, source, month, number), None)
                if row is None:  # a store that is read no further won some of them
                    assert store == "ALL"
                    continue
                assert (row["active_buyers"], row["orders"]) == (buyers, len(orders)), (store, source, month)
                assert row["paid_amount"] == sum((sale.amount for sale in orders), ZERO)
    assert not rows


def test_the_sources_of_a_cohort_and_their_margin_add_up_to_all_of_it(built: Any) -> None:
    rows = built.rows(
        "select store_id, buyer_type, cohort_month, month_number"
        + "".join(
            f", sum(case when acquisition_source = 'ALL' then {name} end) as {name},"
            f" sum(case when acquisition_source <> 'ALL' then {name} end) as {name}_parts"
            for name in ("cohort_size", "active_buyers", "net_sales_cohort", "cumulative_net_sales_ex_tax")
        )
        + " from marts.cohort_monthly where store_id = 'reef_us' group by all"
    )
    assert len(rows) > 100
    for row in rows:
        for name in ("cohort_size", "active_buyers", "net_sales_cohort"):
            assert row[name] == row[f"{name}_parts"], row
    # A source without a sale of goods so far has no margin yet.
    told = [row for row in rows if row["cumulative_net_sales_ex_tax"] is not None]
    assert told and all(
        row["cumulative_net_sales_ex_tax"] == row["cumulative_net_sales_ex_tax_parts"] for row in told
    )


def test_repurchase_is_recomputed_and_leaves_out_open_windows(
    built: Any, books: Books, last_days: dict[str, date]
) -> None:
    rows = built.rows("select * from marts.repurchase_monthly")
    people = {store: histories(books, store) for store in [*books.stores, "ALL"]}
    open_windows = 0
    for row in rows:
        window, last = timedelta(days=row["window_days"]), last_days[row["store_id"]]
        members = [
            orders
            for orders in people[row["store_id"]].values()
            if paid_on(orders[0]).replace(day=1) == row["cohort_month"]
            and paid_on(orders[0]) <= min(last, last_days[orders[0].row["store_id"]])
        ]
        mature = [
            orders
            for orders in members
            if min(last, last_days[orders[0].row["store_id"]]) - paid_on(orders[0]) >= window
        ]
        back = [
            orders
            for orders in mature
            if len(orders) > 1 and paid_on(orders[1]) - paid_on(orders[0]) <= window
        ]
        assert (row["first_buyers"], row["first_buyers_mature"], row["first_buyers_repurchased"]) == (
            len(members),
            len(mature),
            len(back),
        )
        assert row["repurchase_rate"] == (
            pytest.approx(ratio(len(back), len(mature)), abs=2e-6) if mature else None
        )
        open_windows += len(mature) < len(members)
    assert len(rows) > 80 and open_windows > 20


def test_dim_customer_names_every_buyer_of_a_paid_order_once_per_store(built: Any, books: Books) -> None:
    rows = {
        (row["store_id"], row["platform"], row["buyer_key"]): row
        for row in built.rows("select * from marts.dim_customer")
    }
    for store in [*books.stores, "ALL"]:
        for (platform, buyer), orders in histories(books, store).items():
            row = rows.pop((store, platform, buyer))
            assert row["first_order_id"] == orders[0].row["order_id"]
            assert (row["orders"], row["last_paid_date"]) == (len(orders), paid_on(orders[-1]))
            assert row["paid_amount"] == sum((sale.amount for sale in orders), ZERO)
            assert row["net_sales_cohort"] == net(orders)
    assert rows == {}


def segment(row: dict[str, Any], *, is_first: bool) -> str:
    """The first that fits, as the column says."""
    recent, often, rich = row["recency_score"], row["frequency_score"], row["monetary_score"]
    fits = {
        "champion": min(recent, often, rich) >= 4,
        "loyal": min(recent, often) >= 3,
        "new": recent >= 4 and row["frequency"] == 1 and is_first,
        "promising": recent >= 3,
        "at_risk": min(often, rich) >= 4,
        "needs_attention": often >= 3,
        "about_to_sleep": recent == 2,
    }
    return next((name for name, is_true in fits.items() if is_true), "asleep")


def test_rfm_looks_at_a_customer_as_the_month_ended(built: Any, books: Books) -> None:
    rows = built.rows("select * from marts.rfm_monthly where store_id = 'jade_tmall'")
    people = histories(books, "jade_tmall")
    seen: dict[date, int] = defaultdict(int)
    for row in rows:
        end = row["period_end"]
        orders = [
            sale
            for sale in people[row["platform"], row["buyer_key"]]
            if end - timedelta(days=365) < paid_on(sale) <= end
        ]
        assert (row["frequency"], row["monetary"]) == (len(orders), net(orders))
        assert row["recency_days"] == (end - paid_on(orders[-1])).days
        seen[end] += 1
    assert len(seen) == 13 and date(2026, 10, 31) in seen
    for end, customers in seen.items():
        mine = [row for row in rows if row["period_end"] == end]
        assert customers == sum(
            any(end - timedelta(days=365) < paid_on(sale) <= end for sale in orders)
            for orders in people.values()
        )
        for row in mine:
            below = sum(other["frequency"] < row["frequency"] for other in mine)
            assert row["frequency_score"] == 1 + 5 * below // customers
            older = sum(other["recency_days"] > row["recency_days"] for other in mine)
            poorer = sum(other["monetary"] < row["monetary"] for other in mine)
            assert row["recency_score"] == 1 + 5 * older // customers
            assert row["monetary_score"] == 1 + 5 * poorer // customers
            first = paid_on(people[row["platform"], row["buyer_key"]][0])
            assert row["segment"] == segment(row, is_first=first > end - timedelta(days=365))
    assert {"champion", "loyal", "new", "promising", "asleep"} <= {row["segment"] for row in rows}
