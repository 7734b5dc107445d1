"""Rows of a CSV file a vendor made: sniffed encoding, named columns, every row held to the header's width."""

from __future__ import annotations

import csv
import io

from extractors.core.model import Record, Reply
from extractors.errors import ContractError

ENCODINGS = ("utf-8-sig", "gb18030")


def rows_of(reply: Reply, columns: tuple[str, ...], what: str) -> list[Record]:
    """The file's rows by the vendor's column order, as text; a line of headings is left out.

    Raises:
        ContractError: no known encoding, or a row of another width than its columns.
    """
    text = decoded(reply.body, what)
    records = []
    for number, row in enumerate(csv.reader(io.StringIO(text, newline="")), 1):
        if not row or row == [""] or (number == 1 and not any(cell.strip().isdigit() for cell in row)):
            continue
        if len(row) != len(columns):
            raise ContractError(f"{what}: line {number} has {len(row)} columns, not {len(columns)}")
        records.append(dict(zip(columns, (cell.strip() for cell in row), strict=True)))
    return records


def named_rows(reply: Reply, columns: tuple[str, ...], what: str) -> list[Record]:
    """The rows of a file whose text starts with a line of its columns' names, in whatever order, as text.

    Raises:
        ContractError: a column that was asked for is missing, or a row of another width than the names.
    """
    lines = csv.reader(io.StringIO(reply.body, newline=""))
    names = [cell.strip() for cell in next(lines, [])]
    missing = [name for name in columns if name not in names]
    if missing or len(set(names)) != len(names):
        raise ContractError(
            f"{what}: a file without the column {missing[0] if missing else 'names it promises'}"
        )
    records = []
    for number, row in enumerate(lines, 2):
        if row and row != [""]:
            if len(row) != len(names):
                raise ContractError(f"{what}: line {number} has {len(row)} columns, not {len(names)}")
            records.append(dict(zip(names, (cell.strip() for cell in row), strict=True)))
    return records


def decoded(body: bytes, what: str) -> str:
    """The text of a file whose encoding the vendor does not say: UTF-8 if it is that, else GB18030."""
    for encoding in ENCODINGS:
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ContractError(f"{what}: a file that is neither UTF-8 nor GB18030")
