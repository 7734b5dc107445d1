"""Logs every published number that changes, in marts.restatement_log.

The log is a table in daybook.duckdb that dbt does not manage, so rebuilds leave it alone. If the file itself
is lost, the log is restored from the current release.
"""

# ruff: noqa: S608  (names in SQL come from our own lists or are checked by raw.table)
from __future__ import annotations

import re
from collections.abc import Set
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import duckdb

from warehouse.audit import LOG
from warehouse.connection import attach, connect, identifier, literal

GRAINS = {"daily": "day", "weekly": "week", "monthly": "month"}


# Subjects whose rows come from a report, not from a store's orders.
_REPORTED = ("ad_", "traffic_source", "funnel", "live", "assortment")
# Subject → the key columns of a row within a period. The metrics compared are those that dim_metric calls
# amounts, counts or stocks; ratios and comparisons with other periods follow from them.
RESTATED: dict[str, tuple[str, ...]] = {
    "store": ("store_id",),
    "traffic_source": ("store_id", "source_l1", "source_l2", "device", "is_total"),
    "ad_account": ("account_id", "store_id"),
    "ad_campaign": ("account_id", "store_id", "campaign_id"),
    "ad_group": ("account_id", "store_id", "campaign_id", "ad_group_id"),
    "ad_creative": ("account_id", "store_id", "campaign_id", "ad_group_id", "ad_id"),
    "ad_keyword": ("account_id", "store_id", "campaign_id", "ad_group_id", "keyword_id"),
    "marketing": ("store_id",),
    "product": ("store_id", "product_id"),
    "sku": ("store_id", "product_id", "sku_id"),
    "category": ("store_id", "category_level", "category_path"),
    "assortment": ("store_id", "category_level", "category_path"),
    "customer": ("store_id",),
    "after_sales": ("store_id", "reason"),
    "after_sales_product": ("store_id", "product_id", "reason"),
    "region": ("store_id", "region"),
    "buyer_type": ("store_id", "buyer_type"),
    "payment_type": ("store_id", "payment_type"),
    "margin": ("store_id", "level", "item_id"),
    "live": ("store_id", "host_id", "clock"),
    "funnel": ("store_id", "source_l1", "source_l2"),
    "platform_lens": ("store_id",),
    "target": ("store_id", "metric"),
}


class _Rows(NamedTuple):
    """Rows that are compared with the last release's."""

    mart: str  # as dim_metric calls it
    grain: str
    key: tuple[str, ...]
    period: str = "period_start"


# Tables of events, cohorts and launches: a row is compared once it is complete. Rows of people (dim_customer,
# rfm_monthly) are left out: they are of today, or as many as there are buyers.
OTHERS: dict[str, _Rows] = {
    "promo_event": _Rows("promo_event", "event", ("event_id", "store_id"), "event_start"),
    "promo_event_daily": _Rows("promo_event_daily", "day", ("event_id", "store_id", "phase"), "date_day"),
    "promo_event_hourly": _Rows(
        "promo_event_hourly", "hour", ("event_id", "store_id", "hour_of_day"), "date_day"
    ),
    "cohort_monthly": _Rows(
        "cohort",
        "month",
        ("store_id", "buyer_type", "acquisition_source", "cohort_month", "month_number"),
        "calendar_month",
    ),
    "repurchase_monthly": _Rows("repurchase", "month", ("store_id", "window_days"), "cohort_month"),
    "refund_cohort_monthly": _Rows("refund_cohort", "month", ("store_id", "days_since"), "paid_month"),
    "new_product": _Rows("new_product", "window", ("store_id", "product_id", "window_days"), "launched_date"),
}
# Metrics of those tables (mart.metric) → SQL: whether a change was to be expected of the old row (o).
_EXPECTED = {
    # What the cells of the months before and marketing_monthly say is told of them.
    r"cohort\.(cohort_size|cumulative_orders|cumulative_net_sales|marketing_cost)": "true",
    # What counts of a bulk order depends on all orders of the store, those of last night too.
    r"promo_event(_daily)?\.units_winsorised\w*": "true",
    r"promo_event\.\w+_(post_dip|net_incremental)": "not o.is_settled",
    r"promo_event\.new_buyers_(mature|repurchased)_30d": "o.new_buyers_mature_30d < o.new_buyers",
    r"promo_event\.new_buyers_(mature|repurchased)_90d": "o.new_buyers_mature_90d < o.new_buyers",
    r"promo_event\.(refund_amount_cohort_\d+d)": r"o.\1 is null",
    r"new_product\.days_to_first_sale": "o.days_to_first_sale is null",
}

# Metrics that change as days pass, without a published number having been wrong: the age of a figure, what
# young ad figures will grow to, and forecasts of a month.
_CHANGES_WITH_TIME = (
    "days_since", "conversions_expected_final", "conversion_value_expected_final", "required_per_day",
    "forecast", "forecast_low", "forecast_high",
)  # fmt: skip
# Metrics of the orders that are old enough to be judged → that age in days (None: each order has its own due
# date). They grow as days pass, but only if a day of the period has reached that age since the last release.
_MATURING = {"paid_amount_mature": 30, "orders_due_48h": 2, "orders_promised": None}
# Metrics of what became of those orders → the metric of _MATURING that counts them; both grow together.
_OUTCOME_OF_MATURED = {
    "refund_amount_cohort_30d": "paid_amount_mature",
    "orders_shipped_48h": "orders_due_48h",
    "orders_late": "orders_promised",
}

_ABOUT = (
    "Published numbers of complete periods, events, cohorts and launches that changed, one row a change."
    " Rows of people (dim_customer, rfm_monthly) are left out."
)
_TABLE = f"""
create schema if not exists marts;
create table if not exists marts.{LOG} (
    mart varchar not null, grain varchar not null, key varchar not null, period_start date not null,
    metric varchar not null, first_reported decimal(38, 6), previous decimal(38, 6), current decimal(38, 6),
    release_id varchar not null, changed_at timestamptz not null, cause varchar);
alter table marts.{LOG} add column if not exists cause varchar;
comment on table marts.{LOG} is '{_ABOUT}';
comment on column marts.{LOG}.mart is 'Table the number stands in.';
comment on column marts.{LOG}.grain is 'day, week or month; hour, event; window of a launch.';
comment on column marts.{LOG}.key is 'Which row of the period: its key columns joined with |.';
comment on column marts.{LOG}.period_start is 'First day of the period, event or launch.';
comment on column marts.{LOG}.metric is 'Column that changed; is_complete (store_*): it opened, or is whole.';
comment on column marts.{LOG}.first_reported is 'The first that was published, in the currency of previous.';
comment on column marts.{LOG}.previous is 'What the release before said; null: it had no value.';
comment on column marts.{LOG}.current is 'What this release says; null: the row or its value is gone.';
comment on column marts.{LOG}.release_id is 'Release that published the new number.';
comment on column marts.{LOG}.changed_at is 'When that release was made (UTC).';
comment on column marts.{LOG}.cause is 'What made it change, as far as the figures tell.';
"""


def record(
    database: Path,
    published: Path | None,
    release_id: str,
    changed_at: datetime,
    *,
    is_same_recipe: bool = True,
    wait: float = 10.0,
) -> int:
    """Compare the built marts with the current release and log what changed in its complete periods.

    A publish that was refused or killed may have logged changes that were never published. They are removed
    first, so this can be repeated.

    Args:
        database: build/daybook.duckdb; the log in it is written.
        published: the current release's file; None before the first release.
        release_id, changed_at: written into the new rows.
        is_same_recipe: whether the current release has the same SQL, settings and accounts; if not, they are
            logged as the cause of every change.
        wait: seconds to wait for another process that has a file open.
    Returns: the number of rows logged.
    Raises: as `connection.connect`.
    """
    con = connect(database, create=False, wait=wait)
    try:
        con.execute(_TABLE)
        if published is None:
            return 0
        attach(con, "published", published, wait=wait)
        new = con.execute("select current_database()").fetchone()
        here = str(new[0]) if new else "daybook"
        con.execute("begin")
        _align_log(con, here, published.parent.name)
        # Read the catalog once: with some hundred tables, that takes longer than most comparisons.
        columns = {catalog: _types(con, catalog) for catalog in (here, "published")}
        clocks = _clocks(con, here)
        tables = {
            f"{subject}_{sibling}": _Rows(subject, grain, key)
            for subject, key in RESTATED.items()
            for sibling, grain in GRAINS.items()
        }
        logged = sum(
            _log_table(
                con,
                here,
                table,
                rows,
                columns,
                clocks.get(rows.mart, {}),
                release_id,
                changed_at,
                is_same_recipe,
            )
            for table, rows in (tables | OTHERS).items()
        )
        con.execute("commit")
        return logged
    finally:
        con.close()


def _align_log(con: duckdb.DuckDBPyConnection, here: str, current_id: str) -> None:
    """Make the log equal to that of the current release: without rows of releases that were never published,
    and with all rows that readers have."""
    con.execute(f"delete from {here}.marts.{LOG} where release_id > ?", [current_id])
    if LOG not in _types(con, "published"):
        return
    ours, theirs = (
        con.execute(f"select count(*) from {catalog}.marts.{LOG}").fetchall()[0][0]
        for catalog in (here, "published")
    )
    if ours < theirs:
        con.execute(f"delete from {here}.marts.{LOG}")
        con.execute(f"insert into {here}.marts.{LOG} by name select * from published.marts.{LOG}")


def _log_table(
    con: duckdb.DuckDBPyConnection,
    here: str,
    table: str,
    rows: _Rows,
    columns: dict[str, dict[str, dict[str, str]]],
    clocks: dict[str, str],
    release_id: str,
    changed_at: datetime,
    is_same_recipe: bool,
) -> int:
    types = columns[here].get(table, {})
    new, old = types.keys(), columns["published"].get(table, {}).keys()
    clocks = {name: clock for name, clock in clocks.items() if name in new & old}
    row_key, period = rows.key, rows.period
    if not clocks or not {*row_key, period} <= new & old:
        return 0
    # A period that still runs changes every night, which is not a restatement. A period that was published as
    # complete and is open again is still logged, so that the log's last row is always what readers have. That
    # it opened or is complete again is logged for the store mart only: all marts of a store change together.
    key = _key(row_key, "o", "n")
    grown = {days: _has_matured_since(here, columns, days) for days in set(_MATURING.values())}
    aged = {m: _is_expected_to_change(rows.mart, m, clock, new & old, grown) for m, clock in clocks.items()}
    differs = " or ".join(f"n.{identifier(m)} is distinct from o.{identifier(m)}" for m in clocks)
    complete, turned = "true", ""
    if table in OTHERS:
        complete = _is_over(here, table, rows)
    elif "is_complete" in new & old:
        stores = f"store_{table.rpartition('_')[2]}"
        told = f"select key, period_start from {here}.marts.{LOG} where mart = {literal(stores)}"
        complete = f"(o.is_complete or (o.store_id, o.period_start) in ({told}))"
        if table == stores:
            differs += " or n.is_complete is distinct from o.is_complete"
            turned = (
                ", {'metric': 'is_complete', 'clock': '', 'previous': o.is_complete::int::decimal(38, 6),"
                " 'current': n.is_complete::int::decimal(38, 6), 'came_of_age': n.is_complete is null}"
            )
    same_row = " and ".join(f"n.{c} is not distinct from o.{c}" for c in (*row_key, period))
    pairs = ", ".join(
        f"{{'metric': {literal(m)}, 'clock': {literal(clock)}, 'previous': o.{identifier(m)}::decimal(38, 6),"
        f" 'current': n.{identifier(m)}::decimal(38, 6), 'came_of_age': {aged[m]}}}"
        for m, clock in clocks.items()
    )
    was_whole = _was_reported_complete(columns["published"], table, row_key)
    says = " or ".join(f"n.{identifier(m)} <> 0" for m in clocks)
    cause = _CAUSE if is_same_recipe else literal(_RECIPE)
    was, now = (_currency(con, catalog, table, new & old) for catalog in ("published", here))
    if was != now:
        money = ", ".join(literal(m) for m in sorted(_money(types) & clocks.keys())) or "null"
        told = literal(f"{_CURRENCY} {was} and is {now}")
        cause = f"case when p.pair.metric in ({money}) then {told} else {cause} end"
    con.execute(
        f"""
        create or replace temp table _changed as
        with pairs as (
            select
                {key} as key, coalesce(o.{period}, n.{period}) as period_start,
                n.{period} is null as is_gone, o.{period} is null as is_new,
                unnest([{pairs}{turned}]) as pair
            from published.marts.{table} as o full join {here}.marts.{table} as n on {same_row}
            where case
                when o.{period} is not null then {complete} and ({differs})
                else ({says}) and {was_whole}
            end
        ),
        first_told as (
            select
                key, period_start, metric,
                coalesce(
                    arg_max(current, (changed_at, release_id))
                        filter (where starts_with(cause, {literal(_CURRENCY)})),
                    arg_min(first_reported, (changed_at, release_id))
                ) as first_reported
            from {here}.marts.{LOG} where mart = $mart group by all
        )
        select
            $mart as mart, $grain as grain, p.key, p.period_start, p.pair.metric as metric,
            case when f.metric is null then p.pair.previous else f.first_reported end as first_reported,
            p.pair.previous as previous, p.pair.current as current,
            $release_id as release_id, $changed_at::timestamptz as changed_at,
            {cause} as cause
        from pairs as p
        left join first_told as f
            on f.key = p.key and f.period_start = p.period_start and f.metric = p.pair.metric
        where p.pair.previous is distinct from p.pair.current and not coalesce(p.pair.came_of_age, false)
            and not (p.is_new and p.pair.current = 0)
        """,
        {"mart": table, "grain": rows.grain, "release_id": release_id, "changed_at": changed_at},
    )
    con.execute(f"insert into {here}.marts.{LOG} by name select * from _changed")
    return int(con.execute("select count(*) from _changed").fetchall()[0][0])


def _key(row_key: tuple[str, ...], *sides: str) -> str:
    """SQL for a row's key in the log, taken from whichever of the sides has the row."""
    named = (", ".join(f"{side}.{name}::varchar" for side in sides) for name in row_key)
    return "concat_ws('|', " + ", ".join(f"coalesce({one}, '')" for one in named) + ")"


def _is_over(here: str, table: str, rows: _Rows) -> str:
    """SQL: whether the last release told the row whole, or the log has told of it.

    A month of which the history has only a part is never whole: of the days before, those orders are known
    that changed later.
    """
    over = "o.is_complete"
    if rows.grain == "month":
        months = "select store_id, period_start from published.marts.store_monthly where is_complete"
        over += f" and (o.store_id, o.{rows.period}) in ({months})"
    told = f"select key, period_start from {here}.marts.{LOG} where mart = {literal(table)}"
    return f"({over} or ({_key(rows.key, 'o')}, o.{rows.period}) in ({told}))"


def _was_reported_complete(published: dict[str, dict[str, str]], table: str, row_key: tuple[str, ...]) -> str:
    """SQL: whether the previous release reported the period of a new row as complete, so that the missing row
    meant zero and its appearance is a change.

    For rows made from orders, the store's row tells whether the period was complete; for rows from a report,
    another row of the same report. Targets are never counted: a missing target did not mean zero. Nor are
    OTHERS: of a cohort or a launch that appears nothing was told before.
    """
    subject, _, sibling = table.rpartition("_")
    if subject == "target" or table in OTHERS:
        return "false"
    other, same = table, [c for c in ("account_id", "store_id") if c in row_key]
    if not subject.startswith(_REPORTED):
        other, same = f"store_{sibling}", ["store_id"]
    if not {*same, "period_start", "is_complete"} <= published.get(other, {}).keys():
        return "false"
    alike = " and ".join(f"n.{c} = w.{c}" for c in (*same, "period_start"))
    return f"exists (select 1 from published.marts.{other} as w where w.is_complete and {alike})"


def _has_matured_since(here: str, columns: dict[str, dict[str, dict[str, str]]], days: int | None) -> str:
    """SQL: whether a day of the row's period has reached the age of `days` days since the last release (None:
    whether any day has passed at all)."""
    needed = {"store_id", "complete_through"}
    if not all(needed <= columns[catalog].get("dim_store", {}).keys() for catalog in (here, "published")):
        return "true"
    grew = "a.complete_through > b.complete_through"
    if days is not None:
        grew = f"o.period_end > b.complete_through - {days}"
    return f"""exists (
        select 1 from {here}.marts.dim_store as a left join published.marts.dim_store as b using (store_id)
        where (o.store_id = 'ALL' or o.store_id = a.store_id)
            and o.period_start <= a.complete_through - {days or 0}
            and (b.complete_through is null or {grew}))"""


def _is_expected_to_change(
    mart: str, metric: str, clock: str, columns: Set[str], grown: dict[int | None, str]
) -> str:
    """SQL: whether a figure changed only because its days have reached the age at which they count.

    Figures that exist only from a certain age on (spend_7d, people who paid within 7 days) are null before.
    """
    for pattern, expected in _EXPECTED.items():
        if found := re.fullmatch(pattern, f"{mart}.{metric}"):
            return found.expand(expected)
    judged = _OUTCOME_OF_MATURED.get(metric, metric)
    if judged in _MATURING:
        older = grown[_MATURING[judged]] if {"store_id", "period_end"} <= columns else "true"
        return f"n.{judged} > o.{judged} and {older}" if judged in columns else "false"
    at_age = clock.startswith("ad report") and re.search(r"_\d+d$", metric)
    return f"o.{identifier(metric)} is null" if at_age or metric.startswith("closed_") else "false"


_RECIPE = "SQL, settings or accounts changed"
_CURRENCY = (
    "the reporting currency was"  # … CNY and is USD: what comes after is held against the first figure in USD
)
# The cause as far as the figures show it: the metric's clock says which records can have come late.
_CAUSE = """case
    when p.pair.metric = 'is_complete' and p.pair.current = 0 then 'the period is open again'
    when p.pair.metric = 'is_complete' then 'the period is whole again'
    when p.is_gone then 'nothing is left of it in the period'
    when p.pair.previous is null then 'the figure came late'
    when p.pair.current is null then 'the figure is not known any more'
    when p.pair.metric like '%\\_baseline' escape '\\' then 'the days it is measured by changed'
    when p.pair.metric like '%\\_cohort%' escape '\\' or p.pair.metric = 'orders_refunded'
        then 'orders of the period changed later'
    when p.pair.clock like 'ad report%' then 'the platform restated its report'
    when p.pair.clock like '%visit date' then 'the platform restated its report'
    when p.pair.clock = 'review date' then 'reviews of the period were let through, changed or thrown away'
    when p.pair.clock = 'month of the target' then 'the target was told anew, or spread by other days'
    when p.pair.clock in ('session start date', 'settlement date', 'report date')
        then 'the platform restated its report'
    when p.pair.clock like '%refund date' or p.pair.clock = 'date of request'
        then 'refunds of the period arrived late or changed'
    else 'orders of the period arrived late or changed'
end"""


def _clocks(con: duckdb.DuckDBPyConnection, here: str) -> dict[str, dict[str, str]]:
    """Mart → metric → clock, for metrics that are no ratios and do not change with time alone."""
    if "dim_metric" not in _types(con, here):
        return {}
    rows = con.execute(
        f"select mart, metric, coalesce(clock, '') from {here}.marts.dim_metric"
        " where additivity <> 'R' and not list_contains(?, metric) order by mart, metric",
        [list(_CHANGES_WITH_TIME)],
    ).fetchall()
    found: dict[str, dict[str, str]] = {}
    for mart, metric, clock in rows:
        found.setdefault(mart, {})[metric] = clock
    return found


def _types(con: duckdb.DuckDBPyConnection, catalog: str) -> dict[str, dict[str, str]]:
    """Table of schema marts → column → type."""
    rows = con.execute(
        "select table_name, column_name, data_type from duckdb_columns()"
        " where database_name = ? and schema_name = 'marts'",
        [catalog],
    ).fetchall()
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in rows:
        found.setdefault(table, {})[column] = kind
    return found


def _currency(con: duckdb.DuckDBPyConnection, catalog: str, table: str, columns: Set[str]) -> str | None:
    """The reporting currency of a mart; None when it has no currency column or no rows."""
    if "currency" not in columns:
        return None
    found = con.execute(f"select any_value(currency) from {catalog}.marts.{table}").fetchall()[0][0]
    return None if found is None else str(found)


def _money(types: dict[str, str]) -> set[str]:
    """Columns in the reporting currency: amounts in cents, except those whose suffix names another one."""
    return {
        name
        for name, kind in types.items()
        if kind == "DECIMAL(18,2)" and not name.endswith(("_orig", "_store"))
    }
