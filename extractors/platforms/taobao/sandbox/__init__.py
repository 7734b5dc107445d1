"""The sandbox half of Taobao/Tmall: what TOP answers and refuses (platforms-cn §1).

Served under ``/taobao``: ``/router/rest`` (every method) and ``/token`` (oauth.taobao.com/token).

    words       what TOP's pages name: parameters, types, statuses, fields
    parameters  what a caller sent, judged          call       an accepted call; how a list is answered
    trades      refunds      items      rates       envelopes  how answers are wrapped
    gateway     the doors, and what is checked before a method answers
"""

from __future__ import annotations

from collections.abc import Callable

from extractors.sandbox.truth import orders_modified, products_modified, refunds_modified, shop_of
from extractors.sandbox.world import World

from .gateway import routes
from .parameters import HISTORY
from .rates import SHOWN, oid_of
from .words import REFUND_STATUSES, TRADE_STATUSES

__all__ = ["DOCUMENTED", "routes", "truth"]

# Two of the words are groups to ask by, which no trade has.
DOCUMENTED = {"orders": TRADE_STATUSES - {"ALL_WAIT_PAY", "ALL_CLOSED"}, "refunds": REFUND_STATUSES}


def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """The keys of a complete read (see ``extractors.sandbox.truth``).

    Trades of every type created in the last three months (API 128), refunds of every type (API 52), items on
    sale (API 18) and in stock (``items.inventory.get``), what buyers wrote in the last 180 days (API 55).
    """
    shop = shop_of(account_id)
    window = (world, shop, start, end, now)
    oldest = now - int(HISTORY.total_seconds())
    keys: dict[str, Callable[[], set[str]]] = {
        "orders": lambda: {
            str(s.order.id) for s in orders_modified(*window) if s.order.timeline.created >= oldest
        },
        "refunds": lambda: {str(found.refund.id) for _, found in refunds_modified(*window)},
        "reviews": lambda: {
            str(oid_of(review))
            for review in world.reviews[shop.store].between(
                max(start, now - int(SHOWN.total_seconds())), end - 1, now
            )
        },
        "products": lambda: {str(620_000_000_000 + p.item.number) for p in products_modified(*window)},
    }
    return keys[stream]()
