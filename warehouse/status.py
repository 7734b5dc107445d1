"""The state of the warehouse: recent loads, how far each stream is read, the last build, the releases."""

# ruff: noqa: S608  (names in SQL come from our own lists or are checked by raw.table)
from __future__ import annotations

import csv
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from warehouse import raw
from warehouse.build import read_state
from warehouse.connection import connect
from warehouse.errors import LockedError, WarehouseError
from warehouse.releases import Release, Shelf


@dataclass(frozen=True)
class StreamStatus:
    """One stream of one account. mark_end: read without a gap up to there. behind_s: seconds since then."""

    platform: str | None
    account_id: str
    stream: str
    mark_end: datetime | None
    last_read_at: datetime | None
    last_loaded_at: datetime | None
    rows: int
    behind_s: float | None


@dataclass(frozen=True)
class BuildStatus:
    """The last dbt build. status: as in `build.read_state`. nodes: dbt status → number of nodes. failures:
    (node, message). seconds: run time of all nodes together."""

    status: str
    at: datetime | None
    nodes: dict[str, int] = field(default_factory=dict)
    failures: list[tuple[str, str]] = field(default_factory=list)
    seconds: float | None = None


@dataclass(frozen=True)
class Status:
    """What `daybook status` shows. busy: who is writing now; loads, streams and quarantine are empty then."""

    busy: str | None
    loads: list[dict[str, Any]]
    streams: list[StreamStatus]
    quarantine: dict[str, int]
    build: BuildStatus | None
    releases: list[Release]

    @property
    def current(self) -> Release | None:
        return next((release for release in self.releases if release.is_current), None)


def status(build_dir: Path | str, published_dir: Path | str, *, now: datetime | None = None) -> Status:
    """Collect what `daybook status` shows; `behind_s` is measured from `now`.

    It does not wait for a writer, and keeps the warehouse open for a moment only, because an open reader
    keeps writers out.
    """
    build_dir = Path(build_dir)
    now = now or datetime.now(UTC)
    state = read_state(build_dir)
    build = (
        BuildStatus(status=state["status"], at=datetime.fromisoformat(state["at"]) if state["at"] else None)
        if state is not None
        else None
    )
    shelf = Shelf(published_dir).releases()
    empty = Status(None, [], [], {}, build, shelf)
    path = build_dir / "warehouse.duckdb"
    if not path.exists():
        return empty
    try:
        con = connect(path, read_only=True, wait=0)
    except LockedError as error:
        return Status(error.message, [], [], {}, build, shelf)
    try:
        if not con.execute("select 1 from duckdb_tables() where schema_name = 'raw_daybook'").fetchone():
            return empty
        return Status(
            busy=None,
            loads=_dicts(
                con,
                """
                select load_id, account_id, stream, count(*) as partitions, sum(rows)::bigint as rows,
                    sum(rows_new)::bigint as rows_new, max(loaded_at) as loaded_at
                from raw_daybook.ledger group by all order by load_id desc limit 10
                """,
            ),
            streams=[
                StreamStatus(
                    **one, behind_s=(now - one["mark_end"]).total_seconds() if one["mark_end"] else None
                )
                for one in _dicts(con, _STREAMS)
            ],
            quarantine=dict(
                con.execute(
                    "select account_id, count(*) from raw_files.quarantine group by all order by all"
                ).fetchall()
            ),
            # A build that runs, or ended before any result, has no results yet: the stored ones are older.
            build=build if state and _has_no_results(state) else _build(con, build),
            releases=shelf,
        )
    finally:
        con.close()


def renamed_account(warehouse: Path, accounts: Iterable[Any]) -> WarehouseError | None:
    """The error with which the next load will refuse a renamed account (`raw.refuse_renamed`); None when
    there is none, or when it cannot be known because somebody is writing."""
    try:
        with connect(warehouse, read_only=True, wait=0) as con:
            raw.refuse_renamed(con, accounts)
    except (duckdb.Error, LockedError):  # nothing was ever loaded, or somebody writes
        return None
    except WarehouseError as error:
        return error if error.account else None
    return None


def currencies_with_rates(warehouse: Path, project_dir: Path) -> set[str]:
    """Currencies with a known rate, from dropped files or the project's seed, and USD, the unit of both."""
    with (project_dir / "seeds" / "fx_rates.csv").open(encoding="utf-8", newline="") as seed:
        found = {"USD", *(row["currency"] for row in csv.DictReader(seed))}
    # Without a warehouse, or while somebody writes, the seed's currencies alone are returned.
    with suppress(duckdb.Error, WarehouseError), connect(warehouse, read_only=True, wait=0) as con:
        rows = con.execute("select distinct currency from raw_daybook.dropped_rates").fetchall()
        found.update(currency for (currency,) in rows)
    return found


def stores_in_lists(warehouse: Path, project_dir: Path) -> dict[str, str]:
    """Stores that are named in lists but belong to no account ever read → the list that names them.

    The lists: dropped costs and targets, and the project's seeds of live costs and time zones.
    """
    found: dict[str, str] = {}
    for name in ("live_costs", "store_time_zones"):
        path = project_dir / "seeds" / f"{name}.csv"
        with path.open(encoding="utf-8", newline="") as seed:
            for row in (lines := csv.DictReader(seed)):
                found.setdefault(row["store_id"], f"{path}:{lines.line_num}")
    with suppress(duckdb.Error, WarehouseError), connect(warehouse, read_only=True, wait=0) as con:
        for table, of_all in (("dropped_costs", ""), ("dropped_targets", "ALL")):
            # Rows that a file no longer has when it is dropped again were corrected by its author.
            rows = con.execute(f"""
                select store_id, min(file) from (
                    select *, max(read_at) over (partition by file) as file_read_at from raw_daybook.{table}
                ) where read_at = file_read_at and store_id <> '{of_all}' group by store_id order by store_id
            """).fetchall()
            found |= dict(rows)
        for (store,) in con.execute("select store_id from raw_daybook.accounts").fetchall():
            found.pop(store, None)
    return found


def rates_far_from_ours(warehouse: Path, project_dir: Path) -> list[str]:
    """Dropped rates that are off by more than a quarter from the project's own of that time, as one told the
    other way round or for a hundred dollars is; one per file and currency."""
    with suppress(duckdb.Error, WarehouseError), connect(warehouse, read_only=True, wait=0) as con:
        rows = con.execute(
            """
            select told.file, told.units_per_usd::double, told.currency, told.rate_date, ours.units_per_usd
            from raw_daybook.dropped_rates as told
            asof join (from read_csv(?)) as ours
                on told.currency = ours.currency and told.rate_date >= ours.rate_date
            where abs(ln(told.units_per_usd / ours.units_per_usd)) > ln(1.25)
            qualify row_number() over (partition by told.file, told.currency order by told.rate_date) = 1
            order by told.file, told.currency""",
            [str(project_dir / "seeds" / "fx_rates.csv")],
        ).fetchall()
        return [
            f"{file} gives {told:g} {currency} for one US dollar on {day}, where Daybook has {ours:g}"
            for file, told, currency, day, ours in rows
        ]
    return []


_STREAMS = """
select
    any_value(l.platform) as platform, s.account_id, s.stream, s.mark_end, s.last_read_at,
    max(l.loaded_at) as last_loaded_at, coalesce(sum(l.rows_new), 0)::bigint as rows
from raw_daybook.stream_status as s
left join raw_daybook.ledger as l on l.account_id = s.account_id and l.stream = s.stream
group by s.account_id, s.stream, s.mark_end, s.last_read_at
order by s.account_id, s.stream
"""

# The run that was written last. By rowid and not by time, because the clock may have been set back.
_LAST_RUN = "select arg_max(run_id, rowid) from raw_daybook.dbt_results"


def _has_no_results(state: dict[str, Any]) -> bool:
    return state["status"] in ("running", "failed") and state["run_id"] is None


def _build(con: Any, build: BuildStatus | None) -> BuildStatus | None:
    nodes = dict(
        con.execute(
            f"""
            select status, count(*) from raw_daybook.dbt_results
            where run_id = ({_LAST_RUN}) group by status order by status
            """
        ).fetchall()
    )
    if not nodes:
        return build
    failures = con.execute(f"""
        select node, coalesce(message, status) from raw_daybook.dbt_results
        where run_id = ({_LAST_RUN}) and status in ('error', 'fail', 'runtime error') order by node
    """).fetchall()
    seconds, at = con.execute(f"""
        select sum(execution_s), max(finished_at) from raw_daybook.dbt_results where run_id = ({_LAST_RUN})
    """).fetchall()[0]
    return BuildStatus(
        status=build.status if build else ("failed" if failures else "passed"),
        at=build.at if build else at,
        nodes=nodes,
        failures=failures,
        seconds=seconds,
    )


def _dicts(con: Any, sql: str) -> list[dict[str, Any]]:
    cursor = con.execute(sql)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
