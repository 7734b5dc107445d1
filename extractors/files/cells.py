"""Raw columns → clean columns under our names. Rows that cannot be read are set aside with the reason.

Values are cleaned once per distinct value, not per row: a million rows of a retailer contain a few thousand
different prices, products and buyers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from extractors.files.fields import FIELDS, LISTS
from extractors.files.mapping import Mapping
from extractors.files.tables import BadRow, RawTable
from extractors.files.text import is_remark
from extractors.files.values import BadValue, cleaner, shape

KEPT = "kept:"  # prefix of the name of a column that is passed on unchanged
_RECORD_IDS = ("order_id", "refund_id", "product_id", "sku_id", "live_id")


@dataclass
class Cells:
    """The readable rows, and counts of the others.

    table: columns `line`, our names and `kept:<header>`; all but `line` are text. bad: rows that cannot be
    read. remarks, blank: numbers of rows that are not data. first, last: the earliest and latest instant of
    the readable rows as UTC ISO text; None without rows.
    """

    table: pa.Table
    bad: list[BadRow]
    remarks: int
    blank: int
    first: str | None
    last: str | None

    @property
    def unreadable(self) -> float:
        """Share of the data rows that could not be read."""
        rows = self.table.num_rows + len(self.bad)
        return len(self.bad) / rows if rows else 0.0


@dataclass
class _Column:
    ours: str
    theirs: str
    raw: pa.DictionaryArray
    clean: pa.StringArray
    complaints: list[str | None]  # per distinct value

    def tells(self, row: int, lead: str) -> bool:
        """Whether a row has a value here, readable or not. An unreadable one that equals `lead`, the row's
        first cell, does not count: it may be a remark."""
        at = self.raw.indices[row].as_py()
        is_unread = at is not None and self.complaints[at] and self.raw.dictionary[at].as_py() != lead
        return bool(self.clean[row].is_valid or is_unread)


def clean(raw: RawTable, mapping: Mapping, header: list[str], hash_buyer: Callable[[str], str]) -> Cells:
    """Clean every mapped column.

    Args:
        raw: the columns as read: those mapped, and the table's first one, which may contain remarks.
        mapping: resolved, with a time zone.
        header: the table's header row.
        hash_buyer: the keyed hash that replaces the values of the buyer column.
    """
    zone = ZoneInfo(mapping.time_zone or "UTC")
    kinds = FIELDS[mapping.row]
    columns = []
    for ours, theirs in mapping.read_from(raw.columns).items():
        clean_one = cleaner(kinds[ours], mapping.formats, zone, hash_buyer)
        columns.append(_clean_column(ours, theirs, raw.columns[theirs], clean_one))
    wrong = _wrong_rows(raw, columns, mapping)
    bad, remarks, blank = _sort_out(raw, columns, wrong, mapping, header)
    names = ["line", *("buyer_key" if column.ours == "buyer" else column.ours for column in columns)]
    kept = mapping.kept(list(raw.columns))
    arrays = [
        raw.lines,
        *(c.clean for c in columns),
        *(raw.columns[name].dictionary_decode() for name in kept),
    ]
    table = pa.table(arrays, names=[*names, *(KEPT + name for name in kept)])
    if wrong:
        good = pc.invert(pc.is_in(pa.array(range(table.num_rows), pa.int64()), pa.array(sorted(wrong))))
        table = table.filter(good)
    if mapping.row in ("order", "refund"):
        table, again, same = _once(table)
        bad, remarks = bad + again, remarks + same
    first, last = _span(table, mapping)
    return Cells(
        table,
        sorted(raw.bad + bad, key=lambda row: row.line),
        raw.remarks + remarks,
        raw.blank + blank,
        first,
        last,
    )


def _clean_column(
    ours: str, theirs: str, raw: pa.DictionaryArray, clean_one: Callable[[str], str | None]
) -> _Column:
    values: list[str | None] = []
    complaints: list[str | None] = []
    for text in raw.dictionary.to_pylist():
        value = complaint = None
        try:
            value = None if text is None else clean_one(text)
        except BadValue as error:
            complaint = str(error)
        values.append(value)
        complaints.append(complaint)
    return _Column(ours, theirs, raw, pa.array(values, pa.string()).take(raw.indices), complaints)


def _wrong_rows(raw: RawTable, columns: list[_Column], mapping: Mapping) -> dict[int, str]:
    """Row position → why the row cannot be read (its first bad cell, in the order of the mapping)."""
    wrong = _unsaved_rows(raw, columns)
    for column in columns:
        bad_values = [at for at, complaint in enumerate(column.complaints) if complaint]
        if bad_values:
            hit = pc.is_in(column.raw.indices, pa.array(bad_values, column.raw.indices.type))
            for row in pc.indices_nonzero(hit).to_pylist():
                at = column.raw.indices[row].as_py()
                seen = shape(column.raw.dictionary[at].as_py())
                wrong.setdefault(row, f"{column.theirs} {column.complaints[at]} (looks like {seen!r})")
    by_name = {column.ours: column for column in columns}
    for group in _required(mapping):
        missing = [pc.is_null(by_name[ours].clean) for ours in group]
        empty = missing[0]
        for more in missing[1:]:
            empty = pc.and_(empty, more)
        label = " and ".join(by_name[ours].theirs for ours in group)
        for row in pc.indices_nonzero(empty).to_pylist():
            wrong.setdefault(row, f"{label} {'is' if len(group) == 1 else 'are'} empty")
    return wrong


def _unsaved_rows(raw: RawTable, columns: list[_Column]) -> dict[int, str]:
    """Row position → why, for rows with a formula whose result is not stored. Some programs write workbooks
    so; such a cell looks empty but is not."""
    places = {line: row for row, line in enumerate(raw.lines.to_pylist())} if raw.unsaved else {}
    wrong: dict[int, str] = {}
    for line, cells in raw.unsaved.items():
        for column in columns:
            if column.theirs in cells:
                wrong.setdefault(
                    places[line],
                    f"{column.theirs} is a formula whose result is not saved (cell {cells[column.theirs]}): "
                    "open the file in a spreadsheet, save it and drop it again",
                )
    return wrong


def _required(mapping: Mapping) -> list[list[str]]:
    """Groups of columns of which a row must fill at least one."""
    have = mapping.columns
    if mapping.is_report:
        groups = [["period"]]
        groups += [["product_id", "sku_id"]] if mapping.row == "product_traffic" else []
        groups += [["live_id", "host_id", "host_name"]] if mapping.row == "live_session" else []
    elif mapping.row == "refund":
        groups = [["refund_id", "order_id"], ["refund_amount"], ["refunded_at"]]
    elif mapping.row in LISTS:
        groups = [list(group) for group in LISTS[mapping.row]]
    else:
        groups = [["order_id"], ["created_at"] if "created_at" in have else ["paid_at"]]
    if mapping.row == "order_line":
        priced = [name for name in ("line_amount", "list_amount") if name in have]
        groups += [priced] if priced else [["unit_price"], ["quantity"]]
    if mapping.row == "order":
        groups.append(["list_amount", "line_amount", "buyer_paid_total"])
    present = [[name for name in group if name in have] for group in groups]
    return [group for group in present if group]


def _sort_out(
    raw: RawTable, columns: list[_Column], wrong: dict[int, str], mapping: Mapping, header: list[str]
) -> tuple[list[BadRow], int, int]:
    """Wrong rows told apart: unreadable data, remarks and totals, blank lines."""
    first = raw.columns.get(next((name for name in header if name), ""))
    kinds = FIELDS[mapping.row]
    by_name = {column.ours: column for column in columns}
    groups = [[by_name[ours] for ours in group] for group in _required(mapping)]
    bad: list[BadRow] = []
    remarks = blank = 0
    for row, reason in wrong.items():
        texts = {column.theirs: (column.raw[row].as_py() or "").strip() for column in columns}
        lead = (first[row].as_py() or "") if first is not None else ""
        # What tells its record, its time and its amount is data, whatever its first cell begins with.
        is_data = all(any(column.tells(row, lead) for column in group) for group in groups)
        if not lead.strip() and not any(texts.values()) and raw.lines[row].as_py() not in raw.unsaved:
            blank += 1
        elif all(text == theirs for theirs, text in texts.items()) or (is_remark(lead) and not is_data):
            remarks += 1  # a total, a note, or the header once more where two exports were joined
        elif (
            not is_data
            and mapping.is_report
            and not any(text for text in texts.values() if text != lead.strip())
        ):
            remarks += 1  # a sentence under the table: nothing in it but its first cell
        else:
            cells = {}
            for column in columns:
                value = column.clean[row].as_py()
                safe = (
                    kinds[column.ours] in ("decimal", "instant", "month", "currency", "rate", "cost")
                    or column.ours in _RECORD_IDS
                )
                if value is not None and safe:
                    cells[column.ours] = value
            bad.append(BadRow(raw.lines[row].as_py(), reason, cells))
    return bad, remarks, blank


def _once(table: pa.Table) -> tuple[pa.Table, list[BadRow], int]:
    """Keep the lowest row of each order or refund. Exports that were joined may have one several times; the
    lowest row is the latest.

    Returns: the table without the other rows, those of them with different values as bad rows, and the number
    of those that were equal.
    """
    names = [name for name in ("order_id", "refund_id") if name in table.column_names]
    latest: dict[tuple[str | None, ...], int] = {}
    replaced: dict[int, int] = {}
    for at, key in enumerate(zip(*(table[name].to_pylist() for name in names), strict=True)):
        if key in latest:
            replaced[latest[key]] = at
        latest[key] = at
    if not replaced:
        return table, [], 0
    other = []
    for at, later in replaced.items():
        row, again = (table.slice(place, 1).to_pylist()[0] for place in (at, later))
        if (row | {"line": None}) != (again | {"line": None}):
            ids = {name: row[name] for name in names if row[name]}
            other.append(BadRow(row["line"], f"is told otherwise in line {again['line']}", ids))
    kept = [at for at in range(table.num_rows) if at not in replaced]
    return table.take(pa.array(kept, pa.int64())), other, len(replaced) - len(other)


def _span(table: pa.Table, mapping: Mapping) -> tuple[str | None, str | None]:
    ends = [pc.min_max(table[name]).as_py() for name in mapping.instants] if table.num_rows else []
    firsts = [end["min"] for end in ends if end["min"]]
    lasts = [end["max"] for end in ends if end["max"]]
    return (min(firsts), max(lasts)) if firsts else (None, None)
