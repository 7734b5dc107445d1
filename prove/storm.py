"""Spoils the sandbox's answers on their way out, as broken vendors, proxies and networks do.

An ASGI layer in front of the sandbox. A `Strike` says what becomes of the n-th answer of a run; the storm tells how
many answers it spoiled and how many records of them it changed (what a client may therefore land differently).
"""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Message = dict[str, Any]
Body = tuple[int, list[tuple[bytes, bytes]], bytes]

WIRE = (
    "gzip_cut",
    "gzip_lie",
    "cut",
    "line_cut",
    "hollow",
    "junk",
    "stale",
    "said_twice",
    "status_204",
    "status_302",
    "status_401",
    "status_403",
    "status_429",
    "status_502",
    "drip",
    "token_dies",
)
CONTENT = (
    "shuffled",
    "duplicate_keys",
    "type_flip",
    "new_field",
    "absurd",
    "field_gone",
    "list_gone",
    "list_emptied",
    "repeated",
    "paging_flip",
    "paging_gone",
    "total_moves",
)
KINDS = (*WIRE, *CONTENT)
# Answers with status 200 that hold nothing, or an error in words of nobody's.
HOLLOW = (
    b"{}",
    b"[]",
    b"null",
    b'""',
    b"0",
    b'{"code":50000,"message":"system error"}',
    b'{"error":{"code":500,"message":"internal error"}}',
    b'{"errors":[{"message":"internal error"}]}',
    b'{"success":false,"msg":"busy"}',
    b'{"error_response":{"code":15,"msg":"Remote service error"}}',
)
# What a Retry-After may say besides seconds.
WAITS = (b"", b"0", b"-5", b"soon", b"1e999", b"nan", b"Sun, 29 Nov 2020 10:00:00 GMT", b"2, 3", b"0.5")
TOTALS = re.compile("total|count|number|size", re.IGNORECASE)
ABSURD = (10**40, -(10**30), 1e308, 9007199254740993, -0.0, 0.1 + 0.2, 2**63)
FLIPS: tuple[Callable[[Any], Any], ...] = (str, lambda v: [v], lambda v: {"value": v}, lambda v: None, bool)


@dataclass
class Strike:
    """What happens to the answer number `at` (from 0) of a run."""

    at: int
    kind: str


@dataclass
class Storm:
    """All strikes of one run. `spare`: the names of fields that make a record's key or page the list, `ids`: the parts
    of the keys. Both are flipped in type but never given another value: another id is another record, and no client
    could tell."""

    strikes: list[Strike] = field(default_factory=list)
    chance: random.Random = field(default_factory=random.Random)
    spare: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()
    seen: int = 0
    spoiled: dict[str, int] = field(default_factory=dict)
    changed_records: int = 0
    misplaced: bool = False
    """Whether an answer was given to another question than its own."""
    last: dict[str, Body] = field(default_factory=dict)
    expire: Callable[[], None] | None = None
    """Ends every token given out so far; None where none ends."""

    def begin(self, strikes: list[Strike], seed: int, spare: frozenset[str], ids: frozenset[str]) -> None:
        self.strikes, self.chance, self.spare, self.ids = strikes, random.Random(seed), spare, ids
        self.seen, self.spoiled, self.changed_records, self.misplaced = 0, {}, 0, False
        self.last.clear()

    def calm(self) -> None:
        self.strikes = []

    # ---- one answer ----------------------------------------------------------------------------------
    def spoil(self, path: str, answer: Body) -> Body:
        number, self.seen = self.seen, self.seen + 1
        before, self.last[path] = self.last.get(path), answer
        strike = next((one for one in self.strikes if one.at == number), None)
        if strike is None:
            return answer
        spoiled = self._spoiled(strike.kind, answer, before)
        if spoiled is None:  # an answer this cannot happen to (no JSON, no list): let the next one have it
            strike.at += 1
            return answer
        self.spoiled[strike.kind] = self.spoiled.get(strike.kind, 0) + 1
        return spoiled

    def _spoiled(self, kind: str, answer: Body, before: Body | None) -> Body | None:
        status, headers, body = answer
        draw = self.chance
        if kind in ("gzip_cut", "gzip_lie"):
            packed = gzip.compress(body)[: -draw.randint(1, 12)] if kind == "gzip_cut" else body
            plain = [pair for pair in headers if pair[0].lower() != b"content-encoding"]
            return status, [*plain, (b"content-encoding", b"gzip")], packed
        if kind == "cut":
            return status, headers, body[: draw.randrange(max(1, len(body)))]
        if kind == "junk":
            at = draw.randrange(len(body) + 1)
            return status, headers, body[:at] + bytes([0xC3, 0x28, 0x00]) + body[at:]
        if kind == "line_cut":  # a file that breaks off between two lines
            lines = body.splitlines(keepends=True)
            kept = b"".join(lines[: draw.randrange(1, len(lines))]) if len(lines) > 1 else b""
            return (status, headers, kept) if kept else None
        if kind == "hollow":
            return 200, headers, draw.choice(HOLLOW)
        if kind == "token_dies":
            if self.expire is None:
                return None
            self.expire()
            return answer
        if kind == "stale":
            self.misplaced |= before is not None and before[2] != body
            return before
        if kind.startswith("status_"):
            code = int(kind.removeprefix("status_"))
            if code == 302:
                return code, [(b"location", b"https://login.example/")], b""
            if code == 429:
                headers = [*headers, (b"retry-after", draw.choice(WAITS))]
            return code, headers, b"" if code == 204 else b"<html><body>no</body></html>"
        if kind == "said_twice":
            return status, headers, body + body
        if kind == "drip":
            return status, [*headers, (b"x-drip", b"1")], body
        try:
            data, is_lines = json.loads(body), False
        except ValueError:
            try:
                data, is_lines = [json.loads(line) for line in body.splitlines()], True
            except ValueError:
                return None
        changed = self._content(kind, data)
        if changed is not None and is_lines:
            changed = b"".join(dumped(line) + b"\n" for line in json.loads(changed))
        return None if changed is None else (status, headers, changed)

    def _content(self, kind: str, data: Any) -> bytes | None:
        draw = self.chance
        lists = list(_lists(data))
        records = [record for rows in lists for record in rows]
        if kind in ("paging_flip", "paging_gone"):
            leaves = [leaf for leaf in _leaves(data, into_lists=False) if leaf[2] is not None]
            if not leaves:
                return None
            node, name, value = draw.choice(leaves)
            if kind == "paging_gone":
                del node[name]
            else:
                node[name] = draw.choice(FLIPS)(value)
            # Anything may follow from that: a key of paging, a status, an id; none of it may be a short read.
            # What an answer without records tells (a site's currency) may be in every one of them.
            self.changed_records += len(records) or 1_000
            return dumped(data)
        if not records:
            return None
        if kind == "total_moves":
            counts = [leaf for leaf in _leaves(data, into_lists=False) if _is_count(*leaf[1:])]
            if not counts:
                return None
            node, name, value = draw.choice(counts)
            node[name] = type(value)(max(0, int(value) + draw.choice((-1, 1, -int(value), 7))))
            self.changed_records += max(1, len(records))  # of a single record's answer it is a field of that
            return dumped(data)
        if kind == "list_emptied":
            self.changed_records += 1
            lists[0].clear()
            return dumped(data)
        if kind == "repeated":
            rows = draw.choice(lists)
            rows.insert(draw.randrange(len(rows) + 1), draw.choice(rows))
            self.changed_records += 1  # of a single record's answer it is a list in that record
            return dumped(data)
        if kind == "shuffled":
            for rows in lists:
                draw.shuffle(rows)
            return dumped(data)
        if kind == "list_gone":
            self.changed_records += 1  # of a single record's answer it is a field of that record
            return dumped(data) if _remove_list(data) else None
        record = draw.choice(records)
        leaves = list(_leaves(record, into_lists=True))
        if kind == "duplicate_keys":
            text = dumped(data).decode()
            at = text.index("{", text.index("[") if "[" in text else 0) + 1
            name = text[at : text.index(":", at)]
            return (text[:at] + f'{name}:"an earlier value",' + text[at:]).encode()
        self.changed_records += 1
        if kind == "new_field":
            record["a_field_nobody_knows"] = {"deep": [1, {"er": "ünïcödé ✓ \u0000"}], "number": 2**70}
        elif kind == "field_gone":
            node, name, _ = draw.choice(leaves)
            del node[name]
        elif kind == "absurd":
            fit = [leaf for leaf in leaves if leaf[1] not in self.spare and str(leaf[2]) not in self.ids]
            if not fit:
                return None
            node, name, value = draw.choice(fit)
            number = draw.choice(ABSURD)
            node[name] = str(number) if isinstance(value, str) else number
        elif kind == "type_flip":
            node, name, value = draw.choice(leaves)
            node[name] = draw.choice(FLIPS)(value)
        return dumped(data)


def dumped(data: Any) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def _lists(node: Any) -> Any:
    """The lists of records of an answer, none inside another."""
    if isinstance(node, list) and node and all(isinstance(item, dict) for item in node):
        yield node
    elif isinstance(node, dict):
        for value in node.values():
            yield from _lists(value)


def _leaves(node: Any, *, into_lists: bool) -> Any:
    """(holder, name, value) of every plain value."""
    if isinstance(node, dict):
        for name, value in node.items():
            if isinstance(value, dict) or (isinstance(value, list) and into_lists):
                yield from _leaves(value, into_lists=into_lists)
            elif not isinstance(value, list):
                yield node, name, value
    elif isinstance(node, list):
        for item in node:
            yield from _leaves(item, into_lists=into_lists)


def _is_count(name: str, value: Any) -> bool:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return bool(TOTALS.search(name)) and (is_whole or (isinstance(value, str) and value.isdigit()))


def _remove_list(node: Any) -> bool:
    if isinstance(node, dict):
        for name, value in node.items():
            if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
                del node[name]
                return True
            if _remove_list(value):
                return True
    return False


class Layer:
    """The ASGI application in front of the sandbox."""

    def __init__(self, app: Any, storm: Storm) -> None:
        self.app, self.storm = app, storm

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or not self.storm.strikes:
            await self.app(scope, receive, send)
            return
        start: Message = {}
        body = bytearray()

        async def hold(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                body.extend(message.get("body", b""))

        await self.app(scope, receive, hold)
        if not start:  # the sandbox broke the connection itself
            return
        length = b"content-length"
        headers = [pair for pair in start["headers"] if pair[0].lower() != length]
        status, headers, sent = self.storm.spoil(scope["path"], (start["status"], headers, bytes(body)))
        drip = any(pair[0] == b"x-drip" for pair in headers)
        await send({**start, "status": status, "headers": [*headers, (length, str(len(sent)).encode())]})
        if drip:
            size = len(sent) // 5 + 1
            for at in range(0, len(sent), size):
                await asyncio.sleep(0.01)
                await send({"type": "http.response.body", "body": sent[at : at + size], "more_body": True})
            sent = b""
        await send({"type": "http.response.body", "body": sent, "more_body": False})
