"""A warehouse with raw tables, filled by hand as the loader would, and real dbt run on it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
from dbt_runs import Ran, dbt

from extractors.accounts import Account
from extractors.registry import platforms
from warehouse import raw
from warehouse.failures import compiled_sql, found_by

STREAMS = {
    name: {stream.name: stream.kind for stream in platform.streams} for name, platform in platforms().items()
}
ACCOUNTS = [
    Account("taobao__a", "taobao", "A", "a_tmall", "Asia/Shanghai", "CNY"),
    Account("woocommerce__a", "woocommerce", "A", "a_web", "America/New_York", "USD"),
    Account("ocean_engine__a", "ocean_engine", "A", "a_web", "Asia/Shanghai", "CNY"),
    Account("baidu_tongji__a", "baidu_tongji", "A", "a_web", "Asia/Shanghai", "CNY"),
    Account("files__a", "files", "A", "a_uk", "Europe/London", "GBP"),
]
ACCOUNT_OF = {account.platform: account.id for account in ACCOUNTS}

Payload = Mapping[str, Any]
Tables = dict[str, list[dict[str, Any]]]


def utc(text: str) -> datetime:
    """An instant from ISO text without zone, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class World:
    """One build folder. Every method opens the file and closes it again, because dbt needs it alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        with self.open() as con:
            raw.prepare(con, {}, ACCOUNTS)
            for platform, streams in STREAMS.items():
                for stream, kind in streams.items():
                    raw.ensure_stream(con, platform, stream, kind)

    def open(self, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
        con = duckdb.connect(str(self.folder / "warehouse.duckdb"), read_only=read_only)
        con.execute("set TimeZone = 'UTC'")
        return con

    def versions(
        self,
        platform: str,
        stream: str,
        load_id: int,
        read_at: str,
        rows: Iterable[tuple[str, str, Payload | None]],
    ) -> None:
        """Versions of records as one load brings them: (key, modified time in UTC, payload; none of what has left a list)."""
        with self.open() as con:
            for key, cursor_at, payload in rows:
                text = json.dumps(payload, ensure_ascii=False)
                con.execute(
                    f"insert into {raw.table(platform, stream)} by name select ? as account_id, ? as record_key,"
                    " ? as cursor_at, ?::json as payload, md5(?) as payload_hash, ? as read_at, ? as load_id,"
                    " ? as loaded_at",
                    [
                        ACCOUNT_OF[platform],
                        key,
                        utc(cursor_at),
                        text,
                        text,
                        utc(read_at),
                        load_id,
                        utc(read_at),
                    ],
                )

    def report(
        self, platform: str, stream: str, load_id: int, read_at: str, dates: Mapping[str, Iterable[Payload]]
    ) -> None:
        """One read of some dates on the business day of read_at; it replaces that day's earlier read of a date."""
        account, table, as_of = ACCOUNT_OF[platform], raw.table(platform, stream), utc(read_at).date()
        with self.open() as con:
            for day, rows in dates.items():
                place = [account, date.fromisoformat(day), as_of]
                con.execute(
                    f"delete from {table} where (account_id, report_date, as_of_date) = (?, ?, ?)", place
                )
                con.execute(
                    "delete from raw_daybook.report_reads where platform = ? and stream = ?"
                    " and (account_id, report_date, as_of_date) = (?, ?, ?)",
                    [platform, stream, *place],
                )
                count = 0
                for count, payload in enumerate(rows, 1):
                    con.execute(
                        f"insert into {table} by name select ? as account_id, ? as report_date, ? as as_of_date,"
                        " ? as record_key, ?::json as payload, md5(?) as payload_hash, ? as read_at, ? as load_id,"
                        " ? as loaded_at",
                        [
                            *place,
                            str(payload.get("id", f"{day}|{count}")),
                            json.dumps(payload),
                            json.dumps(payload),
                            utc(read_at),
                            load_id,
                            utc(read_at),
                        ],
                    )
                con.execute(
                    "insert into raw_daybook.report_reads values (?, ?, ?, ?, ?, ?, ?, ?)",
                    [platform, account, stream, place[1], as_of, utc(read_at), load_id, count],
                )

    def dbt(self, command: str, *arguments: str, names: Iterable[str] = ()) -> Ran:
        """Real dbt on the staging models of this folder, or on those of some platforms."""
        select = [f"staging.{name}" for name in names] or ["staging"]
        return dbt(self.folder, self.folder / "target", command, *arguments, "--select", *select)

    def found_since(self, test: str, through: int) -> list[str]:
        """What a test of the last run finds where a whole build knows all loads up to `through`."""
        with self.open() as con:
            con.execute(
                "delete from built.state; insert into built.state values (1, 'a recipe', ?, now())", [through]
            )
        sql = compiled_sql(self.folder / "target", test)
        assert sql is not None, f"{test} has not run"
        return found_by(sql, self.folder)

    def tables(self) -> Tables:
        """Every staging relation whole, its rows in one fixed order."""
        with self.open(read_only=True) as con:
            names = con.execute(
                "select table_name from information_schema.tables where table_schema = 'staging'"
            ).fetchall()
            found = {}
            for (name,) in names:
                cursor = con.execute(f"select * from staging.{name} order by all")
                columns = [column[0] for column in cursor.description or []]
                found[name] = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
        return found

    def types(self) -> dict[str, list[tuple[str, str]]]:
        """Column names and types of every staging view, in order."""
        with self.open(read_only=True) as con:
            rows = con.execute(
                "select table_name, column_name, data_type from information_schema.columns"
                " where table_schema = 'staging' order by table_name, ordinal_position"
            ).fetchall()
        found: dict[str, list[tuple[str, str]]] = {}
        for name, column, kind in rows:
            found.setdefault(name, []).append((column, kind))
        return found


@dataclass(frozen=True)
class Story:
    """What staging held after each run, and what dbt said."""

    first: Tables
    last: Tables
    anew: Tables
    types: dict[str, list[tuple[str, str]]]
    world: World
    first_run: Ran
    last_run: Ran
    anew_run: Ran
