"""Detects the encoding of text files, and rows that are remarks."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from extractors.files.refusal import FileRefused

_BLOCK = 1 << 20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_REMARK = re.compile(
    r"^\W*(合计|总计|小计|汇总|总和|备注|说明|注意|注\s*[:\uff1a]"
    r"|(grand total|sub-?total|totals?|notes?|remarks?)\b)",
    re.IGNORECASE,
)


def encoding_of(path: Path) -> tuple[str, bool]:
    """The encoding of a text file, and whether it is certain.

    Certain: that of a byte-order mark, or UTF-8 if the whole file is valid UTF-8. Otherwise it is a guess
    that a mapping may override: GB18030 if the whole file is valid (exports of Chinese back offices), else
    the one with fewer invalid characters, whose rows go to the quarantine. Raises FileRefused when the file
    is not text.
    """
    with path.open("rb") as file:
        start = file.read(4096)
    for mark, name in _MARKS:
        if start.startswith(mark):
            return name, True
    if b"\0" in start:
        even, odd = start[0::2].count(0), start[1::2].count(0)
        if max(even, odd) > len(start) // 8 and min(even, odd) * 8 < max(even, odd):
            return ("utf-16-le" if odd > even else "utf-16-be"), True
        raise FileRefused(
            f"{path.name} is not a text file", advice="export it as CSV, XLSX or Parquet and drop it again"
        )
    wrong = {name: _wrong(path, name) for name in ("utf-8", "gb18030")}
    best = min(wrong, key=lambda name: wrong[name])
    return best, best == "utf-8" and not wrong[best]


def _wrong(path: Path, encoding: str) -> int:
    """How many characters of the file are invalid in an encoding (0: none)."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", True)
    except UnicodeDecodeError:
        with path.open(encoding=encoding, errors="replace", newline="") as text:
            return max(1, sum(block.count("\ufffd") for block in iter(lambda: text.read(_BLOCK), "")))
    return 0


def is_remark(cell: str | None) -> bool:
    """Whether a row's first cell begins a total row or a note under the table."""
    return bool(_REMARK.match((cell or "").strip()))


def is_sentence(cell: str) -> bool:
    """Whether a text contains Chinese. Alone in its row, such a text is a note and not a row that was cut."""
    return any("\u4e00" <= sign <= "\u9fff" for sign in cell)
