"""JSON in and out without losing a digit.

orjson reads integers up to 64 bits exactly and turns wider ones into floats, which lose digits. A page with
such a number outside a string is read by Python's slower `json` instead, which keeps it as the text that the
vendor sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import orjson

from extractors.errors import ContractError, TransientError

# A number that a double or an int64 might not hold exactly: 20 digits or more, 19 digits from 92… on or
# negative, or 17 characters with a decimal point. Searching every page with this pattern costs more than
# decoding it. So `_is_wide` first looks for 17 digits or points in a row outside quotes; most vendors send
# their long ids in quotes.
_WIDE = re.compile(rb":(?:\d{20}|9[2-9]\d{17}|-\d{19}|-?(?=[\d.]{17})\d+\.\d)")
_LONG = b":" + b"0" * 17
_INT64 = range(-(2**63), 2**63)
_DIGITS, _BLANKS = b"0123456789", b" \t\r\n"


def _byte_table(kept: bytes, as_zero: bytes) -> bytes:
    """A table for `bytes.translate` that makes numbers easy to find: what can stand before a number becomes a
    colon, the bytes of `as_zero` become 0, those of `kept` stay, and all else becomes a blank."""
    named = {
        **dict.fromkeys(b":,[", ord(":")),
        **dict.fromkeys(as_zero, ord("0")),
        **{byte: byte for byte in kept},
    }
    return bytes(named.get(byte, ord(" ")) for byte in range(256))


_DIGITS_AS_ZERO, _NUMBERS_ONLY = _byte_table(b"", _DIGITS + b"."), _byte_table(_DIGITS + b".-", b"")
# A UTF-16 surrogate escape without its other half: JSON may not hold it. A table that blanks control bytes.
_LONE_SURROGATE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB]..)\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)
_CONTROLS = bytes(byte if byte >= 0x20 else 0x20 for byte in range(256))
_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_CONTROL = re.compile(rb"[\x00-\x1f]")
# The broken strings in earlier answers to the same request (see `asked_again`); None: do not compare.
_BROKEN_BEFORE: ContextVar[frozenset[bytes] | None] = ContextVar("broken_before", default=None)


class Broken(TransientError):
    """JSON in which some strings contain bytes that JSON may not contain. `texts`: those strings, as sent."""

    def __init__(self, message: str, texts: frozenset[bytes]) -> None:
        super().__init__(message)
        self.texts = texts


@contextmanager
def asked_again(broken: frozenset[bytes]) -> Iterator[None]:
    """Inside this block `loads` accepts a broken string only if it is in `broken`, the strings that were
    broken in earlier answers to the same request; any other raises Broken.

    A string that is broken in the vendor's database is broken the same way each time and has to be accepted.
    One that was damaged on the network differs the next time; it could be the name of a field or an id.
    """
    held = _BROKEN_BEFORE.set(broken)
    try:
        yield
    finally:
        _BROKEN_BEFORE.reset(held)


def loads(body: bytes, what: str) -> Any:
    """Decode a vendor's JSON.

    Raises:
        TransientError: it is not JSON (an HTML error page, a body cut short), so asking again may help.
        Broken: strings in it are broken that were not before (only within `asked_again`).
    """
    text = body.lstrip(b"\xef\xbb\xbf \r\n\t")
    if not text:
        raise TransientError(f"{what} answered with an empty body")
    try:
        try:
            return _decoded(text)
        except (orjson.JSONDecodeError, ValueError):
            mended = _decoded(_mended(text))
            before = _BROKEN_BEFORE.get()
            if before is not None and not (broken := _broken(text)) <= before:
                raise Broken(f"{what} answered with broken characters", broken) from None
            return mended
    except (orjson.JSONDecodeError, ValueError):
        kind = "HTML" if text[:1] == b"<" else "something that is no JSON, or JSON cut short"
        raise TransientError(f"{what} answered with {kind}") from None


def load_lines(body: bytes, what: str) -> list[Any]:
    """Decode a file with one JSON value per line; raises as `loads` does."""
    found, broken = [], set[bytes]()
    for line in body.splitlines():
        if line.strip():
            try:
                found.append(loads(line, what))
            # Collected over all lines: with one line per try, the tries would be used up before the file is.
            except Broken as error:
                broken |= error.texts
    if broken:
        raise Broken(f"{what} answered with broken characters", frozenset(broken))
    return found


def _decoded(text: bytes) -> Any:
    # Python's `json` accepts a lone surrogate, but then the record cannot be written as UTF-8.
    return _exact(_LONE_SURROGATE.sub(rb"\\ufffd", text)) if _is_wide(text) else orjson.loads(text)


def _mended(text: bytes) -> bytes:
    """The text with everything replaced that JSON may not contain. Without this, one order whose memo was cut
    in the middle of an emoji, or holds a tab, would fail its window every night."""
    return _LONE_SURROGATE.sub(rb"\\ufffd", text.decode("utf-8", "replace").encode().translate(_CONTROLS))


def _broken(text: bytes) -> frozenset[bytes]:
    """The strings that `_mended` changes."""
    return frozenset(
        one
        for one in _TEXT.findall(text)
        if _CONTROL.search(one)
        or _LONE_SURROGATE.search(one)
        or one.decode("utf-8", "replace").encode() != one
    )


def _is_wide(text: bytes) -> bool:
    """Whether it may contain a number that is too wide. May be wrongly true (for digits within a string);
    then the page is only read more slowly."""
    return _LONG in text.translate(_DIGITS_AS_ZERO, _BLANKS + b"-") and bool(
        _WIDE.search(text.translate(_NUMBERS_ONLY, _BLANKS))
    )


def dumps(value: Any) -> bytes:
    """Encode for landing; numbers kept as text (`_Number`) are written digit for digit.

    Raises ContractError for what JSON cannot express (lone surrogates).
    """
    try:
        return orjson.dumps(value, default=_fragment)
    except TypeError as error:
        raise ContractError(f"a record that cannot be written as JSON: {error}") from None


def name_of(value: Any, what: str) -> str:
    """The id or name of what a report's row is about, as text. Accepts text and whole numbers.

    what: the row, for the error. Raises ContractError for anything else: turned into text it would count as
    a campaign or page of its own, and the real one would miss its row.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise ContractError(f"{what} without its name")
    return str(value)


class _Number:
    """A number kept as the text that the vendor sent."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


def _exact(text: bytes) -> Any:
    return json.loads(text, parse_float=_Number, parse_int=_integer, parse_constant=_refuse)


def _integer(text: str) -> int | _Number:
    return int(text) if len(text) < 21 and int(text) in _INT64 else _Number(text)


def _refuse(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")


def _fragment(value: Any) -> Any:
    if isinstance(value, _Number):
        return orjson.Fragment(value.text.encode())
    raise TypeError(type(value).__name__)
