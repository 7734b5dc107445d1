"""The loader's books: what was loaded when, and how far each stream has come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import duckdb

from extractors.landing import Manifest


@dataclass(frozen=True)
class LoadedPartition:
    """One partition that is now in raw. rows_new: the rows it added (0: all of them were known)."""

    manifest_id: str
    platform: str
    account_id: str
    stream: str
    window: str
    rows: int
    rows_new: int
    load_id: int


def loaded_ids(con: duckdb.DuckDBPyConnection) -> set[str]:
    """The ids of the manifests that are in raw."""
    return {row[0] for row in con.execute("select manifest_id from raw_daybook.ledger").fetchall()}


def next_load_id(con: duckdb.DuckDBPyConnection) -> int:
    """The id for the load transaction that is open. It is unique because there is one writer at a time."""
    return int(con.execute("select coalesce(max(load_id), 0) + 1 from raw_daybook.ledger").fetchall()[0][0])


def loaded_later(con: duckdb.DuckDBPyConnection, like: Manifest, read_at: datetime) -> list[str]:
    """Ids of manifests in raw of the same account and stream that were read after `read_at`, oldest first."""
    rows = con.execute(
        """
        select manifest_id from raw_daybook.ledger
        where platform = ? and account_id = ? and stream = ? and read_at > ? order by read_at, manifest_id
        """,
        [like.platform, like.account_id, like.stream, read_at],
    ).fetchall()
    return [row[0] for row in rows]


def is_covered(con: duckdb.DuckDBPyConnection, manifest: Manifest) -> bool:
    """Whether a later read that covers the manifest's whole window is in raw."""
    rows = con.execute(
        """
        select 1 from raw_daybook.ledger
        where platform = ? and account_id = ? and stream = ?
          and window_start <= ? and window_end >= ? and read_at > ?
        limit 1
        """,
        [manifest.platform, manifest.account_id, manifest.stream, manifest.window_start,
         manifest.window_end, manifest.read_at],
    ).fetchall()  # fmt: skip
    return bool(rows)


def write(
    con: duckdb.DuckDBPyConnection,
    manifest: Manifest,
    load_id: int,
    rows: int,
    rows_new: int,
    mark: datetime | None = None,
) -> LoadedPartition:
    """Write a partition's ledger row and update how far its stream is read.

    mark: how far landing has read the stream without a gap (None for files, which have no mark). Slices
        behind a failed one are loaded, too; counting them would hide the gap.
    """
    reached = manifest.window_end if mark is None else min(manifest.window_end, mark)
    con.execute(
        "insert into raw_daybook.ledger values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, now())",
        [load_id, manifest.id, manifest.platform, manifest.account_id, manifest.stream, manifest.kind,
         manifest.window_start, manifest.window_end, manifest.read_at, rows, rows_new],
    )  # fmt: skip
    where = [manifest.account_id, manifest.stream]
    held = con.execute(
        "select mark_end, last_read_at from raw_daybook.stream_status where account_id = ? and stream = ?",
        where,
    ).fetchone()
    if held is None:
        con.execute(
            "insert into raw_daybook.stream_status values (?, ?, ?, ?)",
            [*where, reached, manifest.read_at],
        )
    else:
        con.execute(
            """
            update raw_daybook.stream_status
            set mark_end = greatest(mark_end, ?::timestamptz),
                last_read_at = greatest(last_read_at, ?::timestamptz)
            where account_id = ? and stream = ?
            """,
            [reached, manifest.read_at, *where],
        )
    return LoadedPartition(
        manifest.id, manifest.platform, manifest.account_id, manifest.stream, str(manifest.window),
        rows, rows_new, load_id,
    )  # fmt: skip
