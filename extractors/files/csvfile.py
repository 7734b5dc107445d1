"""CSV and its cousins: the usual delimiters and encodings, notes above the header and below the data."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from extractors.files.refusal import FileRefused
from extractors.files.tables import PROBE_ROWS, BadRow, Collector, Head, RawTable
from extractors.files.text import encoding_of, is_remark, is_sentence

_DELIMITERS = (",", "\t", ";", "|")
_BLOCK = 1 << 16  # rows turned into Arrow at a time
_RUNAWAY = 100  # lines one row may span before it is a quote that was never closed


@dataclass(frozen=True)
class Dialect:
    delimiter: str
    encoding: str


class CsvSource:
    """A text file as a table. `encodings` are tried besides the detected one (mappings may name some)."""

    part = ""

    def __init__(self, path: Path, encodings: list[str] | None = None) -> None:
        self._path = path
        detected, self._is_certain = encoding_of(path)
        others = [] if self._is_certain else encodings or []
        self._encodings = list(dict.fromkeys([detected, *others]))

    def heads(self) -> list[Head]:
        """One head for each encoding and delimiter; widest first, so that a stray comma does not win."""
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
        lines: list[int] = []
        rows: list[list[str]] = []
        for line, end, row in self._rows(head.dialect, header_row, encoding):
            if len(row) != len(header):
                mended = self._mended(row, len(header), (line, end), bad, counts)
                if mended is None:
                    continue
                row = mended
            lines.append(line)
            rows.append(row)
            if len(rows) == _BLOCK:
                collector.add(lines, rows)
                lines, rows = [], []
        collector.add(lines, rows)
        return collector.table(bad, **counts)

    def _rows(
        self, dialect: Dialect, header_row: int, encoding: str | None
    ) -> Iterator[tuple[int, int, list[str]]]:
        """(its first line, its last line, row) for every row below the header."""
        start = 1
        stated = None if self._is_certain else encoding
        with self._path.open(encoding=stated or dialect.encoding, errors="replace", newline="") as file:
            reader = csv.reader(file, delimiter=dialect.delimiter)
            try:
                for number, row in enumerate(reader):
                    end = reader.line_num
                    if end - start > _RUNAWAY:
                        raise self._unclosed(start)
                    if number > header_row:
                        yield start, end, row
                    start = end + 1
            except csv.Error as error:
                if "field limit" in str(error):
                    raise self._unclosed(start) from None
                raise FileRefused(
                    f"{self._path.name}:{start} cannot be read as CSV: {error}",
                    advice="export the file again, or mend that line",
                ) from None

    def _unclosed(self, line: int) -> FileRefused:
        return FileRefused(
            f"{self._path.name}:{line} opens a quote that is not closed",
            advice="mend the quotes of that line, or export the file again",
        )

    @staticmethod
    def _mended(
        row: list[str], width: int, lines: tuple[int, int], bad: list[BadRow], counts: dict[str, int]
    ) -> list[str] | None:
        """The row at the header's width if only empty cells make the difference, else None and a note why."""
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
            return row[:width]
        else:
            # The cells have shifted: any of them may hold a name or a phone, so none is kept.
            reason = f"{len(row)} cells where the header has {width}"
            if lines[0] < lines[1]:
                reason += f"; it runs to line {lines[1]}, perhaps for want of a closing quote"
            bad.append(BadRow(lines[0], reason))
        return None
