"""What the last complete build was made from. The next incremental build starts from here.

The models of dbt_project/models/intermediate/scope compare these tables with the present data to find what
has to be rebuilt. The tables are written in one transaction after every model and test has passed. A build
that is killed, fails or builds only some models leaves them unchanged; the next build does its work again.
"""

# ruff: noqa: S608  (names in SQL are our own)
from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

import duckdb

TABLES = """
create schema if not exists built;
create table if not exists built.state (
    build_number bigint not null, recipe varchar not null, through_load_id bigint not null,
    built_at timestamptz not null);
create table if not exists built.day_prints (
    store_id varchar, date_day date, print decimal(38, 0), events decimal(38, 0));
create table if not exists built.catalogue_prints (
    store_id varchar, date_day date, print decimal(38, 0), events decimal(38, 0));
create table if not exists built.spans (
    store_id varchar, grain varchar, period_start date, span_days integer, print decimal(38, 0));
create table if not exists built.items (
    level varchar, store_id varchar, item_id varchar, print decimal(38, 0));
create table if not exists built.fx_rates (
    currency varchar, date_day date, rate_to_reporting decimal(18, 8));
create table if not exists built.product_categories (
    platform varchar, store_id varchar, product_id varchar, category_path varchar,
    valid_from_at timestamptz, valid_until_at timestamptz);
"""
# Written to both database files with the same value: the last build that worked on them.
_TIE = """
create schema if not exists built;
create table if not exists built.tie (id varchar not null);
comment on table built.tie is 'Tells whether warehouse and marts belong together; of no use to readers.';
comment on column built.tie.id is 'The last build at work on this file.';
"""

_COPIES = {
    "day_prints": ("int_day_prints", "store_id, date_day, print, events"),
    "catalogue_prints": ("int_catalogue_prints", "store_id, date_day, print, events"),
    "spans": ("int_spans", "store_id, grain, period_start, span_days, hash(named)"),
    "items": ("int_items", "level, store_id, item_id, hash(named)"),
    "fx_rates": ("int_fx_rates", "currency, date_day, rate_to_reporting"),
    "product_categories": (
        "int_product_categories",
        "platform, store_id, product_id, category_path, valid_from_at, valid_until_at",
    ),
}
# The project's files that decide how rows are made and tested and how tables are described.
_INGREDIENTS = (
    "models/**/*.sql",
    "models/**/*.yml",
    "macros/**/*.sql",
    "seeds/**/*.csv",
    "seeds/**/*.yml",
    "dbt_project.yml",
)


def recipe(con: duckdb.DuckDBPyConnection, project_dir: Path, env: Mapping[str, str]) -> str:
    """A hash of all that the marts are made of except the records: SQL, seeds, settings, accounts.

    A different recipe needs a full build. Accounts are part of it because their store, currency and time
    zone affect every row. env: the settings that dbt gets as environment variables.
    """
    found = hashlib.sha256()
    for pattern in _INGREDIENTS:
        for path in sorted(project_dir.glob(pattern)):
            found.update(str(path.relative_to(project_dir)).encode())
            found.update(path.read_bytes())
    for name in sorted(env):
        found.update(f"{name}={env[name]}\n".encode())
    accounts = con.execute(
        "select account_id, platform, name, store_id, time_zone, currency, is_active"
        " from raw_daybook.accounts order by all"
    ).fetchall()
    found.update(repr(accounts).encode())
    return found.hexdigest()


def known_recipe(con: duckdb.DuckDBPyConnection) -> str | None:
    """The recipe of the last complete build; None before the first one."""
    if not _has(con, "built", "state"):
        return None
    row = con.execute("select recipe from built.state").fetchone()
    return None if row is None else str(row[0])


def tie(con: duckdb.DuckDBPyConnection) -> str | None:
    """The id that the last build left in this file; None before the first build.

    The same id in warehouse and marts says that they belong together.
    """
    if not _has(con, "built", "tie"):
        return None
    row = con.execute("select id from built.tie").fetchone()
    return None if row is None else str(row[0])


def bind(*cons: duckdb.DuckDBPyConnection) -> None:
    """Write a new common id into the files of a build that begins. If one of them is later replaced by a file
    from elsewhere, the ids differ."""
    name = uuid4().hex
    for con in cons:
        con.execute(_TIE)
        con.execute("begin; delete from built.tie")
        con.execute("insert into built.tie values (?)", [name])
        con.execute("commit")


def forget(con: duckdb.DuckDBPyConnection) -> None:
    """Forget the last complete build, because a full build begins: until it has passed, no build may start
    from what is there."""
    con.execute("delete from built.state")


def last_load(con: duckdb.DuckDBPyConnection) -> int:
    """The load_id of the last load into raw; 0 before the first."""
    return int(con.execute("select coalesce(max(load_id), 0) from raw_daybook.ledger").fetchall()[0][0])


def remember(con: duckdb.DuckDBPyConnection, recipe: str, through_load_id: int) -> None:
    """Record what a complete build was made from. Called after all of it has passed."""
    con.execute("begin")
    try:
        number = con.execute("select coalesce(max(build_number), 0) + 1 from built.state").fetchall()[0][0]
        for name, (source, columns) in _COPIES.items():
            con.execute(f"delete from built.{name}")
            if _has(con, "intermediate", source):  # small dbt projects in tests lack some of these models
                con.execute(f"insert into built.{name} select {columns} from intermediate.{source} as named")
        con.execute("delete from built.state")
        con.execute("insert into built.state values (?, ?, ?, now())", [number, recipe, through_load_id])
        con.execute("commit")
    except BaseException:
        con.execute("rollback")
        raise


def _has(con: duckdb.DuckDBPyConnection, schema: str, table: str) -> bool:
    return bool(
        con.execute(
            "select 1 from information_schema.tables where table_schema = ? and table_name = ?",
            [schema, table],
        ).fetchall()
    )
