"""Keeps personal data out of landing: drops fields by name, and replaces the buyer by a keyed hash.

Each stream names its own fields. The patterns here hold for every platform, so that a field which a vendor
adds later (`receiver_phone_2`) is dropped the first time it is seen.
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
ALWAYS_PERSONAL = (
    "*phone*", "*mobile*", "*email*", "*e_mail*", "*address*", "*receiver*", "*consignee*", "*nick*",
    "*firstname*", "*first_name*", "*lastname*", "*last_name*", "*full_name*", "*fullname*",
    "*buyer_name*", "*customer_name*", "*id_card*", "*idcard*", "*passport*", "*ip_address*",
    "*user_agent*", "*buyer_memo*", "*buyer_message*", "*customer_note*", "oaid",
)  # fmt: skip

_CACHE_SIZE = 5_000


@dataclass(frozen=True)
class Personal:
    """Which fields of a record are personal.

    drop: further field-name patterns (fnmatch, lower case) to remove at any depth.
    keep: exact lower-case field names that the patterns would wrongly remove.
    buyer: paths of the buyer's identity, best first; the first that is present becomes `buyer_key`.
    pairs: (field name, key patterns) of lists of `{key, value}` into which apps or customers may write
        anything, at any depth: only entries whose key matches one of the patterns (fnmatch) are kept.
    """

    drop: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    buyer: tuple[str, ...] = ()
    pairs: tuple[tuple[str, tuple[str, ...]], ...] = ()


class Scrubber:
    """Removes a stream's personal fields from records, in one walk over each record.

    hash_key: the secret key of the buyers' hash.
    """

    def __init__(self, personal: Personal, platform: str, hash_key: bytes) -> None:
        self._patterns = (*ALWAYS_PERSONAL, *personal.drop)
        self._keep = frozenset(personal.keep)
        self._buyer = tuple(tuple(path.split(".")) for path in personal.buyer)
        self._hash = buyer_hash(hash_key, platform)
        self._pairs = dict(personal.pairs)
        # Most objects have one of a few sets of field names, so the decision is cached by that set. The
        # caches are limited because a vendor may use ids as field names: then every object has its own set.
        self._shape = lru_cache(_CACHE_SIZE)(self._judge_shape)
        self._is_personal = lru_cache(_CACHE_SIZE)(self._judge_name)
        self._is_known = lru_cache(_CACHE_SIZE)(self._judge_key)

    def scrub(self, record: dict[str, Any]) -> dict[str, Any]:
        """The record, changed in place: without personal fields, and with `buyer_key` (None: no buyer named)
        where the stream has buyers."""
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
        """Of an object's field names: those to remove, and those that are lists named in `pairs`."""
        doomed = [name for name in names if self._is_personal(name)]
        return doomed, [name for name in names if name in self._pairs and name not in doomed]

    def _judge_name(self, name: str) -> bool:
        lower = name.lower()
        return lower not in self._keep and any(fnmatchcase(lower, pattern) for pattern in self._patterns)


def buyer_hash(hash_key: bytes, platform: str) -> Callable[[str], str]:
    """The function that turns a buyer's identity on a platform into 32 hex digits (HMAC-SHA256).

    E-mail addresses and phone numbers are normalised first (case, blanks), so that a guest who types
    `Ann@Example.com` counts as the customer `ann@example.com`.
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
