"""Workbooks: .xlsx, old .xls and their relatives, through calamine. Every sheet is a table of its own."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, SheetTypeEnum

from extractors.files.refusal import FileRefused
from extractors.files.tables import PROBE_ROWS, Collector, Head, RawTable

_BLOCK = 1 << 15
_EXACT = 10**15  # a spreadsheet keeps 15 digits of a number; the rest are zeros it made up


class SheetSource:
    """One sheet as a table; its rows are numbered as the spreadsheet numbers them."""

    def __init__(self, sheet: CalamineSheet, part: str) -> None:
        self.part = part
        self._sheet = sheet

    def heads(self) -> list[Head]:
        rows = self._sheet.to_python(skip_empty_area=False, nrows=PROBE_ROWS)
        return [Head([[cell_text(cell) or "" for cell in row] for row in rows])]

    def read(self, head: Head, header_row: int, wanted: list[int], encoding: str | None) -> RawTable:
        header = head.rows[header_row]
        collector = Collector(header, wanted)
        kept = sorted(set(wanted))
        blank = 0
        lines: list[int] = []
        rows: list[Any] = []
        # iter_rows starts at the first used row; pad so that row numbers are the spreadsheet's.
        first = (self._sheet.start or (0, 0))[0]
        for number, row in enumerate(self._padded_rows(), start=first):
            if number <= header_row:
                continue
            if not any(cell != "" for cell in row):
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
        collector.add(lines, rows)
        return collector.table([], 0, blank)

    def _padded_rows(self) -> Any:
        left = (self._sheet.start or (0, 0))[1]
        rows = self._sheet.iter_rows()
        return rows if not left else ([""] * left + row for row in rows)


def sheets_of(path: Path) -> list[SheetSource]:
    """The sheets with cells of a workbook. Raises FileRefused when it cannot be opened."""
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
    return [SheetSource(sheet, sheet.name if len(filled) > 1 else "") for sheet in filled]


def cell_text(cell: Any) -> str | None:
    """A cell as the text a person sees, dates as ISO. A number beyond 15 digits stays broken (1E+18)."""
    if isinstance(cell, str):
        return cell or None
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, int):
        return str(cell) if abs(cell) < _EXACT else f"{cell:.5E}"
    if isinstance(cell, float):
        return None if cell != cell else float_text(cell)  # not a number: nothing
    if isinstance(cell, datetime):
        # Spreadsheets store days as floats: 08:26 comes back as 08:25:59.999.
        return (cell + timedelta(microseconds=500_000)).replace(microsecond=0).isoformat()
    if isinstance(cell, date | time):
        return cell.isoformat()
    return None if cell is None else str(cell)


def float_text(value: float) -> str:
    """A double at the 15 digits it holds for certain: 0.30000000000000004 is 0.3, 13085.0 is 13085."""
    if value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    return f"{value:.15g}" if abs(value) < _EXACT else f"{value:.5E}"
