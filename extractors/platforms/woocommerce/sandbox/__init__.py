"""The sandbox half of WooCommerce: what a shop's REST API v3 answers and refuses (platforms-global §2).

Each shop is a site of its own, served under ``/woocommerce/<store>``: ``/wp-json/wc/v3/orders`` and so
on.

    words   what the pages name        refusals  how a shop says no
    call    a request, its dates       site      one shop's own server
    orders  refunds  products  reviews  as the API shows them
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from extractors.sandbox.control import Fault
from extractors.sandbox.credentials import CONSUMERS
from extractors.sandbox.desk import HTML_PAGE, Answer, Desk
from extractors.sandbox.merchants import SHOP_BY_STORE, Shop
from extractors.sandbox.timeline import midnight
from extractors.sandbox.truth import days_of, orders_modified, products_modified, refunds_modified, shop_of
from extractors.sandbox.world import World

from .call import Call
from .orders import status_of
from .products import product_number
from .refusals import too_fast
from .reviews import is_in, review_id
from .site import Site
from .words import COLLECTION, ORDER_PARAMS, PRODUCT_PARAMS, REVIEW_PARAMS, STATUSES

DOCUMENTED = {"orders": STATUSES - {"any"}}


def routes(desk: Desk) -> list[BaseRoute]:
    """The addresses of every shop's site, for one desk."""
    sites = {store: Site(desk, SHOP_BY_STORE[store]) for store in CONSUMERS}
    desk.rate_answer = too_fast

    def touch(store: str, stream: str, place: int, query: Mapping[str, Any]) -> None:
        sites[store].touch(place, query)

    desk.touch = touch
    root = "/{store}/wp-json/wc/v3"
    site_of = sites.get

    def at(
        path: str, act: Callable[[Site, Call, Fault | None], Answer], stream: str, params: frozenset[str]
    ) -> Route:
        async def endpoint(request: Request) -> Response:
            site = site_of(request.path_params["store"])
            if site is None:
                return Response(HTML_PAGE % (b"404", b"No such site"), 404, media_type="text/html")
            return await site.serve(request, act, stream, params)

        return Route(root + path, endpoint, methods=["GET"])

    single = frozenset({"dp", "context", "_fields"})
    return [
        at("/orders", Site.orders, "orders", ORDER_PARAMS),
        at("/orders/{id:int}", Site.order, "order", single),
        at("/orders/{id:int}/refunds", Site.order_refunds, "order_refunds", COLLECTION | {"dp"}),
        at("/refunds", Site.refunds, "refunds", ORDER_PARAMS),
        at("/products", Site.products, "products", PRODUCT_PARAMS),
        at("/products/reviews", Site.reviews, "reviews", REVIEW_PARAMS),
        at("/products/{id:int}", Site.product, "product", single),
        at("/products/{id:int}/variations", Site.variations, "variations", PRODUCT_PARAMS),
        at("/{rest:path}", Site.nothing, "unknown", frozenset()),
    ]


def zone(account_id: str) -> str:
    """Where the shop's days begin."""
    return shop_of(account_id).zone.key


def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """The keys of a complete read (see ``extractors.sandbox.truth``).

    Orders of every status, the trash among them; refunds by the date they were made, which is the only one
    they have, without those of trashed orders; products of every status; reviews that are approved or wait.
    """
    shop = shop_of(account_id)
    window = (world, shop, start, end, now)
    keys: dict[str, Callable[[], set[str]]] = {
        "orders": lambda: {str(state.order.id) for state in orders_modified(*window)},
        "refunds": lambda: {
            str(found.refund.id) for state, found in refunds_modified(*window) if status_of(state) != "trash"
        },
        "products": lambda: {str(product_number(product)) for product in products_modified(*window)},
        "reviews": lambda: {
            str(review_id(review))
            for day in days_of(start, end, shop.zone.key)
            for review in world.reviews[shop.store].between(*_seconds_of(shop, day), now)
            if is_in(review, "all", now)
        },
    }
    return keys[stream]()


def _seconds_of(shop: Shop, day: date) -> tuple[int, int]:
    """The first and the last second of a day of the shop's."""
    return midnight(shop, day), midnight(shop, day + timedelta(days=1)) - 1
