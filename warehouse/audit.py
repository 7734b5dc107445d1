"""The audit of write–audit–publish: what a marts file contains, and what looks wrong compared with the
published one."""

# ruff: noqa: S608  (names in SQL come from our own lists or are checked by raw.table)
from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

import duckdb

from warehouse.connection import identifier

LOG = "restatement_log"
# A table that loses more than this share of its rows, or closed months that lose more of their paid_amount,
# are taken as a fault until someone publishes with --force.
MAX_SHRINK = 0.30
_MONEY = "paid_amount"
# Days of an account's report that had figures and no longer have any. Vendors withdraw a day or two; more at
# once means that a report came back empty by mistake.
MAX_LOST_DAYS = 2
# For each kind of report: its name, the mart that has it by account and day, the columns needed to count its
# days, and the condition for a row that has a figure.
_REPORTED = (
    ("ad spend", "ad_account_daily", {"account_id", "period_start", "spend_orig"}, "spend_orig > 0"),
    (
        "visits",
        "fct_traffic",
        {"account_id", "period_start", "grain", "is_total", "sessions", "page_views"},
        "grain = 'day' and is_total and coalesce(sessions, page_views) > 0",
    ),
)


@dataclass(frozen=True)
class Facts:
    """What schema marts of one file contains.

    tables: table → rows. closed_months: month ("2026-10-01") → paid_amount of all stores, complete months
    only. data_through: how far the store marts reach, as text. reported_days: kind of report and account
    ("ad spend of jd_ads__a") → days with a figure above zero.
    """

    tables: dict[str, int] = field(default_factory=dict)
    closed_months: dict[str, Decimal] = field(default_factory=dict)
    data_through: str | None = None
    reported_days: dict[str, int] = field(default_factory=dict)


def inspect(con: duckdb.DuckDBPyConnection, catalog: str) -> Facts:
    """Collect the facts of an attached database. Views are read too, so that a broken one is noticed.

    Raises duckdb.Error when a table or view cannot be read.
    """
    columns: dict[str, set[str]] = {}
    for name, column in con.execute(
        """
        select table_name, column_name from duckdb_columns()
        where database_name = ? and schema_name = 'marts'
        """,
        [catalog],
    ).fetchall():
        columns.setdefault(name, set()).add(column)
    marts = f"{identifier(catalog)}.marts"

    def one(sql: str) -> str | None:
        row = con.execute(sql).fetchone()
        return None if row is None or row[0] is None else str(row[0])

    tables = {
        name: int(one(f"select count(*) from {marts}.{identifier(name)}") or 0) for name in sorted(columns)
    }
    closed: dict[str, Decimal] = {}
    if {"store_id", "period_start", "is_complete", _MONEY} <= columns.get("store_monthly", set()):
        closed = {
            str(month): amount
            for month, amount in con.execute(f"""
                select period_start, coalesce(sum({_MONEY}), 0)::decimal(38, 2) from {marts}.store_monthly
                where is_complete and store_id <> 'ALL' group by period_start order by period_start
            """).fetchall()
        }
    through = None
    daily = columns.get("store_daily", set())
    for column in ("data_through_at", "period_start"):
        if through is None and column in daily:
            through = one(f"select max({column}) from {marts}.store_daily")
    reported = {
        f"{what} of {account}": int(days)
        for what, table, needed, has_figure in _REPORTED
        if needed <= columns.get(table, set())
        for account, days in con.execute(f"""
            select account_id, count(distinct period_start) from {marts}.{table}
            where {has_figure} group by account_id order by account_id
        """).fetchall()
    }
    return Facts(tables, closed, through, reported)


def suspicions(new: Facts, old: Facts | None) -> list[str]:
    """Why the new marts should not be published over the old ones; empty when nothing looks wrong."""
    if not set(new.tables) - {LOG}:
        return ["schema marts has no table"]
    if old is None:
        return []
    found = []
    for name, rows in old.tables.items():
        if name == LOG:
            continue
        now = new.tables.get(name)
        if now is None:
            found.append(f"marts.{name} is gone ({rows:,} rows before)")
        elif rows and not now:
            found.append(f"marts.{name} is empty ({rows:,} rows before)")
        elif not name.startswith("dim_") and now < rows * (1 - MAX_SHRINK):
            found.append(
                f"marts.{name} has {now:,} rows, {1 - now / rows:.0%} fewer than the {rows:,} before"
            )
    before = sum(old.closed_months.values())
    after = sum(new.closed_months.get(month, Decimal(0)) for month in old.closed_months)
    if before > 0 and after < before * Decimal(str(1 - MAX_SHRINK)):
        found.append(
            f"paid_amount of the closed months is {after:,}, "
            f"{1 - after / before:.0%} less than the {before:,} before"
        )
    for what, days in old.reported_days.items():
        lost = days - new.reported_days.get(what, 0)
        # A report that comes back empty replaces its dates, and would turn known figures into nothing.
        if lost > MAX_LOST_DAYS or lost == days > 0:
            found.append(f"{what} is gone for {lost} of the {days} days that had some")
    if old.data_through and (new.data_through is None or new.data_through < old.data_through):
        found.append(f"data reaches to {new.data_through}, before it reached to {old.data_through}")
    return found
