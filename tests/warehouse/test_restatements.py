from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import yml
from marts_helpers import build_marts, change
from warehouse_helpers import rows

from warehouse import built
from warehouse.connection import connect
from warehouse.errors import RefusedError
from warehouse.publish import publish, rollback
from warehouse.restatements import (
    _CHANGES_WITH_TIME,
    _MATURING,
    _OUTCOME_OF_MATURED,
    GRAINS,
    OTHERS,
    RESTATED,
)

MARTS = Path(__file__).resolve().parents[2] / "dbt_project" / "models" / "marts"
LOG = """
select mart, grain, key, period_start, metric, first_reported::double, previous::double, current::double
from marts.restatement_log order by changed_at, mart, key, period_start, metric
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def out(home: Path, **more):
    return publish(home / "build", home / "published", **more)


def log(home: Path) -> list:
    return rows(home / "published" / "current" / "daybook.duckdb", LOG)


def set_day(home: Path, day: str, amount: str, store: str = "alpha") -> None:
    change(
        home / "build" / "daybook.duckdb",
        f"update marts.store_daily set paid_amount = {amount} where store_id = '{store}' and period_start = '{day}'",
    )


def open_day(home: Path, day: str, is_complete: bool) -> None:
    change(
        home / "build" / "daybook.duckdb",
        f"update marts.store_daily set is_complete = {is_complete} where store_id = 'alpha' and period_start = '{day}'",
    )


def test_a_publish_that_changes_nothing_logs_nothing(home):
    build_marts(home / "build")
    assert out(home).restated == 0
    assert out(home).restated == 0
    assert log(home) == []


def test_a_changed_number_is_logged_with_what_was_said_first_before_and_now(home):
    build_marts(home / "build")
    out(home)
    set_day(home, "2026-10-01", "120.50")
    release = out(home, now=datetime(2026, 11, 3, tzinfo=UTC))
    set_day(home, "2026-10-01", "90")
    out(home)
    out(home)
    place = ("store_daily", "day", "alpha", date(2026, 10, 1), "paid_amount")
    assert log(home) == [(*place, 100, 100, 120.5), (*place, 100, 120.5, 90)]
    said = rows(
        home / "published" / "current" / "daybook.duckdb",
        "select release_id, changed_at from marts.restatement_log order by changed_at limit 1",
    )
    assert said == [(release.id, datetime(2026, 11, 3, tzinfo=UTC))]


def test_a_period_that_was_still_running_may_change_without_a_word(home):
    build_marts(home / "build", days=60)  # October lacks its last day
    out(home)
    build_marts(home / "build", days=61)
    assert out(home).restated == 0


def test_a_period_that_was_told_whole_and_is_open_again_goes_on_being_told(home):
    """A day is whole, a part of its source is missing for two nights, and it is whole again."""
    build_marts(home / "build")
    out(home)
    for amount, is_complete in (("90", False), ("95", False), ("110", True)):
        set_day(home, "2026-10-01", amount)
        open_day(home, "2026-10-01", is_complete)
        out(home)
    assert [row[4:] for row in log(home)] == [
        ("is_complete", 1, 1, 0),
        ("paid_amount", 100, 100, 90),
        ("paid_amount", 100, 90, 95),
        ("is_complete", 1, 0, 1),
        ("paid_amount", 100, 95, 110),
    ]


def test_each_time_a_period_opens_is_told_and_each_time_it_is_whole_again(home):
    """The first time without a change, the second with one."""
    build_marts(home / "build")
    out(home)
    for amount, is_complete in (("100", False), ("100", True), ("90", False), ("100", True)):
        set_day(home, "2026-10-01", amount)
        open_day(home, "2026-10-01", is_complete)
        out(home)
    assert [row[6:] for row in log(home) if row[4] == "is_complete"] == [(1, 0), (0, 1), (1, 0), (0, 1)]


def test_a_period_that_opens_is_told_once_of_its_store_and_what_changes_in_it_of_each_mart(home):
    path = build_marts(home / "build")
    change(
        path,
        "create table marts.region_daily as select store_id, region, date '2026-10-01' as period_start, true as is_complete,"
        " 9.00 as paid_amount from (values ('alpha', 'North'), ('alpha', 'West'), ('beta', 'North')) as t(store_id, region)",
    )
    change(path, "insert into marts.dim_metric values ('region', 'paid_amount', 'A', 'paid date')")
    out(home)
    open_day(home, "2026-10-01", False)
    change(path, "update marts.region_daily set is_complete = false where store_id = 'alpha'")
    out(home)
    change(path, "update marts.region_daily set paid_amount = 8 where region = 'North'")
    out(home)
    open_day(home, "2026-10-01", True)
    change(path, "update marts.region_daily set is_complete = true, paid_amount = 9")
    out(home)
    assert [(row[0], row[2], *row[4:]) for row in log(home)] == [
        ("store_daily", "alpha", "is_complete", 1, 1, 0),
        ("region_daily", "alpha|North", "paid_amount", 9, 9, 8),
        ("region_daily", "beta|North", "paid_amount", 9, 9, 8),
        ("region_daily", "alpha|North", "paid_amount", 9, 8, 9),
        ("region_daily", "beta|North", "paid_amount", 9, 8, 9),
        ("store_daily", "alpha", "is_complete", 1, 0, 1),
    ]


def test_a_period_that_opens_again_without_a_change_is_told_and_what_changes_then(home):
    """Its source is known to be short before it says another number."""
    build_marts(home / "build")
    out(home)
    for amount, is_complete in (("100", False), ("95", False), ("95", True), ("97", True)):
        set_day(home, "2026-10-01", amount)
        open_day(home, "2026-10-01", is_complete)
        out(home)
        out(home)
    assert [row[4:] for row in log(home)] == [
        ("is_complete", 1, 1, 0),
        ("paid_amount", 100, 100, 95),
        ("is_complete", 1, 0, 1),
        ("paid_amount", 100, 95, 97),
    ]
    said = "select cause from marts.restatement_log where metric = 'is_complete' order by changed_at"
    assert rows(home / "published" / "current" / "daybook.duckdb", said) == [
        ("the period is open again",),
        ("the period is whole again",),
    ]


def test_a_period_that_opens_while_its_orders_come_of_age_is_told_to_be_open(home):
    """Those of a month do so every night until it is over for 30 days; nothing is told of that."""
    path = build_marts(home / "build")
    change(path, "insert into marts.dim_metric values ('store', 'paid_amount_mature', 'A', 'paid date')")
    change(path, "alter table marts.store_daily add column paid_amount_mature decimal(18, 2) default 0")
    out(home)
    for night, amount in enumerate(("100", "95"), start=1):
        set_day(home, "2026-10-01", amount)
        change(
            path,
            f"update marts.store_daily set is_complete = false, paid_amount_mature = {night}"
            " where store_id = 'alpha' and period_start = '2026-10-01'",
        )
        out(home)
    assert [row[4:] for row in log(home)] == [("is_complete", 1, 1, 0), ("paid_amount", 100, 100, 95)]


def test_a_value_that_appears_and_a_row_that_goes_are_restatements(home):
    build_marts(home / "build")
    out(home)
    path = home / "build" / "daybook.duckdb"
    change(
        path,
        "update marts.store_daily set visitors = 7 where store_id = 'beta' and period_start = '2026-10-02'",
    )
    change(path, "delete from marts.store_weekly where store_id = 'beta' and period_start = '2026-10-05'")
    out(home)
    found = {(mart, metric): (first, before, now) for mart, _, _, _, metric, first, before, now in log(home)}
    assert found == {
        ("store_daily", "visitors"): (None, None, 7),
        ("store_weekly", "orders_paid"): (7, 7, None),
        ("store_weekly", "paid_amount"): (700, 700, None),
        ("store_weekly", "refund_amount"): (0, 0, None),
    }


def test_new_rows_and_new_columns_are_no_restatements(home):
    build_marts(home / "build", stores=("alpha",))
    out(home)
    build_marts(home / "build", stores=("alpha", "beta"))
    for table in ("store_daily", "store_weekly", "store_monthly"):
        change(
            home / "build" / "daybook.duckdb", f"alter table marts.{table} add column buyers bigint default 3"
        )
    assert out(home).restated == 0


def test_a_publish_that_was_refused_is_not_logged_twice(home):
    build_marts(home / "build")
    out(home)
    set_day(home, "2026-10-01", "120")
    change(home / "build" / "daybook.duckdb", "create table aside as from marts.store_monthly")
    change(home / "build" / "daybook.duckdb", "delete from marts.store_monthly")
    with pytest.raises(RefusedError):
        out(home)
    change(home / "build" / "daybook.duckdb", "insert into marts.store_monthly from aside; drop table aside")
    assert out(home).restated == 1
    assert len(log(home)) == 1


def test_the_log_survives_a_rebuild_from_nothing(home):
    path = build_marts(home / "build")
    out(home)
    set_day(home, "2026-10-01", "120")
    out(home)
    before = log(home)
    path.unlink()
    build_marts(home / "build")
    set_day(home, "2026-10-01", "120")
    assert out(home).restated == 0
    assert log(home) == before and len(before) == 1


def test_after_a_rollback_the_log_speaks_of_the_numbers_readers_have(home):
    build_marts(home / "build")
    out(home)
    set_day(home, "2026-10-01", "120")
    out(home)
    rollback(home / "published")
    assert log(home) == []
    set_day(home, "2026-10-01", "130")
    out(home)
    assert [row[5:] for row in log(home)] == [(100, 100, 130)]


def test_the_log_says_what_made_a_number_change(home):
    build_marts(home / "build")
    out(home)
    path = home / "build" / "daybook.duckdb"
    where = "where store_id = 'beta' and period_start = '2026-10-02'"
    change(path, f"update marts.store_daily set visitors = 7, refund_amount = 5, paid_amount = 1 {where}")
    out(home)
    said = rows(
        home / "published" / "current" / "daybook.duckdb", "select metric, cause from marts.restatement_log"
    )
    assert dict(said) == {
        "visitors": "the figure came late",
        "refund_amount": "refunds of the period arrived late or changed",
        "paid_amount": "orders of the period arrived late or changed",
    }


def test_a_dispute_about_a_refund_asked_for_long_ago_is_no_late_order(home):
    """A dispute is one of the day its refund was asked for: it changes a period by its nature."""
    page = yml.read(MARTS / "after_sales" / "_after_sales.yml")
    counts = ("refunds_requested", "disputes", "platform_interventions")
    clocks = [
        (column["name"], column["config"]["meta"]["clock"])
        for column in page["models"][0]["columns"]
        if column["name"] in counts
    ]
    path = build_marts(home / "build")
    change(
        path,
        "create table marts.after_sales_daily as select date '2026-10-02' as period_start, true as is_complete,"
        " 'alpha' as store_id, 'ALL' as reason, 4 as refunds_requested, 1 as disputes, 0 as platform_interventions",
    )
    for metric, clock in clocks:
        change(path, f"insert into marts.dim_metric values ('after_sales', '{metric}', 'A', '{clock}')")
    out(home)
    change(
        path,
        "update marts.after_sales_daily set refunds_requested = 5, disputes = 2, platform_interventions = 1",
    )
    out(home)
    said = rows(
        home / "published" / "current" / "daybook.duckdb", "select metric, cause from marts.restatement_log"
    )
    assert dict(said) == dict.fromkeys(counts, "refunds of the period arrived late or changed")


def test_a_review_that_was_let_through_later_is_no_late_order(home):
    page = yml.read(MARTS / "after_sales" / "_after_sales.yml")
    clocks = {
        column["name"]: column["config"]["meta"]["clock"]
        for column in page["models"][0]["columns"]
        if column["name"] in ("reviews", "low_reviews")
    }
    path = build_marts(home / "build")
    change(
        path,
        "create table marts.after_sales_daily as select date '2026-10-02' as period_start, true as is_complete,"
        " 'alpha' as store_id, 'ALL' as reason, 4 as reviews, 1 as low_reviews",
    )
    for metric, clock in clocks.items():
        change(path, f"insert into marts.dim_metric values ('after_sales', '{metric}', 'A', '{clock}')")
    out(home)
    change(path, "update marts.after_sales_daily set reviews = 5, low_reviews = 0")
    out(home)
    said = rows(
        home / "published" / "current" / "daybook.duckdb", "select metric, cause from marts.restatement_log"
    )
    cause = "reviews of the period were let through, changed or thrown away"
    assert dict(said) == {"reviews": cause, "low_reviews": cause}


def test_a_change_of_definitions_is_the_cause_of_what_it_changes(home):
    build_marts(home / "build")
    for recipe, amount in (("one", "100"), ("another", "120")):
        with connect(home / "build" / "warehouse.duckdb") as con:
            con.execute(built.TABLES)
            con.execute("delete from built.state; insert into built.state values (1, ?, 1, now())", [recipe])
        set_day(home, "2026-10-01", amount)
        out(home)
    said = rows(home / "published" / "current" / "daybook.duckdb", "select cause from marts.restatement_log")
    assert said == [("SQL, settings or accounts changed",)]


def test_another_reporting_currency_is_told_and_later_figures_are_held_against_the_first_in_it(home):
    build_marts(home / "build")
    path = home / "build" / "daybook.duckdb"
    change(path, "alter table marts.store_daily add column currency varchar default 'CNY'")
    out(home)
    set_day(home, "2026-10-01", "120")
    out(home)
    change(path, "update marts.store_daily set currency = 'USD', paid_amount = 17 where store_id = 'alpha'")
    where = "where store_id = 'alpha' and period_start = '2026-10-01'"
    change(path, f"update marts.store_daily set orders_paid = 2 {where}")
    change(path, "update marts.store_daily set currency = 'USD'")
    out(home)
    set_day(home, "2026-10-01", "15")
    out(home)
    said = rows(
        home / "published" / "current" / "daybook.duckdb",
        f"select metric, first_reported::double, previous::double, current::double, cause from marts.restatement_log"
        f" {where.replace('store_id', 'key')} and mart = 'store_daily' order by changed_at, metric",
    )
    late = "orders of the period arrived late or changed"
    assert said == [
        ("paid_amount", 100, 100, 120, late),
        ("orders_paid", 1, 1, 2, late),
        ("paid_amount", 100, 120, 17, "the reporting currency was CNY and is USD"),
        ("paid_amount", 17, 17, 15, late),
    ]


def test_a_changed_number_of_a_source_or_a_live_room_is_logged_once_and_for_what_happened(home):
    """Rows of one period: two sources of a kind, two clocks of a host. Only the one that changed is in the log."""
    path = build_marts(home / "build")
    day = "date '2026-10-02' as period_start, true as is_complete, 'alpha' as store_id"
    change(
        path,
        f"create table marts.funnel_daily as select {day}, 'free_search' as source_l1, source_l2, 90 as visit_people,"
        " 5 as create_people, 50.00 as paid_amount, 0.1 as pay_conversion from (values ('Search'), ('Rank')) as t(source_l2)",
    )
    change(
        path,
        f"create table marts.live_weekly as select {day}, 'h' as host_id, clock, 900 as views, 7 as orders,"
        " 3.00 as refund_cohort, 1.5 as gpm from (values ('by_start_date'), ('by_paid_date')) as t(clock)",
    )
    change(
        path,
        "insert into marts.dim_metric values ('funnel', 'visit_people', 'D', 'visit date'), ('funnel', 'create_people', 'D',"
        " 'created date'), ('funnel', 'pay_conversion', 'R', 'visit and paid date'), ('live', 'views', 'A', 'session start date'),"
        " ('live', 'orders', 'T', 'the clock of the row'), ('live', 'refund_cohort', 'A', 'the clock of the row'),"
        " ('live', 'gpm', 'R', 'session start date')",
    )
    out(home)
    change(
        path,
        "update marts.funnel_daily set visit_people = 91, create_people = 6, pay_conversion = 0.2 where source_l2 = 'Rank'",
    )
    change(
        path,
        "update marts.live_weekly set views = 901, orders = 8, refund_cohort = 4, gpm = 2 where clock = 'by_start_date'",
    )
    out(home)
    said = rows(
        home / "published" / "current" / "daybook.duckdb",
        "select key, metric, previous::double, current::double, cause from marts.restatement_log order by all",
    )
    assert said == [
        ("alpha|free_search|Rank", "create_people", 5, 6, "orders of the period arrived late or changed"),
        ("alpha|free_search|Rank", "visit_people", 90, 91, "the platform restated its report"),
        ("alpha|h|by_start_date", "orders", 7, 8, "orders of the period arrived late or changed"),
        ("alpha|h|by_start_date", "refund_cohort", 3, 4, "orders of the period changed later"),
        ("alpha|h|by_start_date", "views", 900, 901, "the platform restated its report"),
    ]


def test_an_ad_figure_that_grew_a_day_older_and_said_the_same_is_no_restatement(home):
    path = build_marts(home / "build")
    change(
        path,
        "create table marts.ad_account_daily as select date '2026-10-02' as period_start, true as is_complete,"
        " 'alpha' as store_id, account_id, 50.00 as spend, 27 as days_since from (values ('a'), ('b')) as t(account_id)",
    )
    change(
        path,
        "insert into marts.dim_metric values ('ad_account', 'spend', 'A', 'ad report date'),"
        " ('ad_account', 'days_since', 'S', 'ad report date')",
    )
    out(home)
    change(
        path,
        "update marts.ad_account_daily set days_since = 28, spend = case account_id when 'a' then 50 else 51 end",
    )
    out(home)
    assert [row[2:] for row in log(home)] == [("b|alpha", date(2026, 10, 2), "spend", 50, 50, 51)]


def test_a_figure_that_came_of_age_was_not_late(home):
    """Since the release before, a's day has come to be seven days old, and alpha's 1 September 30; what was told of b and
    of beta at those ages is another now."""
    path = build_marts(home / "build")
    change(
        path,
        "create table marts.ad_account_daily as select date '2026-10-02' as period_start, true as is_complete,"
        " 'alpha' as store_id, account_id, spend_7d, 50.00 as spend, 60.00 as conversion_value_expected_final"
        " from (values ('a', null), ('b', 50.00)) as t(account_id, spend_7d)",
    )
    change(
        path,
        "insert into marts.dim_metric values ('ad_account', 'spend', 'A', 'ad report date'),"
        " ('ad_account', 'spend_7d', 'A', 'ad report date'),"
        " ('ad_account', 'conversion_value_expected_final', 'T', 'ad report date'),"
        " ('store', 'paid_amount_mature', 'A', 'paid date'),"
        " ('store', 'refund_amount_cohort_30d', 'A', 'paid date')",
    )
    for name in ("paid_amount_mature", "refund_amount_cohort_30d"):
        change(path, f"alter table marts.store_daily add column {name} decimal(18, 2) default 0")
    change(
        path,
        "create table marts.funnel_daily as select date '2026-10-02' as period_start, true as is_complete,"
        " 'alpha' as store_id, 'ALL' as source_l1, 'ALL' as source_l2, null::bigint as closed_pay_people",
    )
    change(path, "insert into marts.dim_metric values ('funnel', 'closed_pay_people', 'D', 'created date')")
    out(home)
    change(
        path,
        "update marts.ad_account_daily set conversion_value_expected_final = 61,"
        " spend_7d = case account_id when 'a' then 50 else 51 end",
    )
    change(path, "update marts.funnel_daily set closed_pay_people = 5")
    change(
        path,
        "update marts.store_daily set refund_amount_cohort_30d = 3,"
        " paid_amount_mature = case store_id when 'alpha' then 100 else 0 end where period_start = '2026-09-01'",
    )
    out(home)
    assert [row[2:] for row in log(home)] == [
        ("b|alpha", date(2026, 10, 2), "spend_7d", 50, 50, 51),
        ("beta", date(2026, 9, 1), "refund_amount_cohort_30d", 0, 0, 3),
    ]


def make_after_sales(path, **figures):
    """after_sales_daily beside store_daily: every store and day with these figures, which are of the paid date."""
    told = ", ".join(f"{value} as {name}" for name, value in figures.items())
    change(
        path,
        "create table marts.after_sales_daily as select store_id, 'ALL' as reason, period_start, period_start as period_end,"
        f" is_complete, {told} from marts.store_daily",
    )
    for name in figures:
        change(path, f"insert into marts.dim_metric values ('after_sales', '{name}', 'A', 'paid date')")


def restate_after_sales(path, store, day, **figures):
    told = ", ".join(f"{name} = {value}" for name, value in figures.items())
    change(
        path,
        f"update marts.after_sales_daily set {told}"
        f" where store_id = '{store}' and period_start = '2026-10-{day:02}'",
    )


def test_days_that_pass_only_add_to_what_is_judged_and_only_where_a_day_came_to_that_age(home):
    """Four Octobers, and days judged after two: alpha's 30th has come of age, and more of it than the day before; less
    of beta's is due, something was added to beta's 1st, which was old before, and what beta sent of it is another."""
    path = build_marts(home / "build")
    change(path, "alter table marts.dim_store add column complete_through date default '2026-10-31'")
    make_after_sales(path, orders_due_48h=5, orders_shipped_48h=4)
    out(home)
    change(path, "update marts.dim_store set complete_through = '2026-11-01'")
    for store, day, due, shipped in (
        ("alpha", 30, 7, 6),
        ("beta", 30, 4, 3),
        ("beta", 1, 6, 5),
        ("alpha", 2, 5, 3),
    ):
        restate_after_sales(path, store, day, orders_due_48h=due, orders_shipped_48h=shipped)
    out(home)
    assert [(row[2], row[3].day, row[4], *row[6:]) for row in log(home)] == [
        ("alpha|ALL", 2, "orders_shipped_48h", 4, 3),
        ("beta|ALL", 1, "orders_due_48h", 5, 6),
        ("beta|ALL", 1, "orders_shipped_48h", 4, 5),
        ("beta|ALL", 30, "orders_due_48h", 5, 4),
        ("beta|ALL", 30, "orders_shipped_48h", 4, 3),
    ]


def test_what_was_promised_is_judged_as_its_days_pass_and_restated_when_no_day_passed(home):
    """Promises have no age in common: alpha's days went on, beta's did not."""
    path = build_marts(home / "build")
    change(path, "alter table marts.dim_store add column complete_through date default '2026-10-31'")
    make_after_sales(path, orders_promised=5, orders_late=1)
    out(home)
    change(path, "update marts.dim_store set complete_through = '2026-11-01' where store_id = 'alpha'")
    for store, day, promised, late in (
        ("alpha", 30, 7, 2),
        ("alpha", 2, 6, 1),
        ("alpha", 3, 5, 2),
        ("beta", 30, 7, 2),
    ):
        restate_after_sales(path, store, day, orders_promised=promised, orders_late=late)
    out(home)
    assert [(row[2], row[3].day, row[4], *row[6:]) for row in log(home)] == [
        ("alpha|ALL", 3, "orders_late", 1, 2),
        ("beta|ALL", 30, "orders_late", 1, 2),
        ("beta|ALL", 30, "orders_promised", 5, 7),
    ]


def test_a_row_that_is_new_in_a_period_told_whole_is_a_restatement(home):
    """A late order is the first of its region on a day that was published, and one of a day that was still running;
    an account's new campaign stands beside its others, another account's ads are read for the first time."""
    path = build_marts(home / "build")
    change(path, "update marts.store_daily set is_complete = false where period_start = '2026-10-31'")
    change(
        path,
        "create table marts.region_daily as select 'alpha' as store_id, 'North' as region, date '2026-10-01' as period_start,"
        " true as is_complete, 9.00 as paid_amount, 0.00 as refund_amount",
    )
    change(
        path,
        "create table marts.ad_campaign_daily as select 'a' as account_id, 'alpha' as store_id, 'c' as campaign_id,"
        " date '2026-10-01' as period_start, true as is_complete, 9.00 as spend",
    )
    change(
        path,
        "insert into marts.dim_metric values ('region', 'paid_amount', 'A', 'paid date'),"
        " ('region', 'refund_amount', 'A', 'refund date'), ('ad_campaign', 'spend', 'A', 'ad report date')",
    )
    out(home)
    for store, region, day in (("alpha", "West", 1), ("alpha", "West", 31), ("beta", "North", 2)):
        change(
            path,
            f"insert into marts.region_daily values ('{store}', '{region}', '2026-10-{day:02}', true, 5, 0)",
        )
    change(
        path,
        "insert into marts.ad_campaign_daily values ('a', 'alpha', 'd', '2026-10-01', true, 3),"
        " ('b', 'alpha', 'e', '2026-10-01', true, 2)",
    )
    out(home)
    assert [(row[2], row[3].day, *row[4:]) for row in log(home)] == [
        ("a|alpha|d", 1, "spend", None, None, 3),
        ("alpha|West", 1, "paid_amount", None, None, 5),
        ("beta|North", 2, "paid_amount", None, None, 5),
    ]
    out(home)
    assert len(log(home)) == 3


def test_a_target_that_is_told_anew_after_its_month_is_a_restatement_and_a_first_one_is_none(home):
    build_marts(
        home / "build",
        extra="""
            create or replace table marts.target_monthly as
            select
                'alpha' as store_id, 'net_sales' as metric, month as period_start, is_over as is_complete,
                1000::decimal(18, 2) as target, 900::decimal(18, 2) as forecast
            from (values (date '2026-10-01', true), (date '2026-11-01', false)) as months(month, is_over);
            insert into marts.dim_metric values
                ('target', 'target', 'S', 'month of the target'),
                ('target', 'forecast', 'S', 'as the metric in store_*')
        """,
    )
    out(home)
    database = home / "build" / "daybook.duckdb"
    change(database, "update marts.target_monthly set target = 1500, forecast = 950")
    change(
        database,
        "insert into marts.target_monthly select * replace (date '2026-09-01' as period_start)"
        " from marts.target_monthly where is_complete",
    )
    assert out(home).restated == 1
    told = rows(
        home / "published" / "current" / "daybook.duckdb",
        "select mart, key, period_start, metric, previous::double, current::double, cause from marts.restatement_log",
    )
    assert told == [
        ("target_monthly", "alpha|net_sales", date(2026, 10, 1), "target", 1000, 1500,
         "the target was told anew, or spread by other days")
    ]  # fmt: skip


def make(path: Path, table: str, columns: str, rows: list[str], **clocks: str) -> None:
    """A mart of events, cohorts or launches, and its metrics with their clocks."""
    mart = OTHERS[table].mart
    change(path, f"create or replace table marts.{table} ({columns})")
    change(path, f"insert into marts.{table} values {', '.join(f'({row})' for row in rows)}")
    for name, clock in clocks.items():
        change(path, f"insert into marts.dim_metric values ('{mart}', '{name}', 'T', '{clock}')")


def why(home: Path) -> list:
    return rows(
        home / "published" / "current" / "daybook.duckdb",
        "select mart, key, period_start, metric, previous::double, current::double, cause from marts.restatement_log"
        " order by changed_at, mart, key, period_start, metric",
    )


def make_cohorts(path: Path) -> None:
    """Won in August, before the history, and in September; the third month of these runs, the fourth is not reached."""
    make(
        path,
        "cohort_monthly",
        "store_id varchar, buyer_type varchar, acquisition_source varchar, cohort_month date, month_number int,"
        " calendar_month date, is_complete boolean, cohort_size bigint, orders bigint, net_sales_cohort decimal(18, 2),"
        " cumulative_net_sales decimal(18, 2)",
        [
            "'alpha', 'ALL', 'ALL', '2026-08-01', 0, '2026-08-01', true, 1, 1, 9, 9",
            "'alpha', 'ALL', 'ALL', '2026-09-01', 0, '2026-09-01', true, 5, 6, 100, 100",
            "'alpha', 'ALL', 'ALL', '2026-09-01', 1, '2026-10-01', true, 5, 2, 30, 130",
            "'alpha', 'ALL', 'ALL', '2026-09-01', 2, '2026-11-01', false, 5, 1, 10, 140",
            "'alpha', 'ALL', 'ALL', '2026-09-01', 3, '2026-12-01', false, 5, null, null, null",
        ],
        cohort_size="paid date",
        orders="paid date",
        net_sales_cohort="paid date",
        cumulative_net_sales="paid date",
    )


def test_a_late_refund_changes_the_one_cell_of_its_cohort_and_months_that_pass_change_none(home):
    path = build_marts(home / "build")
    make_cohorts(path)
    out(home)
    assert out(home).restated == 0
    # November is over and December runs, while an order of before the history became known.
    build_marts(home / "build", days=91)
    make_cohorts(path)
    change(
        path,
        "update marts.cohort_monthly set orders = coalesce(orders, 0) + 3, net_sales_cohort = coalesce(net_sales_cohort, 0) + 9,"
        " is_complete = month_number < 3 where month_number > 1 or cohort_month = '2026-08-01'",
    )
    assert out(home).restated == 0
    change(
        path,
        "update marts.cohort_monthly set net_sales_cohort = net_sales_cohort - case month_number when 1 then 8 else 0 end,"
        " cumulative_net_sales = cumulative_net_sales - 8 where month_number > 0",
    )
    out(home)
    told = ("cohort_monthly", "alpha|ALL|ALL|2026-09-01|1", date(2026, 10, 1), "net_sales_cohort", 30, 22)
    assert why(home) == [(*told, "orders of the period changed later")]
    assert out(home).restated == 0


def test_a_cell_that_was_told_and_is_not_known_for_a_while_goes_on_being_told(home):
    path = build_marts(home / "build")
    make_cohorts(path)
    out(home)
    for orders, is_complete in (("null", False), ("7", False), ("8", True)):
        where = "where cohort_month = '2026-09-01' and month_number = 0"
        change(
            path, f"update marts.cohort_monthly set orders = {orders}, is_complete = {is_complete} {where}"
        )
        out(home)
    assert [row[3:] for row in why(home)] == [
        ("orders", 6, None, "the figure is not known any more"),
        ("orders", None, 7, "the figure came late"),
        ("orders", 7, 8, "orders of the period arrived late or changed"),
    ]


def test_what_came_back_of_a_month_is_told_by_age_from_when_all_of_it_is_that_old(home):
    path = build_marts(home / "build")
    for table, columns, cells in (
        (
            "refund_cohort_monthly",
            "store_id varchar, paid_month date, days_since int, is_complete boolean, orders_refunded int",
            [
                "'alpha', '2026-09-01', 7, true, 2",
                "'alpha', '2026-09-01', 60, false, null",
                "'alpha', '2026-08-01', 7, true, 1",
            ],
        ),
        (
            "repurchase_monthly",
            "store_id varchar, cohort_month date, window_days int, is_complete boolean, first_buyers_mature int",
            ["'alpha', '2026-09-01', 30, true, 9", "'alpha', '2026-09-01', 60, false, 4"],
        ),
    ):
        metric = columns.split()[-2]
        make(path, table, columns, cells, **{metric: "paid date"})
    out(home)
    change(
        path,
        "update marts.refund_cohort_monthly set orders_refunded = 5, is_complete = true where days_since = 60",
    )
    change(path, "update marts.refund_cohort_monthly set orders_refunded = 3 where paid_month = '2026-08-01'")
    change(
        path,
        "update marts.repurchase_monthly set first_buyers_mature = 9, is_complete = true where window_days = 60",
    )
    assert out(home).restated == 0
    change(
        path,
        "update marts.refund_cohort_monthly set orders_refunded = orders_refunded + 1 where days_since = 7",
    )
    change(path, "update marts.repurchase_monthly set first_buyers_mature = 10")
    out(home)
    month, late = date(2026, 9, 1), "orders of the period arrived late or changed"
    assert why(home) == [
        (
            "refund_cohort_monthly",
            "alpha|7",
            month,
            "orders_refunded",
            2,
            3,
            "orders of the period changed later",
        ),
        ("repurchase_monthly", "alpha|30", month, "first_buyers_mature", 9, 10, late),
        ("repurchase_monthly", "alpha|60", month, "first_buyers_mature", 9, 10, late),
    ]


_OF_AN_EVENT = (
    "paid_amount", "paid_amount_baseline", "paid_amount_post_dip", "paid_amount_net_incremental", "units_winsorised",
    "new_buyers", "new_buyers_mature_30d", "new_buyers_repurchased_30d", "refund_amount_cohort_30d",
)  # fmt: skip


def test_an_event_is_told_of_once_it_is_over_and_what_follows_it_once_that_is(home):
    """The days after the first are not over, its buyers have not had 30 days, and what came back is not known yet; the
    second is settled; the third runs."""
    path = build_marts(home / "build")
    make(
        path,
        "promo_event",
        "event_id varchar, store_id varchar, event_start date, is_complete boolean, is_settled boolean, paid_amount int,"
        " paid_amount_baseline int, paid_amount_post_dip int, paid_amount_net_incremental int, units_winsorised int, new_buyers int,"
        " new_buyers_mature_30d int, new_buyers_repurchased_30d int, refund_amount_cohort_30d int, ad_spend int",
        [
            "'young', 'alpha', '2026-10-20', true, false, 90, 50, -3, 37, 8, 5, 2, 0, null, 7",
            "'old', 'alpha', '2026-09-09', true, true, 90, 50, -3, 37, 8, 5, 5, 1, 4, 7",
            "'runs', 'alpha', '2026-10-31', false, false, 90, 50, null, null, 8, 5, 0, 0, null, 7",
        ],
        **dict.fromkeys(_OF_AN_EVENT, "paid date"),
        ad_spend="report date",
    )
    out(home)
    change(
        path,
        "update marts.promo_event set is_settled = true, paid_amount_post_dip = -9, paid_amount_net_incremental = 31,"
        " new_buyers_mature_30d = 5, new_buyers_repurchased_30d = 1, refund_amount_cohort_30d = 4 where event_id = 'young'",
    )
    change(path, "update marts.promo_event set units_winsorised = 9")
    change(path, "update marts.promo_event set paid_amount = 120, is_complete = true where event_id = 'runs'")
    assert out(home).restated == 0
    change(
        path,
        "update marts.promo_event set paid_amount = 91, paid_amount_baseline = 52, paid_amount_post_dip = -4, new_buyers_mature_30d = 6,"
        " new_buyers_repurchased_30d = 2, refund_amount_cohort_30d = 5, ad_spend = 8 where event_id = 'old'",
    )
    out(home)
    late = "orders of the period arrived late or changed"
    assert {row[:3] for row in why(home)} == {("promo_event", "old|alpha", date(2026, 9, 9))}
    assert [row[3:] for row in why(home)] == [
        ("ad_spend", 7, 8, "the platform restated its report"),
        ("new_buyers_mature_30d", 5, 6, late),
        ("new_buyers_repurchased_30d", 1, 2, late),
        ("paid_amount", 90, 91, late),
        ("paid_amount_baseline", 50, 52, "the days it is measured by changed"),
        ("paid_amount_post_dip", -3, -4, late),
        ("refund_amount_cohort_30d", 4, 5, "orders of the period changed later"),
    ]


def test_the_days_and_hours_of_an_event_and_the_windows_of_a_launch_are_told_of_when_whole(home):
    path = build_marts(home / "build")
    make(
        path,
        "promo_event_daily",
        "event_id varchar, store_id varchar, phase varchar, date_day date, is_complete boolean, paid_amount int",
        ["'e', 'alpha', 'burst', '2026-10-01', true, 5", "'e', 'alpha', 'burst', '2026-10-02', false, 1"],
        paid_amount="paid date",
    )
    make(
        path,
        "promo_event_hourly",
        "event_id varchar, store_id varchar, hour_of_day int, date_day date, is_complete boolean, orders_paid int",
        ["'e', 'alpha', 20, '2026-10-01', true, 5", "'runs', 'alpha', 20, '2026-10-20', false, 5"],
        orders_paid="paid date",
    )
    make(
        path,
        "new_product",
        "store_id varchar, product_id varchar, window_days int, launched_date date, is_complete boolean, orders int,"
        " days_to_first_sale int",
        ["'alpha', 'p', 7, '2026-09-01', true, 0, null", "'alpha', 'p', 60, '2026-09-01', false, 0, null"],
        orders="paid date",
        days_to_first_sale="launch",
    )
    out(home)
    change(
        path, "update marts.promo_event_daily set is_complete = true, paid_amount = 6 where not is_complete"
    )
    change(path, "update marts.promo_event_hourly set orders_paid = 7 where not is_complete")
    change(path, "update marts.new_product set orders = 1 where not is_complete")
    change(path, "update marts.new_product set days_to_first_sale = 50")
    assert out(home).restated == 0
    change(
        path, "update marts.promo_event_daily set paid_amount = paid_amount + 1 where date_day = '2026-10-01'"
    )
    change(path, "update marts.promo_event_hourly set orders_paid = orders_paid + 1")
    change(path, "update marts.new_product set orders = 2, days_to_first_sale = 6")
    out(home)
    assert [row[:-1] for row in why(home)] == [
        ("new_product", "alpha|p|7", date(2026, 9, 1), "days_to_first_sale", 50, 6),
        ("new_product", "alpha|p|7", date(2026, 9, 1), "orders", 0, 2),
        ("promo_event_daily", "e|alpha|burst", date(2026, 10, 1), "paid_amount", 5, 6),
        ("promo_event_hourly", "e|alpha|20", date(2026, 10, 1), "orders_paid", 5, 6),
    ]


def test_what_ages_is_the_name_of_a_figure_of_some_mart():
    told = {
        column["name"]
        for page in MARTS.rglob("_*.yml")
        for model in yml.read(page).get("models", [])
        for column in model.get("columns", [])
    }
    assert {*_CHANGES_WITH_TIME, *_MATURING, *_OUTCOME_OF_MATURED, *_OUTCOME_OF_MATURED.values()} <= told


def test_every_subject_of_three_grains_that_is_not_derived_from_others_is_in_the_log():
    tables = {path.stem for path in MARTS.rglob("*.sql")}
    weekly = {name.removesuffix("_weekly") for name in tables if name.endswith("_weekly")}
    assert {name for name in weekly if f"{name}_daily" in tables} - set(RESTATED) == {
        "gmv_change",
        "gmv_change_source",
    }


def test_the_log_knows_a_row_by_what_makes_it_unique_in_its_mart():
    unique: dict[str, set[str]] = {}
    for page in MARTS.rglob("_*.yml"):
        for model in yml.read(page).get("models", ()):
            for test in model.get("data_tests", ()):
                if "unique_key" in test:
                    told = test["unique_key"]["arguments"]
                    unique |= {name: set(told["columns"]) for name in (model["name"], *told.get("also", ()))}
    checked = 0
    for subject, key in RESTATED.items():
        for sibling in GRAINS:
            named = unique.get(f"{subject}_{sibling}")
            if named is not None:
                assert named - {"period_start", "grain"} <= set(key), f"{subject}_{sibling}"
                checked += 1
    assert checked > 40
    for table, told in OTHERS.items():
        assert unique[table] <= {*told.key, told.period}, table
