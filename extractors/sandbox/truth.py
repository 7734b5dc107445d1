"""What a complete read must contain: the second opinion that the contract suite holds every client to.

The sandbox half of each platform offers two functions beside ``routes``::

    def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]

gives the record keys, as the client's ``Stream.key_of`` writes them (the parts of the primary key as
text, joined by ``|``), that a complete read of ``[start, end)`` (epoch seconds) must contain when the
world's clock stands at ``now``:

* cursor streams: the records whose modified time, as the vendor shows it at ``now``, lies in the window;
* report streams: the rows of the days in the account's zone that the window touches; for reports by week
  or month, of every period it touches.

It is written from the vendor's document and the world, never from the client: what the vendor's API can
give and the client forgets to ask for (a status, a type, a shelf) belongs in it. ``tests/contract`` finds
it by the registry and calls it for every stream, so a platform is under test as soon as its folder is
there. A stream it does not know is a ``KeyError``.

Optional, each only where it is needed::

    def zone(account_id: str) -> str      # where the account's days begin, if not in Platform.zone
    SMALLEST_PAGE = 40                    # the vendor allows no smaller page
    PAGE_SIZES = {"orders": (5, 10)}      # of these streams the vendor allows these sizes and no others
    CALLS_PER_SECOND = 5                  # the vendor's limit for one account, if not the client's own
    LIMITS = {"tiktok_ads/gmv_max": (240, 60.0)}   # the vendor's, as Control.limits counts them
    DOCUMENTED = {"orders": {...}}        # the statuses that the document names, by staging model

Token desks answer through ``desk.serve("token", ...)``, so that the suite can count refreshes.

The functions below are the parts most halves need.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from .book import refund_state
from .catalogue import ProductView
from .ledger import period_start
from .merchants import ADVERTISERS, SHOPS, SITES, Advertiser, Shop, Site
from .orders import OrderState, RefundState
from .world import World


def shop_of(account_id: str) -> Shop:
    """The shop of an account ``<platform>__<name>``. Raises LookupError when the world has none."""
    platform, _, name = account_id.partition("__")
    for shop in SHOPS:
        if shop.platform == platform and shop.store.split("_")[0] == name:
            return shop
    raise LookupError(f"no shop of the world belongs to {account_id}")


def advertiser_of(account_id: str) -> Advertiser:
    """The advertiser whose store has the account's name. Raises LookupError when the world has none."""
    return next(a for a in ADVERTISERS if a.store.split("_")[0] == account_id.partition("__")[2])


def site_of(account_id: str) -> Site:
    """The measured site whose store has the account's name. Raises LookupError when the world has none."""
    return next(s for s in SITES if s.store.split("_")[0] == account_id.partition("__")[2])


def orders_modified(world: World, shop: Shop, start: int, end: int, now: int) -> Iterator[OrderState]:
    """The orders whose last change that their record shows at ``now`` lies in ``[start, end)``."""
    book = world.books[shop.store]
    for row in book.modified_between(start, end - 1, now):
        state = book.state(row.day, row.index, now)
        if state is not None:
            yield state


def refunds_modified(
    world: World, shop: Shop, start: int, end: int, now: int
) -> Iterator[tuple[OrderState, RefundState]]:
    """The refunds whose last change at ``now`` lies in ``[start, end)``, each with its order."""
    book = world.books[shop.store]
    for row in book.refunds_modified_between(start, end - 1, now):
        state = book.state(row.day, row.index, now)
        found = None if state is None else refund_state(state, row.refund)
        if state is not None and found is not None:
            yield state, found


def products_modified(world: World, shop: Shop, start: int, end: int, now: int) -> Iterator[ProductView]:
    """The products, on sale or not, whose last change at ``now`` lies in ``[start, end)``."""
    for product in world.products(shop.store, now):
        if start <= product.modified < end:
            yield product


def days_of(start: int, end: int, zone: str = "Asia/Shanghai") -> list[date]:
    """The days of the zone that ``[start, end)`` touches, oldest first."""
    if end <= start:
        return []
    place = ZoneInfo(zone)
    first = datetime.fromtimestamp(start, UTC).astimezone(place).date()
    last = datetime.fromtimestamp(end - 1, UTC).astimezone(place).date()
    return [first + timedelta(days=i) for i in range((last - first).days + 1)]


def periods_of(
    start: int, end: int, grain: str, zone: str = "Asia/Shanghai"
) -> list[tuple[date, list[date]]]:
    """The days, weeks or months that ``[start, end)`` touches: first day, and the touched days in it."""
    periods: dict[date, list[date]] = {}
    for day in days_of(start, end, zone):
        periods.setdefault(period_start(day, grain), []).append(day)
    return list(periods.items())
