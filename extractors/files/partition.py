"""Writes a file's rows as a landing partition: readable cells as text with line numbers, and rejected
rows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from extractors.accounts import Account
from extractors.core.window import Window
from extractors.files.cells import Cells
from extractors.files.lists import LISTS, PLATFORM
from extractors.files.mapping import Mapping
from extractors.files.tables import BadRow
from extractors.landing import Landing, Manifest

CELLS = "cells.parquet"
QUARANTINE = "quarantine.parquet"


def stream_of(mapping: Mapping) -> str:
    """The stream of a file's partition. Files of orders may contain refunds, too."""
    own = next((one.name for one in LISTS if one.row == mapping.row), None)
    return own or ("refunds" if mapping.row == "refund" else "orders")


def land(
    landing: Landing,
    account: Account,
    mapping: Mapping,
    cells: Cells,
    read_at: datetime,
    facts: dict[str, Any],
) -> Manifest:
    """Write the partition and return its manifest.

    facts: file, part, file_sha256, file_bytes. They are stored in manifest.extra together with the resolved
    mapping, counts, and the watermark: the latest instant in the file. Of two files with the same order, the
    one with the later watermark counts.
    """
    if cells.first is None or cells.last is None:
        raise ValueError("a file without a readable row has nothing to land")
    window = Window(
        datetime.fromisoformat(cells.first), datetime.fromisoformat(cells.last) + timedelta(seconds=1)
    )
    with landing.partition(PLATFORM, account.id, stream_of(mapping), "cursor", window, read_at) as partition:
        path = partition.add_file(CELLS, cells.table.num_rows)
        pq.write_table(cells.table, path, compression="zstd")
        if cells.bad:
            # Rejected rows are not records and do not count as the partition's rows.
            pq.write_table(quarantine(cells.bad), partition.add_file(QUARANTINE, 0), compression="zstd")
        return partition.commit(
            extra={
                **facts,
                **what_was_read(mapping, cells),
                "watermark": cells.last,
                "rows": cells.table.num_rows,
            }
        )


def what_was_read(mapping: Mapping, cells: Cells) -> dict[str, Any]:
    """The part of manifest.extra that every file's partition has."""
    return {
        "mapping": mapping.as_json(),
        "mapping_fingerprint": mapping.fingerprint,
        "quarantined": len(cells.bad),
        "remarks": cells.remarks,
        "blank": cells.blank,
    }


def quarantine(bad: list[BadRow]) -> pa.Table:
    """Rejected rows as the table that lands."""
    return pa.table(
        {
            "line": pa.array([row.line for row in bad], pa.int64()),
            "reason": pa.array([row.reason for row in bad], pa.string()),
            "cells": pa.array([orjson.dumps(row.cells).decode() for row in bad], pa.string()),
        }
    )
