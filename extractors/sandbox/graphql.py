"""A small GraphQL server for halves whose vendor speaks it: reads a query, holds it to a schema, prices it.

Of the language it knows what read queries need: one named query with variables, arguments, nested fields.
A schema maps a type to its fields: ``name`` (a scalar), ``name:Type`` (an object), ``name:[Type]`` (a list),
``name:Type@`` (a connection with nodes and a cursor of its own), ``name:Type@flag`` (one that leaves out
nodes that are ``isRemoved`` unless this argument is true).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .cursor import seal, unseal

_TOKEN = re.compile(r'\s+|,|#[^\n]*|("(?:\\.|[^"\\])*"|\.\.\.|[{}()\[\]:$!=]|[_A-Za-z]\w*|-?\d+)')
_MOST = 250

Schema = Mapping[str, Mapping[str, "Kind"]]


class Wrong(Exception):
    """The query is refused: the vendor's code and words."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Kind:
    """What a field is: ``shape`` scalar | object | list | connection, of type ``of``; ``removals`` names the
    argument that shows removed nodes, too."""

    shape: str
    of: str = ""
    removals: str = ""


@dataclass(slots=True)
class Field:
    """A selected field: its arguments and what is selected below it."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    below: list[Field] = field(default_factory=list)

    def pick(self, name: str) -> Field | None:
        """The selection of this name below it."""
        return next((found for found in self.below if found.name == name), None)


def schema(types: Mapping[str, str]) -> Schema:
    """A schema from its text, one line a type."""
    return {name: dict(_kind(part) for part in text.split()) for name, text in types.items()}


def _kind(text: str) -> tuple[str, Kind]:
    name, _, of = text.partition(":")
    if not of:
        return name, Kind("scalar")
    if "@" in of:
        of, _, removals = of.partition("@")
        return name, Kind("connection", of, removals)
    return name, Kind("list", of[1:-1]) if of.startswith("[") else Kind("object", of)


# ---- reading -----------------------------------------------------------------------------------------
class _Reader:
    def __init__(self, text: str, variables: Mapping[str, Any]) -> None:
        self._tokens: list[str] = []
        place = 0
        while place < len(text):
            found = _TOKEN.match(text, place)
            if found is None:
                raise Wrong("parseError", f"Unexpected character {text[place]!r}")
            if found.group(1):
                self._tokens.append(found.group(1))
            place = found.end()
        self._place = 0
        self._variables = dict(variables)
        self._declared: set[str] = set()

    def query(self, kind: str = "query") -> list[Field]:
        self._take(kind)
        if self._peek() not in ("(", "{"):
            self._next()
        if self._peek() == "(":
            self._declare()
        unknown = sorted(set(self._variables) - self._declared)
        if unknown:
            raise Wrong("variableNotUsed", f"Variable ${unknown[0]} is not declared by the query")
        return self._selection()

    def _declare(self) -> None:
        self._take("(")
        while self._peek() != ")":
            self._take("$")
            name = self._next()
            self._take(":")
            self._next()
            if self._peek() == "!":
                self._next()
                if self._variables.get(name) is None:
                    raise Wrong(
                        "variableMismatch", f"Variable ${name} of a required type was provided no value"
                    )
            self._declared.add(name)
        self._take(")")

    def _selection(self) -> list[Field]:
        self._take("{")
        found: list[Field] = []
        while self._peek() != "}":
            chosen = Field(self._next())
            if not re.match(r"[_A-Za-z]", chosen.name):
                raise Wrong("parseError", f"Expected a field name, got {chosen.name!r}")
            if self._peek() == "(":
                chosen.arguments = self._arguments()
            if self._peek() == "{":
                chosen.below = self._selection()
            found.append(chosen)
        self._take("}")
        return found

    def _arguments(self) -> dict[str, Any]:
        self._take("(")
        found: dict[str, Any] = {}
        while self._peek() != ")":
            name = self._next()
            self._take(":")
            found[name] = self._value()
        self._take(")")
        return {name: value for name, value in found.items() if value is not None}

    def _value(self) -> Any:
        text = self._next()
        if text == "$":
            name = self._next()
            if name not in self._declared:
                raise Wrong("variableNotDefined", f"Variable ${name} is used but not declared")
            return self._variables.get(name)
        if text.startswith('"'):
            return text[1:-1].replace('\\"', '"')
        if re.fullmatch(r"-?\d+", text):
            return int(text)
        return {"true": True, "false": False, "null": None}.get(text, text)

    def _peek(self) -> str:
        return self._tokens[self._place] if self._place < len(self._tokens) else ""

    def _next(self) -> str:
        if self._place >= len(self._tokens):
            raise Wrong("parseError", "Unexpected end of the document")
        self._place += 1
        return self._tokens[self._place - 1]

    def _take(self, expected: str) -> None:
        found = self._next()
        if found != expected:
            raise Wrong("parseError", f"Expected {expected!r}, got {found!r}")


def read(text: str, variables: Mapping[str, Any], kind: str = "query") -> list[Field]:
    """The selection of a query (or mutation) document. Raises Wrong."""
    return _Reader(text, variables).query(kind)


def read_shorthand(text: str) -> list[Field]:
    """The selection of a query without a name and variables, as bulk operations take it. Raises Wrong."""
    return _Reader(text if text.lstrip().startswith("query") else f"query {text}", {}).query()


# ---- holding to the schema -----------------------------------------------------------------------------
_PAGE_INFO = {name: Kind("scalar") for name in ("hasNextPage", "hasPreviousPage", "startCursor", "endCursor")}


def price(chosen: Field, of: str, types: Schema, roots: Mapping[str, frozenset[str]] | None = None) -> int:
    """The price of a field of type ``of`` before it runs. Raises Wrong for what the schema has not.

    An object costs a point, a scalar none, a list or connection its item once for every twenty asked for.
    ``roots``: the arguments that fields of the query root take.
    """
    kind = _PAGE_INFO.get(chosen.name) if of == "PageInfo" else types[of].get(chosen.name)
    if chosen.name == "__typename":
        return 0
    if kind is None:
        raise Wrong("undefinedField", f"Field '{chosen.name}' doesn't exist on type '{of}'")
    allowed = (roots or {}).get(chosen.name, frozenset({"first", "after", kind.removals} - {""}))
    strange = sorted(set(chosen.arguments) - allowed)
    if strange:
        raise Wrong("argumentNotAccepted", f"Field '{chosen.name}' doesn't accept argument '{strange[0]}'")
    if kind.shape == "scalar":
        if chosen.below:
            raise Wrong("selectionMismatch", f"Selections can't be made on scalars (field '{chosen.name}')")
        return 0
    if not chosen.below:
        raise Wrong("selectionMismatch", f"Field must have selections (field '{chosen.name}')")
    if kind.shape == "connection":
        return _connection_price(chosen, kind.of, types)
    below = 1 + sum(price(found, kind.of, types) for found in chosen.below)
    return below * -(-_first(chosen, 1) // 20) if kind.shape == "list" else below


def _connection_price(chosen: Field, of: str, types: Schema) -> int:
    if "first" not in chosen.arguments:
        raise Wrong("missingFirstOrLast", f"you must provide one of first or last ('{chosen.name}')")
    each = 1
    for found in chosen.below:
        if found.name == "pageInfo":
            for inner in found.below:
                price(inner, "PageInfo", types)
        elif found.name == "nodes":
            each += sum(price(inner, of, types) for inner in found.below)
        else:
            raise Wrong("undefinedField", f"Field '{found.name}' doesn't exist on type '{of}Connection'")
    return each * -(-_first(chosen, 1) // 20)


def _first(chosen: Field, default: int) -> int:
    first = chosen.arguments.get("first", default)
    if not isinstance(first, int) or not 1 <= first <= _MOST:
        raise Wrong("argumentLiteralsIncompatible", f"first must be between 1 and {_MOST}, got {first}")
    return first


# ---- answering -----------------------------------------------------------------------------------------
def show(value: Any, chosen: list[Field], of: str, types: Schema) -> Any:
    """What the selection shows of a record that holds every field of its type."""
    if value is None:
        return None
    out: dict[str, Any] = {}
    for found in chosen:
        if found.name == "__typename":
            out[found.name] = value.get("__typename", of)
            continue
        kind, inner = types[of][found.name], value[found.name]
        if kind.shape == "scalar" or inner is None:
            out[found.name] = inner
        elif kind.shape == "object":
            out[found.name] = show(inner, found.below, kind.of, types)
        elif kind.shape == "list":
            items = inner[: found.arguments["first"]] if "first" in found.arguments else inner
            out[found.name] = [show(item, found.below, kind.of, types) for item in items]
        else:
            out[found.name] = _nested(kept(inner, found, kind), found, kind.of, types)
    return out


def kept(items: list[Any], chosen: Field, kind: Kind) -> list[Any]:
    """The nodes of a connection that its arguments ask for."""
    if not kind.removals or chosen.arguments.get(kind.removals) is True:
        return items
    return [item for item in items if not item["isRemoved"]]


def _nested(items: list[Any], chosen: Field, of: str, types: Schema) -> dict[str, Any]:
    """A connection inside a record: its place is its cursor."""
    start = 0
    after = chosen.arguments.get("after")
    if after is not None:
        place = unseal(after)
        if place is None or not place[0].isdigit():
            raise Wrong("invalidCursor", f"Invalid cursor for current pagination sort ('{chosen.name}')")
        start = int(place[0])
    size = int(chosen.arguments["first"])
    shown = items[start : start + size]
    end = start + len(shown)
    return connection(
        chosen,
        [show(item, _below(chosen), of, types) for item in shown],
        has_next=end < len(items),
        end_cursor=seal(str(end)) if shown else None,
    )


def _below(chosen: Field) -> list[Field]:
    nodes = chosen.pick("nodes")
    return nodes.below if nodes is not None else []


def connection(chosen: Field, nodes: list[Any], *, has_next: bool, end_cursor: str | None) -> dict[str, Any]:
    """A connection's answer: what was selected of nodes and page info."""
    out: dict[str, Any] = {}
    if chosen.pick("nodes") is not None:
        out["nodes"] = nodes
    info = chosen.pick("pageInfo")
    if info is not None:
        all_of_it = {
            "hasNextPage": has_next,
            "hasPreviousPage": False,
            "startCursor": None,
            "endCursor": end_cursor,
        }
        out["pageInfo"] = {inner.name: all_of_it[inner.name] for inner in info.below}
    return out


def records(
    chosen: Field, rows: list[Any], make: Callable[[Any], dict[str, Any]], of: str, types: Schema
) -> list[Any]:
    """The nodes of a connection at the root, made only for the rows that are shown."""
    return [show(make(row), _below(chosen), of, types) for row in rows]
