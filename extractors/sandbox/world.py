"""One deterministic merchant world: shops with orders and products, a measured site, advertisers.

The same seed, scale and first day give the same world in every process. Nothing in it depends on when
it is asked,
only on the ``now`` that it is asked about.
"""

from __future__ import annotations

from datetime import date

from .ads import Adverts
from .book import OrderBook
from .catalogue import ProductView, products
from .merchants import AD_ACCOUNTS, ADVERTISERS, SHOP_BY_STORE, SHOPS, SITES
from .reviews import Reviews
from .shopping import Shopping
from .traffic import Visits

FIRST_DAY = date(2024, 1, 1)
"""History starts here unless told otherwise."""


class World:
    """The pretend world. ``scale`` multiplies orders, visits and spend of every shop."""

    def __init__(self, seed: int = 7, scale: float = 1.0, first_day: date = FIRST_DAY) -> None:
        self.seed = seed
        self.scale = scale
        self.first_day = first_day
        self.books = {shop.store: OrderBook(shop, seed, scale, first_day) for shop in SHOPS}
        self.reviews = {store: Reviews(book, seed) for store, book in self.books.items()}
        self.visits = {site.store: Visits(site, seed, scale, first_day) for site in SITES}
        self.shopping = {
            store: Shopping(visits, self.books[store], seed) for store, visits in self.visits.items()
        }
        self.adverts = {a.store: Adverts(a, seed, scale, first_day) for a in ADVERTISERS}
        self.ad_accounts = {a.account: Adverts(a, seed, scale, first_day) for a in AD_ACCOUNTS}
        self.deleted: set[tuple[str, int]] = set()
        """Products that a store deleted: store, number of the catalogue's entry."""

    def products(self, store: str, now: int) -> list[ProductView]:
        """The store's launched products at ``now`` (epoch seconds), but for those it deleted."""
        found = products(SHOP_BY_STORE[store], self.seed, now)
        return [view for view in found if (store, view.item.number) not in self.deleted]
