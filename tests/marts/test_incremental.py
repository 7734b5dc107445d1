"""A night that rebuilds what changed leaves every table as a full build would, row for row.

`make prove ARGS=histories` plays 200 random ones, DAYBOOK_HISTORY=17 the one with that seed.
"""

from __future__ import annotations

import os
import random
from datetime import date
from pathlib import Path

import duckdb
import pytest
from conftest import PROJECT, Warehouse, run_dbt
from mutations import KINDS, Night
from replay import Project, Replay, copied, differences

_FIRST = int(os.environ.get("DAYBOOK_FIRST_HISTORY", "0"))
# The counterpart of one night is here; longer histories are thorough, unless they are asked for.
ASKED = {"DAYBOOK_HISTORY", "DAYBOOK_HISTORIES"} & set(os.environ)
SEEDS = (
    [int(os.environ["DAYBOOK_HISTORY"])]
    if "DAYBOOK_HISTORY" in os.environ
    else range(_FIRST, _FIRST + int(os.environ.get("DAYBOOK_HISTORIES", "1")))
)


@pytest.fixture(scope="session")
def first_night(built: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> tuple[Warehouse, Project]:
    """The world after one more night of every kind of change, built by dbt itself; with it, the SQL of a build that
    goes on."""
    folder = tmp_path_factory.mktemp("night")
    build_dir = copied(built.build_dir, folder / "build")
    target = folder / "target"
    before = Replay(Project(PROJECT, built.target_dir, built.target_dir), build_dir)
    before.remember()
    Night(before.con, random.Random(0)).falls([*KINDS])
    before.close()
    went = run_dbt(
        build_dir, target, "run", "--write-json", "--select", "path:models/intermediate", "path:models/marts"
    )
    return went, Project(PROJECT, built.target_dir, target)


def test_dbt_goes_on_from_the_last_build_to_what_a_full_one_has(
    first_night: tuple[Warehouse, Project], tmp_path: Path
) -> None:
    went, project = first_night
    assert set(went.statuses.values()) == {"success"}, went.output[-3000:]
    assert sum("int_changed" in name for name in went.statuses) >= 4
    one = Replay(project, copied(went.build_dir, tmp_path / "went"))
    assert one.con.execute("select count(*) from intermediate.int_changed_orders").fetchall()[0][0] > 0
    whole = Replay(project, copied(went.build_dir, tmp_path / "whole"))
    whole.build(whole=True)
    assert differences(one, whole) == {}


KEYS = [  # table, its key, the list of what a night writes of it
    ("fct_orders", "platform, store_id, order_id", "int_orders_to_write"),
    ("fct_refunds", "platform, store_id, refund_id", "int_refunds_to_write"),
    ("dim_customer", "platform, buyer_key", "int_changed_buyers"),
]


def test_a_night_judges_the_rows_it_wrote_and_a_full_build_all(
    first_night: tuple[Warehouse, Project], tmp_path: Path
) -> None:
    """In each table one of the rows that are (not) on its list is there twice."""
    went = first_night[0]
    tests = [f"unique_key_{table}_*" for table, _, _ in KEYS]

    def doubled(rows: str) -> Path:
        build_dir = copied(went.build_dir, tmp_path / rows)
        with duckdb.connect(str(build_dir / "daybook.duckdb")) as con:
            con.execute(f"attach '{build_dir / 'warehouse.duckdb'}' as warehouse")
            for table, key, listed in KEYS:
                found = con.execute(
                    f"insert into marts.{table} select * from marts.{table}"
                    f" where ({key}) {rows} (select {key} from warehouse.intermediate.{listed}) limit 1"
                ).fetchall()
                assert found == [(1,)], table
        return build_dir

    def statuses(build_dir: Path, *command: str) -> list[str]:
        return list(run_dbt(build_dir, went.target_dir, *command).statuses.values())

    # Not `build`, which leaves out what stands behind a test that failed.
    assert statuses(doubled("in"), "test", "--select", *tests) == ["fail"] * len(KEYS)
    others = doubled("not in")
    assert statuses(others, "build", "--select", *tests) == ["pass"] * len(KEYS)
    for test in tests:
        assert statuses(others, "build", "--full-refresh", "--select", test) == ["fail"], test


def test_the_key_of_a_marts_days_is_asked_of_its_weeks_and_months(first_night, tmp_path):
    went = first_night[0]
    build_dir = copied(went.build_dir, tmp_path / "doubled")
    with duckdb.connect(str(build_dir / "daybook.duckdb")) as con:
        con.execute("insert into marts.store_monthly from marts.store_monthly limit 1")
    ran = run_dbt(build_dir, went.target_dir, "build", "--select", "unique_key_store_daily_*")
    assert list(ran.statuses.values()) == ["fail"]


@pytest.fixture
def nightly(built: Warehouse, first_night: tuple[Warehouse, Project], tmp_path: Path) -> Replay:
    """The world as it was last built, before its next night."""
    before = Replay(first_night[1], copied(built.build_dir, tmp_path / "nightly"))
    before.remember()
    return before


def test_a_file_with_the_visitors_of_products_rebuilds_the_periods_of_its_day(nightly: Replay) -> None:
    nightly.con.execute(
        "insert into staging.stg_files__product_traffic by name select 'files' as platform, 'files__jade' as account_id,"
        " 'jade_tmall' as store_id, 'day' as grain, date '2026-10-14' as period_start, 'unsold' as product_id,"
        " 'Nobody bought it' as product_name, 31 as visitors, 99 as load_id"
    )
    nightly.build("product_daily", "product_weekly", "product_monthly")
    written = nightly.con.execute(
        "select distinct grain, period_start::varchar from intermediate.int_affected_spans"
        " where store_id = 'jade_tmall' and span_days = 0 order by 1"
    ).fetchall()
    assert written == [("day", "2026-10-14"), ("month", "2026-10-01"), ("week", "2026-10-12")]
    for table in ("daily", "weekly", "monthly"):
        rows = nightly.con.execute(
            f"select visitor_days, units from daybook.marts.product_{table} where product_id = 'unsold'"
        ).fetchall()
        assert rows == [(31, 0)], table


def test_another_category_in_the_catalogue_takes_the_views_of_its_product_with_it(nightly: Replay) -> None:
    """Product 5 moved on 12 November; its catalogue says at last that it moved elsewhere."""
    seen = "select period_start::varchar, page_views from daybook.marts.category_daily where category_path = ? order by 1"
    views = [("2026-11-12", 62), ("2026-11-13", 63)]
    before = nightly.con.execute(seen, ["Garden > Pots > Clay"]).fetchall()
    assert [row for row in before if row[1]] == views
    nightly.con.execute(
        "update staging.stg_taobao__products set category_path = 'Sheds', load_id = 99"
        " where product_id = '9007199254740905' and category_path = 'Garden > Pots > Clay'"
    )
    nightly.build("category_daily")
    assert nightly.con.execute(seen, ["Sheds"]).fetchall() == views
    after = nightly.con.execute(seen, ["Garden > Pots > Clay"]).fetchall()
    assert not [row for row in after if row[1]]


def test_another_stock_rebuilds_the_periods_of_its_store_since_its_day(nightly: Replay) -> None:
    """Product 10 had 19 pieces from 1 November on, one less each day until the eighth."""
    nightly.con.execute(
        "update staging.stg_taobao__products set stock = 70, load_id = 99"
        " where product_id = '9007199254740910' and valid_from_at = timestamptz '2026-11-08 06:00:00+00'"
    )
    nightly.build("product_weekly")
    written = nightly.con.execute(
        "select distinct store_id, period_start from intermediate.int_affected_spans where grain = 'day' and span_days = 0"
        " order by all"
    ).fetchall()
    assert {store for store, _ in written} == {"jade_tmall", "ALL"}
    assert min(day for _, day in written).isoformat() == "2026-11-08"
    found = nightly.con.execute(
        "select period_start::varchar, stock_last from daybook.marts.product_weekly where store_id = 'jade_tmall'"
        " and product_id = '9007199254740910' and period_start >= '2026-10-26' and is_stock_loaded order by 1"
    ).fetchall()
    assert found[:2] == [("2026-10-26", 19), ("2026-11-02", 70)]


def test_a_late_change_to_the_festival_of_last_year_is_written_beside_the_one_of_this_year(
    nightly: Replay,
) -> None:
    """Compared with neither the day before nor the same weekday of last year: by the event's day alone."""
    found = nightly.con.execute(
        "select this.product_id, this.period_start, dates.same_event_day_before, this.units_yoy_event"
        " from daybook.marts.product_daily as this join daybook.marts.dim_date as dates on this.period_start = dates.date_day"
        " where this.store_id = 'jade_tmall' and this.units_yoy_event > 0"
        " and dates.same_event_day_before not in (this.period_start - 364, this.period_start - 1) order by all limit 1"
    ).fetchall()
    ((product, day, then, units),) = found
    order, line = nightly.con.execute(
        "select order_id, line_id from daybook.marts.fct_order_lines where store_id = 'jade_tmall' and product_id = ?"
        " and paid_date = ? and exclude_reason is null and line_class = 'product' order by all limit 1",
        [product, then],
    ).fetchall()[0]
    nightly.con.execute(
        "update staging.stg_taobao__order_lines set quantity = quantity + 5 where order_id = ? and line_id = ?",
        [order, line],
    )
    for table in ("orders", "order_lines"):
        nightly.con.execute(
            f"update staging.stg_taobao__{table} set load_id = 99 where order_id = ?", [order]
        )
    nightly.build("product_daily")
    told = "select units_yoy_event from daybook.marts.product_daily where product_id = ? and period_start = ?"
    assert nightly.con.execute(f"{told} and store_id = 'jade_tmall'", [product, day]).fetchall() == [
        (units + 5,)
    ]


def test_a_listing_that_is_told_late_is_written_into_all_periods_of_its_product(nightly: Replay) -> None:
    """Product 1 was first sold in September 2025. Its catalogue says at last that it was listed in July."""
    new = (
        "select count(*) from daybook.marts.product_daily where store_id = 'jade_tmall' and is_new"
        " and product_id = '9007199254740901'"
    )
    assert nightly.con.execute(new).fetchall()[0][0] > 0
    nightly.con.execute(
        "update staging.stg_taobao__products set listed_at = timestamptz '2025-07-01 00:00:00+00', load_id = 99"
        " where product_id = '9007199254740901' and valid_until_at is not null"
    )
    nightly.build("product_daily")
    assert nightly.con.execute(new).fetchall() == [(0,)]


def test_history_that_is_loaded_backwards_in_pieces_is_counted_in_all_from_each_piece_on(
    nightly: Replay, tmp_path: Path
) -> None:
    """reef is read since September, and knows one order every fifth day since May."""
    months = "period_start between date '2026-06-01' and date '2026-08-01'"
    paid = f"select sum(paid_amount) from daybook.marts.store_monthly where {months} and store_id = "
    seen = []
    (own,), (jade,) = (
        nightly.con.execute(f"{paid}'{store}'").fetchall()[0] for store in ("reef_us", "jade_tmall")
    )
    for days in (0, 31, 31, 62):
        if days:
            nightly.con.execute(
                f"update raw_daybook.ledger set window_start = window_start - interval {days} day"
                " where stream = 'orders' and account_id = 'woocommerce__reef'"
            )
            nightly.build()
        seen.append(nightly.con.execute(f"{paid}'ALL'").fetchall()[0][0])
    assert jade == seen[0] < seen[1] < seen[2] < seen[3] == jade + own
    nightly.save()
    whole = Replay(nightly.project, copied(nightly.folder, tmp_path / "whole"))
    whole.build(whole=True)
    assert differences(nightly, whole) == {}


def test_days_that_no_read_covers_are_not_loaded_until_they_are_read(nightly: Replay, tmp_path: Path) -> None:
    """Of reef's October a week was left out, as after a stretch that was read by hand; then it is read, too. A
    second account that joins in November leaves the days before as they were."""
    left_out = [f"2026-10-{day:02d}" for day in range(5, 12)]
    days = (
        "select store_id, strftime(period_start, '%Y-%m-%d') from daybook.marts.store_daily"
        " where period_start between '2026-09-01' and '2026-11-20' and store_id in ('reef_us', 'ALL')"
    )
    october = (
        "select is_complete, is_orders_loaded, days_elapsed from daybook.marts.store_monthly"
        " where store_id in ('reef_us', 'ALL') and period_start = '2026-10-01'"
    )
    told = (
        "select findings, first_told from daybook.marts.data_quality"
        " where check_name = '{}' and first_told is not null"
    )

    def run(sql: str) -> list[tuple[object, ...]]:
        return nightly.con.execute(sql).fetchall()

    read = "account_id = 'woocommerce__reef' and stream = 'orders'"
    run(
        "insert into raw_daybook.ledger select * replace (manifest_id || ' later' as manifest_id,"
        f" timestamptz '2026-10-12 04:00:00+00' as window_start) from raw_daybook.ledger where {read}"
    )
    run(
        "update raw_daybook.ledger set window_end = timestamptz '2026-10-05 04:00:00+00'"
        f" where {read} and window_start < timestamptz '2026-10-05 04:00:00+00'"
    )
    nightly.build()
    for state in ("is_orders_loaded", "is_complete"):
        found = run(f"{days} and not {state}")
        assert sorted(found) == sorted((store, day) for store in ("reef_us", "ALL") for day in left_out), (
            state
        )
    assert run(october) == [(False, False, 24)] * 2
    assert run(told.format("days_not_read")) == [(7, "2026-10-05 to 2026-10-11")]
    nightly.save()
    whole = Replay(nightly.project, copied(nightly.folder, tmp_path / "whole"))
    whole.build(whole=True)
    assert differences(nightly, whole) == {}

    run(
        "insert into raw_daybook.ledger select * replace (manifest_id || ' by hand' as manifest_id,"
        " timestamptz '2026-10-04 04:00:00+00' as window_start, timestamptz '2026-10-13 04:00:00+00' as window_end)"
        f" from raw_daybook.ledger where {read} and window_start > timestamptz '2026-10-05 04:00:00+00'"
    )
    for table, where, more in (
        ("accounts", "account_id = 'woocommerce__reef'", ""),
        ("stream_status", read, ""),
        (
            "ledger",
            f"{read} and window_start = timestamptz '2026-10-12 04:00:00+00'",
            ", manifest_id || ' second' as manifest_id, timestamptz '2026-11-01 04:00:00+00' as window_start",
        ),
    ):
        run(
            f"insert into raw_daybook.{table} select * replace ('woocommerce__second' as account_id{more})"
            f" from raw_daybook.{table} where {where}"
        )
    nightly.build("store_daily", "store_monthly", "data_quality")
    assert run(f"{days} and not is_orders_loaded") == run(f"{days} and not is_complete") == []
    assert run(october) == [(True, True, 31)] * 2
    assert run(told.format("days_not_read")) == []
    assert run(told.format("accounts_begun_later")) == [
        (1, "accounts.yml: woocommerce__second from 2026-11-01")
    ]


def test_a_shop_does_not_wait_for_the_next_file_of_an_inbox_beside_it(nightly: Replay) -> None:
    """The orders of reef's till came as a file once. What its site sells goes on, under its own name."""

    def run(sql: str) -> list[tuple[object, ...]]:
        return nightly.con.execute(sql).fetchall()

    store = (
        "select platform, store_name, (select max(period_start) from daybook.marts.store_daily as days"
        " where days.store_id = stores.store_id and is_complete) from daybook.marts.dim_store as stores"
        " where store_id = 'reef_us'"
    )
    before = run(store)
    its = "account_id = 'woocommerce__reef'"
    for table, where, more in (
        ("accounts", its, "'files' as platform, 'Till' as name"),
        ("stream_status", f"{its} and stream = 'orders'", "timestamptz '2026-10-20 18:00:01+00' as mark_end"),
        (
            "ledger",
            f"{its} and stream = 'orders'",
            "'till' as manifest_id, timestamptz '2026-10-01 14:00:00+00' as window_start,"
            " timestamptz '2026-10-20 18:00:01+00' as window_end",
        ),
    ):
        run(
            f"insert into raw_daybook.{table} select * replace ('files__till' as account_id, {more})"
            f" from raw_daybook.{table} where {where}"
        )
    nightly.build()
    assert run(store) == before == [("woocommerce", "Reef Us", date(2026, 11, 21))]


def test_a_day_that_matures_is_written_into_its_regions_though_no_event_tells(nightly: Replay) -> None:
    mature = (
        "select store_id, period_start, sum(paid_amount_mature) as paid, sum(refund_amount_cohort_30d) as back"
        " from daybook.marts.region_daily group by all"
    )
    before = nightly.con.execute(f"select count(*) from ({mature}) where paid > 0").fetchall()[0][0]
    nightly.con.execute(
        "update raw_daybook.stream_status set mark_end = mark_end + interval 3 day where account_id not like 'files%'"
    )
    nightly.build("region_daily", "store_daily")
    assert nightly.con.execute(f"select count(*) from ({mature}) where paid > 0").fetchall()[0][0] > before
    others = nightly.con.execute(
        f"select count(*) from ({mature}) join daybook.marts.store_daily as days using (store_id, period_start)"
        " where (paid, back) is distinct from (days.paid_amount_mature, days.refund_amount_cohort_30d)"
    ).fetchall()
    assert others == [(0,)]


def test_a_store_that_begins_to_tell_of_gift_cards_tells_it_of_every_period_of_its_regions(
    nightly: Replay,
) -> None:
    told = (
        "select store_id, is_gift_cards_redeemed_loaded, count(gift_cards_redeemed) = count(*), count(*)"
        " from daybook.marts.region_monthly where store_id in ('reef_us', 'ALL') group by all order by all"
    )
    before = nightly.con.execute(told).fetchall()
    assert [row[:3] for row in before] == [("ALL", False, False), ("reef_us", False, False)]
    nightly.con.execute(
        "update raw_daybook.accounts set platform = 'shopify' where account_id = 'woocommerce__reef'"
    )
    nightly.build("region_monthly")
    assert nightly.con.execute(told).fetchall() == [before[0], ("reef_us", True, True, before[1][3])]


@pytest.mark.parametrize(
    "seed", [pytest.param(seed, marks=() if ASKED else pytest.mark.thorough) for seed in SEEDS]
)
def test_any_history_of_nights_ends_as_a_full_build(
    seed: int, built: Warehouse, first_night: tuple[Warehouse, Project], tmp_path: Path
) -> None:
    """Three to five nights of random changes; one in four is killed after some of its models. Then one
    more with nothing new: no row of any table is another."""
    rng = random.Random(seed)
    project = first_night[1]
    nightly = Replay(project, copied(built.build_dir, tmp_path / "nightly"))
    nightly.remember()
    night = Night(nightly.con, rng)
    story, killed_after = [], None
    for _ in range(rng.randint(3, 5)):
        story.append(night.falls())
        killed_after = rng.randrange(len(project.models)) if rng.random() < 0.25 else None
        nightly.build(models=killed_after)
        story.append([f"killed after {killed_after}" if killed_after is not None else "built"])
    if killed_after is not None:
        nightly.build()
    nightly.save()
    whole = Replay(project, copied(nightly.folder, tmp_path / "whole"))
    whole.build(whole=True)
    assert differences(nightly, whole) == {}, story

    before = nightly.prints()
    nightly.build()
    assert nightly.prints() == before
    assert nightly.con.execute("select count(*) from intermediate.int_affected_spans").fetchall()[0][0] == 0
