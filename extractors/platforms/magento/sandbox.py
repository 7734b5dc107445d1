"""The sandbox half of Magento: what a shop's REST API V1 answers and refuses (platforms-global §4).

Every shop is a site of its own, ``/magento/<store>``: ``/rest/<store code>/V1/orders``, ``/invoices``,
``/creditmemos``, ``/products`` and ``/integration/admin/token``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from extractors.sandbox.asked import json_text, query_of
from extractors.sandbox.catalogue import ProductView
from extractors.sandbox.control import Fault
from extractors.sandbox.credentials import APP_KEYS, token
from extractors.sandbox.desk import HTML_PAGE, Answer, Desk, Refusal
from extractors.sandbox.market import refund_at, refund_rows_between, rows_between, state_at, touch
from extractors.sandbox.merchants import SHOPS, Shop
from extractors.sandbox.orders import Line, OrderState, RefundLine, RefundState
from extractors.sandbox.season import day_number
from extractors.sandbox.timeline import REFUNDED
from extractors.sandbox.tokens import GOOD, TokenDesk
from extractors.sandbox.truth import orders_modified, products_modified, refunds_modified, shop_of
from extractors.sandbox.world import World

LARGEST_PAGE = 300
_FILTER = re.compile(
    r"searchCriteria\[filter_?[gG]roups\]\[(\d+)\]\[filters\]\[(\d+)\]\[(field|value|condition_type)\]"
)
_SORT = re.compile(r"searchCriteria\[sort_?[oO]rders\]\[(\d+)\]\[(field|direction)\]")
_CONDITIONS = frozenset({"eq", "gt", "gteq", "lt", "lteq", "in", "from", "to"})
_NEVER = 2**40
STORE_ID = 1

Listing = Callable[["Site", int, int], list[tuple[int, Callable[[], dict[str, Any]]]]]


def routes(desk: Desk) -> list[BaseRoute]:
    """The addresses of every shop's site, for one desk."""
    sites = {shop.store: Site(desk, shop) for shop in SHOPS if shop.platform == "magento"}
    desk.tokens = TokenDesk("magento", rotates=False, access_life=4 * 3_600, refresh_life=0)
    desk.rate_answer = _too_fast
    desk.token_answer = _who

    def edit(store: str, stream: str, place: int, query: Mapping[str, Any]) -> None:
        criteria = _Criteria.read({str(k): str(v) for k, v in query.items()})
        touch(desk, store, *criteria.window(), place, newest=False)

    desk.touch = edit
    root = "/{store}/rest/{code}/V1"

    def at(path: str, stream: str, listing: Listing, fields: frozenset[str]) -> Route:
        async def endpoint(request: Request) -> Response:
            site = sites.get(request.path_params["store"])
            if site is None:
                return Response(HTML_PAGE % (b"404", b"No such site"), 404, media_type="text/html")
            return await site.serve(request, stream, listing, fields)

        return Route(root + path, endpoint, methods=["GET"])

    async def sign_in(request: Request) -> Response:
        body, store = await json_text(request), request.path_params["store"]

        def make(fault: Fault | None) -> Answer:
            try:
                given = json.loads(body)
                who = (given["username"], given["password"])
            except (ValueError, KeyError, TypeError):
                raise _no(400, "%fieldName is a required field.", {"fieldName": "username"}) from None
            if who != APP_KEYS["magento"]:
                raise _no(
                    401,
                    "The account sign-in was incorrect or your account is disabled temporarily. "
                    "Please wait and try again later.",
                )
            assert desk.tokens is not None
            grant = desk.tokens.refresh(token("magento", store, use="refresh"))
            if grant is None:
                raise _no(401, "The account is disabled.")
            return Answer(grant.access_token)

        return await desk.serve("token", store, make)

    plain = frozenset({"updated_at", "created_at", "entity_id", "store_id"})
    return [
        at("/orders", "orders", Site.orders, plain | {"state", "status"}),
        at("/invoices", "invoices", Site.invoices, plain | {"order_id"}),
        at("/creditmemos", "refunds", Site.creditmemos, plain | {"order_id"}),
        at(
            "/products",
            "products",
            Site.products,
            frozenset({"updated_at", "created_at", "entity_id", "sku"}),
        ),
        Route(root + "/integration/admin/token", sign_in, methods=["POST"]),
    ]


# ---- refusing ----------------------------------------------------------------------------------------
def _no(status: int, message: str, parameters: Any = None) -> Refusal:
    body: dict[str, Any] = {"message": message}
    if parameters is not None:
        body["parameters"] = parameters
    return Refusal(Answer(body, status, refusal=message[:40]))


def _who() -> Answer:
    message = "The consumer isn't authorized to access %resources."
    return _no(401, message, {"resources": "Magento_Sales::actions_view"}).answer


def _too_fast(seconds: float | None) -> Answer:
    """The core has no limit; a firewall answers for the host, in HTML."""
    headers = {} if seconds is None else {"Retry-After": f"{seconds:g}"}
    return Answer(HTML_PAGE % (b"429", b"Slow down"), 429, headers, "text/html", "http_429")


@dataclass
class _Criteria:
    """A read searchCriteria: filters by group, order, page."""

    groups: dict[int, dict[int, dict[str, str]]] = field(default_factory=dict)
    orders: dict[int, dict[str, str]] = field(default_factory=dict)
    size: int | None = None
    page: int = 1

    @classmethod
    def read(cls, query: Mapping[str, str]) -> _Criteria:
        """Raises Refusal for what is no search criterion."""
        found = cls()
        for name, value in query.items():
            part, order = _FILTER.fullmatch(name), _SORT.fullmatch(name)
            if part is not None:
                group = found.groups.setdefault(int(part.group(1)), {})
                group.setdefault(int(part.group(2)), {})[part.group(3)] = value
            elif order is not None:
                found.orders.setdefault(int(order.group(1)), {})[order.group(2)] = value
            elif name in ("searchCriteria[pageSize]", "searchCriteria[currentPage]"):
                if not re.fullmatch(r"[1-9]\d{0,6}", value):
                    raise _no(400, "%fieldName must be a positive number", {"fieldName": name})
                if "pageSize" in name:
                    found.size = int(value)
                else:
                    found.page = int(value)
            elif name != "fields":
                raise _no(400, 'Property "%fieldName" is not a search criterion', {"fieldName": name})
        return found

    def check(self, fields: frozenset[str]) -> None:
        """Raises Refusal for fields and conditions that the listing does not know."""
        if not self.groups:
            raise _no(400, '"%fieldName" is required. Enter and try again.', {"fieldName": "searchCriteria"})
        for group in self.groups.values():
            for one in group.values():
                if one.get("field") not in fields:
                    raise _no(400, "Invalid attribute name: %1", [one.get("field", "")])
                if one.get("condition_type", "eq") not in _CONDITIONS:
                    raise _no(400, "Condition type %1 does not exist", [one.get("condition_type", "")])
        if self.size is not None and self.size > LARGEST_PAGE:
            raise _no(400, "Maximum SearchCriteria pageSize is %1", [str(LARGEST_PAGE)])

    def window(self) -> tuple[int, int]:
        """The first and last second of ``updated_at`` that all groups leave; several in a group mean or."""
        start, end = 0, _NEVER
        for group in self.groups.values():
            bounds = [_bounds(one) for one in group.values() if one.get("field") == "updated_at"]
            if bounds and len(bounds) == len(group):
                start = max(start, min(low for low, _ in bounds))
                end = min(end, max(high for _, high in bounds))
        return start, end

    def other(self) -> list[dict[str, str]]:
        """Filters by anything but the time of change."""
        return [one for g in self.groups.values() for one in g.values() if one.get("field") != "updated_at"]


def _bounds(one: Mapping[str, str]) -> tuple[int, int]:
    try:
        at = datetime.strptime(one.get("value", ""), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        raise _no(400, "Invalid date: %1", [one.get("value", "")]) from None
    second, condition = int(at.timestamp()), one.get("condition_type", "eq")
    low = {"gteq": second, "from": second, "gt": second + 1, "eq": second}.get(condition, 0)
    high = {"lteq": second, "to": second, "lt": second - 1, "eq": second}.get(condition, _NEVER)
    return low, high


class Site:
    """One shop's own server."""

    def __init__(self, desk: Desk, shop: Shop) -> None:
        self.desk = desk
        self.shop = shop

    async def serve(
        self, request: Request, stream: str, listing: Listing, fields: frozenset[str]
    ) -> Response:
        """Checks who asks, then the criteria, then answers."""
        query = query_of(request)

        def make(fault: Fault | None) -> Answer:
            self._authenticate(request.headers.get("authorization", ""))
            criteria = _Criteria.read(query)
            criteria.check(fields)
            return self._page(criteria, listing, fault)

        return await self.desk.serve(stream, self.shop.store, make, query)

    def _authenticate(self, header: str) -> None:
        kind, _, text = header.partition(" ")
        verdict = self.desk.tokens.check(text) if self.desk.tokens is not None else None
        if kind != "Bearer" or verdict is None or verdict.state != GOOD or verdict.subject != self.shop.store:
            raise Refusal(_who())

    def _page(self, criteria: _Criteria, listing: Listing, fault: Fault | None) -> Answer:
        start, end = criteria.window()
        rows = listing(self, start, end)
        for one in criteria.other():
            if one["field"] == "store_id" and str(STORE_ID) not in one.get("value", "").split(","):
                rows = []
        first_order = criteria.orders.get(0, {"field": "entity_id", "direction": "ASC"})
        if first_order.get("field") != "entity_id":
            raise _no(400, "The sandbox sorts by entity_id only, not by %1", [first_order.get("field", "")])
        direction = first_order.get("direction", "ASC").upper()
        if direction not in ("ASC", "DESC"):
            raise _no(400, "The sort order has to be specified as %1 or %2.", ["ASC", "DESC"])
        rows.sort(key=lambda row: row[0], reverse=direction == "DESC")
        size = criteria.size or max(len(rows), 1)
        # A page past the end is the last page again.
        number = min(criteria.page, max(-(-len(rows) // size), 1))
        page = self.desk.page(rows, number, size, fault)
        return Answer(
            {
                "items": [make() for _, make in page.rows],
                "search_criteria": {"page_size": size, "current_page": criteria.page, "filter_groups": []},
                "total_count": page.total,
            }
        )

    # ---- listings ------------------------------------------------------------------------------------
    def orders(self, start: int, end: int) -> list[tuple[int, Callable[[], dict[str, Any]]]]:
        """GET /V1/orders."""
        found: list[tuple[int, Callable[[], dict[str, Any]]]] = []
        for row in rows_between(self.desk, self.shop, start, end):
            state = state_at(self.desk, self.shop, row)
            found.append((_entity(state), lambda s=state: _order(self.shop, s)))  # type: ignore[misc]
        return found

    def invoices(self, start: int, end: int) -> list[tuple[int, Callable[[], dict[str, Any]]]]:
        """GET /V1/invoices."""
        found: list[tuple[int, Callable[[], dict[str, Any]]]] = []
        for state in _paid_between(self.desk.world, self.shop, start, end + 1, self.desk.now()):
            found.append((_entity(state), lambda s=state: _invoice(self.shop, s)))  # type: ignore[misc]
        return found

    def creditmemos(self, start: int, end: int) -> list[tuple[int, Callable[[], dict[str, Any]]]]:
        """GET /V1/creditmemos: what was given back; a request is none yet."""
        found: list[tuple[int, Callable[[], dict[str, Any]]]] = []
        for row in refund_rows_between(self.desk, self.shop, start, end):
            state, refund = refund_at(self.desk, self.shop, row)
            if refund.phase == REFUNDED:
                make = lambda s=state, r=refund: _creditmemo(self.shop, s, r)  # noqa: E731
                found.append((_memo(state, refund), make))
        return found

    def products(self, start: int, end: int) -> list[tuple[int, Callable[[], dict[str, Any]]]]:
        """GET /V1/products: every variant is a product of its own."""
        found: list[tuple[int, Callable[[], dict[str, Any]]]] = []
        for view in self.desk.world.products(self.shop.store, self.desk.now()):
            if start <= view.modified <= end:
                for i in range(len(view.item.skus)):
                    found.append((_product_id(view, i), lambda v=view, i=i: _product(v, i)))  # type: ignore[misc]
        return found


# ---- records -----------------------------------------------------------------------------------------
def _paid_between(world: World, shop: Shop, start: int, end: int, now: int) -> list[OrderState]:
    """The orders paid in [start, end): whatever happened to them since lies after it."""
    states = orders_modified(world, shop, start, now + 1, now)
    return [state for state in states if state.paid_at is not None and start <= state.paid_at < end]


def _entity(state: OrderState) -> int:
    return day_number(state.order.day) * 100_000 + state.order.index


def _memo(state: OrderState, refund: RefundState) -> int:
    return _entity(state) * 10 + refund.refund.plan.number


def _product_id(view: ProductView, i: int) -> int:
    return view.item.number * 100 + i


def _at(moment: int | None) -> str | None:
    return None if moment is None else datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _both(name: str, cents: int) -> dict[str, float]:
    """An amount in the shop's currency and in the buyer's, which here pays a quarter more."""
    return {f"base_{name}": cents / 100, name: round(cents * 1.25) / 100}


def _state(state: OrderState) -> str:
    if state.paid_at is None:
        return "canceled" if state.ended_at is not None else "new"
    if state.refunded >= state.order.total:
        return "closed"
    return "complete" if state.shipped_at is not None else "processing"


def _order(shop: Shop, state: OrderState) -> dict[str, Any]:
    order, buyer = state.order, state.order.buyer
    discount = sum(line.list_amount - line.paid for line in order.lines)
    address = {} if buyer is None else _address(buyer)
    word = _state(state)
    return {
        "entity_id": _entity(state),
        "increment_id": f"1{_entity(state):09d}",
        "state": word,
        "status": {"new": "pending"}.get(word, word),
        "store_id": STORE_ID,
        "created_at": _at(order.timeline.created),
        "updated_at": _at(state.modified),
        "customer_id": None if buyer is None or not buyer.customer_id else buyer.customer_id,
        "customer_email": "" if buyer is None else buyer.email,
        "customer_firstname": "" if buyer is None else buyer.name,
        "customer_is_guest": int(buyer is None or not buyer.customer_id),
        "remote_ip": "203.0.113.7" if buyer is None else f"203.0.113.7 {buyer.nick}",
        "base_currency_code": shop.currency,
        "order_currency_code": "CAD",
        **_both("grand_total", order.total),
        **_both("subtotal", sum(line.list_amount for line in order.lines)),
        **_both("discount_amount", -discount),
        **_both("shipping_amount", order.shipping),
        **_both("shipping_discount_amount", 0),
        **_both("tax_amount", order.tax),
        # A shop tells what was paid once something was, and what is owed always.
        **(_both("total_paid", order.total) if state.paid_at is not None else {}),
        **_both("total_due", 0 if state.paid_at is not None else order.total),
        **_both("total_refunded", state.refunded),
        "items": [item for line in order.lines for item in _items(shop, state, line)],
        "billing_address": address,
        "payment": {
            "method": "checkmo",
            "cc_last4": None,
            "additional_information": [address.get("firstname")],
        },
        "status_histories": [
            {"comment": f"Called {buyer.phone}" if buyer else "", "created_at": _at(order.timeline.created)}
        ],
        "extension_attributes": {
            "shipping_assignments": [{"shipping": {"address": address, "method": "flatrate_flatrate"}}],
            "payment_additional_info": [{"key": "paypal_payer_email", "value": address.get("email", "")}],
        },
    }


def _address(buyer: Any) -> dict[str, Any]:
    return {
        "firstname": buyer.name,
        "lastname": "-",
        "street": [buyer.address],
        "city": buyer.city,
        "postcode": "11201",
        "telephone": buyer.phone,
        "email": buyer.email,
        "company": buyer.company,
        "country_id": "US",
        "region_code": buyer.state_code,
    }


def _items(shop: Shop, state: OrderState, line: Line) -> list[dict[str, Any]]:
    """A row of a simple product; two of a configurable one, the second without money."""
    number = _entity(state) * 100 + line.number * 2
    code = line.item.skus[line.sku][0]
    sku, simple = f"{line.item.key}-{code}", line.item.number * 100 + line.sku
    row = {
        "item_id": number,
        "order_id": _entity(state),
        "product_id": simple,
        "product_type": "simple",
        "sku": sku,
        "name": line.item.english,
        "product_option": _option(state.order.buyer),
        "qty_ordered": line.quantity,
        "qty_shipped": line.quantity if state.shipped_at is not None else 0,
        **_both("price", line.unit_price),
        **_both("row_total", line.list_amount),
        **_both("discount_amount", line.list_amount - line.paid),
        **_both("tax_amount", line.tax),
    }
    if len(line.item.skus) == 1:
        return [row]
    nothing = {
        **_both("price", 0),
        **_both("row_total", 0),
        **_both("discount_amount", 0),
        **_both("tax_amount", 0),
    }
    child = {**row, **nothing, "item_id": number + 1, "parent_item_id": number}
    return [{**row, "product_type": "configurable", "product_id": line.item.number * 100 + 99}, child]


def _option(buyer: Any) -> dict[str, Any]:
    """What a buyer typed for a line, an engraving or who is given the card."""
    if buyer is None:
        return {}
    typed = {"custom_options": [{"option_id": "1", "option_value": f"For {buyer.name}"}]}
    return {"extension_attributes": {**typed, "giftcard_item_option": {"giftcard_sender_name": buyer.name}}}


def _invoice(shop: Shop, state: OrderState) -> dict[str, Any]:
    return {
        "entity_id": _entity(state),
        "order_id": _entity(state),
        "store_id": STORE_ID,
        "state": 2,
        "base_currency_code": shop.currency,
        **_both("grand_total", state.order.total),
        "created_at": _at(state.paid_at),
        "updated_at": _at(state.paid_at),
        "comments": [{"comment": f"Thanks {state.order.buyer.name}" if state.order.buyer else ""}],
    }


def _creditmemo(shop: Shop, state: OrderState, found: RefundState) -> dict[str, Any]:
    refund, order = found.refund, state.order
    listed = sum(part.line.list_amount for part in refund.lines)
    goods = sum(part.goods for part in refund.lines)
    return {
        "entity_id": _memo(state, found),
        "order_id": _entity(state),
        "store_id": STORE_ID,
        "state": 2,
        "base_currency_code": shop.currency,
        "created_at": _at(found.refunded_at),
        "updated_at": _at(found.modified),
        **_both("grand_total", refund.amount),
        **_both("subtotal", listed),
        **_both("discount_amount", goods - listed),
        **_both("shipping_amount", refund.shipping),
        **_both("tax_amount", refund.tax),
        **_both("adjustment", refund.goods - goods),
        **_both("adjustment_positive", refund.goods - goods),
        "items": [row for part in refund.lines for row in _memo_items(state, part)],
        "comments": [{"comment": f"{refund.reason} {order.buyer.phone}" if order.buyer else refund.reason}],
    }


def _memo_items(state: OrderState, part: RefundLine) -> list[dict[str, Any]]:
    """A row for each that the order has of the product, the child with its pieces and without money."""
    number = _entity(state) * 100 + part.line.number * 2
    row = {
        "order_item_id": number,
        "qty": part.quantity,
        **_both("row_total", part.line.list_amount),
        **_both("discount_amount", part.line.list_amount - part.goods),
        **_both("tax_amount", part.tax),
    }
    if len(part.line.item.skus) == 1:
        return [row]
    return [row, {"order_item_id": number + 1, "qty": part.quantity}]


def _product(view: ProductView, i: int) -> dict[str, Any]:
    item = view.item
    return {
        "id": _product_id(view, i),
        "sku": f"{item.key}-{item.skus[i][0]}",
        "name": item.english,
        "attribute_set_id": 4,
        "price": view.prices[i] / 100,
        "status": 1 if view.is_on_sale else 2,
        "visibility": 4,
        "type_id": "simple",
        "created_at": _at(view.listed),
        "updated_at": _at(view.modified),
        "extension_attributes": {"category_links": [{"position": 0, "category_id": str(item.category_id)}]},
        "custom_attributes": [{"attribute_code": "url_key", "value": item.key}],
    }


# ---- what a complete read holds ------------------------------------------------------------------------
def zone(account_id: str) -> str:
    """Where the shop's days begin."""
    return shop_of(account_id).zone.key


def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """The keys of a complete read (see ``extractors.sandbox.truth``): orders of every state; invoices by the
    time of payment, after which they do not change; credit memos by the time money went back."""
    shop = shop_of(account_id)
    window = (world, shop, start, end, now)
    keys: dict[str, Callable[[], set[str]]] = {
        "orders": lambda: {str(_entity(state)) for state in orders_modified(*window)},
        "invoices": lambda: {str(_entity(state)) for state in _paid_between(*window)},
        "refunds": lambda: {
            str(_memo(state, found)) for state, found in refunds_modified(*window) if found.phase == REFUNDED
        },
        "products": lambda: {
            str(_product_id(view, i))
            for view in products_modified(*window)
            for i in range(len(view.item.skus))
        },
    }
    return keys[stream]()
