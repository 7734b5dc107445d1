"""The sandbox half of Amazon: what the Selling Partner API answers and refuses (platforms-global §3; models
``orders_2026-01-01``, ``finances_2024-06-19`` and ``listingsItems_2021-08-01``).

Served under ``/amazon``: ``/orders/2026-01-01/orders``, ``/finances/2024-06-19/transactions``,
``/listings/2021-08-01/items/<seller>`` and ``/auth/o2/token`` (Login with Amazon).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from extractors.sandbox.asked import form_of, query_of
from extractors.sandbox.book import Row
from extractors.sandbox.control import Fault
from extractors.sandbox.credentials import APP_KEYS, EXTRA
from extractors.sandbox.cursor import seal, turn, unseal
from extractors.sandbox.desk import Answer, Desk, Refusal
from extractors.sandbox.market import rows_between, state_at, store_of_token, touch, wrong_names
from extractors.sandbox.merchants import SHOP_BY_STORE, Shop
from extractors.sandbox.orders import Line, OrderState
from extractors.sandbox.season import day_number
from extractors.sandbox.tokens import EXPIRED, GOOD, TokenDesk
from extractors.sandbox.truth import orders_modified, products_modified, refunds_modified, shop_of
from extractors.sandbox.world import World

from .finances import (
    MARKETPLACE,
    is_posted,
    is_sent_by_amazon,
    order_id,
    order_number,
    posted_between,
    refund_id,
)
from .listings import LISTING_DATA, LISTING_DEPTH, LISTING_NAMES, listing_record, listings

SELLER = str(EXTRA["amazon"]["seller_id"])
FINANCE_PAGE = 40
CALLS_PER_SECOND = 1_000.0
_MOST_SPAN = 180 * 86_400
_BEHIND = 120
_STATUSES = frozenset(
    {
        "PENDING_AVAILABILITY",
        "PENDING",
        "UNSHIPPED",
        "PARTIALLY_SHIPPED",
        "SHIPPED",
        "CANCELLED",
        "UNFULFILLABLE",
    }
)
_DATA = frozenset(
    {
        "BUYER",
        "RECIPIENT",
        "PROCEEDS",
        "EXPENSE",
        "PROMOTION",
        "CANCELLATION",
        "FULFILLMENT",
        "PACKAGES",
        "TAX",
        "PAYMENT",
        "FULFILLMENT_ORDERS",
    }
)
_ORDER_NAMES = (
    "createdAfter createdBefore lastUpdatedAfter lastUpdatedBefore marketplaceIds fulfillmentStatuses "
    "fulfilledBy maxResultsPerPage paginationToken includedData"
)
_FINANCE_NAMES = (
    "postedAfter postedBefore marketplaceId transactionStatus relatedIdentifierName "
    "relatedIdentifierValue nextToken"
)

Make = Callable[[Shop, Mapping[str, str], Fault | None], Answer]


def routes(desk: Desk) -> list[BaseRoute]:
    """The addresses that Amazon has, for one desk."""
    desk.tokens = TokenDesk("amazon", rotates=False, access_life=3_600, refresh_life=365 * 86_400)
    desk.rate_answer = _quota
    desk.token_answer = lambda: _no(
        403, "Unauthorized", _DENIED, "The access token you provided has expired."
    )
    gateway = _Gateway(desk)

    def edit(store: str, stream: str, place: int, query: Mapping[str, Any]) -> None:
        start, end = _moment(query.get("lastUpdatedAfter")), _moment(query.get("lastUpdatedBefore"))
        touch(desk, store, start, end, place, newest=False)

    desk.touch = edit

    def at(path: str, stream: str, make: Make, role: str) -> Route:
        async def endpoint(request: Request) -> Response:
            query = query_of(request)
            text = request.headers.get("x-amz-access-token", "")

            def answer(fault: Fault | None) -> Answer:
                shop = _shop(desk, text)
                if role in desk.control.withheld:
                    raise Refusal(_no(403, "Unauthorized", _DENIED))
                return make(shop, query, fault)

            return await desk.serve(stream, store_of_token(desk, text), answer, query)

        return Route(path, endpoint, methods=["GET"])

    async def login(request: Request) -> Response:
        given = await form_of(request)

        def make(fault: Fault | None) -> Answer:
            if (given.get("client_id"), given.get("client_secret")) != APP_KEYS["amazon"]:
                body = {"error": "invalid_client", "error_description": "Client authentication failed"}
                return Answer(body, 401, refusal="invalid_client")
            assert desk.tokens is not None
            grant = desk.tokens.refresh(given.get("refresh_token", ""))
            if given.get("grant_type") != "refresh_token" or grant is None:
                body = {
                    "error": "invalid_grant",
                    "error_description": "The request has an invalid grant parameter",
                }
                return Answer(body, 400, refusal="invalid_grant")
            return Answer(
                {
                    "access_token": grant.access_token,
                    "refresh_token": grant.refresh_token,
                    "token_type": "bearer",
                    "expires_in": grant.expires_in,
                }
            )

        return await desk.serve("token", "", make)

    return [
        at("/orders/2026-01-01/orders", "orders", gateway.orders, "Inventory and Order Tracking"),
        at("/finances/2024-06-19/transactions", "refunds", gateway.transactions, "Finance and Accounting"),
        at(f"/listings/2021-08-01/items/{SELLER}", "products", gateway.listings, "Product Listing"),
        Route("/auth/o2/token", login, methods=["POST"]),
    ]


# ---- refusing ----------------------------------------------------------------------------------------
_DENIED = "Access to requested resource is denied."
_EXPIRED = "The access token you provided has expired."


def _no(status: int, code: str, message: str, details: str = "") -> Answer:
    body = {"errors": [{"code": code, "message": message, "details": details}]}
    return Answer(body, status, content_type="application/json", refusal=code)


def _invalid(text: str) -> Refusal:
    return Refusal(_no(400, "InvalidInput", text, text))


def _quota(seconds: float | None) -> Answer:
    """Amazon names its limit, not the wait: a call may come again after one turn of it."""
    answer = _no(429, "QuotaExceeded", "You exceeded your quota for the requested resource.")
    if seconds:
        answer.headers["x-amzn-RateLimit-Limit"] = f"{1 / seconds:g}"
    return answer


def _shop(desk: Desk, text: str) -> Shop:
    if not text:
        raise Refusal(_no(403, "Unauthorized", _DENIED, "Access token is missing in the request header."))
    assert desk.tokens is not None
    verdict = desk.tokens.check(text)
    if verdict.state == EXPIRED:
        raise Refusal(_no(403, "Unauthorized", _DENIED, _EXPIRED))
    shop = SHOP_BY_STORE.get(verdict.subject)
    if verdict.state != GOOD or shop is None or shop.platform != desk.platform:
        details = "The access token you provided is revoked, malformed or invalid."
        raise Refusal(_no(403, "Unauthorized", _DENIED, details))
    return shop


def _moment(text: Any) -> int | None:
    """Epoch seconds of an ISO 8601 text with its offset; None for any other."""
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return int(at.timestamp()) if at.tzinfo is not None else None


def _time(query: Mapping[str, str], name: str) -> int:
    at = _moment(query.get(name))
    if at is None:
        raise _invalid(f"{name} is not an ISO 8601 date-time")
    return at


def _list(query: Mapping[str, str], name: str, known: frozenset[str]) -> set[str]:
    given = {part for part in query.get(name, "").split(",") if part}
    if given - known:
        raise _invalid(f"{name} has an unknown value {sorted(given - known)[0]}")
    return given


class _Gateway:
    """What the three operations answer."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    # ---- orders --------------------------------------------------------------------------------------
    def orders(self, shop: Shop, query: Mapping[str, str], fault: Fault | None) -> Answer:
        """searchOrders."""
        strange = wrong_names(query, "", _ORDER_NAMES)
        if strange is not None:
            raise _invalid(f"unknown parameter {strange}")
        if "createdAfter" in query or "createdBefore" in query:
            raise _invalid("the sandbox lists by lastUpdatedAfter only, and it excludes createdAfter")
        start = _time(query, "lastUpdatedAfter")
        end = self.desk.now() - _BEHIND
        if "lastUpdatedBefore" in query:
            end = _time(query, "lastUpdatedBefore")
            if end < start or end > self.desk.now() - _BEHIND:
                raise _invalid("lastUpdatedBefore must be after lastUpdatedAfter and two minutes in the past")
        _list(query, "marketplaceIds", frozenset({MARKETPLACE}))
        statuses = _list(query, "fulfillmentStatuses", _STATUSES)
        data = _list(query, "includedData", _DATA)
        _list(query, "fulfilledBy", frozenset({"MERCHANT", "AMAZON"}))
        size = query.get("maxResultsPerPage", "100")
        if not size.isdigit() or not 1 <= int(size) <= 100:
            raise _invalid("maxResultsPerPage must be between 1 and 100")
        rows = rows_between(self.desk, shop, start, end)
        if statuses:
            rows = [row for row in rows if _status(state_at(self.desk, shop, row)) in statuses]
        first = self._first(query, "paginationToken", [(row.modified, _order_number(row)) for row in rows])
        shown, following = turn(rows, first, int(size), fault)
        body: dict[str, Any] = {
            "orders": [_order(shop, state_at(self.desk, shop, row), data) for row in shown],
            "lastUpdatedBefore": _at(end),
        }
        if following is not None:
            last = rows[following - 1] if following else None
            mark = (str(last.modified), _order_number(last)) if last else ("0", "")
            body["pagination"] = {"nextToken": seal(_arguments(query, "paginationToken"), *mark)}
        headers = {"x-amzn-RateLimit-Limit": "0.0056"}
        return Answer(body, headers=headers, content_type="application/json")

    def _first(self, query: Mapping[str, str], name: str, marks: list[tuple[int, str]]) -> int:
        """How many records lie before the page that a token asks for."""
        if name not in query:
            return 0
        parts = unseal(query[name])
        if parts is None or len(parts) != 3 or parts[0] != _arguments(query, name) or not parts[1].isdigit():
            raise _invalid(f"{name} is invalid, or does not belong to these arguments")
        return sum(1 for mark in marks if mark <= (int(parts[1]), parts[2]))

    # ---- listings ------------------------------------------------------------------------------------
    def listings(self, shop: Shop, query: Mapping[str, str], fault: Fault | None) -> Answer:
        """searchListingsItems, by the time of the last change, oldest first."""
        strange = wrong_names(query, "marketplaceIds", LISTING_NAMES)
        if strange is not None:
            raise _invalid(f"marketplaceIds is missing, or unknown parameter {strange}")
        if query["marketplaceIds"] != MARKETPLACE:
            raise _invalid("marketplaceIds takes one marketplace that the seller sells in")
        data = _list(query, "includedData", LISTING_DATA) or {"summaries"}
        order = query.get("sortBy", "lastUpdatedDate"), query.get("sortOrder", "DESC")
        if order != ("lastUpdatedDate", "ASC"):
            raise _invalid("the sandbox sorts by lastUpdatedDate, ASC only")
        start = _time(query, "lastUpdatedAfter") if "lastUpdatedAfter" in query else -1
        end = _time(query, "lastUpdatedBefore") if "lastUpdatedBefore" in query else self.desk.now() + 1
        size = query.get("pageSize", "10")
        if not size.isdigit() or not 1 <= int(size) <= 20:
            raise _invalid("pageSize must be between 1 and 20")
        rows = listings(self.desk.world.products(shop.store, self.desk.now()), start, end)
        marks = [(row.view.modified, row.sku) for row in rows]
        first = self._first(query, "pageToken", marks)
        if first >= LISTING_DEPTH:
            raise _invalid("no more than 1000 listings can be paged through")
        shown, following = turn(rows, first, int(size), fault)
        items = [listing_record(shop, MARKETPLACE, row, data) for row in shown]
        body: dict[str, Any] = {"numberOfResults": len(rows), "pagination": {}, "items": items}
        if following is not None:
            at, sku = marks[following - 1] if following else (0, "")
            body["pagination"] = {"nextToken": seal(_arguments(query, "pageToken"), str(at), sku)}
        headers = {"x-amzn-RateLimit-Limit": "5.0"}
        return Answer(body, headers=headers, content_type="application/json")

    # ---- finances ------------------------------------------------------------------------------------
    def transactions(self, shop: Shop, query: Mapping[str, str], fault: Fault | None) -> Answer:
        """listTransactions: what was charged and given back, in the order of posting."""
        strange = wrong_names(query, "postedAfter", _FINANCE_NAMES)
        if strange is not None:
            raise _invalid(f"missing or unknown parameter {strange}")
        now, start = self.desk.now(), _time(query, "postedAfter")
        end = _time(query, "postedBefore") if "postedBefore" in query else now - _BEHIND
        if start > now - _BEHIND or end > now - _BEHIND or end <= start:
            raise _invalid("postedBefore must be after postedAfter, and both two minutes in the past")
        is_wide = end - start > _MOST_SPAN
        rows = [] if is_wide else posted_between(self.desk.world, shop, start, end, now)
        first = self._first(query, "nextToken", [(at, key) for at, key, _ in rows])
        shown, following = turn(rows, first, FINANCE_PAGE, fault)
        payload: dict[str, Any] = {"transactions": [make() for _, _, make in shown], "nextToken": None}
        if following is not None:
            mark = (str(rows[following - 1][0]), rows[following - 1][1]) if following else ("0", "")
            payload["nextToken"] = seal(_arguments(query, "nextToken"), *mark)
        headers = {"x-amzn-RateLimit-Limit": "0.5"}
        return Answer({"payload": payload}, headers=headers, content_type="application/json")


def _arguments(query: Mapping[str, str], token: str) -> str:
    """The arguments that a token belongs to, as one text."""
    return "&".join(f"{name}={query[name]}" for name in sorted(query) if name != token)


# ---- records -----------------------------------------------------------------------------------------
def _at(moment: int | None) -> str | None:
    return None if moment is None else datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _money(shop: Shop, cents: int) -> dict[str, Any]:
    text = f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"
    return {"amount": text, "currencyCode": shop.currency}


def _order_number(row: Row) -> str:
    return order_number(day_number(row.day), row.index)


def _is_called_off(state: OrderState) -> bool:
    return state.ended_at is not None and state.shipped_at is None


def _status(state: OrderState) -> str:
    if _is_called_off(state):
        return "CANCELLED"
    if state.shipped_at is not None:
        return "SHIPPED"
    return "PENDING" if state.paid_at is None else "UNSHIPPED"


def _order(shop: Shop, state: OrderState, data: set[str]) -> dict[str, Any]:
    order, buyer, status = state.order, state.order.buyer, _status(state)
    has_money = "PROCEEDS" in data and status != "PENDING"
    out: dict[str, Any] = {
        "orderId": order_id(state),
        "orderAliases": [],
        "createdTime": _at(order.timeline.created),
        "lastUpdatedTime": _at(state.modified),
        "programs": ["AMAZON_BUSINESS"] if buyer is not None and buyer.is_organisation else [],
        "salesChannel": {
            "channelName": "AMAZON",
            "marketplaceId": MARKETPLACE,
            "marketplaceName": "Amazon.com",
        },
        "orderItems": [_item(shop, state, line, data, has_money) for line in order.lines],
    }
    if has_money:
        total = 0 if status == "CANCELLED" else order.total
        out["proceeds"] = {"grandTotal": _money(shop, total)}
    if "BUYER" in data and buyer is not None:
        out["buyer"] = {"buyerName": buyer.name, "buyerEmail": buyer.email, "buyerCompanyName": buyer.company}
    if "RECIPIENT" in data and buyer is not None:
        out["recipient"] = {
            "deliveryAddress": {
                "name": buyer.name,
                "addressLine1": buyer.address,
                "city": f"{buyer.city}",
                "stateOrRegion": buyer.state_code,
                "postalCode": "11201",
                "countryCode": "US",
                "phone": buyer.phone,
                "extendedFields": {"streetName": buyer.address, "complement": buyer.name},
                "addressType": "RESIDENTIAL",
            },
            "deliveryPreference": {"addressInstruction": f"Ask for {buyer.name}"},
        }
    if "TAX" in data and buyer is not None:
        kind = "BUSINESS" if buyer.is_organisation else "CPF"
        named = {"legalName": buyer.company or buyer.name, "taxRegistrationType": kind}
        out["tax"] = {
            "taxRegistrations": [{"entityType": "BUYER", **named, "taxRegistrationNumber": buyer.phone}]
        }
    if "FULFILLMENT" in data:
        sender = "AMAZON" if is_sent_by_amazon(state) else "MERCHANT"
        out["fulfillment"] = {"fulfillmentStatus": status, "fulfilledBy": sender}
    if "PACKAGES" in data and state.shipped_at is not None:
        out["packages"] = [
            {
                "packageReferenceId": "1",
                "shipTime": _at(state.shipped_at),
                "packageStatus": {"status": "IN_TRANSIT"},
                "trackingNumber": f"1Z{order.id}",
            }
        ]
    if order.index % 41 == 0:
        out["fulfillmentHint"] = {"wave": order.index % 5, "token": 9_007_199_254_740_995 + order.index}
    return out


def _item(shop: Shop, state: OrderState, line: Line, data: set[str], has_money: bool) -> dict[str, Any]:
    order, code = state.order, line.item.skus[line.sku][0]
    called_off = _is_called_off(state)
    out: dict[str, Any] = {
        "orderItemId": f"{day_number(order.day)}{order.index:06d}{line.number:02d}",
        "quantityOrdered": 0 if called_off else line.quantity,
        "product": {
            "asin": f"B0{line.item.number:08d}",
            "title": line.item.english,
            "sellerSku": f"{line.item.key}-{code}",
            "price": {"unitPrice": _money(shop, line.unit_price)},
            "customization": {"customizedUrl": f"https://example.invalid/{order.buyer.nick}"}
            if order.buyer
            else None,
        },
        "fulfillment": {
            "quantityFulfilled": line.quantity if state.shipped_at else 0,
            "quantityUnfulfilled": 0 if called_off or state.shipped_at else line.quantity,
        },
    }
    if has_money:
        out["proceeds"] = _proceeds(shop, state, line, called_off)
    return out


def _proceeds(shop: Shop, state: OrderState, line: Line, called_off: bool) -> dict[str, Any]:
    """What an item brings: postage and its tax stand on the first item."""
    order = state.order
    parts: list[dict[str, Any]] = []
    shipping = order.shipping if line.number == 1 else 0
    shipping_tax = order.shipping_tax if line.number == 1 else 0
    discount = line.list_amount - line.paid
    total = line.paid + line.tax + shipping + shipping_tax
    if called_off:
        return {"proceedsTotal": _money(shop, 0), "breakdowns": []}

    def detail(subtype: str, cents: int) -> dict[str, Any]:
        return {"subtype": subtype, "value": _money(shop, cents)}

    parts.append({"type": "ITEM", "subtotal": _money(shop, line.list_amount)})
    if shipping:
        parts.append({"type": "SHIPPING", "subtotal": _money(shop, shipping)})
    if line.tax or shipping_tax:
        details = [detail("ITEM", line.tax)] + ([detail("SHIPPING", shipping_tax)] if shipping_tax else [])
        subtotal = _money(shop, line.tax + shipping_tax)
        parts.append({"type": "TAX", "subtotal": subtotal, "detailedBreakdowns": details})
    if discount:
        details = [detail("ITEM", -discount)]
        parts.append({"type": "DISCOUNT", "subtotal": _money(shop, -discount), "detailedBreakdowns": details})
    return {"proceedsTotal": _money(shop, total), "breakdowns": parts}


# ---- what a complete read holds ------------------------------------------------------------------------
def zone(account_id: str) -> str:
    """Where the shop's days begin."""
    return shop_of(account_id).zone.key


def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """The keys of a complete read (see ``extractors.sandbox.truth``): orders of every status; the refunds
    and all transactions posted in the window."""
    window = (world, shop_of(account_id), start, end, now)
    keys: dict[str, Callable[[], set[str]]] = {
        "orders": lambda: {order_id(state) for state in orders_modified(*window)},
        "refunds": lambda: {refund_id(found) for _, found in refunds_modified(*window) if is_posted(found)},
        "settlements": lambda: {key for _, key, _ in posted_between(*window)},
        "products": lambda: {
            f"{MARKETPLACE}|{row.sku}" for row in listings(list(products_modified(*window)), 0, now + 1)
        },
    }
    return keys[stream]()
