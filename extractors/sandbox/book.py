"""The order book of one shop: which records were modified in a window, without making the contents of the
others.

For each day of creation it keeps, per day on which something happens, the moments at which a record
changes: (at, until, reference): the record's modified time is ``at`` for every ``now`` with at <= now <
until. Listing a window reads only the days of creation within the event horizon of it.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from .merchants import Shop
from .orders import Order, OrderMaker, OrderState, RefundState, outline, state_of
from .timeline import HORIZON_DAYS, Timeline, TimelineMaker, day_bounds

_DAY = 86_400
_NEVER = 2**62
_KEEP_TRIPLES = 4_000_000
_KEEP_ORDERS = 20_000
_KEEP_LISTINGS = 64
_KEEP_SUMMARIES = 500_000


@dataclass(slots=True)
class _DayBook:
    """Per epoch day: flat triples (at, until, index) for orders, (at, until, index * 16 + refund) for
    refunds."""

    orders: dict[int, array[int]] = field(default_factory=dict)
    refunds: dict[int, array[int]] = field(default_factory=dict)
    size: int = 0

    def add(self, book: dict[int, array[int]], at: int, until: int, reference: int) -> None:
        book.setdefault(at // _DAY, array("q")).extend((at, until, reference))
        self.size += 1


@dataclass(frozen=True, slots=True)
class Row:
    """A record's place in a listing: when it was last modified, and which it is. ``refund`` is 0 for
    orders."""

    modified: int
    day: date
    index: int
    refund: int = 0


@dataclass(frozen=True, slots=True)
class Summary:
    """What listings ask of an order: when it was made and last modified, and its status (``OrderState``)."""

    day: date
    index: int
    created: int
    modified: int
    status: str


class OrderBook:
    """Orders and refunds of one shop at any moment.

    ``first_day`` is where history starts; ``version`` grows whenever a record is edited from outside.
    """

    def __init__(self, shop: Shop, seed: int, scale: float, first_day: date) -> None:
        self.shop = shop
        self.first_day = first_day
        self.maker = TimelineMaker(shop, seed, scale)
        self._contents = OrderMaker(shop, seed, self.maker)
        self._days: OrderedDict[date, _DayBook] = OrderedDict()
        self._triples = 0
        self._orders: OrderedDict[tuple[date, int], Order] = OrderedDict()
        self._listings: OrderedDict[tuple[str, int, int], tuple[int, int, list[Row]]] = OrderedDict()
        self._settled: dict[date, tuple[Summary, ...]] = {}
        self._size = 0
        self._touched: dict[tuple[date, int], tuple[int, ...]] = {}
        self.version = 0

    # ---- single records --------------------------------------------------------------------------
    def exists(self, day: date, index: int) -> bool:
        """Whether the world has this order at all (at some time)."""
        return day >= self.first_day and 0 <= index < self.maker.count(day)

    def order(self, day: date, index: int) -> Order:
        """The contents of an order."""
        key = (day, index)
        found = self._orders.get(key)
        if found is None:
            start, length = day_bounds(self.shop, day)
            found = self._contents.make(day, index, self.maker.make(day, index, start, length))
            self._orders[key] = found
            if len(self._orders) > _KEEP_ORDERS:
                self._orders.popitem(last=False)
        else:
            self._orders.move_to_end(key)
        return found

    def state(self, day: date, index: int, now: int) -> OrderState | None:
        """The order's record at ``now``."""
        return state_of(self.order(day, index), now, self._touched.get((day, index), ()))

    def touch(self, day: date, index: int, at: int) -> None:
        """Adds a neutral edit at ``at``: nothing but the modified time (and an edit counter) changes."""
        self._touched[(day, index)] = (*self._touched.get((day, index), ()), at)
        self._edited()

    def forget_touches(self) -> None:
        """Takes back every edit from outside."""
        self._touched.clear()
        self._edited()

    def _edited(self) -> None:
        self._listings.clear()
        self._settled.clear()
        self._size = 0
        self.version += 1

    # ---- listings --------------------------------------------------------------------------------
    def modified_between(self, start: int, end: int, now: int) -> list[Row]:
        """Orders whose last visible change lies in [start, end] (epoch seconds, both ends in), oldest
        first."""
        return self._listing("orders", start, min(end, now), now)

    def refunds_modified_between(self, start: int, end: int, now: int) -> list[Row]:
        """Refunds whose last visible change lies in [start, end], oldest first."""
        return self._listing("refunds", start, min(end, now), now)

    def created_between(self, start: int, end: int, now: int) -> Iterator[tuple[date, int]]:
        """(day, index) of the orders created in [start, end] and not after ``now``, in order of creation."""
        for day in self._days_touching(start, min(end, now)):
            begin, length = day_bounds(self.shop, day)
            for index in range(self.maker.count(day)):
                created = self.maker.make(day, index, begin, length).created
                if start <= created <= end and created <= now:
                    yield day, index

    def summary(self, day: date, index: int, now: int) -> Summary | None:
        """The order in short at ``now``, without its contents where they do not matter."""
        start, length = day_bounds(self.shop, day)
        timeline = self.maker.make(day, index, start, length)
        short = None if (day, index) in self._touched else outline(timeline, now)
        if short is not None:
            return Summary(day, index, timeline.created, short[1], short[0])
        state = self.state(day, index, now) if timeline.created <= now else None
        return None if state is None else Summary(day, index, timeline.created, state.modified, state.status)

    def summaries(self, start: int, end: int, now: int) -> Iterator[Summary]:
        """The orders created in [start, end] in short; days beyond the event horizon are remembered."""
        for day in self._days_touching(start, min(end, now)):
            is_settled = sum(day_bounds(self.shop, day)) + HORIZON_DAYS * _DAY < now
            found = self._settled.get(day) if is_settled else None
            if found is None:
                made = (self.summary(day, index, now) for index in range(self.maker.count(day)))
                found = tuple(summary for summary in made if summary is not None)
                if is_settled and self._size < _KEEP_SUMMARIES:
                    self._settled[day] = found
                    self._size += len(found)
            for summary in found:
                if start <= summary.created <= end and summary.created <= now:
                    yield summary

    def _listing(self, kind: str, start: int, end: int, now: int) -> list[Row]:
        key = (kind, start, end if end < now else _NEVER)
        cached = self._listings.get(key)
        if cached is not None and cached[0] <= now < cached[1]:
            self._listings.move_to_end(key)
            return cached[2]
        rows, expires = self._scan(kind, start, end, now)
        self._listings[key] = (now, expires, rows)
        if len(self._listings) > _KEEP_LISTINGS:
            self._listings.popitem(last=False)
        return rows

    def _scan(self, kind: str, start: int, end: int, now: int) -> tuple[list[Row], int]:
        """The listing, and the moment until which it stays as it is (for windows that have ended)."""
        rows: list[Row] = []
        expires = _NEVER if end < now else now + 1
        touched = self._touched if kind == "orders" else {}
        for day in self._days_touching(start - HORIZON_DAYS * _DAY, end):
            page = self._day(day)
            book = page.orders if kind == "orders" else page.refunds
            for bucket in range(start // _DAY, end // _DAY + 1):
                flat = book.get(bucket)
                if flat is None:
                    continue
                for place in range(0, len(flat), 3):
                    at, until, reference = flat[place], flat[place + 1], flat[place + 2]
                    if at < start or at > end or until <= now:
                        continue
                    expires = min(expires, until)
                    if kind == "refunds":
                        rows.append(Row(at, day, reference // 16, reference % 16))
                    elif (day, reference) not in touched:
                        rows.append(Row(at, day, reference))
        for day, index in touched:
            state = self.state(day, index, now)
            if state is not None and start <= state.modified <= end:
                rows.append(Row(state.modified, day, index))
        rows.sort(key=lambda row: (row.modified, row.day, row.index, row.refund))
        return rows, expires

    def _days_touching(self, start: int, end: int) -> Iterator[date]:
        first = (datetime.fromtimestamp(max(start, 0), UTC) - timedelta(days=1)).date()
        last = (datetime.fromtimestamp(max(end, 0), UTC) + timedelta(days=1)).date()
        day = max(first, self.first_day)
        while day <= last:
            yield day
            day += timedelta(days=1)

    def _day(self, day: date) -> _DayBook:
        found = self._days.get(day)
        if found is not None:
            self._days.move_to_end(day)
            return found
        page = _DayBook()
        start, length = day_bounds(self.shop, day)
        for index in range(self.maker.count(day)):
            self._enter(page, index, self.maker.make(day, index, start, length))
        self._days[day] = page
        self._triples += page.size
        while self._triples > _KEEP_TRIPLES and len(self._days) > HORIZON_DAYS + 5:
            _, dropped = self._days.popitem(last=False)
            self._triples -= dropped.size
        return page

    @staticmethod
    def _enter(page: _DayBook, index: int, timeline: Timeline) -> None:
        loud = [event.at for event in timeline.events if not event.silent]
        for place, at in enumerate(loud):
            until = loud[place + 1] if place + 1 < len(loud) else _NEVER
            if until > at:
                page.add(page.orders, at, until, index)
        for plan in timeline.refunds:
            moves = [event.at for event in timeline.events if event.refund == plan.number]
            for place, at in enumerate(moves):
                until = moves[place + 1] if place + 1 < len(moves) else _NEVER
                if until > at:
                    page.add(page.refunds, at, until, index * 16 + plan.number)


def refund_state(state: OrderState, number: int) -> RefundState | None:
    """The refund of this number in an order's record, if it has been asked for."""
    return next((r for r in state.refunds if r.refund.plan.number == number), None)
