"""The common result of all file readers: tables of text cells with line numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

PROBE_ROWS = 50  # the header is searched for in this many rows; notes above it are shorter


@dataclass(frozen=True)
class Head:
    """The first rows of a table under one way of reading it. dialect: that way, for the reader itself."""

    rows: list[list[str]]
    dialect: Any = None


@dataclass(frozen=True)
class BadRow:
    """A row that could not be read. cells: only its numbers, times and record ids; nothing personal."""

    line: int
    reason: str
    cells: dict[str, str] = field(default_factory=dict)


@dataclass
class RawTable:
    """The wanted columns of a table: dictionary-encoded text, null where a cell is missing.

    lines: the line (CSV), row (workbook) or row number (Parquet) of each row, from 1.
    columns: header → values, in the order of the file. remarks, blank: numbers of rows that are not data.
    unsaved: line → {header: cell name} of formulas whose results are not stored; their values are null here,
        although the cells are not empty.
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
    """Collects rows into Arrow columns, block by block, so that no whole file is held as Python lists."""

    def __init__(self, header: list[str], wanted: list[int]) -> None:
        self._wanted = wanted
        self._header = header
        self._blocks: list[list[pa.Array]] = [[] for _ in wanted]
        self._lines: list[pa.Array] = []

    def add(self, lines: list[int], rows: Sequence[Sequence[str | None]]) -> None:
        """Add a block of rows, each as wide as the header."""
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
    """The name of a table in messages, manifests and the quarantine: file, or file#sheet."""
    return f"{path.name}#{part}" if part else path.name
