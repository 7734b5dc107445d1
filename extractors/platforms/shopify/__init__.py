"""Shopify, Admin GraphQL API 2026-10. Facts from that version's schema and the pages listed in README.md."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial

from extractors.accounts import Account
from extractors.core.model import Instant, Lift, Platform, Rate, Read, Record, Request, Stream
from extractors.core.session import Session
from extractors.core.window import Window
from extractors.errors import AuthError, ConfigError, ContractError, DaybookError, TransientError
from extractors.personal import Personal
from extractors.platforms.shopify import bulk
from extractors.platforms.shopify.documents import DOCUMENTS, NESTED, bulk_orders, bulk_products
from extractors.protocols.graphql import Connection, Dialect, GraphQL, has_more

VERSION = "2026-10"
ENDS = date(2027, 10, 1)  # a version is served for a year; afterwards Shopify answers in another one
QUERY = "graphql"  # one name for all queries: they draw on one allowance
# One pagination may reach 25,000 records; counts stop one above it.
DEPTH = 25_000
ORDERS = Connection("orders", page_size=50, count="ordersCount", depth=DEPTH)
PRODUCTS = Connection("products", page_size=50, count="productsCount", depth=DEPTH)


def _changed(window: Window) -> dict[str, str]:
    """The filter of a window. Times are quoted: an unquoted one is cut at its first colon, to the day."""
    start, end = (f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in (window.start, window.end))
    return {"search": f"updated_at:>='{start}' updated_at:<'{end}'"}


def _orders(account: Account, window: Window) -> Iterator[Read]:
    if window.span >= bulk.LONG:
        text = bulk_orders(_changed(window)["search"])
        yield bulk.read(QUERY, text, "Order", {"ShippingLine": "shippingLines", "LineItem": "lineItems"})
        return
    yield Read(Request(QUERY, "orders", _changed(window)), ORDERS)


def _products(account: Account, window: Window) -> Iterator[Read]:
    if window.span >= bulk.LONG:
        text = bulk_products(_changed(window)["search"])
        yield bulk.read(QUERY, text, "Product", {"ProductVariant": "variants"})
        return
    yield Read(Request(QUERY, "products", _changed(window)), PRODUCTS)


def _sees_all_orders(session: Session) -> bool:
    """Whether the app may see orders older than sixty days.

    Raises ContractError for a list that is empty or not whole: it would leave a history out for good.
    """
    installation = session.call(Request(QUERY, "scopes")).body.get("currentAppInstallation") or {}
    scopes = installation.get("accessScopes") or []
    handles = [scope.get("handle") for scope in scopes if isinstance(scope, dict)]
    if not handles or not all(isinstance(handle, str) and handle.isidentifier() for handle in handles):
        raise ContractError(
            f"Shopify does not say which scopes the app has: {scopes!r:.200}",
            advice="run it again; if it stays so, check the scopes of the app in the shop",
        )
    return "read_all_orders" in handles


def _rest_of_order(session: Session, order: Record) -> None:
    """What the page left out, and the refunds in full: the list tells only that there are some."""
    _complete(session, "order", order)
    if order.get("refunds"):
        named = {refund["id"] for refund in order["refunds"]}
        reply = session.call(Request(QUERY, "refunds", {"id": order["id"]}))
        order["refunds"] = (reply.body.get("order") or {}).get("refunds") or []
        if not named <= {refund["id"] for refund in order["refunds"]}:
            # A replica that lags: landed so, this version of the order would have no refund.
            raise ContractError("an order's refunds were named by the list and not found one by one")
        for refund in order["refunds"]:
            _complete(session, "refund", refund)


def _complete(session: Session, of: str, record: Record) -> None:
    """The connections within a record, read whole by their own cursors where a first page was not all."""
    for field in _cut(of, record):
        rest = Connection(f"{of}.{field}", page_size=100)
        pages = rest.pages(session.call, Request(QUERY, rest.path, {"id": record["id"]}))
        record[field] = {"nodes": [node for page in pages for node in page.records]}


def _cut(of: str, record: Record) -> list[str]:
    """Which connections within a record have more than their first page."""
    shown = {field: record.get(field) or {} for field in NESTED[of]}
    # From a file they come whole, without a word of pages.
    return [field for field, found in shown.items() if "pageInfo" in found and has_more(found["pageInfo"])]


def _denied(text: str) -> DaybookError:
    return ConfigError(
        text,
        advice="give the app read_orders, read_all_orders, read_products and read_customers, ask Shopify for "
        "access to protected customer data, then install the app again",
    )


def _dead(text: str) -> DaybookError:
    return ConfigError(text, advice="the shop is frozen, paused or closed: ask its owner")


def _refused(text: str) -> DaybookError:
    return AuthError(text, refreshable=True, advice="make a new access token for this shop's app")


DIALECT = Dialect(
    path=f"/admin/api/{VERSION}/graphql.json",
    documents=DOCUMENTS,
    token_header="X-Shopify-Access-Token",  # noqa: S106  the name of a header
    throttled="THROTTLED",
    too_costly="MAX_COST_EXCEEDED",
    errors={
        "INTERNAL_SERVER_ERROR": TransientError,
        "TIMEOUT": TransientError,
        "ACCESS_DENIED": _denied,
        "SHOP_INACTIVE": _dead,
        "UNAUTHENTICATED": _refused,
    },
    version_header="X-Shopify-API-Version",
    version=VERSION,
    grant_path="/admin/oauth/access_token",
    grant={"grant_type": "client_credentials"},
    inner=bulk.refusal,
)

PLATFORM = Platform(
    name="shopify",
    title="Shopify",
    base_url="",  # every shop is its own host: the connection names it
    protocol=partial(GraphQL, DIALECT),
    # The allowance is in points, not calls, and every answer says what is left of it; this only keeps a
    # shop on the smallest plan (100 points a second) from being asked faster than it could answer.
    rate=Rate(calls=4, seconds=1.0),
    width=2,
    zone="UTC",
    version_ends=ENDS,
    streams=(
        Stream(
            name="orders",
            kind="cursor",
            key=("legacyResourceId",),
            cursor=Instant("updatedAt"),
            reads=_orders,
            detail=_rest_of_order,
            incomplete=lambda order: bool(order.get("refunds") or _cut("order", order)),
            long_from=bulk.LONG,
            long_slice=bulk.SLICE,
            # read_orders alone shows the orders of the last 60 days, and says nothing of the others.
            retention=timedelta(days=60),
            lift=Lift(
                _sees_all_orders,
                "the app is given read_all_orders and installed again",
                "refunds and edits of orders older than 60 days",
            ),
            # What is asked for of an address is country and province only.
            personal=Personal(drop=("customer",), keep=("shippingaddress",), buyer=("customer.id", "email")),
        ),
        Stream(
            name="products",
            kind="cursor",
            key=("legacyResourceId",),
            cursor=Instant("updatedAt"),
            reads=_products,
            detail=lambda session, product: _complete(session, "product", product),
            incomplete=lambda product: bool(_cut("product", product)),
            slice=None,
            from_beginning=True,
            weekly_whole=True,
        ),
    ),
)
