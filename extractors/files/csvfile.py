"""Reads CSV and similar text files: the usual delimiters and encodings, notes above or below the data."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from extractors.files.refusal import FileRefused
from extractors.files.tables import PROBE_ROWS, BadRow, Collector, Head, RawTable
from extractors.files.text import encoding_of, is_remark, is_sentence

_DELIMITERS = (",", "\t", ";", "|")
_BLOCK = 1 << 16  # rows converted to Arrow at a time
_RUNAWAY = 100  # a row that spans more lines than this has a quote that was never closed
_WIDE = 8  # with so many columns, a text that contains a row's number of delimiters does so not by chance


@dataclass(frozen=True)
class Dialect:
    delimiter: str
    encoding: str


class CsvSource:
    """A text file as a table. encodings: tried in addition to the detected one (mappings may name some)."""

    part = ""

    def __init__(self, path: Path, encodings: list[str] | None = None) -> None:
        self._path = path
        detected, self._is_certain = encoding_of(path)
        others = [] if self._is_certain else encodings or []
        self._encodings = list(dict.fromkeys([detected, *others]))

    def heads(self) -> list[Head]:
        """A head per encoding and delimiter, widest first, so that a comma in a text is not taken for one."""
        found = []
        for encoding in self._encodings:
            for delimiter in _DELIMITERS:
                dialect = Dialect(delimiter, encoding)
                with self._path.open(encoding=encoding, errors="replace", newline="") as file:
                    try:
                        rows = list(islice(csv.reader(file, delimiter=delimiter), PROBE_ROWS))
                    except csv.Error:
                        rows = []
                found.append(Head(rows, dialect))
        return sorted(found, key=lambda head: -max((len(row) for row in head.rows), default=0))

    def read(self, head: Head, header_row: int, wanted: list[int], encoding: str | None) -> RawTable:
        header = head.rows[header_row]
        collector = Collector(header, wanted)
        bad: list[BadRow] = []
        counts = {"blank": 0, "remarks": 0}
        numbers: list[int] = []
        rows: list[list[str]] = []
        stated = None if self._is_certain else encoding
        with self._path.open(encoding=stated or head.dialect.encoding, errors="replace", newline="") as file:
            lines = _Lines(file)
            for row in self._rows(lines, head.dialect.delimiter, header_row):
                line, reason = lines.first, None
                mended: list[str] | None = row
                if lines.are_torn(row, len(header), head.dialect.delimiter):
                    reason = "opens a quote that is not closed"
                elif len(row) != len(header):
                    mended, reason = self._mended(row, len(header), counts)
                if reason is not None:
                    # The cells are in the wrong columns, so any of them may be a name or a phone number: none
                    # is kept. One of them may contain whole further rows: those lines are read again.
                    bad.append(BadRow(line, reason))
                    lines.give_back()
                elif mended is not None:
                    numbers.append(line)
                    rows.append(mended)
                if len(rows) == _BLOCK:
                    collector.add(numbers, rows)
                    numbers, rows = [], []
        collector.add(numbers, rows)
        return collector.table(bad, **counts)

    def _rows(self, lines: _Lines, delimiter: str, header_row: int) -> Iterator[list[str]]:
        """Every row below the header. While a row is handled, `lines.row` has the lines that it came from."""
        try:
            for number, row in enumerate(csv.reader(lines, delimiter=delimiter)):
                if len(lines.row) > _RUNAWAY:
                    raise self._unclosed(lines.first)
                if number > header_row:
                    yield row
                lines.row.clear()
        except csv.Error as error:
            if "field limit" in str(error):
                raise self._unclosed(lines.first) from None
            raise FileRefused(
                f"{self._path.name}:{lines.first} cannot be read as CSV: {error}",
                advice="export the file again, or mend that line",
            ) from None

    def _unclosed(self, line: int) -> FileRefused:
        return FileRefused(
            f"{self._path.name}:{line} opens a quote that is not closed",
            advice="mend the quotes of that line, or export the file again",
        )

    @staticmethod
    def _mended(row: list[str], width: int, counts: dict[str, int]) -> tuple[list[str] | None, str | None]:
        """A row whose width differs from the header's.

        Returns (row, None) when only empty cells at its end are too many, (None, reason) when it cannot be
        read, and (None, None) when it is blank or a remark, which is counted.
        """
        filled = len(row)
        while filled and not row[filled - 1].strip():
            filled -= 1
        if not filled:
            counts["blank"] += 1
        elif is_remark(next(cell for cell in row if cell.strip())) or (
            filled == 1 < width and is_sentence(row[0])
        ):
            counts["remarks"] += 1
        elif filled <= width < len(row):
            return row[:width], None
        else:
            return None, f"{len(row)} cells where the header has {width}"
        return None, None


class _Lines:
    """The lines of a file for a CSV reader. Where a quotation mark is part of a text, the reader takes too
    many lines as one row; `give_back` lets it read them again.

    row: the lines read since it was last cleared.
    """

    def __init__(self, file: Iterator[str]) -> None:
        self._file = file
        self._again: list[str] = []
        self._given = 0
        self.row: list[str] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else next(self._file)
        self._given += 1
        self.row.append(line)
        return line

    @property
    def first(self) -> int:
        """The number of the row's first line."""
        return self._given - len(self.row) + 1

    def give_back(self) -> None:
        """Let all lines of the row except the first be read again."""
        self._given -= len(self.row) - 1
        self._again += self.row[:0:-1]

    def are_torn(self, row: list[str], width: int, delimiter: str) -> bool:
        """Whether the row's lines were joined by a quotation mark that is part of a text.

        Signs of it: text follows directly behind the closing mark, there is no closing mark, or one cell
        contains exactly the delimiters that so many further rows would have.
        """
        if len(self.row) < 2:
            return False
        blanks = " " if delimiter == "\t" else " \t"
        text = re.sub(f'"[{blanks}]+(?=[{re.escape(delimiter)}\r\n])', '"', "".join(self.row))
        try:
            list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
        except csv.Error:
            return True
        rows = (len(self.row) - 1) * (width - 1)
        return width >= _WIDE and len(row) == width and any(cell.count(delimiter) == rows for cell in row)
