"""The sandbox half of Shopify: what the Admin GraphQL API 2026-10 answers and refuses (platforms-global §1).

Every shop has an address of its own, ``/shopify/<store>``: ``/admin/api/<version>/graphql.json`` and
``/admin/oauth/access_token`` (client credentials).

The allowance is that of a large plan and drains only when a limit or a rate fault is ordered: tests wait in
no real time.

    schema    what can be asked for, and the bounds    search    searches and global ids
    records   orders, refunds, products in full        refusals  how Shopify says no
    store     one shop's address                       bulk      bulk operations and their files
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from extractors.sandbox.asked import form_of
from extractors.sandbox.control import Fault
from extractors.sandbox.credentials import APP_KEYS, token
from extractors.sandbox.desk import HTML_PAGE, Answer, Desk
from extractors.sandbox.graphql import Wrong
from extractors.sandbox.market import touch
from extractors.sandbox.merchants import SHOPS
from extractors.sandbox.tokens import TokenDesk
from extractors.sandbox.truth import orders_modified, products_modified, shop_of
from extractors.sandbox.world import World

from .records import product_number
from .refusals import throttled, unknown_token
from .schema import FINANCIAL
from .search import window_of
from .store import Store

DOCUMENTED = {"orders": FINANCIAL}


def routes(desk: Desk) -> list[BaseRoute]:
    """The addresses of every shop, for one desk."""
    shops = {shop.store: Store(desk, shop) for shop in SHOPS if shop.platform == "shopify"}
    desk.tokens = TokenDesk("shopify", rotates=False, access_life=86_399, refresh_life=0)
    desk.rate_answer = throttled
    desk.token_answer = unknown_token

    def edit(store: str, stream: str, place: int, query: Mapping[str, Any]) -> None:
        try:
            start, end = window_of(str(query.get("search", "")))
        except Wrong:
            return
        touch(desk, store, start, end - 1, place, newest=False)

    desk.touch = edit

    async def query(request: Request) -> Response:
        store = shops.get(request.path_params["store"])
        if store is None:
            return Response(HTML_PAGE % (b"404", b"No such shop"), 404, media_type="text/html")
        return await store.serve(request)

    async def grant(request: Request) -> Response:
        given = await form_of(request)
        store = request.path_params["store"]

        def make(fault: Fault | None) -> Answer:
            app = (given.get("client_id"), given.get("client_secret"))
            if given.get("grant_type") != "client_credentials" or app != APP_KEYS["shopify"]:
                body = {"error": "app_not_installed", "error_description": "The app is not installed here"}
                return Answer(body, 400, refusal="client credentials")
            assert desk.tokens is not None
            found = desk.tokens.refresh(token("shopify", store, use="refresh"))
            if found is None:
                return Answer({"error": "application_cannot_be_found"}, 400, refusal="client credentials")
            return Answer(
                {
                    "access_token": found.access_token,
                    "scope": "read_all_orders,read_customers,read_orders,read_products",
                    "expires_in": found.expires_in,
                }
            )

        return await desk.serve("token", store, make)

    async def file(request: Request) -> Response:
        return await shops[request.path_params["store"]].file(request)

    return [
        Route("/{store}/bulk/{number:int}.jsonl", file, methods=["GET"]),
        Route("/{store}/admin/api/{version}/graphql.json", query, methods=["POST"]),
        Route("/{store}/admin/oauth/access_token", grant, methods=["POST"]),
    ]


def zone(account_id: str) -> str:
    """Where the shop's days begin."""
    return shop_of(account_id).zone.key


def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """The keys of a complete read (see ``extractors.sandbox.truth``): orders and products of every status."""
    window = (world, shop_of(account_id), start, end, now)
    keys: dict[str, Callable[[], set[str]]] = {
        "orders": lambda: {str(state.order.id) for state in orders_modified(*window)},
        "products": lambda: {str(product_number(product)) for product in products_modified(*window)},
    }
    return keys[stream]()
