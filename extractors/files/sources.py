"""Recognises the kind of a file by its first bytes, not by its name."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Sequence
from pathlib import Path

from extractors.files.csvfile import CsvSource
from extractors.files.parquetfile import ParquetSource
from extractors.files.refusal import FileRefused
from extractors.files.tables import Source
from extractors.files.workbook import sheets_of

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BOOK = ("xl/workbook.xml", "xl/workbook.bin", "content.xml")
_FOREIGN = (
    (b"%PDF", "a PDF", "export the table as CSV or XLSX"),
    (b"\x1f\x8b", "compressed (gzip)", "unpack it first"),
    (b"Rar!", "a RAR archive", "unpack it first"),
    (b"7z\xbc\xaf", "a 7-Zip archive", "unpack it first"),
    (b"\x89PNG", "a picture", "export the table as CSV or XLSX"),
    (b"\xff\xd8\xff", "a picture", "export the table as CSV or XLSX"),
)


def open_tables(path: Path, encodings: list[str] | None = None) -> Sequence[Source]:
    """The tables of a file.

    encodings: further text encodings to try when looking for a header.
    Raises FileRefused when the file is empty, foreign or damaged.
    """
    with path.open("rb") as file:
        start = file.read(512)
    if not start:
        raise FileRefused(f"{path.name} is empty (0 bytes)", advice="export or copy it again")
    if start.startswith(b"PAR1"):
        return [ParquetSource(path)]
    if start.startswith(_OLE):
        return sheets_of(path)
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        _check_zip(path)
        return sheets_of(path)
    for magic, what, advice in _FOREIGN:
        if start.startswith(magic):
            raise FileRefused(f"{path.name} is {what}", advice=f"{advice} and drop that")
    if (
        start.lstrip(b"\xef\xbb\xbf \t\r\n")[:9]
        .lower()
        .startswith((b"<html", b"<!doctype", b"<?xml", b"<table"))
    ):
        raise FileRefused(
            f"{path.name} is a web page or XML under another name",
            advice="open it in a spreadsheet, save it as .xlsx and drop that",
        )
    return [CsvSource(path, encodings)]


def is_cut_off(path: Path) -> bool:
    """Whether a file's end is missing, as when a copy of it has stopped or is pausing."""
    with path.open("rb") as file:
        start = file.read(512)
        file.seek(-min(4, path.stat().st_size), os.SEEK_END)
        end = file.read()
    if start.startswith(b"PAR1"):
        return end != b"PAR1"
    if start.startswith(b"PK\x03\x04"):
        return not zipfile.is_zipfile(path)
    if start.startswith((_OLE, *(magic for magic, *_ in _FOREIGN))):
        return False  # cannot be seen in these formats
    return not end.rstrip(b"\0").endswith((b"\n", b"\r"))  # UTF-16 ends with a zero byte


def _check_zip(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError):
        raise FileRefused(
            f"{path.name} is a damaged ZIP archive or workbook", advice="download it again"
        ) from None
    if not any(name in _BOOK for name in names):
        inside = ", ".join(names[:3]) or "nothing"
        raise FileRefused(
            f"{path.name} is a ZIP archive (holds {inside})", advice="unpack it and drop what is inside"
        )
