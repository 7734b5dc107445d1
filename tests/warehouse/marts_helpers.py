"""A small daybook.duckdb with the marts' names, as dbt would leave it."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import duckdb

from warehouse.build import STATE

FIRST = date(2026, 9, 1)
DAYS = 61  # September and October
STORES = ("alpha", "beta")


def build_marts(
    build_dir: Path,
    *,
    version: int = 1,
    days: int = DAYS,
    amount: float = 100,
    stores: tuple[str, ...] = STORES,
    extra: str = "",
) -> Path:
    """(Re)build the marts in build_dir/daybook.duckdb: `amount` a day and store, `version` in every table."""
    build_dir.mkdir(parents=True, exist_ok=True)
    path = build_dir / "daybook.duckdb"
    con = duckdb.connect(str(path))
    con.execute("set TimeZone = 'UTC'")
    last = FIRST + timedelta(days=days)
    names = ", ".join(f"('{name}')" for name in stores)
    con.execute(f"""
        begin;
        create schema if not exists marts;
        create or replace table marts.dim_store as
        select store_id, {version} as version from (values {names}) as t(store_id);
        create or replace table marts.fct_sales as
        select store_id, d::date as sale_date, {amount}::decimal(18, 2) as amount, {version} as version
        from marts.dim_store, range(date '{FIRST}', date '{last}', interval 1 day) as t(d);
    """)
    for table, grain in (("store_daily", "day"), ("store_weekly", "week"), ("store_monthly", "month")):
        con.execute(f"""
            create or replace table marts.{table} as
            select
                store_id, date_trunc('{grain}', sale_date)::date as period_start,
                (date_trunc('{grain}', sale_date) + interval 1 {grain})::date <= date '{last}' as is_complete,
                timestamptz '{last} 00:00:00+00' as data_through_at,
                count(*) as orders_paid, sum(amount)::decimal(18, 2) as paid_amount,
                0::decimal(18, 2) as refund_amount, null::bigint as visitors, null::double as pay_conversion,
                null::decimal(18, 2) as ad_spend, null::double as blended_roas, max(version) as version
            from marts.fct_sales group by all;
        """)
    con.execute("""
        create or replace table marts.dim_metric as
        from (values ('store', 'orders_paid', 'A', 'paid date'), ('store', 'paid_amount', 'A', 'paid date'),
            ('store', 'refund_amount', 'A', 'refund date'), ('store', 'visitors', 'D', 'visit date'),
            ('store', 'buyers', 'D', 'paid date'), ('store', 'ad_spend', 'A', 'ad report date'),
            ('store', 'blended_roas', 'R', null)) as t(mart, metric, additivity, clock)""")
    con.execute("create or replace view marts.best_store as select * from daybook.marts.store_monthly")
    if extra:
        con.execute(extra)
    con.execute("commit")
    con.close()
    (build_dir / STATE).write_text(json.dumps({"status": "passed", "run_id": None}))
    return path


def change(path: Path, sql: str) -> None:
    """One statement against a database file."""
    con = duckdb.connect(str(path))
    con.execute("set TimeZone = 'UTC'")
    con.execute(sql)
    con.close()
