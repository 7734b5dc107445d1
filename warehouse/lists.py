"""Dropped lists (currency rates, costs, targets) → raw_daybook.dropped_*, one row per key.

When two files have a row with the same key, the one of the file that was read later counts, in whatever order
they are loaded.
"""

# ruff: noqa: S608 (every value goes in through literal(); names are our own)
from __future__ import annotations

from collections.abc import Mapping as Columns
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from warehouse.connection import literal

if TYPE_CHECKING:
    from extractors.files.mapping import Mapping
    from extractors.landing import Manifest

DAY = "date"


@dataclass(frozen=True)
class _Table:
    """A table of raw_daybook. key, values: column → type. A key column that a file leaves out is ''."""

    name: str
    key: Columns[str, str]
    values: Columns[str, str]


_TABLES = {
    "rate": _Table(
        "dropped_rates", {"currency": "varchar", "rate_date": DAY}, {"units_per_usd": "decimal(18, 6)"}
    ),
    "cost": _Table(
        "dropped_costs",
        {"store_id": "varchar", "product_id": "varchar", "sku_id": "varchar", "valid_from": DAY},
        {"unit_cost": "decimal(18, 4)", "currency": "varchar"},
    ),
    "target": _Table(
        "dropped_targets",
        {"store_id": "varchar", "metric": "varchar", "month": DAY},
        {"target": "decimal(18, 4)"},
    ),
}
TABLES = "\n".join(
    f"create table if not exists raw_daybook.{one.name} ("
    + ", ".join(f"{name} {kind} not null" for name, kind in {**one.key, **one.values}.items())
    + ", file varchar not null, read_at timestamptz not null, load_id bigint not null);"
    for one in _TABLES.values()
)


def is_list(mapping: Mapping) -> bool:
    """Whether a file is one of these lists, and not an account's orders, refunds or reports."""
    return mapping.row in _TABLES


def load_list(
    con: duckdb.DuckDBPyConnection, manifest: Manifest, mapping: Mapping, cells: Path, load_id: int
) -> tuple[int, int]:
    """Add a file's rows inside the caller's transaction. Of two rows with one key, the lower one counts.

    cells: the file's rows as Parquet. Returns: (rows of the file, rows that are new or have new values).
    """
    import pyarrow.parquet as pq

    table = _TABLES[mapping.row]
    have = set(pq.read_schema(cells).names)
    zone = literal(mapping.time_zone or "UTC")

    def key(name: str, kind: str) -> str:
        if name not in have:
            return f"'' as {name}"
        if kind == DAY:
            return f"({name}::timestamptz at time zone {zone})::date as {name}"
        return f"coalesce({name}, '') as {name}"

    con.execute(f"""
        create or replace temp table _told as
        select
            {", ".join(key(name, kind) for name, kind in table.key.items())},
            {", ".join(f"arg_max({name}, line)::{kind} as {name}" for name, kind in table.values.items())},
            count(*) as lines
        from read_parquet({literal(str(cells))})
        group by {", ".join(str(place + 1) for place in range(len(table.key)))}""")
    read_at = f"timestamptz {literal(manifest.read_at.isoformat())}"
    same = " and ".join(f"held.{name} = _told.{name}" for name in table.key)
    other = " or ".join(f"held.{name} <> _told.{name}" for name in table.values)
    con.execute(f"""
        delete from raw_daybook.{table.name} as held using _told
        where {same} and held.read_at <= {read_at} and ({other})""")
    con.execute(f"""
        update raw_daybook.{table.name} as held
        set read_at = {read_at}, file = {literal(manifest.extra["file"])} from _told
        where {same} and held.read_at < {read_at}""")
    added = con.execute(f"""
        insert into raw_daybook.{table.name}
        select {", ".join((*table.key, *table.values))},
            {literal(manifest.extra["file"])}, {read_at}, {load_id}
        from _told where not exists (select 1 from raw_daybook.{table.name} as held where {same})
        """).fetchall()[0][0]
    rows = con.execute("select coalesce(sum(lines), 0)::bigint from _told").fetchall()[0][0]
    con.execute("drop table _told")
    return int(rows), int(added)
