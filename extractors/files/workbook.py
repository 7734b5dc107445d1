"""Workbooks: .xlsx, old .xls and their relatives, through calamine. Every sheet is a table of its own."""

from __future__ import annotations

import html
import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import IO, Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, SheetTypeEnum

from extractors.files.refusal import FileRefused
from extractors.files.tables import PROBE_ROWS, Collector, Head, RawTable

_BLOCK = 1 << 15
# The reader holds every cell of the used rectangle in memory, 32 bytes each, and ends the process when there
# is too little. The limit is two gigabytes: 61 columns of as many rows as a sheet can have.
_MOST_CELLS = 64_000_000
_CELL = re.compile(rb'<(?:\w+:)?c\s[^>]*?\br="([A-Z]{1,3})([0-9]{1,7})"[^>]*?(/?)>')
# A cell with a formula and no value, or an empty one that is not said to be a text.
_UNSAVED = re.compile(
    rb"<(?:\w+:)?c\s([^>]*?)>\s*<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)\s*"
    rb"(<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_PLACE = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"')
_SHEET = re.compile(r'<(?:\w+:)?sheet\s[^>]*?\bname="([^"]*)"[^>]*?\b\w+:id="([^"]*)"')
_BEYOND_61 = re.compile(rb'\sr="(?:B[J-Z]|[C-Z][A-Z]|[A-Z]{3})[0-9]')
# A few kilobytes may unpack to any size. A cell has at most 32,767 characters; more between two tags is not a
# real workbook.
_LARGEST = 4 << 30
_LONGEST = 4 << 20
_LONGEST_CELL = 1 << 16  # bytes of a cell with a formula, which has at most 8,192 characters
_EXACT = 10**15  # a spreadsheet keeps 15 digits of a number and replaces the rest by zeros


class SheetSource:
    """One sheet as a table; its rows are numbered as the spreadsheet numbers them."""

    def __init__(self, path: Path, sheet: CalamineSheet, part: str) -> None:
        self.part = part
        self._path = path
        self._sheet = sheet

    def heads(self) -> list[Head]:
        rows = self._sheet.to_python(skip_empty_area=False, nrows=PROBE_ROWS)
        return [Head([[cell_text(cell) or "" for cell in row] for row in rows])]

    def read(self, head: Head, header_row: int, wanted: list[int], encoding: str | None) -> RawTable:
        header = head.rows[header_row]
        collector = Collector(header, wanted)
        kept = sorted(set(wanted))
        unsaved: dict[int, dict[str, str]] = {}
        for line, position, cell in _unsaved(self._path, self._sheet.name):
            if line > header_row + 1 and position in kept:
                unsaved.setdefault(line, {})[header[position]] = cell
        blank = 0
        lines: list[int] = []
        rows: list[Any] = []
        # iter_rows starts at the first used row; pad, so that row numbers are those of the spreadsheet.
        first = (self._sheet.start or (0, 0))[0]
        for number, row in enumerate(self._padded_rows(), start=first):
            if number <= header_row:
                continue
            if not any(cell != "" for cell in row) and number + 1 not in unsaved:
                blank += 1
                continue
            cells: list[str | None] = [None] * len(header)
            for position in kept:
                if position < len(row):
                    cells[position] = cell_text(row[position])
            lines.append(number + 1)
            rows.append(cells)
            if len(rows) == _BLOCK:
                collector.add(lines, rows)
                lines, rows = [], []
        # The reader ends with the last value.
        beyond = sorted(line for line in unsaved if line > first + self._sheet.height)
        collector.add(lines + beyond, rows + [[None] * len(header) for _ in beyond])
        table = collector.table([], 0, blank)
        table.unsaved = unsaved
        return table

    def _padded_rows(self) -> Any:
        left = (self._sheet.start or (0, 0))[1]
        rows = self._sheet.iter_rows()
        return rows if not left else ([""] * left + row for row in rows)


def sheets_of(path: Path) -> list[SheetSource]:
    """The sheets with cells of a workbook. Raises FileRefused when it cannot be opened."""
    _refuse_far_cells(path)
    try:
        book = CalamineWorkbook.from_path(str(path))
        names = [s.name for s in book.sheets_metadata if s.typ == SheetTypeEnum.WorkSheet]
        sheets = [book.get_sheet_by_name(name) for name in names]
    except PasswordError:
        raise FileRefused(
            f"{path.name} has a password", advice="save it without one and drop it again"
        ) from None
    except (CalamineError, OSError) as error:
        raise FileRefused(
            f"{path.name} cannot be opened as a workbook: {error}",
            advice="open it in a spreadsheet, save it as .xlsx and drop it again",
        ) from None
    filled = [sheet for sheet in sheets if sheet.start is not None]
    if not filled:
        raise FileRefused(f"{path.name} has no cells", advice="export it again")
    return [SheetSource(path, sheet, sheet.name if len(filled) > 1 else "") for sheet in filled]


def _refuse_far_cells(path: Path) -> None:
    """Raises FileRefused when the used rectangle is too large for the memory, because one cell lies far from
    the others."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > _LARGEST:
            raise _swollen(path)
        for name in archive.namelist():
            if not name.startswith("xl/worksheets/") or not name.endswith(".xml"):
                continue
            with archive.open(name) as sheet:
                if next(_found(_BEYOND_61, sheet, path), None) is None:
                    continue  # no trouble, however many rows there are
            rows = columns = 0
            with archive.open(name) as sheet:
                for cell in _found(_CELL, sheet, path):
                    if not cell[3]:  # one that is empty (it has a colour) takes no room
                        rows, columns = max(rows, int(cell[2])), max(columns, _number(cell[1]))
            if rows * columns > _MOST_CELLS:
                raise FileRefused(
                    f"{path.name} has cells as far as row {rows:,} and column {columns:,}: all that is "
                    "between is more than can be held",
                    advice="delete what stands far from the table, or save it as CSV, and drop it again",
                )


def _unsaved(path: Path, sheet: str) -> Iterator[tuple[int, int, str]]:
    """Row (from 1), column (from 0) and name of each cell of a sheet that is a formula without a result."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        name = _file_of(archive, sheet)
        if name is None:
            return
        with archive.open(name) as file:
            rest = b""
            while chunk := file.read(1 << 20):
                text = rest + chunk
                cut = max(text.rfind(b"c>") + 2, len(text) - _LONGEST_CELL)  # where no cell goes on
                for cell in _UNSAVED.finditer(text, 0, cut):
                    place = _PLACE.search(cell[1])
                    if place and not (cell[2] and b't="str"' in cell[1]):
                        yield int(place[2]), _number(place[1]) - 1, (place[1] + place[2]).decode()
                rest = text[cut:]


def _file_of(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """The file of a workbook that holds a sheet; None where the book is of another make."""
    try:
        book, links = (
            archive.read(f"xl/{name}").decode() for name in ("workbook.xml", "_rels/workbook.xml.rels")
        )
    except (KeyError, UnicodeDecodeError):
        return None
    number = next((id for name, id in _SHEET.findall(book) if html.unescape(name) == sheet), None)
    for link in re.findall(r"<(?:\w+:)?Relationship\s[^>]*>", links):
        told = dict(re.findall(r'(\w+)="([^"]*)"', link))
        if told.get("Id") == number:
            target = html.unescape(told.get("Target", ""))
            name = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            return name if name in archive.namelist() else None
    return None


def _swollen(path: Path) -> FileRefused:
    return FileRefused(
        f"{path.name} unpacks to more than any workbook holds", advice="save it as CSV and drop that"
    )


def _found(pattern: re.Pattern[bytes], file: IO[bytes], path: Path) -> Iterator[re.Match[bytes]]:
    """The matches of a pattern within single tags of an XML file, which may be larger than the memory."""
    rest = b""
    while chunk := file.read(1 << 20):
        text = rest + chunk
        cut = max(text.rfind(b"<"), 0)  # the last tag may continue in the next chunk
        yield from pattern.finditer(text, 0, cut)
        rest = text[cut:]
        if len(rest) > _LONGEST:
            raise _swollen(path)
    yield from pattern.finditer(rest)


def _number(letters: bytes) -> int:
    """The number of a column: A is 1, XFD is 16,384."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def cell_text(cell: Any) -> str | None:
    """A cell as text, dates in ISO form. A number of more than 15 digits becomes 1E+18, because its last
    digits are lost: no id may look right and be wrong."""
    if isinstance(cell, str):
        return cell or None
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, int):
        return str(cell) if abs(cell) < _EXACT else f"{cell:.5E}"
    if isinstance(cell, float):
        return None if cell != cell else float_text(cell)  # not a number: nothing
    if isinstance(cell, datetime):
        # Spreadsheets store times as fractions of a day: 08:26 may come back as 08:25:59.999.
        return (cell + timedelta(microseconds=500_000)).replace(microsecond=0).isoformat()
    if isinstance(cell, date | time):
        return cell.isoformat()
    return None if cell is None else str(cell)


def float_text(value: float) -> str:
    """A double with the 15 digits that are certain: 0.30000000000000004 becomes 0.3, 13085.0 becomes
    13085."""
    if value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    return f"{value:.15g}" if abs(value) < _EXACT else f"{value:.5E}"
