"""Bulk operations, for long windows: a query is run by Shopify itself, and its answer fetched as one file.

A file holds an object a line. What stood in a connection comes on a line of its own that names its parent,
and without grouping (which Shopify advises against) a child need not follow its parent, nor the parents any
order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from extractors.core.jobs import State
from extractors.core.model import Job, Page, Read, Record, Reply, Request
from extractors.core.paging import TooDeep, number_at
from extractors.errors import ConfigError, ContractError, DaybookError, RateLimitedError
from extractors.personal import dig

# As long as this a window is read in bulk; a landing partition of orders covers so much of it.
LONG, SLICE = timedelta(days=14), timedelta(days=30)
BIGGEST = 64 << 20  # bytes of a file that is read at once; a longer one is asked for in halves
ROOTS, OBJECTS = number_at("bulkOperation.rootObjectCount"), number_at("bulkOperation.objectCount")
BUSY = frozenset({"OPERATION_IN_PROGRESS", "LIMIT_REACHED"})
STATES = {
    "CREATED": State.WAITING,
    "RUNNING": State.WAITING,
    "CANCELING": State.WAITING,
    "COMPLETED": State.READY,
    "FAILED": State.FAILED,
    "CANCELED": State.FAILED,
    "EXPIRED": State.GONE,
}


def refusal(data: Mapping[str, Any]) -> DaybookError | None:
    """Why an operation was not begun; it stands in the data, not among the errors."""
    errors = (data.get("bulkOperationRunQuery") or {}).get("userErrors") or []
    if not errors:
        return None
    text = "; ".join(str(error.get("message"))[:200] for error in errors)
    if any(error.get("code") in BUSY for error in errors):
        advice = "an app may run five bulk queries at once in a shop; run again when the others are done"
        return RateLimitedError(f"no bulk operation now: {text}", retry_after=60.0, advice=advice)
    return ContractError(f"the bulk operation was refused: {text}")


def _state(reply: Reply) -> State:
    """How an operation stands. One that took Shopify too long is asked for in halves (TooDeep)."""
    found = reply.body.get("bulkOperation")
    if found is None:
        return State.GONE
    status, code = found.get("status"), found.get("errorCode")
    if status not in STATES:
        raise ContractError(f"a status of bulk operations that no document names: {status!r}")
    if status == "FAILED" and code == "ACCESS_DENIED":
        raise ConfigError(
            "the bulk operation was denied: ACCESS_DENIED",
            advice="give the app read_orders, read_all_orders, read_products and read_customers",
        )
    if status == "FAILED" and code == "TIMEOUT":
        raise TooDeep(int(found.get("rootObjectCount") or 0))
    return STATES[status]


def _look(query: str, number: str) -> Request:
    return Request(query, "look", {"id": number})


def read(query: str, text: str, root: str, children: Mapping[str, str]) -> Read:
    """A bulk read.

    query: the request name of all queries. text: what is asked. root: the type whose objects are records.
    children: type of what stood in a connection → the field it stood in.
    """
    job = Job(
        ticket=lambda reply: dig(reply.body, ("bulkOperationRunQuery", "bulkOperation", "id")),
        look=lambda number: _look(query, number),
        state=_state,
        # The file's address is told by another look.
        fetch=lambda number: _look(query, number),
        patience=timedelta(hours=2),
        life=timedelta(days=1),
    )
    return Read(Request("bulk operation", "run", {"query": text}), BulkFile(root, children), job=job)


@dataclass(frozen=True)
class BulkFile:
    """The file of a finished operation, put together again and held to Shopify's own counts."""

    root: str
    children: Mapping[str, str]

    def pages(self, call: Callable[[Request], Reply], request: Request) -> Iterator[Page]:
        reply = call(request)
        found = reply.body.get("bulkOperation") or {}
        roots, objects = ROOTS(reply), OBJECTS(reply)
        if found.get("status") != "COMPLETED" or roots is None or objects is None:
            raise ContractError("a finished bulk operation that does not say what it found")
        if int(found.get("fileSize") or 0) > BIGGEST:
            raise TooDeep(roots)
        # No address: nothing was found, which is no error.
        lines = call(Request("bulk file", found["url"])).body if found.get("url") else []
        if len(lines) != objects:
            raise ContractError(f"the bulk file of {objects} objects holds {len(lines)}")
        yield Page(self.records(Reply(lines)), roots)

    def records(self, reply: Reply) -> list[Record]:
        """The records of a file, each with its children in it."""
        roots: dict[str, Record] = {}
        rest: list[Record] = []
        for line in reply.body:
            kind = line.pop("__typename", None)
            if kind == self.root:
                empty: Record = {field: {"nodes": []} for field in self.children.values()}
                roots[str(line["id"])] = line | empty
            elif kind in self.children and "__parentId" in line:
                rest.append({"field": self.children[kind], "parent": line.pop("__parentId"), "node": line})
            else:
                raise ContractError(f"the bulk file holds an object of type {kind!r} without a place")
        # The file has no order: by their ids an order that is read twice is the same.
        for child in sorted(rest, key=lambda child: str(child["node"].get("id"))):
            if child["parent"] not in roots:
                raise ContractError(f"the bulk file lacks {child['parent']}, the parent of what it holds")
            roots[child["parent"]][child["field"]]["nodes"].append(child["node"])
        return list(roots.values())
