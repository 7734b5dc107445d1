"""What the visitors of a measured site do in its shop: the steps towards an order, and the orders themselves.

Orders are those of the site's own shop. The site does not count all of them: some visitors block
counting, and some pay hours later, in a visit that is not counted.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from .book import OrderBook
from .dice import Dice, lag
from .merchants import SHANGHAI
from .orders import Order
from .season import day_number
from .timeline import FAILED, PAID, Timeline, midnight_in
from .traffic import Visit, Visits

_DAY = 86_400
_AT_ONCE = 300
_UNSEEN = 0.12
_SEEN, _CARTED, _FAVOURED, _CHECKED_OUT = "view_item", "add_to_cart", "add_to_wishlist", "begin_checkout"
_BOUGHT = (_SEEN, _CARTED, _CHECKED_OUT)


@dataclass(frozen=True, slots=True)
class Bought:
    """What some visits brought: distinct people, orders, pieces, and hundredths paid with postage and tax."""

    people: int
    orders: int
    units: int
    amount: int


_Orders = dict[Visit, tuple[Order, ...]]


class Shopping:
    """The shoppers of one site."""

    def __init__(self, visits: Visits, book: OrderBook, seed: int) -> None:
        self.visits = visits
        self._book = book
        self._dice = Dice(seed, f"shopping/{visits.site.domain}")
        self._days: dict[date, _Orders] = {}

    def steps(self, visit: Visit) -> tuple[str, ...]:
        """The events of a visit on its way to an order, by GA4's recommended names."""
        if visit in self._orders(_day_of(visit)):
            return _BOUGHT
        if visit.pages == 1:
            return ()
        u = self._dice.sixteen(visit.person, visit.at)
        reached = 0 if u[0] > 0.7 else 1 if u[1] > 0.22 else 2 if u[2] > 0.5 else 3
        return (*_BOUGHT[:reached], *([_FAVOURED] if reached and u[3] < 0.08 else []))

    def bought(self, visits: Iterable[Visit], now: int) -> Bought:
        """What these visits have brought at ``now``."""
        people, orders = set(), []
        for visit in visits:
            placed = [
                order
                for order in self._orders(_day_of(visit)).get(visit, ())
                if order.timeline.created <= now
            ]
            if placed:
                people.add(visit.person)
                orders += placed
        units = sum(line.quantity for order in orders for line in order.lines)
        return Bought(len(people), len(orders), units, sum(order.total for order in orders))

    def _orders(self, day: date) -> _Orders:
        """The day's orders that were noticed, by the visit that brought them."""
        if day in self._days:
            return self._days[day]
        found: _Orders = {}
        readers = sorted((v for v in self.visits.day(day) if v.pages > 1), key=lambda visit: visit.at)
        came = [visit.at for visit in readers]
        start = midnight_in("Asia/Shanghai", day)
        for made, index in self._book.created_between(start, start + _DAY - 1, start + _DAY):
            order = self._book.order(made, index)
            u = self._dice.sixteen(day_number(made), index, 1)
            before = bisect_right(came, order.timeline.created)
            if before and u[0] > _UNSEEN and _shows_thanks(order.timeline):
                visit = readers[max(before - 1 - int(lag(u[1], 6.0)), 0)]
                found[visit] = (*found.get(visit, ()), order)
        self._days[day] = found
        return found


def _shows_thanks(timeline: Timeline) -> bool:
    """Whether the buyer sees the page that thanks for the order, which is where a purchase is counted."""
    if timeline.exclusion or any(event.what == FAILED for event in timeline.events):
        return False
    paid = next((event.at for event in timeline.events if event.what == PAID), None)
    return timeline.flow != "standard" or (paid is not None and paid <= timeline.created + _AT_ONCE)


def _day_of(visit: Visit) -> date:
    return datetime.fromtimestamp(visit.at, SHANGHAI).date()
