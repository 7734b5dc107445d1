"""What readers of the marts may rely on: the same columns at every grain, described, typed, and never added up wrongly."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import Warehouse

from warehouse.restatements import RESTATED

SPENT = ("ad_spend", "kol_fees", "marketing_cost", "affiliate_commission", "fees_platform")
SUBJECTS = (
    "store",
    "traffic_source",
    "ad_account",
    "ad_campaign",
    "ad_group",
    "ad_creative",
    "ad_keyword",
    "marketing",
    "product",
    "sku",
    "category",
    "assortment",
    "after_sales",
    "after_sales_product",
    "gmv_change",
    "gmv_change_source",
    "region",
    "buyer_type",
    "payment_type",
    "live",
    "funnel",
    "margin",
)
GRAINS = ("daily", "weekly", "monthly")
KEYS = {
    "days_in_period",
    "days_elapsed",
    "stores_loaded",
    "category_level",
}


def test_every_node_of_the_build_passed(built: Warehouse) -> None:
    assert len(built.statuses) > 90, built.output[-2000:]
    bad = {node: status for node, status in built.statuses.items() if status not in ("success", "pass")}
    assert bad == {}, built.output[-4000:]


def test_no_left_join_holds_every_row_against_every_row(built: Warehouse) -> None:
    """Where it asks something of its own side alone, DuckDB looks at all pairs of rows: ten thousand of them
    take a second, a hundred thousand minutes. `only_where` asks it by way of a key."""
    models = sorted((built.target_dir / "compiled" / "daybook" / "models").rglob("*.sql"))
    assert len(models) > 150

    def in_all_pairs(plan: dict[str, Any]) -> bool:
        here = plan["name"].strip() == "BLOCKWISE_NL_JOIN" and plan["extra_info"]["Join Type"] != "INNER"
        return here or any(map(in_all_pairs, plan["children"]))

    found = []
    with duckdb.connect(str(built.build_dir / "warehouse.duckdb"), read_only=True) as con:
        con.execute(f"attach '{built.build_dir / 'daybook.duckdb'}' as daybook (read_only)")
        con.execute("set search_path = 'main,daybook.marts'")  # where a view of the marts has its tables
        for path in models:
            plans = con.execute(f"explain (format json) {path.read_text()}").fetchall()[0][1]
            found += [path.stem for plan in json.loads(plans) if in_all_pairs(plan)]
    assert found == []


def test_tables_of_seeds_and_settings_alone_are_marked_as_settled(built: Warehouse) -> None:
    """A night leaves them out: it would make the same rows again."""
    nodes = json.loads((built.target_dir / "manifest.json").read_text())["nodes"]

    def is_settled(key: str) -> bool:  # sources are no nodes
        return key in nodes and all(map(is_settled, nodes[key]["depends_on"].get("nodes", ())))

    tables = {
        key: node
        for key, node in nodes.items()
        if node["config"].get("materialized") in ("table", "incremental")
    }
    settled = {key for key in tables if is_settled(key)}
    assert settled == {key for key, node in tables.items() if "settled" in node["tags"]}
    assert settled


def _columns(built: Warehouse, table: str) -> list[tuple[str, str, str | None]]:
    rows = built.rows(
        f"select column_name, data_type, comment from duckdb_columns() where schema_name = 'marts'"
        f" and table_name = '{table}' order by column_index"
    )
    return [(row["column_name"], row["data_type"], row["comment"]) for row in rows]


@pytest.mark.parametrize("subject", SUBJECTS)
def test_the_three_grains_of_a_subject_have_the_same_columns(subject: str, built: Warehouse) -> None:
    daily = _columns(built, f"{subject}_daily")
    assert len(daily) > 20
    for grain in GRAINS[1:]:
        assert _columns(built, f"{subject}_{grain}") == daily


def test_every_table_and_column_of_the_marts_is_described_in_the_database(built: Warehouse) -> None:
    tables = built.rows("select table_name, comment from duckdb_tables() where schema_name = 'marts'")
    assert len(tables) > 15
    assert [row["table_name"] for row in tables if not row["comment"]] == []
    columns = built.rows(
        "select table_name, column_name from duckdb_columns() where schema_name = 'marts'"
        " and (comment is null or length(comment) < 5)"
    )
    assert columns == []


def test_views_of_the_marts_are_read_under_any_name_of_their_file(built: Warehouse, tmp_path: Path) -> None:
    """Readers rename what they copy, and attach it by a name of theirs; a view says where its tables are."""
    expected = built.rows("select event_type, count(*) as events from marts.fct_sales_ledger group by all")
    assert len(expected) == 2
    shutil.copyfile(built.build_dir / "daybook.duckdb", tmp_path / "november.duckdb")
    for catalog, opened in (("november", tmp_path / "november.duckdb"), ("mine", ":memory:")):
        with duckdb.connect(str(opened)) as con:
            if opened == ":memory:":
                con.execute(f"attach '{tmp_path / 'november.duckdb'}' as mine (read_only)")
            views = con.execute(
                "select view_name, comment from duckdb_views() where database_name = ? and not internal",
                [catalog],
            ).fetchall()
            assert [name for name, _ in views] == ["fct_sales_ledger"]
            assert all(comment for _, comment in views)
            found = con.execute(
                f"select event_type, count(*) from {catalog}.marts.fct_sales_ledger group by all"
            ).fetchall()
            assert set(found) == {(row["event_type"], row["events"]) for row in expected}


def test_every_measure_has_a_definition_and_an_additivity_in_dim_metric(built: Warehouse) -> None:
    metrics = {(row["mart"], row["metric"]): row for row in built.rows("select * from marts.dim_metric")}
    assert {row["additivity"] for row in metrics.values()} <= set("ATDSR")
    assert {key for key, row in metrics.items() if not (row["clock"] and row["refund_treatment"])} == set()
    # The restatement log tells by the clock why a figure changed: none of these because of an order.
    spent = {metrics[mart, name]["clock"] for mart, name in metrics if mart in RESTATED and name in SPENT}
    assert spent == {"ad report date", "session start date", "settlement date"}
    for subject in SUBJECTS:
        for name, data_type, comment in _columns(built, f"{subject}_daily"):
            numeric = data_type.startswith(("DECIMAL", "BIGINT", "DOUBLE", "INTEGER"))
            compared = name.endswith(("_prev", "_yoy", "_yoy_date", "_yoy_event"))
            if numeric and not compared and name not in KEYS:
                metric = metrics[subject, name]
                assert comment is not None and comment.startswith(metric["definition"])
                assert f"({metric['additivity']})" in comment


def test_every_amount_of_a_fact_is_in_dim_metric(built: Warehouse) -> None:
    """But what a vendor says was paid, which ours is held against."""
    untold = built.rows(
        "select c.table_name, c.column_name from duckdb_columns() c"
        " anti join marts.dim_metric m on m.mart = c.table_name and m.metric = c.column_name"
        " where c.schema_name = 'marts' and c.table_name like 'fct_%' and c.data_type = 'DECIMAL(18,2)'"
    )
    assert [tuple(row.values()) for row in untold] == [("fct_orders", "buyer_paid_total_orig")]


# "paid_amount ÷ buyers." or "paid_amount ÷ paid_amount_compare − 1, null where …", and not "… ÷ goods_paid of the store".
_RATIO = re.compile(r"(\w+) ÷ (\w+)( − 1)?(?:[.,;:]|$)")


def test_a_ratio_is_that_of_the_figures_beside_it(built: Warehouse) -> None:
    """Marts.md has both kept in the row: whoever divides them gets what the row says, to its last digit."""
    wrong: dict[str, Any] = {}
    columns: dict[str, dict[str, tuple[str, str]]] = {}
    for row in built.rows("select * from duckdb_columns() where schema_name = 'marts'"):
        columns.setdefault(row["table_name"], {})[row["column_name"]] = (
            row["data_type"],
            row["comment"] or "",
        )
    held = 0
    for table, told in columns.items():
        for name, (_, comment) in told.items():
            said = _RATIO.match(comment)
            if said is None or not {said[1], said[2]} <= told.keys():
                continue
            # Hours and days are rounded seconds; amounts and counts are what they are.
            slack = f"0.00005 / {said[2]}" if told[said[1]][0] == "DOUBLE" else "0"
            ratio = f"{said[1]}::double / nullif({said[2]}::double, 0) - {1 if said[3] else 0}"
            rows = built.rows(
                f"select {said[1]}, {said[2]}, {name} from marts.{table} where {name} is not null"
                f" and coalesce(abs({name} - ({ratio})) > 0.000001 + {slack}, true) limit 1"
            )
            held += 1
            if rows:
                wrong[f"{table}.{name}"] = rows[0]
    assert wrong == {}
    assert held > 300, held


@pytest.mark.parametrize("subject", sorted(set(RESTATED) & set(SUBJECTS)))
def test_the_days_of_a_figure_that_adds_up_come_to_its_weeks_and_months(
    subject: str, built: Warehouse
) -> None:
    """Wherever no day, week or month of a row's history is untold."""
    numbers = {
        name
        for name, data_type, _ in _columns(built, f"{subject}_daily")
        if data_type.startswith(("DEC", "BIG"))
    }
    added = [
        row["metric"]
        for row in built.rows(
            f"select * from marts.dim_metric where mart = '{subject}' and additivity in ('A', 'T')"
        )
        if row["metric"] in numbers
    ]
    key = ", ".join(RESTATED[subject])
    totals = {}
    for grain in GRAINS:
        rows = built.rows(
            f"select {key}, "
            + ", ".join(f"case when count(*) = count({m}) then sum({m}) end as {m}" for m in added)
            + f" from marts.{subject}_{grain} group by all"
        )
        totals[grain] = {tuple(row[name] for name in RESTATED[subject]): row for row in rows}
    wrong = [
        (grain, row, name, days[name], totals[grain][row][name])
        for grain in GRAINS[1:]
        for row, days in totals["daily"].items()
        if row in totals[grain]
        for name in added
        if None not in (days[name], totals[grain][row][name]) and days[name] != totals[grain][row][name]
    ]
    assert added or subject == "assortment"
    assert wrong == []


def test_what_every_comparison_or_level_of_a_mart_repeats_does_not_add_up_over_them(built: Warehouse) -> None:
    repeated = built.rows(
        "select distinct m.mart, m.metric, m.additivity, m.not_over from marts.dim_metric m join duckdb_columns() c"
        " on c.schema_name = 'marts' and c.table_name = m.mart || '_daily' and c.column_name in ('level', 'compare')"
    )
    assert {row["mart"] for row in repeated} == {"margin", "gmv_change", "gmv_change_source"}
    assert [row for row in repeated if row["additivity"] == "A"] == []
    assert all(row["not_over"] for row in repeated if row["additivity"] == "T")
    # The days before all days of a month are not the month before it.
    assert all(row["additivity"] in "DR" for row in repeated if row["metric"].endswith("_before"))


# ---- no D, S or R column is ever summed --------------------------------------------------------------------


def sums(sql: str) -> Iterator[tuple[str, str | None]]:
    """Every sum(…) or avg(…) of a query: its argument, and the name its item is given (None inside an expression)."""
    text = re.sub(r"--[^\n]*|/\*.*?\*/", " ", sql, flags=re.S)
    for found in re.finditer(r"\b(?:sum|avg)\s*\(", text, flags=re.I):
        depth, end = 1, found.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        argument = text[found.end() : end - 1]
        name = re.match(
            r"[\s)\d,]*?(?:as\s+decimal\(\d+,\s*\d+\)\s*\)|as\s+bigint\s*\)|\bend\b|\s)*\s*as\s+(\w+)",
            text[end:],
        )
        yield argument, name.group(1) if name else None


def added_wrongly(sql: str, never: set[str], additive: set[str]) -> list[str]:
    """Columns of `never` that a query sums. A distinct count may be summed into a column of `additive` (visitor_days)."""
    return [
        f"sum({argument.strip()}) as {name}"
        for argument, name in sums(sql)
        if name not in additive and re.search(r"\b(?:" + "|".join(sorted(never)) + r")\b", argument)
    ]


@pytest.fixture(scope="session")
def classes(built: Warehouse) -> tuple[set[str], set[str]]:
    never, additive = set(), set()
    for row in built.rows("select metric, additivity from marts.dim_metric"):
        (additive if row["additivity"] in "AT" else never).add(row["metric"])
    assert {"visitors", "buyers", "aov", "pay_conversion"} <= never
    return never - additive, additive | {"new_visitor_days", "visitor_days"}


REPORTS = {"int_traffic"}  # puts the rows of one figure together: the union's own key


def wrong_sums(target: Path, classes: tuple[set[str], set[str]]) -> tuple[dict[str, list[str]], int]:
    """Model → what it sums and must not, over the compiled SQL of every model after staging; and the sums looked at."""
    manifest = json.loads((target / "manifest.json").read_text())
    found, looked_at = {}, 0
    for node in manifest["nodes"].values():
        if node["resource_type"] != "model" or "staging" in node["fqn"] or node["name"] in REPORTS:
            continue
        sql = (target / "compiled" / "daybook" / node["original_file_path"]).read_text()
        looked_at += len(list(sums(sql)))
        if wrong := added_wrongly(sql, *classes):
            found[node["name"]] = wrong
    return found, looked_at


def test_no_model_sums_a_distinct_count_a_stock_or_a_ratio(built: Warehouse, classes: Any) -> None:
    found, looked_at = wrong_sums(built.target_dir, classes)
    assert found == {}
    assert looked_at > 200


def test_a_planted_model_that_sums_buyers_is_found_by_name(
    built: Warehouse, classes: Any, tmp_path: Path
) -> None:
    """The same search over the same manifest with one model more: nothing but the planted one is found."""
    manifest = json.loads((built.target_dir / "manifest.json").read_text())
    path = "models/marts/store/planted.sql"
    manifest["nodes"]["model.daybook.planted"] = {
        **manifest["nodes"]["model.daybook.store_daily"],
        "name": "planted",
        "original_file_path": path,
    }
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    shutil.copytree(built.target_dir / "compiled", tmp_path / "compiled")
    sql = "select store_id, sum(orders_paid) as orders_paid, sum(buyers) as buyers from marts.store_daily group by 1"
    (tmp_path / "compiled" / "daybook" / path).write_text(sql)
    assert wrong_sums(tmp_path, classes)[0] == {"planted": ["sum(buyers) as buyers"]}


@pytest.mark.parametrize(
    "sql",
    [
        "select sum(visitors) as visitors from t",
        "select cast(sum(d.buyers) as bigint) as buyers from t",
        "select avg(aov) as aov from t",
        "select round(sum(coalesce(pay_conversion, 0)), 2) as pay_conversion from t",
        "select case when count(visitors) = count(*) then sum(visitors) end as visitors from t",
        "select case when sum(visitors) > 0 then 1 end as visitor_days from t",
    ],
)
def test_the_search_for_wrong_sums_finds_them(sql: str, classes: Any) -> None:
    assert added_wrongly(sql, *classes)


@pytest.mark.parametrize(
    "sql",
    [
        "select sum(visitors) as visitor_days, sum(paid_amount) as paid_amount from t",
        "select case when count(visitors) = count(*) then sum(visitors) end as visitor_days from t",
    ],
)
def test_the_search_for_wrong_sums_lets_visitor_days_be_added(sql: str, classes: Any) -> None:
    assert added_wrongly(sql, *classes) == []


# ---- periods -----------------------------------------------------------------------------------------------


def test_the_spine_has_every_day_between_the_first_and_the_last(built: Warehouse) -> None:
    for row in built.rows(
        "select store_id, count(*) as days, max(period_start) - min(period_start) + 1 as span from marts.store_daily"
        " where store_id in ('jade_tmall', 'reef_us') and is_orders_loaded group by store_id"
    ):
        assert row["days"] == row["span"] > 80
    quiet = built.rows("select * from marts.store_daily where store_id = 'jade_tmall' and orders_created = 0")
    assert quiet, "a day without an order is a row"
    assert all(row["paid_amount"] is not None and row["is_orders_loaded"] for row in quiet)


def test_first_and_last_periods_of_a_history_are_not_complete(built: Warehouse) -> None:
    rows = {
        (row["store_id"], row["period_start"]): row
        for row in built.rows("select * from marts.store_weekly union all select * from marts.store_monthly")
    }
    jade_first, jade_last = rows["jade_tmall", date(2025, 9, 22)], rows["jade_tmall", date(2026, 11, 1)]
    assert (jade_first["is_complete"], jade_first["days_elapsed"]) == (False, 4)
    assert (jade_last["is_complete"], jade_last["days_elapsed"]) == (False, 22)
    assert rows["jade_tmall", date(2026, 11, 16)]["is_complete"] is True
    # New York has eleven hours of its Sunday: read, in the facts, in no period.
    reef = rows["reef_us", date(2026, 11, 16)]
    assert (reef["is_complete"], reef["days_elapsed"], reef["period_end"]) == (False, 6, date(2026, 11, 22))
    # It is counted as far as the end of its Saturday, however far the store is read.
    assert reef["data_through_at"] == datetime(2026, 11, 22, 5, tzinfo=UTC)
    everywhere = rows["ALL", date(2026, 11, 16)]
    assert (everywhere["is_complete"], everywhere["days_elapsed"]) == (False, 6)


def test_a_period_of_a_store_is_whole_in_all_marts_or_in_none(built: Warehouse) -> None:
    """The log of what changed tells it of store_* alone."""
    told = built.rows(
        "select table_name from information_schema.columns where table_schema = 'marts' and column_name = 'is_complete'"
    )
    tables = {row["table_name"] for row in told} & {
        f"{mart}_{grain}" for mart in RESTATED for grain in GRAINS
    }
    assert len(tables) > 60
    for table in tables:
        differing = (
            f"select count(*) as n from marts.{table} as mart"
            f" left join marts.store_{table.rpartition('_')[2]} as store using (store_id, period_start)"
            " where mart.is_complete is distinct from coalesce(store.is_complete, false)"
        )
        assert built.rows(differing) == [{"n": 0}], table


def test_the_running_day_is_in_the_facts_and_in_no_period(built: Warehouse) -> None:
    last = {"jade_tmall": date(2026, 11, 22), "reef_us": date(2026, 11, 21), "ALL": date(2026, 11, 21)}
    days = built.rows("select store_id, max(date_day) as last_day from marts.dim_period group by store_id")
    assert {row["store_id"]: row["last_day"] for row in days if row["store_id"] in last} == last
    running = built.rows(
        "select count(*) as n from marts.fct_orders where store_id = 'reef_us' and paid_date = '2026-11-22'"
    )
    assert running[0]["n"] > 0


def test_a_store_that_stopped_long_ago_holds_up_nobody(built: Warehouse) -> None:
    rows = built.rows(
        "select * from marts.store_daily where store_id = 'ALL' and period_start = '2026-11-20'"
    )
    assert [(row["is_complete"], row["is_orders_loaded"]) for row in rows] == [(True, True)]


def test_nothing_is_compared_with_a_period_that_was_not_whole(built: Warehouse) -> None:
    (row,) = built.rows(
        "select * from marts.store_monthly where store_id = 'jade_tmall' and period_start = '2025-10-01'"
    )
    assert row["is_complete"] and row["paid_amount_prev"] is None, "September 2025 began on the 25th"


def test_all_stores_count_a_buyer_of_two_days_and_a_total_is_not_the_sum_of_the_days(
    built: Warehouse,
) -> None:
    rows = built.rows(
        "select m.store_id, m.period_start, m.buyers, d.added from marts.store_monthly m join ("
        " select store_id, date_trunc('month', period_start) as month, sum(buyers) as added from marts.store_daily"
        " group by all) d on d.store_id = m.store_id and d.month = m.period_start where m.buyers > 5"
    )
    assert len(rows) > 20
    assert all(row["buyers"] <= row["added"] for row in rows)
    assert sum(row["buyers"] < row["added"] for row in rows) > 15
