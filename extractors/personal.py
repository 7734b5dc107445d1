"""Personal data never reaches landing: names of fields that are dropped, and the buyer who becomes a hash.

Each stream states its own fields; the patterns here hold for every platform, so that a field a vendor adds
tomorrow (`receiver_phone_2`) is dropped the first time it is seen.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

# Matched against lower-cased field names at any depth. Codes, states and countries are not personal;
# streams that need them list them in `keep`.
EVERYWHERE = (
    "*phone*", "*mobile*", "*email*", "*e_mail*", "*address*", "*receiver*", "*consignee*", "*nick*",
    "*firstname*", "*first_name*", "*lastname*", "*last_name*", "*full_name*", "*fullname*",
    "*buyer_name*", "*customer_name*", "*id_card*", "*idcard*", "*passport*", "*ip_address*",
    "*user_agent*", "*buyer_memo*", "*buyer_message*", "*customer_note*", "oaid",
)  # fmt: skip

_MOST_JUDGED = 5_000


@dataclass(frozen=True)
class Personal:
    """What of a record is personal.

    drop: further field-name patterns (fnmatch, lower case) to remove at any depth.
    keep: exact lower-case field names that the patterns would wrongly remove.
    buyer: paths of the buyer's identity, best first; the first that is present becomes `buyer_key`.
    pairs: lists at any depth that are open to whoever writes into them, by their field's name: of their
        `{key, value}` only those stay whose key is one of these patterns (fnmatch).
    """

    drop: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    buyer: tuple[str, ...] = ()
    pairs: tuple[tuple[str, tuple[str, ...]], ...] = ()


class Scrubber:
    """Removes a stream's personal fields from records, in place of a walk per pattern: one walk, one set."""

    def __init__(self, personal: Personal, platform: str, hash_key: bytes) -> None:
        self._patterns = (*EVERYWHERE, *personal.drop)
        self._keep = frozenset(personal.keep)
        self._buyer = tuple(tuple(path.split(".")) for path in personal.buyer)
        self._hash = buyer_hash(hash_key, platform)
        self._pairs = dict(personal.pairs)
        # Objects come in few shapes: what of one is personal is judged once for all that have its names. But
        # where ids are names, every object is a shape of its own.
        self._shape = lru_cache(_MOST_JUDGED)(self._judge_shape)
        self._is_personal = lru_cache(_MOST_JUDGED)(self._judge_name)
        self._is_known = lru_cache(_MOST_JUDGED)(self._judge_key)

    def scrub(self, record: dict[str, Any]) -> dict[str, Any]:
        """The record without personal fields, and with `buyer_key` where the stream has a buyer."""
        key = None
        for path in self._buyer:
            value = dig(record, path)
            if value not in (None, "", 0, "0"):
                key = self._hash(str(value))
                break
        self._clean(record)
        if self._buyer:
            record["buyer_key"] = key
        return record

    def _clean(self, node: dict[str, Any]) -> None:
        doomed, open_lists = self._shape(tuple(node))
        for name in doomed:
            del node[name]
        for name in open_lists:
            node[name] = self._only_known(name, node[name])
        for value in node.values():
            kind = type(value)
            if kind is dict:
                self._clean(value)
            elif kind is list and value:
                self._clean_all(value)

    def _clean_all(self, items: list[Any]) -> None:
        for item in items:
            kind = type(item)
            if kind is dict:
                self._clean(item)
            elif kind is list:
                self._clean_all(item)

    def _only_known(self, name: str, pairs: Any) -> list[Any]:
        found = pairs if isinstance(pairs, list) else []
        return [
            pair for pair in found if isinstance(pair, dict) and self._is_known(name, str(pair.get("key")))
        ]

    def _judge_key(self, name: str, key: str) -> bool:
        return any(fnmatchcase(key, pattern) for pattern in self._pairs[name])

    def _judge_shape(self, names: tuple[str, ...]) -> tuple[list[str], list[str]]:
        """Of an object's names: those that go, and those of lists open to whoever writes into them."""
        doomed = [name for name in names if self._is_personal(name)]
        return doomed, [name for name in names if name in self._pairs and name not in doomed]

    def _judge_name(self, name: str) -> bool:
        lower = name.lower()
        return lower not in self._keep and any(fnmatchcase(lower, pattern) for pattern in self._patterns)


def buyer_hash(hash_key: bytes, platform: str) -> Callable[[str], str]:
    """A keyed hash of a buyer's identity on a platform: the same buyer, the same 32 hex digits.

    E-mail addresses and phone numbers are normalised first (case, blanks), so a guest who types
    `Ann@Example.com` is the customer `ann@example.com`.
    """
    begun = hmac.new(hash_key, platform.encode() + b"\x00", hashlib.sha256)

    def digest(value: str) -> str:
        normal = "".join(value.split()).lower() if "@" in value or value.startswith("+") else value.strip()
        mine = begun.copy()
        mine.update(normal.encode())
        return mine.hexdigest()[:32]

    return digest


def dig(record: Any, path: tuple[str, ...]) -> Any:
    """The value at a path of keys, or None where a step is missing."""
    for step in path:
        if type(record) is not dict:
            return None
        record = record.get(step)
    return record
