"""What every reader gives: tables of text cells with their line numbers, whatever the file was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

PROBE_ROWS = 50  # banner rows end before this


@dataclass(frozen=True)
class Head:
    """The first rows of a table as one way of reading it sees them; `dialect` is the reader's own note."""

    rows: list[list[str]]
    dialect: Any = None


@dataclass(frozen=True)
class BadRow:
    """A row that could not be read. `cells` holds nothing personal: numbers, times and record ids only."""

    line: int
    reason: str
    cells: dict[str, str] = field(default_factory=dict)


@dataclass
class RawTable:
    """The wanted columns as the file has them: dictionary-encoded text, null where a cell is missing.

    lines: the line (CSV), row (workbook) or row number (Parquet) of each row, from 1.
    columns: header → values, in file order. remarks, blank: rows below the header that are no data.
    unsaved: line → {header: cell} of formulas whose results the file does not hold: null, and not empty.
    """

    lines: pa.Int64Array
    columns: dict[str, pa.DictionaryArray]
    bad: list[BadRow] = field(default_factory=list)
    remarks: int = 0
    blank: int = 0
    unsaved: dict[int, dict[str, str]] = field(default_factory=dict)


class Source(Protocol):
    """One table of a file: the file itself, or a sheet of it (`part`)."""

    part: str

    def heads(self) -> Sequence[Head]:
        """The ways the first rows can be read, the likeliest first."""
        ...

    def read(self, head: Head, header_row: int, wanted: list[int], encoding: str | None) -> RawTable:
        """All rows below `header_row` (an index into head.rows); `wanted` are column positions."""
        ...


class Collector:
    """Gathers rows into Arrow columns a block at a time, so that no file is ever held as Python lists."""

    def __init__(self, header: list[str], wanted: list[int]) -> None:
        self._wanted = wanted
        self._header = header
        self._blocks: list[list[pa.Array]] = [[] for _ in wanted]
        self._lines: list[pa.Array] = []

    def add(self, lines: list[int], rows: Sequence[Sequence[str | None]]) -> None:
        """A block of rows, each as wide as the header."""
        self._lines.append(pa.array(lines, pa.int64()))
        for block, position in zip(self._blocks, self._wanted, strict=True):
            block.append(pa.array([row[position] for row in rows], pa.string()))

    def table(self, bad: list[BadRow], remarks: int, blank: int) -> RawTable:
        columns = {}
        for block, position in zip(self._blocks, self._wanted, strict=True):
            columns[self._header[position]] = encoded(pa.chunked_array(block, pa.string()))
            block.clear()
        lines = pa.chunked_array(self._lines, pa.int64()).combine_chunks()
        return RawTable(lines, columns, bad, remarks, blank)


def encoded(values: pa.ChunkedArray | pa.Array) -> pa.DictionaryArray:
    """One dictionary-encoded array of the values."""
    whole = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    return whole.dictionary_encode()


def name_of(path: Path, part: str) -> str:
    """How a table is named in messages, manifests and the quarantine: file, or file#sheet."""
    return f"{path.name}#{part}" if part else path.name
