"""What nobody should send is kept, counted, null or 'unknown' as the conventions say, and data_quality shows it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from bad_world import BACK_DAY, BAD_DAY, SOLD_DAY, STORES, TWIN, make_bad_world
from conftest import PROJECT, Warehouse, run_dbt
from replay import copied

from warehouse import built
from warehouse.connection import attached

Day = dict[str, Any]
RATES = "every_event_with_money_has_a_rate"


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """The marts of the bad world; the test of rates, which would stop them, is asked on its own below."""
    folder = tmp_path_factory.mktemp("bad")
    make_bad_world().write(folder / "build")
    yield run_dbt(
        folder / "build",
        folder / "target",
        "build",
        "--indirect-selection",
        "cautious",
        "--exclude-resource-type",
        "unit_test",
        "--select",
        "path:seeds",
        "path:models/intermediate/calendar",
        "path:models/intermediate/orders",
        "path:models/intermediate/traffic",
        "path:models/intermediate/assortment",
        "path:models/intermediate/periods",
        "int_promo_days",
        "int_event_days",
        "int_live_lines",
        "int_live_sessions",
        "int_live_by_session",
        "int_told_in_vain",
        "int_settled_days",
        "int_settlement_days",
        "path:models/marts/facts",
        "path:models/marts/dimensions",
        "path:models/marts/store",
        "path:models/marts/product",
        "dim_customer",
        "refund_cohort_monthly",
        "data_quality",
        "both_refund_bases_come_to_the_same_total",
        "days_weeks_and_months_add_up_to_the_same",
        "products_and_categories_come_to_the_store",
        "no_sale_or_refund_is_missing_from_the_marts",
        "lines_sum_to_their_order_to_the_cent",
        "no_store_mixes_currencies",
        "--exclude",
        RATES,
    )


@pytest.fixture(scope="module")
def quality(bad: Warehouse) -> dict[tuple[str, str], int]:
    rows = bad.rows("select store_id, check_name, findings from marts.data_quality")
    return {(row["store_id"], row["check_name"]): row["findings"] for row in rows}


def test_what_a_session_cost_of_which_nobody_tells_is_shown(bad: Warehouse, tmp_path: Path) -> None:
    build_dir = copied(bad.build_dir, tmp_path / "build")
    with duckdb.connect(str(build_dir / "warehouse.duckdb")) as con:
        con.execute("insert into seeds.live_costs values ('twin_tmall', 'slip of the pen', 900, null, null)")
    ran = run_dbt(build_dir, tmp_path / "target", "run", "--select", "data_quality")
    found = ran.rows("from marts.data_quality where check_name = 'live_costs_without_session'")
    assert {row["store_id"]: row["findings"] for row in found}["twin_tmall"] == 1
    assert sum(row["findings"] for row in found) == 1


def test_what_lists_say_of_no_store_or_goods_or_event_is_shown_where_it_stands(
    bad: Warehouse, tmp_path: Path
) -> None:
    whole = bad.rows("from marts.data_quality where check_name like 'costs_%' and store_id = 'ALL'")
    assert {(row["findings"], row["first_told"]) for row in whole} == {(0, None)} and len(whole) == 3
    build_dir = copied(bad.build_dir, tmp_path / "build")
    told = "'slip.csv', timestamptz '2026-11-20 00:00:00+00', 9"
    with duckdb.connect(str(build_dir / "warehouse.duckdb")) as con:
        (item,) = con.execute(
            "select min(product_id) from staging.stg_taobao__order_lines where store_id = 'twin_tmall'"
        ).fetchall()[0]
        for store, sku, currency in (
            ("twin_tmal", "S-1", "CNY"),
            ("", "S-2", "CNY"),
            ("twin_tmall", "S-3", "RMB"),
        ):
            con.execute(
                f"insert into raw_daybook.dropped_costs values (?, '', ?, date '2026-01-01', 5, ?, {told})",
                [store, sku, currency],
            )
        # Of goods that are sold there is nothing to say; nor of what the file says no more.
        con.execute(
            f"insert into raw_daybook.dropped_costs values ('twin_tmall', ?, '', date '2026-01-01', 5, 'CNY', {told})",
            [item],
        )
        con.execute(
            "insert into raw_daybook.dropped_costs select * replace ('mended' as store_id, read_at - interval 1 day as read_at)"
            " from raw_daybook.dropped_costs where store_id = 'twin_tmal'"
        )
        con.execute(
            f"insert into raw_daybook.dropped_targets values ('all', 'net_sales', date '2026-11-01', 9, {told})"
        )
        con.execute("insert into seeds.live_costs values ('nobody', 'L1', 900, null, null)")
        con.execute(
            "insert into seeds.store_time_zones values ('nobody', 'Asia/Tokyo', timestamptz '2026-01-01 00:00:00+00')"
        )
        con.execute(
            "insert into seeds.promo_calendar (event_id, phase, phase_start, phase_end, compare_to) values"
            " ('sale', 'burst', date '2026-03-08', date '2026-03-07', 'double_12_1999'),"
            " ('fair', 'warm_up', date '2026-03-01', date '2026-03-12', ''),"
            " ('fair', 'burst', date '2026-03-11', date '2026-03-14', '')"
        )
    ran = run_dbt(build_dir, tmp_path / "target", "run", "--select", "int_told_in_vain", "data_quality")
    found = ran.rows("from marts.data_quality where first_told is not null")
    assert {(row["check_name"], row["store_id"], row["findings"], row["first_told"]) for row in found} == {
        ("costs_of_unknown_store", "twin_tmal", 1, "slip.csv: SKU S-1 from 2026-01-01"),
        ("costs_of_unknown_goods", "ALL", 1, "slip.csv: SKU S-2 from 2026-01-01"),
        ("costs_of_unknown_goods", "twin_tmall", 1, "slip.csv: SKU S-3 from 2026-01-01"),
        ("costs_without_rate", "twin_tmall", 1, "slip.csv: SKU S-3 from 2026-01-01 in RMB"),
        ("targets_of_unknown_store", "all", 1, "slip.csv: net_sales of 2026-11-01"),
        ("live_costs_of_unknown_store", "nobody", 1, "seeds/live_costs.csv: session L1"),
        ("time_zones_of_unknown_store", "nobody", 1, "seeds/store_time_zones.csv: Asia/Tokyo"),
        ("events_without_days", "ALL", 1, "seeds/promo_calendar.csv: sale, burst from 2026-03-08"),
        ("events_compared_with_none", "ALL", 1, "seeds/promo_calendar.csv: sale with double_12_1999"),
        (
            "phases_of_one_day",
            "ALL",
            1,
            "seeds/promo_calendar.csv: fair, warm_up and burst from 2026-03-11 to 2026-03-12",
        ),
    }


def order(bad: Warehouse, store: str, order_id: str) -> Day:
    (row,) = bad.rows(
        f"select * from marts.fct_orders where store_id = '{store}' and order_id = '{order_id}'"
    )
    return row


def day(bad: Warehouse, store: str) -> Day:
    (row,) = bad.rows(
        f"select * from marts.store_daily where store_id = '{store}' and period_start = '{BAD_DAY}'"
    )
    return row


def test_no_bad_record_fails_anything_but_the_test_of_rates(bad: Warehouse) -> None:
    assert set(bad.statuses.values()) == {"success", "pass"}, bad.output[-3000:]
    assert len(bad.statuses) > 50


def test_no_order_is_dropped(bad: Warehouse) -> None:
    world = make_bad_world()
    rows = bad.rows("select store_id, order_id from marts.fct_orders")
    assert sorted((row["store_id"], row["order_id"]) for row in rows) == sorted(
        {(str(row["store_id"]), str(row["order_id"])) for row in world.streams["orders"]}
    )
    refunds = {(row["store_id"], row["refund_id"]) for row in world.streams["refunds"]}
    assert bad.rows("select count(*) as n from marts.fct_refunds")[0]["n"] == len(refunds)


def test_an_order_that_two_accounts_tell_counts_once_as_who_has_it_last(bad: Warehouse) -> None:
    row = order(bad, "twin_tmall", "by both")
    assert (row["account_id"], row["lines"], row["paid_amount"]) == (TWIN, 1, 60)
    assert row["refund_amount_cohort"] == 10, "the refund's last load is the other's"
    row = order(bad, "twin_tmall", "headless")
    assert (row["account_id"], row["paid_amount"]) == (TWIN, 7)
    figures = day(bad, "twin_tmall")
    assert (figures["orders_paid"], figures["paid_amount"]) == (4, 60 + 5 + 3 + 7)
    assert (figures["refunds"], figures["refund_amount"], figures["is_complete"]) == (1, 10, True)


def test_an_order_without_lines_is_worth_what_the_source_says_was_paid(bad: Warehouse, quality: Any) -> None:
    row = order(bad, "jade_tmall", "no lines")
    assert (row["is_counted"], row["lines"], row["paid_amount"]) == (True, 0, Decimal("58.00"))
    assert quality["jade_tmall", "orders_without_lines"] == 1
    (product,) = bad.rows(
        f"select * from marts.product_daily where product_id = 'unknown' and period_start = '{BAD_DAY}'"
    )
    assert product["goods_paid"] == Decimal("98.00"), "58 without lines and 40 without a product"


def test_lines_without_an_order_are_kept_and_in_no_mart(bad: Warehouse, quality: Any) -> None:
    (row,) = bad.rows("select * from marts.fct_order_lines where order_id = 'nowhere'")
    assert (row["exclude_reason"], row["paid_date"], row["goods_paid_orig"]) == ("no_order", None, 19)
    assert quality["jade_tmall", "lines_without_order"] == 1


def test_a_refund_without_an_order_is_in_flow_figures_only(bad: Warehouse, quality: Any) -> None:
    (row,) = bad.rows("select * from marts.fct_refunds where order_id = 'unheard of'")
    assert (row["is_counted"], row["is_linked"], row["refund_amount"]) == (True, False, 12)
    figures = day(bad, "jade_tmall")
    assert figures["refund_amount_unlinked"] == 12
    assert figures["refund_amount"] - figures["refund_amount_cohort"] == 12
    assert quality["jade_tmall", "refunds_without_order"] == 1


def test_amounts_below_zero_and_beyond_belief_are_counted_and_shown(bad: Warehouse, quality: Any) -> None:
    assert order(bad, "jade_tmall", "less than nothing")["paid_amount"] == -50
    assert order(bad, "jade_tmall", "a slip of the point")["paid_amount"] == 99_999_999
    figures = day(bad, "jade_tmall")
    assert figures["paid_amount"] == 30 - 5 + 58 - 50 + 99_999_999 + 40 + 25 + 15
    assert figures["orders_paid"] == 7
    assert quality["jade_tmall", "orders_with_negative_amount"] == 1
    assert quality["jade_tmall", "orders_of_unlikely_amount"] == 1
    assert quality["jade_tmall", "lines_with_negative_quantity"] == 1
    assert quality["opal_tmall", "orders_of_unlikely_amount"] == 0


def test_who_is_heard_may_change_with_every_night(tmp_path: Path) -> None:
    """The account that was behind has the order last; a refund comes by it again; what the other knew alone stays."""
    world = make_bad_world()
    world.write(tmp_path / "build")
    of_orders = ("int_order_totals", "fct_order_lines", "int_refunds")
    wanted = ["path:seeds", *(f"+{model}" for model in of_orders)]
    choice = ["--select", *wanted, "--exclude", "path:models/staging", "--exclude-resource-type", "unit_test"]
    choice += ["--exclude-resource-type", "test"]

    def figures(*more: str) -> dict[str, list[Any]]:
        ran = run_dbt(tmp_path / "build", tmp_path / "target", "build", *choice, *more)
        assert set(ran.statuses.values()) == {"success"}, ran.output[-3000:]
        with attached(
            {file: tmp_path / "build" / f"{file}.duckdb" for file in ("warehouse", "daybook")}
        ) as con:
            schema = {"fct_order_lines": "daybook.marts"}
            return {
                name: con.execute(
                    f"from {schema.get(name, 'warehouse.intermediate')}.{name} order by all"
                ).fetchall()
                for name in of_orders
            }

    first = figures()
    with duckdb.connect(str(tmp_path / "build" / "warehouse.duckdb")) as con:
        built.remember(con, "the same", 100)
        of_behind = f"load_id = 101 where account_id = '{STORES['twin_tmall'][0]}'"
        modified = "modified_at = modified_at + interval 9 hour"
        con.execute(f"update staging.stg_taobao__orders set {modified}, {of_behind} and order_id = 'by both'")
        con.execute(f"update staging.stg_taobao__refunds set refund_amount = 4, {of_behind}")
    went = figures()
    (header,) = [row for row in went["int_order_totals"] if row[2:4] == ("twin_tmall", "by both")]
    assert header[1] == STORES["twin_tmall"][0]
    lines = [row for row in went["fct_order_lines"] if row[2:4] == ("twin_tmall", "by both")]
    assert sorted((row[1], row[4]) for row in lines) == [(header[1], "1"), (header[1], "taken off")]
    assert went != first
    assert went == figures("--full-refresh")

    with duckdb.connect(str(tmp_path / "build" / "warehouse.duckdb")) as con:
        by_behind = f"where account_id = '{STORES['twin_tmall'][0]}' and order_id = 'by both'"
        con.execute(
            f"update staging.stg_taobao__orders set created_at = timestamptz '2026-11-01' {by_behind}"
        )
        con.execute(f"update staging.stg_taobao__refunds set order_id = 'headless' {by_behind}")
    apart = figures("--full-refresh")
    assert len(apart["int_order_totals"]) == len(went["int_order_totals"]) + 1, "two orders of one number"
    refunds = [row for row in apart["int_refunds"] if row[2:4] == ("twin_tmall", "refund of by both")]
    assert {row[1] for row in refunds} == {TWIN, header[1]}


def test_an_unknown_currency_is_null_and_leaves_the_other_stores_alone(bad: Warehouse, quality: Any) -> None:
    for order_id in ("in shells", "in nothing"):
        row = order(bad, "reef_us", order_id)
        assert (row["is_counted"], row["paid_amount"], row["paid_amount_orig"]) == (True, None, 10)
    figures = day(bad, "reef_us")
    assert (figures["orders_paid"], figures["paid_amount"], figures["net_sales"]) == (3, None, None)
    assert (figures["goods_paid_store"], figures["paid_amount_store"], figures["net_sales_store"]) == (
        None,
    ) * 3
    assert figures["refund_amount_store"] == 0
    assert day(bad, "ALL")["paid_amount"] is None
    assert day(bad, "opal_tmall")["paid_amount"] == 70
    assert quality["reef_us", "orders_without_rate"] == 2
    (known,) = bad.rows(
        f"select * from marts.product_daily where store_id = 'reef_us' and product_id = 'p2' and period_start = '{BAD_DAY}'"
    )
    assert known["goods_paid"] > 0, "of how much, nobody knows"
    assert (known["gmv_share"], known["abc_class"]) == (None, None)


def test_a_refund_that_nobody_can_convert_is_unknown_on_its_own_day_and_on_that_of_its_sale(
    bad: Warehouse,
) -> None:
    """And nothing else is: what was sold on either day is known, and so is what came back of other days."""
    asked = f"from marts.{{}} where store_id = 'opal_tmall' and period_start in ('{SOLD_DAY}', '{BACK_DAY}')"
    sold, back = bad.rows(asked.format("store_daily") + " order by period_start")
    assert (sold["paid_amount"], sold["refund_amount"], sold["net_sales"]) == (50, 0, 50)
    cohort = ("refund_goods_cohort", "refund_amount_cohort", "net_sales_cohort")
    assert [sold[name] for name in cohort] == [None] * 3
    assert (back["paid_amount"], back["refund_amount"], back["net_sales"], back["fx_difference"]) == (
        (20,) + (None,) * 3
    )
    assert [back[name] for name in cohort] == [0, 0, 20]
    everything = bad.rows(f"from marts.store_daily where store_id = 'ALL' and period_start = '{SOLD_DAY}'")
    assert everything[0]["net_sales_cohort"] is None

    customers = bad.rows("from marts.dim_customer where store_id = 'opal_tmall' and buyer_key like '%-3'")
    assert [
        (row["paid_amount"], row["refund_amount_cohort"], row["net_sales_cohort"]) for row in customers
    ] == [(20, None, None)]
    october = bad.rows("from marts.refund_cohort_monthly where store_id = 'opal_tmall' and days_since <= 7")
    cells = {
        row["days_since"]: (row["refund_amount_cohort"], row["refund_rate_cohort"], row["orders_refunded"])
        for row in october
        if row["paid_month"] == SOLD_DAY.replace(day=1)
    }
    assert cells == {1: (0, 0, 0), 3: (0, 0, 0), 7: (None, None, 2)}

    for table in ("product_daily", "sku_daily", "category_daily"):
        sold, back = bad.rows(
            f"select distinct on (period_start) * {asked.format(table)} order by period_start"
        )
        assert (sold["goods_paid"], sold["gmv_share"], sold["net_sales"]) == (50, 1, 50), table
        assert (sold["refund_goods_cohort"], sold["net_sales_cohort"]) == (None, None), table
        assert (back["goods_paid"], back["gmv_share"], back["net_sales_cohort"]) == (20, 1, 20), table
        assert (back["refund_goods"], back["net_sales"], back["refund_rate_flow"]) == (None,) * 3, table


def test_an_unknown_category_and_product_are_called_unknown(bad: Warehouse, quality: Any) -> None:
    rows = bad.rows(
        f"select * from marts.category_daily where store_id = 'jade_tmall' and period_start = '{BAD_DAY}'"
        " and category_level = 1"
    )
    assert {row["category_path"]: row["goods_paid"] for row in rows}["unknown"] == 98
    assert quality["jade_tmall", "lines_without_category"] == 2, (
        "the order without lines has a line of its own"
    )
    assert quality["jade_tmall", "lines_without_product"] == 2


def test_a_buyer_without_an_id_counts_in_sales_and_not_in_buyers(bad: Warehouse, quality: Any) -> None:
    figures = day(bad, "jade_tmall")
    assert (figures["orders_paid"], figures["buyers"], figures["guest_orders"]) == (7, 6, 1)
    assert quality["jade_tmall", "orders_without_buyer"] == 1


def test_two_stores_that_share_an_order_id_have_an_order_each(bad: Warehouse) -> None:
    jade, opal = order(bad, "jade_tmall", "same"), order(bad, "opal_tmall", "same")
    assert (jade["paid_amount"], jade["lines"], jade["refund_amount_cohort"]) == (25, 2, 0)
    assert (opal["paid_amount"], opal["lines"], opal["refund_amount_cohort"]) == (70, 1, 20)
    assert day(bad, "opal_tmall")["net_sales"] == 50


def test_a_status_nobody_documented_keeps_its_order_by_its_times(bad: Warehouse, quality: Any) -> None:
    row = order(bad, "jade_tmall", "in limbo")
    assert (row["order_state"], row["source_status"], row["is_counted"]) == ("unknown", "WAIT_AND_SEE", True)
    (refund,) = bad.rows("select * from marts.fct_refunds where order_id = 'in limbo'")
    assert (refund["is_counted"], refund["refund_amount"]) == (False, 0)
    assert quality["jade_tmall", "orders_of_unknown_status"] == 1
    assert quality["jade_tmall", "refunds_of_unknown_status"] == 1


def test_no_more_comes_back_than_was_paid(bad: Warehouse, quality: Any) -> None:
    (large,) = bad.rows("select * from marts.fct_refunds where order_id = 'of nobody'")
    assert (large["refund_amount"], large["refund_over_paid_orig"]) == (25, 975)
    (early,) = bad.rows("select * from marts.fct_refunds where order_id = 'unpaid'")
    assert (early["is_counted"], early["refund_amount"]) == (False, 0)
    assert quality["jade_tmall", "refunds_capped"] == 1
    assert quality["jade_tmall", "refunds_of_unpaid_orders"] == 1


def test_a_missing_rate_is_told_by_currency_and_day_and_stops_the_night_unless_it_may_go_out(
    bad: Warehouse, tmp_path: Path
) -> None:
    def asked(target: str, *more: str) -> Warehouse:
        return run_dbt(bad.build_dir, tmp_path / target, "test", "--select", RATES, *more)

    stops = asked("stops")
    assert "No rate of XXX on 2026-11-10: 1 order(s), for example in shells of reef_us" in stops.output
    assert "No rate of a currency that is not named on 2026-11-10: 1 order(s)" in stops.output
    assert "data/inbox/fx_rates/" in stops.output
    assert list(stops.statuses.values()) == ["fail"]
    goes_out = asked("goes_out", "--project-dir", str(that_publishes(tmp_path / "project")))
    assert list(goes_out.statuses.values()) == ["warn"], goes_out.output[-3000:]


def that_publishes(project: Path) -> Path:
    """The project with the setting as docs/operations.md has it changed, cut down to this test: what it reads is built
    already, and all of it would take as long to parse as to build."""
    settings = (PROJECT / "dbt_project.yml").read_text(encoding="utf-8")
    stop = "when_a_rate_is_missing: stop"
    assert settings.count(stop) == 1
    test = (PROJECT / "tests" / f"{RATES}.sql").read_text(encoding="utf-8")
    files = {
        "dbt_project.yml": settings.replace(stop, "when_a_rate_is_missing: publish"),
        f"tests/{RATES}.sql": test,
        **{f"models/marts/{table}.sql": "select 1" for table in re.findall(r"ref\('(\w+)'\)", test)},
    }
    for name, text in files.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text, encoding="utf-8")
    shutil.copytree(PROJECT / "macros", project / "macros")
    return project


def test_a_day_whose_refunds_are_not_read_yet_has_its_sales_and_is_not_complete(bad: Warehouse) -> None:
    days = {
        (row["store_id"], row["period_start"].day): row
        for row in bad.rows("select * from marts.store_daily where period_start >= '2026-11-10'")
    }
    assert [days["opal_tmall", day]["is_complete"] for day in (10, 11, 12, 13, 14)] == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert [days["opal_tmall", day]["orders_paid"] for day in (11, 12)] == [1, 1]
    assert all(days["jade_tmall", day]["is_complete"] for day in (10, 11, 12, 13, 14))
    assert not days["ALL", 12]["is_complete"], "all stores together are as far as the slowest"
