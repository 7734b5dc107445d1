"""Reads CSV files of vendors: guesses the encoding, names the columns, checks every row's width."""

from __future__ import annotations

import csv
import io

from extractors.core.model import Record, Reply
from extractors.errors import ContractError

ENCODINGS = ("utf-8-sig", "gb18030")


def rows_of(reply: Reply, columns: tuple[str, ...], what: str) -> list[Record]:
    """The rows of a file with a fixed order of columns, as text. A heading line is skipped.

    columns: the vendor's columns in order. what: the file, for errors.
    Raises:
        ContractError: the encoding is unknown, or a row has another number of columns.
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
    """The rows of a file whose first line names its columns, in any order, as text.

    columns: those that must be there. what: the file, for errors.
    Raises:
        ContractError: one of `columns` is missing, a name occurs twice, or a row has another number of
            columns than the first line.
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
    """The text of a file whose encoding is not documented: UTF-8 if it is valid UTF-8, else GB18030."""
    for encoding in ENCODINGS:
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ContractError(f"{what}: a file that is neither UTF-8 nor GB18030")
