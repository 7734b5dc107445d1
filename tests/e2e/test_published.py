"""From the vendors' APIs to the published file: every number equal to the world's own ledger, and the README's
queries and commands run on it.

The sandbox serves real HTTP on loopback; the ledger adds its world up in plain Python, without DuckDB or dbt.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dbt_runs
import duckdb
import pytest
from compass_export import audience_of, drop_compass

from daybook.sandbox import DEMO_COSTS
from extractors.accounts import Account, load_accounts
from extractors.credentials import Credentials
from extractors.extract import extract
from extractors.files.inbox import import_files
from extractors.files.lists import list_named
from extractors.landing import Landing
from extractors.registry import platforms
from extractors.sandbox.ledger import Ledger
from extractors.sandbox.server import Running, running
from warehouse.build import build
from warehouse.load import load_pending
from warehouse.publish import publish

ROOT = Path(__file__).resolve().parents[2]
SHANGHAI = ZoneInfo("Asia/Shanghai")
# 01:30 on a Thursday in Shanghai: yesterday is the third day of a week and the 18th of a month.
NOW = datetime(2026, 11, 19, 1, 30, tzinfo=SHANGHAI)
DAY = date(2026, 11, 18)
FIRST = date(2026, 11, 1)
LIVE_STORE = "lantern_douyin"
SHOPS = {
    "lantern_tmall": "CNY",
    "plum_taobao": "CNY",
    "lantern_web": "CNY",
    LIVE_STORE: "CNY",
    "harbor_us": "USD",
    "harbor_tiktok_shop": "USD",
}
GRAINS = {"day": "daily", "week": "weekly", "month": "monthly"}
COUNTS = (
    "orders_created", "orders_unpaid", "orders_paid", "units_paid", "buyers", "new_buyers", "returning_buyers",
)  # fmt: skip
MONEY = (
    "list_amount", "merchant_discount", "platform_subsidy", "goods_paid", "shipping_charged", "tax",
    "paid_amount", "refund_amount", "refund_goods", "refund_shipping", "refund_tax", "net_sales",
    "refund_amount_cohort", "net_sales_cohort", "deposit_forfeited",
)  # fmt: skip
IN_STORE_CURRENCY = ("goods_paid", "paid_amount", "refund_amount", "net_sales")


@dataclass
class Night:
    box: Running
    published: Path
    read_from: datetime

    def rows(self, sql: str, *parameters: Any) -> list[dict[str, Any]]:
        with duckdb.connect(str(self.published), read_only=True) as con:
            cursor = con.execute(sql, list(parameters))
            names = [column[0] for column in cursor.description or []]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def ledger(self) -> Ledger:
        return Ledger(self.box.sandbox.world, int(self.read_from.timestamp()))


@pytest.fixture(scope="session")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    home = tmp_path_factory.mktemp("night")
    landing = Landing(home / "landing")
    accounts = [
        replace(
            account, start=FIRST - timedelta(days=7), options={**account.options, "calls_per_second": 500}
        )
        for account in load_accounts(ROOT / "accounts.yml")
        if account.platform != "files"
    ]
    # The inbox for what Compass exports of the shop that sells live.
    exports = Account("files__compass", "files", "Exports of Compass", LIVE_STORE, "Asia/Shanghai", "CNY")
    with running() as box:
        box.control.set_clock(NOW)
        for account in accounts:
            given = box.connections()[account.id]
            credentials = Credentials.from_airflow(json.dumps(given), account.id)
            # Reads end three minutes behind now; the world stands still, so that all of it is read.
            later = NOW + timedelta(minutes=3)
            extract(
                account,
                credentials,
                landing,
                hash_key=b"k" * 32,
                token_dir=home / "tokens",
                day=DAY,
                now=later,
            )
        drop_compass(home / "inbox")
        import_files(exports, home / "inbox", landing, b"k" * 32)
        accounts.append(exports)
        costs = list_named("unit_costs")
        assert costs is not None
        (home / "costs").mkdir()
        shutil.copy(ROOT / DEMO_COSTS, home / "costs")
        import_files(costs.account, home / "costs", landing, b"k" * 32)
        load_pending(landing, home / "build" / "warehouse.duckdb", platforms(), accounts)
        dbt_runs.remind(home / "target")
        build(ROOT / "dbt_project", home / "build", target_path=home / "target")
        publish(home / "build", home / "published")
        # All shops' history begins at midnight of the same date, each in its own zone; the ledger takes one
        # instant per store (see `expected`).
        start = datetime.combine(FIRST - timedelta(days=7), datetime.min.time(), SHANGHAI)
        yield Night(box, home / "published" / "current" / "daybook.duckdb", start)


def zone_of(store: str) -> ZoneInfo:
    return SHANGHAI if SHOPS[store] == "CNY" else ZoneInfo("America/New_York")


def expected(night: Night, store: str, grain: str) -> dict[date, Any]:
    zone = zone_of(store)
    begin = datetime.combine(FIRST - timedelta(days=7), datetime.min.time(), zone)
    ledger = Ledger(night.box.sandbox.world, int(begin.timestamp()))
    last = NOW.astimezone(zone).date() - timedelta(days=1)  # the running day is in no period
    figures = ledger.store(store, int(NOW.timestamp()), FIRST - timedelta(days=7), last, grain)
    return {row.period_start: row for row in figures if row.period_start >= FIRST}


def last_day(store: str) -> date:
    """The last day that is over where the store is."""
    zone = zone_of(store)
    return NOW.astimezone(zone).date() - timedelta(days=1)


def unlinked(night: Night, store: str, first: date, last: date) -> tuple[Decimal, Decimal]:
    """Refunds of unknown orders in a period, whole and of goods, in the store's currency."""
    (row,) = night.rows(
        "select coalesce(sum(refund_amount_store), 0) as whole, coalesce(sum(refund_goods_store), 0) as goods "
        "from marts.fct_refunds where store_id = ? and not is_linked and is_counted and refund_date between ? and ?",
        store, first, last,
    )  # fmt: skip
    return row["whole"], row["goods"]


def test_refunds_of_orders_older_than_our_history_are_the_only_ones_without_an_order(night: Night) -> None:
    rows = night.rows("select order_id, store_id from marts.fct_refunds where is_counted and not is_linked")
    # A read overlaps the last one: records changed on the very first day may be known already.
    known_since = int(night.read_from.timestamp()) + 24 * 3600
    known = {
        (store, str(state.order.id))
        for store in SHOPS
        for state in Ledger(night.box.sandbox.world, known_since).orders(store, int(NOW.timestamp()))
    }
    assert rows and not [row for row in rows if (row["store_id"], row["order_id"]) in known]


@pytest.mark.parametrize("grain", GRAINS)
@pytest.mark.parametrize("store", SHOPS)
def test_every_number_of_a_store_equals_the_worlds_own_ledger(night: Night, store: str, grain: str) -> None:
    wanted = expected(night, store, grain)
    assert wanted
    rows = night.rows(f"select * from marts.store_{GRAINS[grain]} where store_id = ?", store)
    found = {row["period_start"]: row for row in rows}
    for start, figures in wanted.items():
        row = found[start]
        for name in COUNTS:
            assert row[name] == getattr(figures, name), f"{store} {grain} {start} {name}"
        if SHOPS[store] == "CNY":
            for name in MONEY:
                assert row[name] == getattr(figures, name), f"{store} {grain} {start} {name}"
        # A refund of an order last changed before our history begins is real money back, and is counted; the
        # ledger does not know its order and leaves it out.
        unknown = unlinked(night, store, start, min(row["period_end"], last_day(store)))
        more = {"refund_amount": unknown[0], "net_sales": -unknown[1]}
        for name in IN_STORE_CURRENCY:
            want = getattr(figures, name) + more.get(name, 0)
            assert row[f"{name}_store"] == want, f"{store} {grain} {start} {name}_store"


@pytest.mark.parametrize("grain", GRAINS)
def test_visitors_equal_the_distinct_people_of_the_world_at_every_grain(night: Night, grain: str) -> None:
    last = DAY
    figures = night.ledger().traffic("lantern_web", int(NOW.timestamp()), FIRST, last, grain)
    rows = night.rows(
        f"select * from marts.traffic_source_{GRAINS[grain]} where store_id = 'lantern_web' and is_total and device = 'all'"
    )
    found = {row["period_start"]: row for row in rows}
    checked = 0
    for want in figures:
        if grain != "day" and want.period_start < FIRST:
            continue  # the first week sticks out of what was asked of the ledger
        row = found[want.period_start]
        assert row["visitors"] == want.visitors, f"{grain} {want.period_start}"
        assert row["page_views"] == want.page_views and row["sessions"] == want.visits
        checked += 1
    assert checked >= (1 if grain == "month" else 2)


def test_weekly_visitors_are_fewer_than_the_sum_of_the_days(night: Night) -> None:
    rows = night.rows(
        "select visitors, visitor_days from marts.traffic_source_weekly "
        "where store_id = 'lantern_web' and is_total and device = 'all' and is_complete"
    )
    assert rows and all(row["visitors"] < row["visitor_days"] for row in rows)


# How the platforms make a product's id of the entry's number in the world's catalogue.
PRODUCT_IDS = {
    "lantern_tmall": lambda number: 620_000_000_000 + number,
    "plum_taobao": lambda number: 620_000_000_000 + number,
    "lantern_web": lambda number: 4_000 + number * 20,
}


@pytest.mark.parametrize("grain", GRAINS)
@pytest.mark.parametrize("store", PRODUCT_IDS)
def test_what_was_sold_of_a_product_equals_the_worlds_own_ledger(
    night: Night, store: str, grain: str
) -> None:
    begin = FIRST - timedelta(days=7)
    wanted = {
        (start, str(PRODUCT_IDS[store](number))): figures
        for (start, number), figures in night.ledger()
        .products(store, int(NOW.timestamp()), begin, DAY, grain)
        .items()
        if start >= FIRST
    }
    rows = night.rows(
        f"select * from marts.product_{GRAINS[grain]} where store_id = ? and orders > 0 and period_start between ? and ?",
        store, FIRST, DAY,
    )  # fmt: skip
    found = {(row["period_start"], row["product_id"]): row for row in rows}
    assert len(wanted) >= 9 and set(found) == set(wanted)
    for key, figures in wanted.items():
        row = found[key]
        assert row["buyers"] == len(figures.buyers), key
        for name in ("orders", "units", "list_amount", "merchant_discount", "goods_paid"):
            assert row[name] == getattr(figures, name), f"{key} {name}"


@pytest.mark.parametrize("grain", GRAINS)
@pytest.mark.parametrize("store", ["lantern_web", "plum_taobao"])
def test_campaign_spend_and_clicks_equal_the_worlds_own_ledger(night: Night, store: str, grain: str) -> None:
    begin = FIRST - timedelta(days=7)
    figures = night.ledger().ads(store, int(NOW.timestamp()), begin, DAY, grain, "project")
    rows = night.rows(
        f"select * from marts.ad_campaign_{GRAINS[grain]} where store_id = ? and entity_level = 'campaign'"
        " and period_start between ? and ?",
        store, FIRST, DAY,
    )  # fmt: skip
    found = {(row["period_start"], row["campaign_id"]): row for row in rows}
    wanted = {(row.period_start, row.project_id): row for row in figures if row.period_start >= FIRST}
    assert wanted and set(found) == set(wanted)
    for key, want in wanted.items():
        row = found[key]
        assert (row["spend"], row["impressions"], row["clicks"]) == (
            want.spend,
            want.impressions,
            want.clicks,
        ), key


def test_spend_of_all_campaigns_equals_what_finance_was_charged(night: Night) -> None:
    # Google's Performance Max has no ads: the spend of its campaigns is told by campaign.
    rows = night.rows(
        "select account_id, sum(spend_orig) filter (entity_level = if(platform = 'google_ads', 'campaign', 'ad')) as campaigns, "
        "sum(spend_orig) filter (entity_level = 'account') as account "
        "from marts.fct_ads group by 1"
    )
    assert len(rows) == 3
    for row in rows:
        assert row["campaigns"] == row["account"] > Decimal(0), row


def test_a_live_session_equals_the_worlds_own_ledger(night: Night) -> None:
    wanted = night.ledger().live_rooms(LIVE_STORE, int(NOW.timestamp()))
    rows = night.rows("select * from marts.live_session where store_id = ?", LIVE_STORE)
    found = {row["live_id"]: row for row in rows}
    assert len(wanted) > 30 and set(found) == set(wanted)
    for room, figures in wanted.items():
        row = found[room]
        assert (row["orders"], row["order_lines"], row["buyers"]) == (
            figures.orders, figures.order_lines, len(figures.buyers),
        ), room  # fmt: skip
        assert row["paid_amount_attributed"] == figures.paid_amount, room
        assert row["refund_cohort"] == figures.refund_goods_cohort, room
    assert any(figures.orders < figures.order_lines for figures in wanted.values())


@pytest.mark.parametrize("grain", GRAINS)
def test_live_sales_by_paid_date_equal_the_worlds_own_ledger(night: Night, grain: str) -> None:
    wanted = night.ledger().live_by_paid_date(
        LIVE_STORE, int(NOW.timestamp()), FIRST - timedelta(days=7), DAY, grain
    )
    rows = night.rows(
        f"select * from marts.live_{GRAINS[grain]} where store_id = ? and clock = 'by_paid_date' and period_start >= ?",
        LIVE_STORE, FIRST,
    )  # fmt: skip
    found = {(row["period_start"], row["host_id"]): row for row in rows}
    wanted = {key: figures for key, figures in wanted.items() if key[0] >= FIRST}
    assert wanted and set(found) == set(wanted)
    for key, figures in wanted.items():
        row = found[key]
        assert (row["orders"], row["buyers"]) == (figures.orders, len(figures.buyers)), key
        assert row["paid_amount_attributed"] == figures.paid_amount, key
        assert row["refund_cohort"] == figures.refund_goods_cohort, key
        assert row["views"] is None and row["gpm"] is None  # the audience belongs to the day of the session


def test_an_export_without_room_ids_meets_the_orders_of_the_room(night: Night) -> None:
    rows = night.rows(
        "select * from marts.live_session where store_id = ? and session_date = ?",
        LIVE_STORE,
        DAY - timedelta(days=1),
    )
    audiences = audience_of(DAY - timedelta(days=1))
    assert {row["host_name"] for row in rows} == set(audiences)
    for row in rows:
        viewers, views, seconds = audiences[row["host_name"]]
        assert row["is_session_reported"]
        assert (row["viewers"], row["views"], row["avg_watch_seconds"]) == (viewers, views, seconds)
        assert row["gpm"] == pytest.approx(float(row["paid_amount_attributed"]) * 1000 / views)
    (store,) = night.rows("select store_name, platform from marts.dim_store where store_id = ?", LIVE_STORE)
    assert store == {"store_name": "Lantern on Douyin", "platform": "doudian"}


@pytest.mark.parametrize("store", SHOPS)
def test_every_product_of_the_demos_shops_has_a_cost_and_leaves_a_margin(night: Night, store: str) -> None:
    rows = night.rows(
        "select m.*, s.net_sales from marts.margin_monthly m join marts.store_monthly s using (store_id, period_start)"
        " where level = 'store' and store_id = ? and m.net_sales_ex_tax > 0",
        store,
    )
    assert rows
    for row in rows:
        assert row["net_sales_ex_tax"] == row["net_sales"]
        # Refunds of orders that are older than what was read have no goods to be costed.
        assert 0.97 < row["cost_coverage"] < 1.03
        assert 0.3 < row["gross_margin_rate"] < 0.8


def test_the_row_over_all_stores_is_recomputed(night: Night) -> None:
    (row,) = night.rows(
        "select a.paid_amount, s.paid_amount as stores from marts.store_daily a, "
        "(select sum(paid_amount) as paid_amount from marts.store_daily where store_id <> 'ALL' and period_start = ?) s "
        "where a.store_id = 'ALL' and a.period_start = ?",
        DAY - timedelta(days=2), DAY - timedelta(days=2),
    )  # fmt: skip
    assert row["paid_amount"] == row["stores"] > 0


def test_no_personal_data_stands_in_anything_the_night_wrote(night: Night) -> None:
    home = night.published.parents[2]
    import zstandard

    searched = 0
    for path in home.rglob("*"):
        if path.is_file():
            body = path.read_bytes()
            if path.suffix == ".zst":
                body = zstandard.ZstdDecompressor().decompressobj().decompress(body)
            assert b"PIICANARY" not in body, path
            searched += 1
    assert searched > 100


def test_platforms_nobody_sells_on_cost_the_night_nothing(night: Night) -> None:
    with duckdb.connect(
        str(night.published.parents[2] / "build" / "warehouse.duckdb"), read_only=True
    ) as con:
        names = con.execute("select table_name from information_schema.tables where table_schema = 'staging'")
        built = {name.split("_", 1)[1].split("__")[0] for (name,) in names.fetchall() if "__" in name}
    assert built == {
        *("taobao", "woocommerce", "doudian", "tiktok_shop", "ocean_engine", "google_ads", "ga4", "files")
    }


def test_a_stranger_finds_no_mart_empty_that_the_demo_can_fill(night: Night) -> None:
    tables = [
        row["table_name"]
        for row in night.rows("select table_name from duckdb_tables() where schema_name = 'marts'")
    ]
    empty = {name for name in tables if not night.rows(f"select 1 from marts.{name} limit 1")}
    assert len(tables) > 80
    # Targets are the merchant's own, a first release restates nothing, and no month before this one is whole.
    needs_more = {"target_daily", "target_monthly", "restatement_log", "gmv_change_source_monthly"}
    # The real retailer's files, which this night leaves out, have the two years that these need.
    needs_years = {"anomaly_daily", "gmv_change_monthly", "new_product", "rfm_monthly"}
    assert empty == needs_more | needs_years


@pytest.mark.parametrize(
    ("mart", "column", "store"),
    [
        ("ad_keyword_weekly", "spend", "harbor_us"),
        ("after_sales_weekly", "rating_avg", "lantern_web"),
        ("marketing_weekly", "affiliate_commission", "harbor_tiktok_shop"),
        ("store_weekly", "fees_platform", "harbor_tiktok_shop"),
        ("traffic_source_weekly", "buyers", "lantern_web"),
        ("funnel_weekly", "cart_people", "lantern_web"),
        ("live_weekly", "paid_amount_attributed", LIVE_STORE),
    ],
)
def test_the_demo_has_figures_that_few_platforms_tell(
    night: Night, mart: str, column: str, store: str
) -> None:
    (row,) = night.rows(
        f"select sum({column}) as told from marts.{mart} where store_id = ? and {column} is not null", store
    )
    assert row["told"] and row["told"] > 0


def test_a_store_without_traffic_has_null_visitors_not_zero(night: Night) -> None:
    rows = night.rows(
        "select visitors, is_traffic_loaded, pay_conversion from marts.store_daily where store_id = 'harbor_us'"
    )
    assert rows and all(row["visitors"] is None and row["is_traffic_loaded"] is False for row in rows)
    assert all(row["pay_conversion"] is None for row in rows)


README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    found = re.findall(rf"```{language}\n(.*?)```", README, re.S)
    assert found, f"no {language} block in README"
    return found


@pytest.mark.parametrize("query", blocks("sql"))
def test_a_query_of_the_readme_answers(night: Night, query: str) -> None:
    assert night.rows(query)


QUESTIONS = re.findall(
    r"^## (\d+)\. .*?```sql\n(.*?)```", (ROOT / "docs" / "questions.md").read_text("utf-8"), re.S | re.M
)


@pytest.mark.parametrize(("number", "query"), QUESTIONS)
def test_a_question_of_a_morning_is_answered_by_the_demo(night: Night, number: str, query: str) -> None:
    rows = night.rows(query)
    # A band takes nine weeks, a cohort ninety days; and a budget stands for the day on which this machine read it.
    if number in {"3", "9", "12"}:
        assert not rows
        return
    assert rows
    if int(number) > 10:
        assert all(any(row[name] is not None for row in rows) for name in rows[0])


def test_the_python_of_the_readme_prints_the_months(night: Night) -> None:
    (code,) = blocks("python")
    done = subprocess.run(
        [sys.executable, "-c", code.replace("data/published/current/daybook.duckdb", str(night.published))],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "lantern_tmall" in done.stdout


# What the README tells people to type, and where it is really run.
RUN_HERE = {"daybook status", "daybook rollback"}
RUN_BY_THE_NIGHTS_TEST = {"daybook backfill 2026-11-01 2026-11-07"}  # tests/e2e/test_night.py, other days
TARGETS = {"make run", "make test"}


def commands() -> set[str]:
    lines = {line.split("#")[0].strip() for block in blocks("bash") for line in block.splitlines()}
    return {line for line in lines if line and not line.startswith("export ")}


def test_every_command_of_the_readme_is_run_somewhere() -> None:
    assert commands() == RUN_HERE | RUN_BY_THE_NIGHTS_TEST | TARGETS


@pytest.mark.parametrize("command", sorted(TARGETS))
def test_make_knows_the_targets_of_the_readme(command: str) -> None:
    done = subprocess.run([*command.split(), "--dry-run"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_commands_of_the_readme_do_what_it_says(night: Night) -> None:
    home = night.published.parents[2]
    publish(home / "build", home / "published")  # a release to go back from
    current = (home / "published" / "current").resolve()
    for command in ("daybook status", "daybook rollback"):
        done = subprocess.run(
            [sys.executable, "-m", *command.split()],
            env={**os.environ, "DAYBOOK_DATA": str(home), "DAYBOOK_LANDING": str(home / "landing")},
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert (home / "published" / "current").resolve() != current
    assert night.rows("select 1 from marts.store_daily limit 1")
