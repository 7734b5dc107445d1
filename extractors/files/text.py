"""Which encoding a text file is in, and which rows are remarks."""

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
    """The encoding a text file is in, and whether that is certain.

    A byte-order mark decides; else UTF-8 if every byte of the file is. Then it is a guess that a mapping may
    overrule: GB18030 if every byte is (the exports of mainland back-offices), else the one with fewer wrong
    bytes, whose rows end in quarantine.
    Raises FileRefused when the file is not text.
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
    """How many characters of the file are not in the encoding (0: it fits)."""
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
    """True for the first cell of a total row or of a note under a table."""
    return bool(_REMARK.match((cell or "").strip()))


def is_sentence(cell: str) -> bool:
    """True for a text in Chinese: alone in its row it is a note, not a row of figures that was cut."""
    return any("\u4e00" <= sign <= "\u9fff" for sign in cell)
