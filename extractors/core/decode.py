"""JSON in and out without losing a digit.

orjson reads integers up to 64 bits exactly and anything wider as a float. A page that holds such a number
outside a string takes the slow way, where it stays the text the vendor sent.
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

# A number token a double or an int64 might not hold: 20 digits or more, 19 from 92 on or below zero, 17 and a
# point or more. Looking at every token costs more than decoding: a page is asked first whether 17 digits or
# points follow anything but a quote, in which most vendors have their long ids.
_WIDE = re.compile(rb":(?:\d{20}|9[2-9]\d{17}|-\d{19}|-?(?=[\d.]{17})\d+\.\d)")
_LONG = b":" + b"0" * 17
_WIDTH = range(-(2**63), 2**63)
_DIGITS, _BLANKS = b"0123456789", b" \t\r\n"


def _shown(kept: bytes, as_zero: bytes) -> bytes:
    """A table for `bytes.translate`: what a number can follow as a colon, what is nothing here as blanks."""
    named = {
        **dict.fromkeys(b":,[", ord(":")),
        **dict.fromkeys(as_zero, ord("0")),
        **{byte: byte for byte in kept},
    }
    return bytes(named.get(byte, ord(" ")) for byte in range(256))


_RUNS, _NUMBERS = _shown(b"", _DIGITS + b"."), _shown(_DIGITS + b".-", b"")
# Half of a pair that stands for one character, written without the other; control characters as blanks.
_LONE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB]..)\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)
_CONTROLS = bytes(byte if byte >= 0x20 else 0x20 for byte in range(256))
_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_CONTROL = re.compile(rb"[\x00-\x1f]")
# The broken texts of the answers before this one to the same request; None where it is asked once.
_BROKEN_BEFORE: ContextVar[frozenset[bytes] | None] = ContextVar("broken_before", default=None)


class Broken(TransientError):
    """JSON but for some texts with what JSON may not hold. `texts`: those, as they came."""

    def __init__(self, message: str, texts: frozenset[bytes]) -> None:
        super().__init__(message)
        self.texts = texts


@contextmanager
def asked_again(broken: frozenset[bytes]) -> Iterator[None]:
    """Within it a broken text is read only if it came as broken before: what the vendor keeps comes again,
    what was broken on the way does not, and might be the name of a field."""
    held = _BROKEN_BEFORE.set(broken)
    try:
        yield
    finally:
        _BROKEN_BEFORE.reset(held)


def loads(body: bytes, what: str) -> Any:
    """Decode a vendor's JSON.

    Raises:
        TransientError: it is no JSON (an HTML error page, a body cut short, texts broken on the way): asking
            again may help.
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
    """Decode a file of one JSON a line; raises as `loads` does."""
    found, broken = [], set[bytes]()
    for line in body.splitlines():
        if line.strip():
            try:
                found.append(loads(line, what))
            except Broken as error:  # all of them at once: there are not as many tries as lines
                broken |= error.texts
    if broken:
        raise Broken(f"{what} answered with broken characters", frozenset(broken))
    return found


def _decoded(text: bytes) -> Any:
    # Python's own reader lets half a pair pass, which then cannot be written.
    return _exact(_LONE.sub(rb"\\ufffd", text)) if _is_wide(text) else orjson.loads(text)


def _mended(text: bytes) -> bytes:
    """The text with what no JSON may hold replaced: a memo that was cut within an emoji, or a tab typed into
    it, must not keep its whole window from being read, this night and every other."""
    return _LONE.sub(rb"\\ufffd", text.decode("utf-8", "replace").encode().translate(_CONTROLS))


def _broken(text: bytes) -> frozenset[bytes]:
    """The texts that `_mended` changes."""
    return frozenset(
        one
        for one in _TEXT.findall(text)
        if _CONTROL.search(one) or _LONE.search(one) or one.decode("utf-8", "replace").encode() != one
    )


def _is_wide(text: bytes) -> bool:
    """Whether a number in it may be too wide: one in a text, after a comma, passes for one."""
    return _LONG in text.translate(_RUNS, _BLANKS + b"-") and bool(
        _WIDE.search(text.translate(_NUMBERS, _BLANKS))
    )


def dumps(value: Any) -> bytes:
    """Encode for landing; numbers that came the slow way go out as they came in.

    Raises ContractError for what JSON cannot say (lone surrogates).
    """
    try:
        return orjson.dumps(value, default=_fragment)
    except TypeError as error:
        raise ContractError(f"a record that cannot be written as JSON: {error}") from None


def name_of(value: Any, what: str) -> str:
    """What names the thing that a row of a report counts: text, or a number as text.

    Raises ContractError for anything else: written as text it would be one more name, and the thing's own row
    would be missing.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise ContractError(f"{what} without its name")
    return str(value)


class _Number:
    """A number kept as its digits."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


def _exact(text: bytes) -> Any:
    return json.loads(text, parse_float=_Number, parse_int=_integer, parse_constant=_refuse)


def _integer(text: str) -> int | _Number:
    return int(text) if len(text) < 21 and int(text) in _WIDTH else _Number(text)


def _refuse(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")


def _fragment(value: Any) -> Any:
    if isinstance(value, _Number):
        return orjson.Fragment(value.text.encode())
    raise TypeError(type(value).__name__)
