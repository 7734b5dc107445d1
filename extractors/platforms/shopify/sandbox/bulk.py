"""Bulk operations: a query that the vendor runs by itself, and its file (platforms-global §1b).

An operation is CREATED when begun, RUNNING at the first look and over at the second. ``desk.plans`` says what
becomes of the next: never | fails | denied | timeout | cancelled | expires | '' (it succeeds).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import orjson

from extractors.sandbox.graphql import Field, Schema, Wrong, kept, read_shorthand, show

AT_ONCE = 5
MOST_CONNECTIONS = 5
DEEPEST_CONNECTION = 2
FORGOTTEN = 2.0
"""Seconds of real time after which an operation that nobody looks at counts as over."""
KEPT = 7 * 86_400
_ENDS: dict[str, tuple[str, str | None]] = {
    "fails": ("FAILED", "INTERNAL_SERVER_ERROR"),
    "denied": ("FAILED", "ACCESS_DENIED"),
    "timeout": ("FAILED", "TIMEOUT"),
    "cancelled": ("CANCELED", None),
    "expires": ("EXPIRED", None),
    "": ("COMPLETED", None),
}


@dataclass(slots=True)
class Operation:
    """One operation: what it found when it began, and how far it is."""

    number: int
    plan: str
    lines: list[bytes]
    roots: int
    begun: int
    resets: int
    looks: int = 0
    clock: float = field(default_factory=time.monotonic)

    @property
    def is_over(self) -> bool:
        """Whether a look finds it at an end."""
        return self.plan != "never" and self.looks >= 2

    @property
    def is_running(self) -> bool:
        """Whether it counts against the number that may run at once."""
        return not self.is_over and (self.plan == "never" or time.monotonic() - self.clock < FORGOTTEN)

    @property
    def body(self) -> bytes:
        """The file."""
        return b"".join(line + b"\n" for line in self.lines)

    def shown(self, address: str) -> dict[str, Any]:
        """The operation's record."""
        status, code = _ENDS[self.plan] if self.is_over else ("RUNNING" if self.looks else "CREATED", None)
        whole = status == "COMPLETED"
        return {
            "id": f"gid://shopify/BulkOperation/{self.number}",
            "status": status,
            "errorCode": code,
            "objectCount": str(len(self.lines)) if whole else "0",
            "rootObjectCount": str(self.roots) if whole else "0",
            "fileSize": str(len(self.body)) if whole and self.lines else None,
            "url": address if whole and self.lines else None,  # nothing found is no file
            "partialDataUrl": address if status in ("FAILED", "CANCELED") and self.lines else None,
            "createdAt": "2026-11-22T00:00:00Z",
            "completedAt": "2026-11-22T00:00:00Z" if self.is_over else None,
        }


def parse(text: str, types: Schema, roots: dict[str, frozenset[str]]) -> Field:
    """The one root of a bulk query. Raises Wrong for what may not be asked in bulk."""
    found = read_shorthand(text)
    if len(found) != 1:
        raise Wrong("INVALID", "A bulk query has one root field.")
    root = found[0]
    kind = types["Query"].get(root.name)
    if kind is None or kind.shape != "connection":
        raise Wrong("INVALID", "Bulk queries must contain at least one connection.")
    strange = sorted(set(root.arguments) - roots[root.name])
    if strange:
        raise Wrong("INVALID", f"Field '{root.name}' doesn't accept argument '{strange[0]}'")
    if 1 + _connections(_node(root), kind.of, types, depth=0, in_list=False) > MOST_CONNECTIONS:
        raise Wrong("INVALID", f"Bulk queries cannot contain more than {MOST_CONNECTIONS} connections.")
    return root


def _node(chosen: Field) -> Field:
    """The selection of a connection's nodes."""
    edges = chosen.pick("edges")
    node = edges.pick("node") if edges is not None else chosen.pick("nodes")
    if node is None or not node.below:
        raise Wrong("INVALID", f"'{chosen.name}' selects neither edges {{ node }} nor nodes")
    return node


def _connections(chosen: Field, of: str, types: Schema, depth: int, *, in_list: bool) -> int:
    """How many connections stand below a selection. Raises Wrong."""
    count = 0
    for inner in chosen.below:
        if inner.name == "__typename":
            continue
        kind = types[of].get(inner.name)
        if kind is None:
            raise Wrong("INVALID", f"Field '{inner.name}' doesn't exist on type '{of}'")
        if (kind.shape == "scalar") == bool(inner.below):
            raise Wrong("INVALID", f"The selections of field '{inner.name}' do not match its type")
        if kind.shape == "connection":
            if in_list:
                raise Wrong("INVALID", "A connection field within a list field is not supported.")
            if depth == DEEPEST_CONNECTION:
                raise Wrong("INVALID", "Bulk queries cannot nest connections more than two levels deep.")
            if chosen.pick("id") is None:
                raise Wrong("INVALID", "The parent 'node' of a nested connection must select the 'id' field")
            count += 1 + _connections(_node(inner), kind.of, types, depth + 1, in_list=False)
        elif kind.shape != "scalar":
            count += _connections(inner, kind.of, types, depth, in_list=in_list or kind.shape == "list")
    return count


def lines_of(root: Field, of: str, records: list[dict[str, Any]], types: Schema) -> list[bytes]:
    """The file's lines, in an order in which a child need not follow its parent."""
    lines: list[bytes] = []
    for record in records:
        _write(record, _node(root), of, types, None, lines)
    return sorted(lines, key=lambda line: sha256(line).digest())


def _write(
    record: dict[str, Any], chosen: Field, of: str, types: Schema, parent: str | None, lines: list[bytes]
) -> None:
    out: dict[str, Any] = {}
    for inner in chosen.below:
        kind = types[of].get(inner.name)
        if kind is not None and kind.shape == "connection":
            for child in kept(record[inner.name], inner, kind):
                _write(child, _node(inner), kind.of, types, str(record["id"]), lines)
        else:
            out |= show(record, [inner], of, types)
    lines.append(orjson.dumps(out if parent is None else {**out, "__parentId": parent}))
