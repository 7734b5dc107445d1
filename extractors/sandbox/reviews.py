"""What buyers say of what they got: some days after an order is done, stars for one of its lines."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from . import timeline as tl
from .book import OrderBook
from .dice import Dice, between, lag, pick
from .orders import Line, Order
from .season import day_number
from .timeline import HORIZON_DAYS, Timeline, day_bounds

_DAY = 86_400
_WRITES = 0.35
_LATEST = 14 * _DAY
_STARS = ((5, 70.0), (4, 14.0), (3, 6.0), (2, 4.0), (1, 6.0))
_KEEP_LISTINGS = 16


@dataclass(frozen=True, slots=True)
class Review:
    """Stars (1 to 5) for a line of an order, and when they were given (epoch seconds)."""

    order: Order
    line: Line
    written: int
    stars: int


class Reviews:
    """The reviews of one shop."""

    def __init__(self, book: OrderBook, seed: int) -> None:
        self._book = book
        self._dice = Dice(seed, f"reviews/{book.shop.store}")
        self._listings: OrderedDict[tuple[int, int], tuple[Review, ...]] = OrderedDict()

    def between(self, start: int, end: int, now: int) -> tuple[Review, ...]:
        """Those written in [start, end] and not after ``now``, oldest first."""
        key = (start, min(end, now))
        found = self._listings.get(key)
        if found is None:
            found = self._listings[key] = self._find(*key)
            if len(self._listings) > _KEEP_LISTINGS:
                self._listings.popitem(last=False)
        return found

    def _find(self, start: int, end: int) -> tuple[Review, ...]:
        book, found = self._book, []
        for day, index in book.created_between(start - HORIZON_DAYS * _DAY - _LATEST, end, end):
            chance = self._dice.sixteen(day_number(day), index)
            if chance[0] >= _WRITES:
                continue
            begin, length = day_bounds(book.shop, day)
            done = _done(book.maker.make(day, index, begin, length))
            written = None if done is None else done + min(int(lag(chance[1], 3 * _DAY)), _LATEST)
            if written is not None and start <= written <= end:
                order = book.order(day, index)
                line = order.lines[between(chance[2], 0, len(order.lines) - 1)]
                found.append(Review(order, line, written, int(str(pick(chance[3], _STARS)))))
        return tuple(sorted(found, key=lambda review: (review.written, review.order.id)))


def _done(timeline: Timeline) -> int | None:
    return next((event.at for event in timeline.events if event.what == tl.COMPLETED), None)
