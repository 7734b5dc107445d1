"""The tables of the raw layer: a schema per platform, a table per stream, and Daybook's own bookkeeping.

They are created for every registered platform and stream, even without data, so that dbt can always build.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb

from warehouse import built, lists
from warehouse.errors import WarehouseError

FILES = "files"  # the platform of file drops
_NAME = re.compile(r"^[a-z][a-z0-9_]*$")

_CURSOR = """
    account_id varchar not null, record_key varchar not null, cursor_at timestamptz not null,
    payload json{packed} not null, payload_hash varchar not null,
    window_start timestamptz, window_end timestamptz, read_at timestamptz not null,
    load_id bigint not null, loaded_at timestamptz not null"""
_REPORT = """
    account_id varchar not null, record_key varchar not null,
    report_date date not null, as_of_date date not null,
    payload json{packed} not null, payload_hash varchar not null,
    window_start timestamptz, window_end timestamptz, read_at timestamptz not null,
    load_id bigint not null, loaded_at timestamptz not null"""

_BOOKS = """
create schema if not exists raw_daybook;
create table if not exists raw_daybook.ledger (
    load_id bigint not null, manifest_id varchar not null unique, platform varchar not null,
    account_id varchar not null, stream varchar not null, kind varchar not null,
    window_start timestamptz, window_end timestamptz, read_at timestamptz not null,
    rows bigint not null, rows_new bigint not null, loaded_at timestamptz not null);
create table if not exists raw_daybook.report_reads (
    platform varchar not null, account_id varchar not null, stream varchar not null,
    report_date date not null, as_of_date date not null, read_at timestamptz not null,
    load_id bigint not null, rows bigint not null);
create table if not exists raw_daybook.accounts (
    account_id varchar not null, platform varchar not null, name varchar, store_id varchar not null,
    time_zone varchar not null, currency varchar not null, is_active boolean not null);
create table if not exists raw_daybook.account_streams (
    account_id varchar not null, stream varchar not null, is_wanted boolean not null);
create table if not exists raw_daybook.stream_status (
    account_id varchar not null, stream varchar not null, mark_end timestamptz, last_read_at timestamptz);
create table if not exists raw_daybook.dbt_results (
    run_id varchar not null, node varchar not null, resource_type varchar, status varchar not null,
    execution_s double, rows_affected bigint, message varchar, finished_at timestamptz);
create schema if not exists raw_files;
create table if not exists raw_files.quarantine (
    account_id varchar not null, file varchar not null, file_sha256 varchar, line bigint,
    reason varchar not null,
    cells json, load_id bigint not null, loaded_at timestamptz not null);
"""


def table(platform: str, stream: str) -> str:
    """`raw_<platform>.<stream>`. Raises WarehouseError unless both are plain names: they go into SQL text."""
    for name in (platform, stream):
        if not _NAME.match(name):
            raise WarehouseError(
                f"{name!r} cannot be a table's name", advice="use lower-case letters, digits, underscores"
            )
    return f"raw_{platform}.{stream}"


def prepare(con: duckdb.DuckDBPyConnection, platforms: Mapping[str, Any], accounts: Iterable[Any]) -> None:
    """Create missing tables and write the accounts, and what is read of them, as they are in accounts.yml.

    Args:
        platforms: name → Platform.
        accounts: all accounts of accounts.yml. One that was removed from the file keeps its row, with
            is_active = false, because its history stays in the marts.
    Raises:
        WarehouseError: see `refuse_renamed`.
    """
    prepare_books(con)
    found = con.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
    there = {name for (name,) in found}
    con.execute("begin")
    for name, platform in platforms.items():
        for stream in platform.streams:
            if table(name, stream.name) not in there:
                ensure_stream(con, name, stream.name, stream.kind)
    con.execute("commit")
    accounts = list(accounts)
    _write_accounts(con, accounts)
    _write_streams(con, platforms, accounts)


def prepare_books(con: duckdb.DuckDBPyConnection) -> None:
    """Create the bookkeeping tables that are missing: raw_daybook, built and the files' quarantine."""
    con.execute(_BOOKS)
    con.execute(lists.TABLES)
    con.execute(built.TABLES)


def ensure_stream(con: duckdb.DuckDBPyConnection, platform: str, stream: str, kind: str) -> None:
    """Create one stream's table. `kind` is cursor or report. Raises WarehouseError for any other."""
    if kind not in ("cursor", "report"):
        raise WarehouseError(f"{platform} {stream} is of unknown kind {kind!r}", advice="cursor or report")
    name = table(platform, stream)
    con.execute(f"create schema if not exists raw_{platform}")
    columns = (_CURSOR if kind == "cursor" else _REPORT).format(packed=_compression(con))
    con.execute(f"create table if not exists {name} ({columns})")


def _compression(con: duckdb.DuckDBPyConnection) -> str:
    """zstd for payloads, which repeat each other's text; nothing in files of an older format without it."""
    form = con.execute(
        "select tags['storage_version'] from duckdb_databases() where database_name = current_database()"
    ).fetchone()
    is_old = form is None or form[0] is None or form[0].startswith(("v0.", "v1.0.", "v1.1."))
    return "" if is_old else " using compression zstd"


def _write_accounts(con: duckdb.DuckDBPyConnection, accounts: Sequence[Any]) -> None:
    rows = [(a.id, a.platform, a.name, a.store_id, a.time_zone, a.currency) for a in accounts]
    wanted = sorted((*row, True) for row in rows)
    stored = con.execute("select * from raw_daybook.accounts order by account_id").fetchall()
    if [row for row in stored if row[6]] == wanted:
        return
    refuse_renamed(con, accounts)
    kept = [(*row[:6], False) for row in stored if row[0] not in {w[0] for w in wanted}]
    con.execute("begin")
    con.execute("delete from raw_daybook.accounts")
    for row in (*wanted, *kept):
        con.execute("insert into raw_daybook.accounts values (?, ?, ?, ?, ?, ?, ?)", row)
    con.execute("commit")


def _write_streams(
    con: duckdb.DuckDBPyConnection, platforms: Mapping[str, Any], accounts: Sequence[Any]
) -> None:
    """Each account's streams, and whether accounts.yml has them read: what was never read leaves no other
    trace here. An account that left the file keeps its rows; an inbox is asked for nothing."""
    rows = [
        (account.id, stream.name, not account.streams or stream.name in account.streams)
        for account in accounts
        if account.platform in platforms and account.platform != FILES
        for stream in platforms[account.platform].streams
    ]
    told = {account_id for account_id, _, _ in rows}
    stored = con.execute("select * from raw_daybook.account_streams").fetchall()
    if {row for row in stored if row[0] in told} == set(rows):
        return
    con.execute("begin")
    con.executemany("delete from raw_daybook.account_streams where account_id = ?", [[one] for one in told])
    con.executemany("insert into raw_daybook.account_streams values (?, ?, ?)", rows)
    con.execute("commit")


def refuse_renamed(con: duckdb.DuckDBPyConnection, accounts: Iterable[Any]) -> None:
    """Raises WarehouseError when accounts.yml replaced an account that has been read by one with another id
    on the same platform and store. It would read the same days again, and orders would count twice."""
    stored = con.execute("""
        select account_id, platform, store_id,
            is_active and account_id in (select account_id from raw_daybook.ledger)
        from raw_daybook.accounts
    """).fetchall()
    wanted, known = {one.id: one for one in accounts}, {row[0] for row in stored}
    left = {
        (platform, store): old for old, platform, store, is_read in stored if is_read and old not in wanted
    }
    for one in wanted.values():
        old = left.get((one.platform, one.store_id))
        if old is not None and one.id not in known:
            raise WarehouseError(
                f"accounts.yml has it in place of {old}: what both read for {one.store_id} would count twice",
                account=one.id,
                advice=f"give it the id {old} again (its name is free to change); if it is another shop or "
                "advertiser, take both out, run daybook load, and add it then",
            )
