"""The sandbox half of Shopify: what the Admin GraphQL API 2026-10 answers and refuses (platforms-global §1).

Every shop has an address of its own, ``/shopify/<store>``: ``/admin/api/<version>/graphql.json`` and
``/admin/oauth/access_token`` (client credentials).

The allowance is that of a large plan and drains only when a limit or a rate fault is ordered: tests wait in
no real time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from extractors.sandbox import graphql
from extractors.sandbox.book import Row
from extractors.sandbox.catalogue import ProductView
from extractors.sandbox.control import Fault
from extractors.sandbox.credentials import APP_KEYS, token
from extractors.sandbox.cursor import seal, unseal
from extractors.sandbox.desk import HTML_PAGE, Answer, Desk, Refusal
from extractors.sandbox.graphql import Field, Wrong
from extractors.sandbox.market import product_id, rows_between, sku_id, state_at, touch
from extractors.sandbox.merchants import SHOPS, Shop
from extractors.sandbox.orders import Line, OrderState, RefundState, locate_market, market_id
from extractors.sandbox.season import day_number
from extractors.sandbox.tokens import GOOD, TokenDesk
from extractors.sandbox.truth import orders_modified, products_modified, shop_of
from extractors.sandbox.world import World

VERSION = "2026-10"
SUPPORTED = ("2026-01", "2026-04", "2026-07", "2026-10")
DEEPEST = 25_000
MOST_COST = 1_000
BUCKET, RESTORE = 40_000.0, 2_000.0

_TYPES = graphql.schema(
    {
        "Query": "orders:Order@ ordersCount:Count products:Product@ productsCount:Count order:Order "
        "refund:Refund product:Product",
        "Count": "count precision",
        "Money": "amount currencyCode",
        "MoneyBag": "shopMoney:Money presentmentMoney:Money",
        "Order": "id legacyResourceId name number createdAt processedAt updatedAt cancelledAt cancelReason "
        "closedAt closed test confirmed edited currencyCode presentmentCurrencyCode taxesIncluded "
        "displayFinancialStatus displayFulfillmentStatus returnStatus sourceName paymentGatewayNames email "
        "phone note clientIp "
        "customer:Customer purchasingEntity:PurchasingEntity shippingAddress:MailingAddress "
        "billingAddress:MailingAddress totalPriceSet:MoneyBag subtotalPriceSet:MoneyBag "
        "currentTotalPriceSet:MoneyBag totalDiscountsSet:MoneyBag totalTaxSet:MoneyBag "
        "totalShippingPriceSet:MoneyBag totalTipReceivedSet:MoneyBag originalTotalDutiesSet:MoneyBag "
        "totalRefundedSet:MoneyBag totalReceivedSet:MoneyBag shippingLines:ShippingLine@ "
        "transactions:[OrderTransaction] fulfillments:[Fulfillment] lineItems:LineItem@ refunds:[Refund]",
        "Customer": "id legacyResourceId email firstName lastName phone",
        "PurchasingEntity": "",
        "MailingAddress": "name address1 city zip phone countryCodeV2 provinceCode",
        "ShippingLine": "title discountedPriceSet:MoneyBag originalPriceSet:MoneyBag taxLines:[TaxLine]",
        "TaxLine": "title rate priceSet:MoneyBag",
        "OrderTransaction": "id kind status gateway processedAt createdAt test amountSet:MoneyBag",
        "Fulfillment": "id createdAt deliveredAt status",
        "LineItem": "id name title sku quantity currentQuantity isGiftCard product:Sold "
        "variant:Sold originalUnitPriceSet:MoneyBag originalTotalSet:MoneyBag "
        "discountedTotalSet:MoneyBag "
        "discountAllocations:[DiscountAllocation] taxLines:[TaxLine]",
        "Sold": "id legacyResourceId",
        "LineOfRefund": "id",
        "DiscountAllocation": "allocatedAmountSet:MoneyBag",
        "Refund": "id legacyResourceId createdAt processedAt updatedAt note totalRefundedSet:MoneyBag "
        "refundLineItems:RefundLineItem@ refundShippingLines:RefundShippingLine@ "
        "orderAdjustments:OrderAdjustment@ transactions:OrderTransaction@",
        "RefundLineItem": "id quantity restockType lineItem:LineOfRefund subtotalSet:MoneyBag "
        "totalTaxSet:MoneyBag priceSet:MoneyBag",
        "RefundShippingLine": "id subtotalAmountSet:MoneyBag taxAmountSet:MoneyBag",
        "OrderAdjustment": "id reason amountSet:MoneyBag taxAmountSet:MoneyBag",
        "Product": "id legacyResourceId title handle status productType vendor createdAt updatedAt "
        "publishedAt totalInventory tracksInventory isGiftCard variants:ProductVariant@",
        "ProductVariant": "id legacyResourceId title sku price compareAtPrice inventoryQuantity createdAt "
        "updatedAt",
    }
)
_LISTING = frozenset({"first", "after", "query", "sortKey", "reverse", "savedSearchId"})
_ROOTS = {
    "orders": _LISTING,
    "products": _LISTING,
    "ordersCount": frozenset({"query", "limit", "savedSearchId"}),
    "productsCount": frozenset({"query", "limit", "savedSearchId"}),
    "order": frozenset({"id"}),
    "refund": frozenset({"id"}),
    "product": frozenset({"id"}),
}


def routes(desk: Desk) -> list[BaseRoute]:
    """The addresses of every shop, for one desk."""
    shops = {shop.store: Store(desk, shop) for shop in SHOPS if shop.platform == "shopify"}
    desk.tokens = TokenDesk("shopify", rotates=False, access_life=86_399, refresh_life=0)
    desk.rate_answer = _throttled
    desk.token_answer = _who

    def edit(store: str, stream: str, place: int, query: Mapping[str, Any]) -> None:
        try:
            start, end = _window(str(query.get("search", "")))
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
        given = dict(parse_qsl((await request.body()).decode()))
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

    return [
        Route("/{store}/admin/api/{version}/graphql.json", query, methods=["POST"]),
        Route("/{store}/admin/oauth/access_token", grant, methods=["POST"]),
    ]


# ---- refusing ----------------------------------------------------------------------------------------
def _who() -> Answer:
    text = "[API] Invalid API key or access token (unrecognized login or wrong password)"
    return Answer({"errors": text}, 401, refusal="access token")


def _throttled(seconds: float | None) -> Answer:
    """Too little is left: the price says how long until there is enough."""
    missing = (seconds or 1.0) * RESTORE
    return _errors("THROTTLED", "Throttled", cost=_cost(int(missing), None, 0.0))


def _cost(requested: int, actual: int | None, left: float) -> dict[str, Any]:
    status = {"maximumAvailable": BUCKET, "currentlyAvailable": left, "restoreRate": RESTORE}
    return {"requestedQueryCost": requested, "actualQueryCost": actual, "throttleStatus": status}


def _errors(code: str, message: str, cost: dict[str, Any] | None = None) -> Answer:
    body: dict[str, Any] = {"errors": [{"message": message, "extensions": {"code": code}}]}
    if cost is not None:
        body["extensions"] = {"cost": cost}
    return Answer(body, headers={"X-Shopify-API-Version": VERSION}, refusal=code)


class Store:
    """One shop's own address."""

    def __init__(self, desk: Desk, shop: Shop) -> None:
        self.desk = desk
        self.shop = shop

    async def serve(self, request: Request) -> Response:
        """Answers one query: who asks, what is asked, what it costs, and then the records."""
        body = await request.body()
        try:
            given = json.loads(body)
            fields = graphql.read(given["query"], given.get("variables") or {})
            wrong = None
        except (ValueError, KeyError, TypeError):
            fields, wrong, given = [], Answer({"errors": "Bad Request"}, 400, refusal="body"), {}
        except Wrong as refusal:
            fields, wrong = [], _errors(refusal.code, refusal.message)
        main = next((f.name for f in fields if not f.name.endswith("Count")), "unknown")
        version = request.path_params["version"]

        def make(fault: Fault | None) -> Answer:
            self._check_token(request.headers.get("x-shopify-access-token", ""))
            if wrong is not None:
                return wrong
            # A version that has ended is answered by the oldest that has not.
            served = version if version in SUPPORTED else SUPPORTED[0]
            return self._answer(fields, served, fault)

        return await self.desk.serve(main, self.shop.store, make, given.get("variables") or {})

    def _check_token(self, text: str) -> None:
        tokens = self.desk.tokens
        verdict = tokens.check(text) if tokens is not None else None
        if verdict is None or verdict.state != GOOD or verdict.subject != self.shop.store:
            raise Refusal(_who())

    def _answer(self, fields: list[Field], version: str, fault: Fault | None) -> Answer:
        try:
            cost = sum(graphql.price(found, "Query", _TYPES, _ROOTS) for found in fields)
            if cost > MOST_COST:
                text = f"Query cost is {cost}, which exceeds the single query max cost limit ({MOST_COST})."
                raise Wrong("MAX_COST_EXCEEDED", text)
            data = {found.name: self._root(found, fault) for found in fields}
        except Wrong as refusal:
            return _errors(refusal.code, refusal.message)
        body = {"data": data, "extensions": {"cost": _cost(cost, cost, BUCKET - cost)}}
        return Answer(body, headers={"X-Shopify-API-Version": version})

    def _root(self, chosen: Field, fault: Fault | None) -> Any:
        name = chosen.name
        if name in ("orders", "products"):
            return self._listing(chosen, fault)
        if name in ("ordersCount", "productsCount"):
            return self._count(chosen, fault)
        record = getattr(self, f"_one_{name}")(chosen.arguments.get("id"))
        return graphql.show(record, chosen.below, _TYPES["Query"][name].of, _TYPES)

    # ---- listings ------------------------------------------------------------------------------------
    def _rows(self, name: str, search: str) -> list[tuple[int, int, Any]]:
        """(modified, id, what) of a listing's records, oldest change first."""
        start, end = _window(search)
        now = self.desk.now()
        if name.startswith("orders"):
            rows: list[Row] = rows_between(self.desk, self.shop, start, end - 1)
            return sorted((row.modified, _order_id(self.shop, row), row) for row in rows)
        found = self.desk.world.products(self.shop.store, now)
        return sorted((p.modified, _product_id(p), p) for p in found if start <= p.modified < end)

    def _listing(self, chosen: Field, fault: Fault | None) -> dict[str, Any]:
        given = chosen.arguments
        if given.get("sortKey", "PROCESSED_AT" if chosen.name == "orders" else "ID") != "UPDATED_AT":
            raise Wrong("sandbox", "the sandbox sorts by UPDATED_AT only: ask for it by sortKey")
        rows = self._rows(chosen.name, str(given.get("query", "")))
        size, first = int(given["first"]), 0
        if given.get("after") is not None:
            place = unseal(given["after"])
            if place is None or len(place) != 2 or not all(part.isdigit() for part in place):
                raise Wrong("invalidCursor", "Invalid cursor for current pagination sort.")
            mark = (int(place[0]), int(place[1]))
            first = sum(1 for row in rows if row[:2] <= mark)
        if first >= DEEPEST:
            raise Wrong("paginationLimit", f"Only the first {DEEPEST} records can be paged through.")
        shown = rows[first : first + size]
        if fault is not None and fault.kind == "empty_page":
            shown = []
        elif fault is not None and fault.kind == "repeated_page":
            before = max(first - size, 0) if first else min(size, max(len(rows) - size, 0))
            shown = rows[before : before + size]
        last = shown[-1][:2] if shown else None
        make = self._order if chosen.name == "orders" else self._product
        of = "Order" if chosen.name == "orders" else "Product"
        return graphql.connection(
            chosen,
            graphql.records(chosen, [row[2] for row in shown], make, of, _TYPES),
            has_next=first + size < len(rows),
            end_cursor=None if last is None else seal(str(last[0]), str(last[1])),
        )

    def _count(self, chosen: Field, fault: Fault | None) -> dict[str, Any]:
        most = chosen.arguments.get("limit", 10_000)
        total = len(self._rows(chosen.name, str(chosen.arguments.get("query", ""))))
        if fault is not None and fault.kind == "changed_total":
            total += 300
        over = most is not None and total > most
        count = {"count": most if over else total, "precision": "AT_LEAST" if over else "EXACT"}
        return {inner.name: count[inner.name] for inner in chosen.below}

    # ---- one record ----------------------------------------------------------------------------------
    def _order(self, row: Row) -> dict[str, Any]:
        return _order_record(self.shop, state_at(self.desk, self.shop, row))

    def _product(self, product: ProductView) -> dict[str, Any]:
        return _product_record(product)

    def _state(self, number: int) -> OrderState | None:
        place = locate_market(number)
        book = self.desk.world.books[self.shop.store]
        if place is None or place[0] is not self.shop or not book.exists(place[1], place[2]):
            return None
        return book.state(place[1], place[2], self.desk.now())

    def _one_order(self, gid: Any) -> dict[str, Any] | None:
        state = self._state(_number(gid, "Order"))
        return None if state is None else _order_record(self.shop, state)

    def _one_refund(self, gid: Any) -> dict[str, Any] | None:
        number = _number(gid, "Refund")
        state = self._state(number)
        found = [] if state is None else _given_back(state)
        refund = next((r for r in found if r.refund.id == number), None)
        return None if refund is None or state is None else _refund_record(self.shop, state, refund)

    def _one_product(self, gid: Any) -> dict[str, Any] | None:
        number = _number(gid, "Product")
        found = self.desk.world.products(self.shop.store, self.desk.now())
        return next((_product_record(p) for p in found if _product_id(p) == number), None)


def _number(gid: Any, of: str) -> int:
    found = re.fullmatch(rf"gid://shopify/{of}/(\d{{1,19}})", str(gid))
    if found is None:
        raise Wrong("argumentLiteralsIncompatible", f"Invalid global id '{gid}'")
    return int(found.group(1))


def _window(search: str) -> tuple[int, int]:
    """[start, end) of a search by ``updated_at``. An unquoted time is read to its first colon: as a day."""
    start, end, place = 0, 2**40, 0
    for found in re.finditer(r"\s*(\w+):(>=|<=|>|<)?('[^']*'|\S+)", search):
        name, comparator, value = found.groups()
        place = found.end()
        if name != "updated_at":
            raise Wrong("sandbox", f"the sandbox searches by updated_at, not by {name}")
        at = _instant(value.strip("'")) if value.startswith("'") else _instant(value.split(":")[0][:10])
        if comparator in (">=", ">"):  # the vendor treats both as inclusive
            start = max(start, at)
        elif comparator in ("<", "<="):
            end = min(end, at if comparator == "<" else at + 1)
        else:
            start, end = max(start, at), min(end, at + 86_400)
    if search[place:].strip():
        raise Wrong("sandbox", f"a search that cannot be read: {search!r}")
    return start, end


def _instant(text: str) -> int:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Wrong("sandbox", f"{text!r} is no time") from None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())


# ---- records -----------------------------------------------------------------------------------------
def _money(shop: Shop, cents: int) -> dict[str, Any]:
    amount = f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"
    # Shopify writes amounts without needless zeros: 57.5, 57.0.
    amount = re.sub(r"(\.\d)0$", r"\1", amount)
    money = {"amount": amount, "currencyCode": shop.currency}
    return {"shopMoney": money, "presentmentMoney": money}


def _at(moment: int | None) -> str | None:
    return None if moment is None else datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _order_id(shop: Shop, row: Row) -> int:
    return market_id(shop, day_number(row.day), row.index)


def _gid(of: str, number: int | str) -> str:
    return f"gid://shopify/{of}/{number}"


def _given_back(state: OrderState) -> list[RefundState]:
    """The refunds of an order's record: a request is a return, which has a record of its own elsewhere."""
    return [found for found in state.refunds if found.refunded_at is not None]


def _financial(state: OrderState) -> str:
    if state.paid_at is None:
        return "EXPIRED" if state.ended_at is not None else "PENDING"
    if not state.refunded:
        return "PAID"
    return "REFUNDED" if state.refunded >= state.order.total else "PARTIALLY_REFUNDED"


def _is_called_off(state: OrderState) -> bool:
    """Closed before anything was sent: an order that comes back is refunded, not cancelled."""
    return state.ended_at is not None and state.shipped_at is None


def _order_record(shop: Shop, state: OrderState) -> dict[str, Any]:
    order, buyer = state.order, state.order.buyer
    called_off = _is_called_off(state)
    discounts = sum(line.list_amount - line.paid for line in order.lines)
    address = None if buyer is None else _address(buyer)
    paid, refunds = state.paid_at, _given_back(state)
    money = lambda cents: _money(shop, cents)  # noqa: E731
    return {
        "id": _gid("Order", order.id),
        "legacyResourceId": str(order.id),
        "name": f"#{order.index + 1001}",
        "number": order.index + 1001,
        "createdAt": _at(order.timeline.created),
        "processedAt": _at(order.timeline.created),
        "updatedAt": _at(state.modified),
        "cancelledAt": _at(state.ended_at) if called_off else None,
        "cancelReason": "CUSTOMER" if called_off else None,
        "closedAt": _at(state.completed_at),
        "closed": state.completed_at is not None,
        "test": False,
        "confirmed": True,
        "edited": state.is_edited,
        "currencyCode": shop.currency,
        "presentmentCurrencyCode": shop.currency,
        "taxesIncluded": False,
        "displayFinancialStatus": _financial(state),
        "displayFulfillmentStatus": "FULFILLED" if state.shipped_at else "UNFULFILLED",
        "returnStatus": "RETURNED" if any(r.refund.plan.goods_return for r in refunds) else "NO_RETURN",
        "sourceName": "web",
        "paymentGatewayNames": ["shopify_payments"],
        "email": None if buyer is None else buyer.email,
        "phone": None if buyer is None else buyer.phone,
        "note": None if buyer is None else f"Leave it with {buyer.name}",
        "clientIp": "203.0.113.7",
        "customer": None if buyer is None else _customer(buyer),
        "purchasingEntity": None if buyer is None else _entity(buyer),
        "shippingAddress": address,
        "billingAddress": address,
        "totalPriceSet": money(order.total),
        "subtotalPriceSet": money(order.goods),
        "currentTotalPriceSet": money(max(order.total - state.refunded, 0)),
        "totalDiscountsSet": money(discounts),
        "totalTaxSet": money(order.tax),
        "totalShippingPriceSet": money(order.shipping),
        "totalTipReceivedSet": money(0),
        "originalTotalDutiesSet": None,
        "totalRefundedSet": money(state.refunded),
        "totalReceivedSet": money(order.total if paid else 0),
        "shippingLines": [_shipping_line(shop, order.shipping, order.shipping_tax)],
        "transactions": _transactions(shop, state),
        "fulfillments": _fulfillments(state),
        "lineItems": [_line_item(shop, order.id, line) for line in order.lines],
        "refunds": [_refund_record(shop, state, found) for found in refunds],
    }


def _customer(buyer: Any) -> dict[str, Any]:
    number = int(buyer.key[:12], 16)
    first, _, last = buyer.name.partition(" ")
    return {
        "id": _gid("Customer", number),
        "legacyResourceId": str(number),
        "email": buyer.email,
        "firstName": first,
        "lastName": last,
        "phone": buyer.phone,
    }


def _entity(buyer: Any) -> dict[str, Any]:
    return {"__typename": "PurchasingCompany" if buyer.is_organisation else "Customer"}


def _address(buyer: Any) -> dict[str, Any]:
    return {
        "name": buyer.name,
        "address1": buyer.address,
        "city": buyer.city,
        "zip": "11201",
        "phone": buyer.phone,
        "countryCodeV2": "US",
        "provinceCode": buyer.state_code,
    }


def _shipping_line(shop: Shop, price: int, tax: int) -> dict[str, Any]:
    money = _money(shop, price)
    taxes = [{"title": "Tax", "rate": shop.tax_rate, "priceSet": _money(shop, tax)}] if tax else []
    return {"title": "Standard", "discountedPriceSet": money, "originalPriceSet": money, "taxLines": taxes}


def _transactions(shop: Shop, state: OrderState) -> list[dict[str, Any]]:
    """A declined try, the payment, and what was given back."""
    order = state.order
    out: list[dict[str, Any]] = []

    def add(kind: str, status: str, at: int, cents: int) -> None:
        out.append(
            {
                "id": _gid("OrderTransaction", order.id + 500 + len(out)),
                "kind": kind,
                "status": status,
                "gateway": "shopify_payments",
                "processedAt": _at(at),
                "createdAt": _at(at),
                "test": False,
                "amountSet": _money(shop, cents),
            }
        )

    if order.index % 9 == 0:
        add("SALE", "FAILURE", order.timeline.created, order.total)
    if state.paid_at is not None:
        add("SALE", "SUCCESS", state.paid_at, order.total)
    for found in _given_back(state):
        add("REFUND", "SUCCESS", found.refunded_at or 0, found.refund.amount)
    return out


def _fulfillments(state: OrderState) -> list[dict[str, Any]]:
    if state.shipped_at is None:
        return []
    sent = {"id": _gid("Fulfillment", state.order.id + 700), "createdAt": _at(state.shipped_at)}
    return [{**sent, "deliveredAt": None, "status": "SUCCESS"}]


def _line_item(shop: Shop, order_id: int, line: Line) -> dict[str, Any]:
    money = lambda cents: _money(shop, cents)  # noqa: E731
    own = line.item_discount - line.adjustment
    allocated = [cents for cents in (own, line.order_discount) if cents]
    code, _, english, _ = line.item.skus[line.sku]
    taxes = [{"title": "Tax", "rate": shop.tax_rate, "priceSet": money(line.tax)}] if line.tax else []
    return {
        "id": _gid("LineItem", order_id + line.number),
        "name": f"{line.item.english} - {english}",
        "title": line.item.english,
        "sku": f"{line.item.key}-{code}",
        "quantity": line.quantity,
        "currentQuantity": line.quantity,
        "isGiftCard": False,
        "product": _sold("Product", product_id(line)),
        "variant": _sold("ProductVariant", sku_id(line)),
        "originalUnitPriceSet": money(line.unit_price),
        "originalTotalSet": money(line.list_amount),
        "discountedTotalSet": money(line.list_amount - own),
        "discountAllocations": [{"allocatedAmountSet": money(cents)} for cents in allocated],
        "taxLines": taxes,
    }


def _sold(of: str, number: int) -> dict[str, Any]:
    return {"id": _gid(of, number), "legacyResourceId": str(number)}


def _refund_record(shop: Shop, state: OrderState, found: RefundState) -> dict[str, Any]:
    refund, order = found.refund, state.order
    money = lambda cents: _money(shop, cents)  # noqa: E731
    shipping_tax = refund.tax - sum(part.tax for part in refund.lines) if refund.shipping else 0
    loose = refund.goods - sum(part.goods for part in refund.lines)
    restock = "NO_RESTOCK"
    if refund.lines:
        restock = "RETURN" if refund.plan.goods_return else "CANCEL"
    at = _at(found.refunded_at)
    paid = next(t for t in _transactions(shop, state) if t["kind"] == "REFUND" and t["processedAt"] == at)
    adjusted = {"id": _gid("OrderAdjustment", refund.id), "reason": "REFUND_DISCREPANCY"}
    postage = {"id": _gid("RefundShippingLine", refund.id), "subtotalAmountSet": money(refund.shipping)}
    return {
        "id": _gid("Refund", refund.id),
        "legacyResourceId": str(refund.id),
        "createdAt": at,
        "processedAt": at,
        "updatedAt": at,
        "note": None if order.buyer is None else f"{refund.reason} ({order.buyer.name})",
        "totalRefundedSet": money(refund.amount),
        "refundLineItems": [
            {
                "id": _gid("RefundLineItem", refund.id + 100 * part.line.number),
                "quantity": part.quantity,
                "restockType": restock,
                "lineItem": {"id": _gid("LineItem", order.id + part.line.number)},
                "subtotalSet": money(part.goods),
                "totalTaxSet": money(part.tax),
                "priceSet": money(part.goods // part.quantity),
            }
            for part in refund.lines
        ],
        "refundShippingLines": [{**postage, "taxAmountSet": money(shipping_tax)}] if refund.shipping else [],
        "orderAdjustments": [{**adjusted, "amountSet": money(-loose), "taxAmountSet": money(0)}]
        if loose
        else [],
        "transactions": [{**paid, "amountSet": money(refund.amount)}],
    }


def _product_id(product: ProductView) -> int:
    return 3_600_000_000_000_000_000 + product.item.number


def _product_record(product: ProductView) -> dict[str, Any]:
    item, number = product.item, _product_id(product)
    times = {"createdAt": _at(product.listed), "updatedAt": _at(product.modified)}
    return {
        "id": _gid("Product", number),
        "legacyResourceId": str(number),
        "title": item.english,
        "handle": item.key.replace("_", "-"),
        "status": "ACTIVE" if product.is_on_sale else "DRAFT",
        "productType": item.category[-1],
        "vendor": "Harbor Lantern",
        **times,
        "publishedAt": _at(product.listed) if product.is_on_sale else None,
        "totalInventory": sum(product.stock),
        "tracksInventory": True,
        "isGiftCard": False,
        "variants": [
            {
                "id": _gid("ProductVariant", 1_700_000_000_000_000_000 + item.number * 100 + i),
                "legacyResourceId": str(1_700_000_000_000_000_000 + item.number * 100 + i),
                "title": item.skus[i][2],
                "sku": f"{item.key}-{item.skus[i][0]}",
                "price": f"{cents // 100}.{cents % 100:02d}",
                "compareAtPrice": None,
                "inventoryQuantity": product.stock[i],
                **times,
            }
            for i, cents in enumerate(product.prices)
        ],
    }


# ---- what a complete read holds ------------------------------------------------------------------------
def zone(account_id: str) -> str:
    """Where the shop's days begin."""
    return shop_of(account_id).zone.key


def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """The keys of a complete read (see ``extractors.sandbox.truth``): orders and products of every status."""
    window = (world, shop_of(account_id), start, end, now)
    keys: dict[str, Callable[[], set[str]]] = {
        "orders": lambda: {str(state.order.id) for state in orders_modified(*window)},
        "products": lambda: {str(_product_id(product)) for product in products_modified(*window)},
    }
    return keys[stream]()
