"""What halves of marketplaces have in common and no vendor says: finding records, listing them, judging
plain parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .book import OrderBook, Row, refund_state
from .catalogue import Item
from .control import Fault
from .desk import Desk, Page
from .merchants import SHANGHAI, SHOP_BY_STORE, Shop
from .orders import Line, Order, OrderState, RefundState, locate_market
from .tokens import GOOD

_REFUND_IDS = 9_000


# ---- writing ---------------------------------------------------------------------------------------
def yuan(fen: int) -> str:
    """Fen as yuan with two decimals."""
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def wall(at: int | None) -> str | None:
    """``yyyy-MM-dd HH:mm:ss`` in Shanghai; None for a time that has not come."""
    return None if at is None else datetime.fromtimestamp(at, SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def from_wall(text: str) -> int | None:
    """Epoch seconds of such a text, None if it is not one."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", text):
        return None
    try:
        return int(datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHANGHAI).timestamp())
    except ValueError:
        return None


def goods_id(item: Item) -> int:
    """A product's id; beyond 2^53."""
    return 3_600_000_000_000_000_000 + item.number


def product_id(line: Line) -> int:
    """The id of the product that a line sold."""
    return goods_id(line.item)


def variant_id(item: Item, place: int) -> int:
    """The id of a product's variant at a place of its list; beyond 2^53."""
    return 1_700_000_000_000_000_000 + item.number * 100 + place


def sku_id(line: Line) -> int:
    """The id of the variant that a line sold."""
    return variant_id(line.item, line.sku)


def line_id(order: Order, line: Line) -> int:
    """The id of an order's line; never the order's own."""
    return order.id + line.number


# ---- judging ---------------------------------------------------------------------------------------
def wrong_names(given: Mapping[str, Any], required: str, optional: str = "") -> str | None:
    """The first required name that is missing, or the first name that is in neither list; None if all
    is well."""
    for name in required.split():
        if given.get(name) in (None, ""):
            return name
    strange = sorted(set(given) - set(required.split()) - set(optional.split()))
    return strange[0] if strange else None


def whole(value: Any, low: int, high: int) -> int | None:
    """A whole number (or its text) within [low, high]; None for anything else."""
    if isinstance(value, bool) or not re.fullmatch(r"-?\d{1,18}", str(value)):
        return None
    return int(value) if low <= int(value) <= high else None


def in_step(desk: Desk, stamp: float | None, tolerance: float) -> bool:
    """Whether a request's time stamp (epoch seconds) is near one of the clocks."""
    return stamp is not None and any(abs(stamp - clock) <= tolerance for clock in desk.control.clocks())


def shop_of_token(desk: Desk, text: str) -> Shop | None:
    """The shop whose good access token this is."""
    verdict = desk.tokens.check(text) if desk.tokens is not None else None
    if verdict is None or verdict.state != GOOD:
        return None
    shop = SHOP_BY_STORE.get(verdict.subject)
    return shop if shop is not None and shop.platform == desk.platform else None


def store_of_token(desk: Desk, text: str) -> str:
    """The store a token names, good or not; for counting."""
    return desk.tokens.check(text).subject if desk.tokens is not None else ""


# ---- finding ---------------------------------------------------------------------------------------
def book_of(desk: Desk, shop: Shop) -> OrderBook:
    return desk.world.books[shop.store]


def order_by_id(desk: Desk, shop: Shop, text: str) -> OrderState | None:
    """The shop's order that has this id, or a line or refund with this id."""
    place = locate_market(int(text)) if re.fullmatch(r"\d{1,19}", text) else None
    book = book_of(desk, shop)
    if place is None or place[0] is not shop or not book.exists(place[1], place[2]):
        return None
    return book.state(place[1], place[2], desk.now())


def refund_by_id(desk: Desk, shop: Shop, text: str) -> tuple[OrderState, RefundState] | None:
    """The shop's refund that has this id, with its order."""
    state = order_by_id(desk, shop, text)
    found = None if state is None else refund_state(state, int(text) - state.order.id - _REFUND_IDS)
    return None if state is None or found is None else (state, found)


def refunds_of(state: OrderState, line: Line) -> list[RefundState]:
    """The refunds that concern a line; those of the whole order concern each."""
    return [r for r in state.refunds if r.refund.plan.line in (0, line.number)]


def refunded_line(state: OrderState, refund: RefundState) -> Line:
    """The line a refund is entered on: its own, or the first for one of the whole order."""
    return state.order.lines[max(refund.refund.plan.line, 1) - 1]


def orders_between(desk: Desk, shop: Shop, start: int, end: int) -> list[OrderState]:
    """Orders last modified in [start, end], oldest first."""
    book, now = book_of(desk, shop), desk.now()
    rows = book.modified_between(start, end, now)
    return [state for row in rows if (state := book.state(row.day, row.index, now)) is not None]


def rows_between(desk: Desk, shop: Shop, start: int, end: int) -> list[Row]:
    """Places of the orders last modified in [start, end], oldest first, without making their contents."""
    return book_of(desk, shop).modified_between(start, end, desk.now())


def state_at(desk: Desk, shop: Shop, row: Row) -> OrderState:
    """The order at a place of a listing."""
    state = book_of(desk, shop).state(row.day, row.index, desk.now())
    if state is None:
        raise LookupError(f"a listed order does not exist: {row}")
    return state


def refund_rows_between(desk: Desk, shop: Shop, start: int, end: int) -> list[Row]:
    """Places of the refunds last modified in [start, end], oldest first."""
    return book_of(desk, shop).refunds_modified_between(start, end, desk.now())


def refund_at(desk: Desk, shop: Shop, row: Row) -> tuple[OrderState, RefundState]:
    """The refund at a place of a listing, with its order."""
    state = state_at(desk, shop, row)
    found = refund_state(state, row.refund)
    if found is None:
        raise LookupError(f"a listed refund does not exist: {row}")
    return state, found


def page_of(
    desk: Desk, key: tuple[Any, ...], rows: list[Any], number: int, size: int, fault: Fault | None
) -> Page | None:
    """Page ``number`` (from 1) of a listing, None when the listing (named by ``key``) never had it."""
    if not desk.announced(key, number, size, len(rows)):
        return None
    return desk.page(rows, number, size, fault)


def touch(desk: Desk, store: str, start: int | None, end: int | None, place: int, newest: bool) -> None:
    """Edits the order at ``place`` of the window being read, counted from its newest or oldest."""
    if start is None or end is None:
        return
    book = desk.world.books[store]
    rows = book.modified_between(start, end, desk.now())
    if place < len(rows):
        row = rows[::-1][place] if newest else rows[place]
        book.touch(row.day, row.index, desk.now())
