"""An accepted call, and how a list is answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from extractors.sandbox.book import OrderBook
from extractors.sandbox.control import Fault
from extractors.sandbox.desk import Desk
from extractors.sandbox.merchants import Shop

from .parameters import invalid, number_of
from .words import SYSTEM


@dataclass(frozen=True, slots=True)
class Method:
    """A method: its own parameters, the fields it may be asked for, and who answers."""

    stream: str
    params: frozenset[str]
    required: frozenset[str]
    fields: frozenset[str] | None
    answer: Callable[[Call, Fault | None], dict[str, Any]]
    needs_session: bool = True


@dataclass(frozen=True, slots=True)
class Call:
    """One accepted request: the seller's shop, the parameters, the fields asked for."""

    desk: Desk
    shop: Shop
    params: Mapping[str, str]
    fields: frozenset[str]
    order_fields: frozenset[str]
    now: int
    book: OrderBook


def listing(
    call: Call,
    rows: list[Any],
    outer: str,
    inner: str,
    show: Callable[[Any], dict[str, Any] | None],
    fault: Fault | None,
    most: int,
) -> dict[str, Any]:
    number, size = number_of(call.params, "page_no", 1), number_of(call.params, "page_size", 40)
    if not 1 <= size <= most:
        raise invalid(f"page_size must be between 1 and {most}")
    if number < 1:
        raise invalid("page_no must be at least 1")
    by_next = call.params.get("use_has_next", "false")
    if by_next not in ("true", "false"):
        raise invalid("use_has_next must be true or false")
    key = tuple(sorted((k, v) for k, v in call.params.items() if k not in SYSTEM and k != "page_no"))
    if not call.desk.announced((call.shop.store, outer, key), number, size, len(rows)):
        raise invalid(f"page_no {number} is beyond the last page")
    page = call.desk.page(rows, number, size, fault)
    shown = [record for row in page.rows if (record := show(row)) is not None]
    out: dict[str, Any] = {outer: {inner: shown}} if shown else {}
    if by_next == "true":
        out["has_next"] = number * size < page.total
    else:
        out["total_results"] = page.total
    return out
