"""The sandbox half of WooCommerce: what a shop's REST API v3 answers and refuses (platforms-global §2).

Each shop is a site of its own, served under ``/woocommerce/<store>``: ``/wp-json/wc/v3/orders`` and so
on.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from extractors.sandbox import timeline as tl
from extractors.sandbox.book import OrderBook, Summary
from extractors.sandbox.catalogue import ProductView
from extractors.sandbox.control import Fault
from extractors.sandbox.credentials import CONSUMERS
from extractors.sandbox.desk import HTML_PAGE, Answer, Desk, Refusal
from extractors.sandbox.merchants import SHOP_BY_STORE, Shop
from extractors.sandbox.orders import Line, OrderState, RefundLine, RefundState, locate_woo, woo_id
from extractors.sandbox.season import day_number
from extractors.sandbox.signatures import oauth1, same
from extractors.sandbox.truth import orders_modified, products_modified, refunds_modified, shop_of
from extractors.sandbox.world import World

TIMESTAMP_TOLERANCE = 900
VERSION = "11.0.1"

_STATUSES = frozenset(
    {
        "any",
        "pending",
        "processing",
        "on-hold",
        "completed",
        "cancelled",
        "refunded",
        "failed",
        "trash",
        "checkout-draft",
    }
)
_ORDER_STATUS = {
    tl.CREATED: "pending",
    tl.ON_HOLD: "on-hold",
    tl.FAILED: "failed",
    tl.PAID: "processing",
    tl.SHIPPED: "processing",
    tl.COMPLETED: "completed",
    tl.CLOSED_UNPAID: "cancelled",
    tl.REFUSED: "cancelled",
    tl.CANCELLED: "refunded",
    tl.TRASHED: "trash",
}
_PAYMENT_TITLES = {
    "alipay": "支付宝",
    "wechatpay": "微信支付",
    "cod": "Cash on delivery",
    "bacs": "Bank transfer",
    "stripe": "Credit card",
    "paypal": "PayPal",
}
_COLLECTION = frozenset(
    {
        "page",
        "per_page",
        "offset",
        "order",
        "orderby",
        "after",
        "before",
        "modified_after",
        "modified_before",
        "dates_are_gmt",
        "include",
        "exclude",
        "search",
        "context",
        "_fields",
    }
)
_PAGING = frozenset({"page", "per_page", "offset", "_fields", "dp", "context"})
_ORDER_PARAMS = _COLLECTION | {
    "status",
    "customer",
    "product",
    "parent",
    "parent_exclude",
    "created_via",
    "dp",
}
_PRODUCT_PARAMS = _COLLECTION | {
    "status",
    "type",
    "sku",
    "category",
    "stock_status",
    "slug",
    "parent",
    "min_price",
    "max_price",
}
_AUTH = frozenset(
    {
        "oauth_consumer_key",
        "oauth_nonce",
        "oauth_signature",
        "oauth_signature_method",
        "oauth_timestamp",
        "oauth_version",
        "consumer_key",
        "consumer_secret",
    }
)
_BEGINNING = 946_684_800


def routes(desk: Desk) -> list[BaseRoute]:
    """The addresses of every shop's site, for one desk."""
    sites = {store: Site(desk, SHOP_BY_STORE[store]) for store in CONSUMERS}
    desk.rate_answer = _too_fast

    def touch(store: str, stream: str, place: int, query: Mapping[str, Any]) -> None:
        sites[store].touch(place, query)

    desk.touch = touch
    root = "/{store}/wp-json/wc/v3"
    site_of = sites.get

    def at(
        path: str, act: Callable[[Site, _Call, Fault | None], Answer], stream: str, params: frozenset[str]
    ) -> Route:
        async def endpoint(request: Request) -> Response:
            site = site_of(request.path_params["store"])
            if site is None:
                return Response(HTML_PAGE % (b"404", b"No such site"), 404, media_type="text/html")
            return await site.serve(request, act, stream, params)

        return Route(root + path, endpoint, methods=["GET"])

    single = frozenset({"dp", "context", "_fields"})
    return [
        at("/orders", Site.orders, "orders", _ORDER_PARAMS),
        at("/orders/{id:int}", Site.order, "order", single),
        at("/orders/{id:int}/refunds", Site.order_refunds, "order_refunds", _COLLECTION | {"dp"}),
        at("/refunds", Site.refunds, "refunds", _ORDER_PARAMS),
        at("/products", Site.products, "products", _PRODUCT_PARAMS),
        at("/products/{id:int}", Site.product, "product", single),
        at("/products/{id:int}/variations", Site.variations, "variations", _PRODUCT_PARAMS),
        at("/{rest:path}", Site.nothing, "unknown", frozenset()),
    ]


def _no(status: int, code: str, message: str, **data: Any) -> Refusal:
    body = {"code": code, "message": message, "data": {"status": status, **data}}
    return Refusal(Answer(body, status, content_type="application/json; charset=UTF-8", refusal=code))


def _invalid(name: str, text: str) -> Refusal:
    return _no(
        400,
        "rest_invalid_param",
        f"Invalid parameter(s): {name}",
        params={name: text},
        details={name: {"code": "rest_invalid_param", "message": text, "data": None}},
    )


def _too_fast(seconds: float | None) -> Answer:
    """The core has no limit; a host answers for it, in HTML."""
    headers = {} if seconds is None else {"Retry-After": f"{seconds:g}"}
    return Answer(HTML_PAGE % (b"429", b"Slow down"), 429, headers, "text/html", "http_429")


@dataclass(frozen=True, slots=True)
class _Call:
    """One authenticated request."""

    shop: Shop
    book: OrderBook
    query: Mapping[str, str]
    path: Mapping[str, Any]
    url: str
    now: int


class Site:
    """One shop's own server."""

    def __init__(self, desk: Desk, shop: Shop) -> None:
        self.desk = desk
        self.shop = shop
        self.key, self.secret = CONSUMERS[shop.store]
        self._nonces: dict[str, float] = {}
        self._selections: OrderedDict[tuple[Any, ...], list[Summary]] = OrderedDict()

    async def serve(
        self,
        request: Request,
        act: Callable[[Site, _Call, Fault | None], Answer],
        stream: str,
        allowed: frozenset[str],
    ) -> Response:
        """Checks who asks, then the parameters, then answers."""
        raw = parse_qsl(request.url.query, keep_blank_values=True)
        query: dict[str, str] = {}
        for name, value in raw:
            plain = name.removesuffix("[]")
            query[plain] = f"{query[plain]},{value}" if plain in query and name.endswith("[]") else value

        def make(fault: Fault | None) -> Answer:
            self._authenticate(request, raw, query)
            if act is not Site.nothing:
                unknown = sorted(set(query) - allowed - _AUTH)
                if unknown:
                    raise _invalid(unknown[0], f"{unknown[0]} is not a parameter of this route.")
            asked = {name: value for name, value in query.items() if name not in _AUTH}
            url = str(request.url.replace(query=""))
            call = _Call(
                self.shop,
                self.desk.world.books[self.shop.store],
                asked,
                request.path_params,
                url,
                self.desk.now(),
            )
            return act(self, call, fault)

        return await self.desk.serve(stream, self.shop.store, make, query)

    # ---- who asks --------------------------------------------------------------------------------
    def _authenticate(self, request: Request, raw: list[tuple[str, str]], query: Mapping[str, str]) -> None:
        header = request.headers.get("authorization", "")
        if request.headers.get("x-forwarded-proto") == "https":
            self._basic(header, query)
            return
        pairs = list(raw)
        if header.startswith("OAuth "):
            for part in header[6:].split(","):
                name, _, value = part.strip().partition("=")
                if name != "realm":
                    pairs.append((unquote(name), unquote(value.strip('"'))))
        given = dict(pairs)
        if "oauth_consumer_key" not in given:
            raise _no(401, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
        self._oauth(request, pairs, given)

    def _basic(self, header: str, query: Mapping[str, str]) -> None:
        key, secret = query.get("consumer_key", ""), query.get("consumer_secret", "")
        if header.startswith("Basic "):
            try:
                key, _, secret = base64.b64decode(header[6:], validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                key = secret = ""
        if not key:
            raise _no(401, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
        if key != self.key:
            raise _no(401, "woocommerce_rest_authentication_error", "Consumer key is invalid.")
        if not same(secret, self.secret):
            raise _no(401, "woocommerce_rest_authentication_error", "Consumer secret is invalid.")

    def _oauth(self, request: Request, pairs: Iterable[tuple[str, str]], given: Mapping[str, str]) -> None:
        def deny(message: str) -> Refusal:
            return _no(401, "woocommerce_rest_authentication_error", message)

        missing = [
            name
            for name in (
                "oauth_consumer_key",
                "oauth_timestamp",
                "oauth_nonce",
                "oauth_signature",
                "oauth_signature_method",
            )
            if not given.get(name)
        ]
        if missing:
            raise deny(f"Missing OAuth parameter {missing[0]}")
        if given["oauth_consumer_key"] != self.key:
            raise deny("Consumer key is invalid.")
        url = str(request.url.replace(query=""))
        try:
            expected = oauth1(request.method, url, pairs, self.secret, given["oauth_signature_method"])
        except ValueError:
            raise deny("Invalid signature - signature method is invalid.") from None
        if not same(expected, given["oauth_signature"]):
            raise deny("Invalid signature - provided signature does not match.")
        stamp = given["oauth_timestamp"]
        clocks = self.desk.control.clocks()
        if not stamp.isdigit() or all(abs(int(stamp) - clock) > TIMESTAMP_TOLERANCE for clock in clocks):
            raise deny("Invalid timestamp.")
        nonce = given["oauth_nonce"]
        if nonce in self._nonces:
            raise deny("Invalid nonce - nonce has already been used.")
        self._nonces[nonce] = clocks[0]
        if len(self._nonces) > 20_000:
            oldest = clocks[0] - TIMESTAMP_TOLERANCE
            self._nonces = {key: at for key, at in self._nonces.items() if at >= oldest}

    def touch(self, place: int, query: Mapping[str, Any]) -> None:
        """Edits the order at ``place`` of the listing that ``query`` describes."""
        call = _Call(
            self.shop,
            self.desk.world.books[self.shop.store],
            {k: v for k, v in query.items() if k not in _AUTH},
            {},
            "",
            self.desk.now(),
        )
        found = self._select_orders(call)
        if place < len(found):
            call.book.touch(found[place].day, found[place].index, call.now)

    # ---- orders ----------------------------------------------------------------------------------
    def orders(self, call: _Call, fault: Fault | None) -> Answer:
        """GET /orders."""

        def show(short: Summary) -> dict[str, Any]:
            state = call.book.state(short.day, short.index, call.now)
            if state is None:
                raise LookupError(f"a listed order does not exist: {short}")
            return _order(call, state)

        return self._listing(call, self._select_orders(call), show, fault)

    def _select_orders(self, call: _Call) -> list[Summary]:
        """The orders that the filters leave, in order; kept for the next pages of the same second."""
        asked = tuple(sorted((k, v) for k, v in call.query.items() if k not in _PAGING))
        key = (asked, call.now, call.book.version)
        found = self._selections.get(key)
        if found is None:
            found = self._selections[key] = self._filter_orders(call)
            if len(self._selections) > 8:
                self._selections.popitem(last=False)
        return found

    def _filter_orders(self, call: _Call) -> list[Summary]:
        wanted = _list(call.query, "status") or ["any"]
        unknown = [status for status in wanted if status not in _STATUSES]
        if unknown:
            raise _invalid("status", f"status[0] is not one of {', '.join(sorted(_STATUSES))}.")
        times = _Times(call)
        found = []
        for short in self._candidates(call, times):
            if not times.accepts(short.created, short.modified):
                continue
            status = _ORDER_STATUS[short.status]
            if status in wanted or ("any" in wanted and status != "trash"):
                found.append(short)
        customer = call.query.get("customer")
        if customer is not None:
            found = [short for short in found if self._customer(call, short) == customer]
        keys: dict[str, Callable[[Summary], Any]] = {
            "date": lambda s: (s.created, _id_of(s)),
            "modified": lambda s: (s.modified, _id_of(s)),
            **dict.fromkeys(("id", "include", "title", "slug"), _id_of),
        }
        return _ordered(call, found, keys, _id_of)

    @staticmethod
    def _customer(call: _Call, short: Summary) -> str:
        buyer = call.book.order(short.day, short.index).buyer
        return str(0 if buyer is None else buyer.customer_id)

    @staticmethod
    def _candidates(call: _Call, times: _Times) -> Iterable[Summary]:
        """The cheapest superset: by modified time when it is bounded from below, else by creation."""
        if times.modified_from <= _BEGINNING:
            end = min(times.created_to, times.modified_to)
            return call.book.summaries(times.created_from, end, call.now)
        rows = call.book.modified_between(times.modified_from, times.modified_to, call.now)
        shorts = (call.book.summary(row.day, row.index, call.now) for row in rows)
        return (short for short in shorts if short is not None)

    def order(self, call: _Call, fault: Fault | None) -> Answer:
        """GET /orders/<id>."""
        return Answer(_order(call, self._find(call)))

    def _find(self, call: _Call) -> OrderState:
        place = locate_woo(int(call.path["id"]))
        if place is not None and place[2] == 0 and call.book.exists(place[0], place[1]):
            state = call.book.state(place[0], place[1], call.now)
            if state is not None:
                return state
        raise _no(404, "woocommerce_rest_shop_order_invalid_id", "Invalid ID.")

    # ---- refunds ---------------------------------------------------------------------------------
    def order_refunds(self, call: _Call, fault: Fault | None) -> Answer:
        """GET /orders/<id>/refunds, newest first."""
        state = self._find(call)
        found = sorted(state.refunds, key=lambda r: (r.created, r.refund.id), reverse=True)
        return self._listing(call, found, lambda r: _refund(call, state, r), fault)

    def refunds(self, call: _Call, fault: Fault | None) -> Answer:
        """GET /refunds: the refunds of all orders, by the refund's own dates."""
        times = _Times(call)
        start, end = max(times.created_from, times.modified_from), min(times.created_to, times.modified_to)
        pairs = []
        for row in call.book.refunds_modified_between(start, end, call.now):
            state = call.book.state(row.day, row.index, call.now)
            if state is None or _status(state) == "trash":
                continue
            refund = next((r for r in state.refunds if r.refund.plan.number == row.refund), None)
            if refund is not None and times.accepts(refund.created, refund.created):
                pairs.append((state, refund))
        by_time: Callable[[tuple[OrderState, RefundState]], Any] = lambda p: (p[1].created, p[1].refund.id)  # noqa: E731
        by_id: Callable[[tuple[OrderState, RefundState]], Any] = lambda p: p[1].refund.id  # noqa: E731
        keys = {
            "date": by_time,
            "modified": by_time,
            "id": by_id,
            "include": by_id,
            "title": by_id,
            "slug": by_id,
        }
        found = _ordered(call, pairs, keys, by_id)
        return self._listing(
            call, found, lambda p: _refund(call, p[0], p[1]) | {"parent_id": p[0].order.id}, fault
        )

    # ---- products --------------------------------------------------------------------------------
    def products(self, call: _Call, fault: Fault | None) -> Answer:
        """GET /products."""
        times = _Times(call)
        found = [
            p
            for p in self.desk.world.products(self.shop.store, call.now)
            if times.accepts(p.listed, p.modified)
        ]
        status = call.query.get("status", "any")
        if status not in ("any", "draft", "pending", "private", "publish", "future", "trash"):
            raise _invalid(
                "status", "status is not one of any, draft, pending, private, publish, future, trash."
            )
        found = [p for p in found if status in ("any", _product_status(p))]
        keys: dict[str, Callable[[ProductView], Any]] = {
            "date": lambda p: (p.listed, p.item.number),
            "modified": lambda p: (p.modified, p.item.number),
            "id": lambda p: p.item.number,
            "title": lambda p: p.item.english,
            "slug": lambda p: p.item.key,
            "include": lambda p: p.item.number,
            "price": lambda p: p.prices[0],
        }
        return self._listing(
            call, _ordered(call, found, keys, _product_id), lambda p: _product(call, p), fault
        )

    def _find_product(self, call: _Call) -> ProductView:
        for product in self.desk.world.products(self.shop.store, call.now):
            if _product_id(product) == call.path["id"]:
                return product
        raise _no(404, "woocommerce_rest_product_invalid_id", "Invalid ID.")

    def product(self, call: _Call, fault: Fault | None) -> Answer:
        """GET /products/<id>."""
        return Answer(_product(call, self._find_product(call)))

    def variations(self, call: _Call, fault: Fault | None) -> Answer:
        """GET /products/<id>/variations."""
        product = self._find_product(call)
        count = len(product.item.skus) if len(product.item.skus) > 1 else 0
        return self._listing(call, list(range(count)), lambda i: _variation(call, product, i), fault)

    def nothing(self, call: _Call, fault: Fault | None) -> Answer:
        """Any other address."""
        raise _no(404, "rest_no_route", "No route was found matching the URL and request method.")

    def _listing(
        self, call: _Call, rows: list[Any], show: Callable[[Any], dict[str, Any]], fault: Fault | None
    ) -> Answer:
        size = _whole(call.query, "per_page", 10)
        if not 1 <= size <= 100:
            raise _invalid("per_page", "per_page must be between 1 (inclusive) and 100 (inclusive)")
        number = _whole(call.query, "page", 1)
        if number < 1:
            raise _invalid("page", "page must be greater than or equal to 1")
        offset = _whole(call.query, "offset", 0)
        page = self.desk.page(rows[offset:] if offset else rows, number, size, fault)
        total = page.total + offset
        pages = -(-total // size)
        headers = {"X-WP-Total": str(total), "X-WP-TotalPages": str(pages)}
        links = []
        for step, name in ((-1, "prev"), (1, "next")):
            if 1 <= number + step <= pages:
                query = urlencode({**call.query, "page": number + step})
                links.append(f'<{call.url}?{query}>; rel="{name}"')
        if links:
            headers["Link"] = ", ".join(links)
        shown = [show(row) for row in page.rows]
        names = _list(call.query, "_fields")
        if names:
            shown = [{name: record[name] for name in names if name in record} for record in shown]
        return Answer(shown, headers=headers, content_type="application/json; charset=UTF-8")


# ---- parameters ----------------------------------------------------------------------------------
class _Times:
    """The date filters of a request. Both ends of every filter are exclusive, to the second.

    Without ``dates_are_gmt`` the value is compared with the site-local column, whatever zone is
    appended to it.
    """

    def __init__(self, call: _Call) -> None:
        gmt = call.query.get("dates_are_gmt", "false")
        if gmt not in ("true", "false", "1", "0"):
            raise _invalid("dates_are_gmt", "dates_are_gmt is not of type boolean.")
        self._call = call
        self._zone = UTC if gmt in ("true", "1") else call.shop.zone
        self.created_from = self._after("after")
        self.created_to = self._before("before", call.now)
        self.modified_from = self._after("modified_after")
        self.modified_to = self._before("modified_before", call.now)

    def _parse(self, name: str) -> int | None:
        text = self._call.query.get(name)
        if text is None:
            return None
        match = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?", text)
        try:
            if match is None:
                raise ValueError(text)
            return int(datetime.fromisoformat(match[1]).replace(tzinfo=self._zone).timestamp())
        except ValueError:
            raise _invalid(name, f"{name} Invalid date.") from None

    def _after(self, name: str) -> int:
        at = self._parse(name)
        return _BEGINNING if at is None else at + 1

    def _before(self, name: str, default: int) -> int:
        at = self._parse(name)
        return default if at is None else at - 1

    def accepts(self, created: int, modified: int) -> bool:
        """Whether a record of these times passes all filters."""
        return (
            self.created_from <= created <= self.created_to
            and self.modified_from <= modified <= self.modified_to
        )


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"-?\d{1,12}", text):
        raise _invalid(name, f"{name} is not of type integer.")
    return int(text)


def _list(query: Mapping[str, str], name: str) -> list[str]:
    return [part.strip() for part in query.get(name, "").split(",") if part.strip()]


def _ordered(
    call: _Call, rows: list[Any], keys: Mapping[str, Callable[[Any], Any]], id_of: Callable[[Any], int]
) -> list[Any]:
    by = call.query.get("orderby", "date")
    direction = call.query.get("order", "desc")
    if by not in keys:
        raise _invalid("orderby", f"orderby is not one of {', '.join(sorted(keys))}.")
    if direction not in ("asc", "desc"):
        raise _invalid("order", "order is not one of asc, desc.")
    include, exclude = _list(call.query, "include"), set(_list(call.query, "exclude"))
    if include:
        rows = [row for row in rows if str(id_of(row)) in include]
    if exclude:
        rows = [row for row in rows if str(id_of(row)) not in exclude]
    return sorted(rows, key=keys[by], reverse=direction == "desc")


# ---- records -------------------------------------------------------------------------------------
def _money(cents: int) -> str:
    return f"{cents / 100:.2f}"


def _stamps(shop: Shop, name: str, at: int | None) -> dict[str, str | None]:
    if at is None:
        return {name: None, f"{name}_gmt": None}
    moment = datetime.fromtimestamp(at, UTC)
    local = moment.astimezone(shop.zone)
    return {name: local.strftime("%Y-%m-%dT%H:%M:%S"), f"{name}_gmt": moment.strftime("%Y-%m-%dT%H:%M:%S")}


def _status(state: OrderState) -> str:
    return _ORDER_STATUS[state.status]


def _id_of(short: Summary) -> int:
    return woo_id(day_number(short.day), short.index)


def _product_id(product: ProductView) -> int:
    return 4_000 + product.item.number * 20


def _item_product(line: Line) -> tuple[int, int]:
    product = 4_000 + line.item.number * 20
    return product, product + 1 + line.sku if len(line.item.skus) > 1 else 0


def _names(call: _Call, line: Line) -> tuple[str, str]:
    us = call.shop.market == "US"
    sku = line.item.skus[line.sku]
    title = line.item.english if us else line.item.chinese
    option = sku[2] if us else sku[1]
    return (title if len(line.item.skus) == 1 else f"{title} - {option}"), option


def _line_item(call: _Call, order_id: int, line: Line) -> dict[str, Any]:
    product, variation = _item_product(line)
    name, option = _names(call, line)
    subtotal_tax = round(line.net * call.shop.tax_rate)
    return {
        "id": order_id * 10 + line.number,
        "name": name,
        "product_id": product,
        "variation_id": variation,
        "quantity": line.quantity,
        "tax_class": "",
        "subtotal": _money(line.net),
        "subtotal_tax": _money(subtotal_tax),
        "total": _money(line.paid),
        "total_tax": _money(line.tax),
        "taxes": [{"id": 1, "total": _money(line.tax), "subtotal": _money(subtotal_tax)}] if line.tax else [],
        "meta_data": [{"id": order_id * 100 + line.number, "key": "pa_option", "value": option}]
        if variation
        else [],
        "sku": f"{line.item.key}-{line.item.skus[line.sku][0]}",
        "price": line.paid / line.quantity / 100,
    }


def _order(call: _Call, state: OrderState) -> dict[str, Any]:
    order, buyer, shop = state.order, state.order.buyer, call.shop
    discount = sum(line.order_discount for line in order.lines)
    paid = state.paid_at
    attribution = (
        ("utm", "baidu"),
        ("organic", "google"),
        ("typein", "(direct)"),
        ("referral", "xiaohongshu.example"),
    )
    kind, source = attribution[order.index % 4]
    meta = [
        ("_wc_order_attribution_source_type", kind),
        ("_wc_order_attribution_utm_source", source),
        ("_order_stock_reduced", "yes"),
    ]
    if order.timeline.exclusion == "test":
        meta.append(("_wcpay_mode", "test"))
    if state.is_edited or state.touches:
        meta.append(("_internal_revision", str(int(state.is_edited) + state.touches)))
    if buyer is not None and buyer.is_organisation:
        meta.append(("_buyer_type", "organisation"))
    out: dict[str, Any] = {
        "id": order.id,
        "parent_id": 0,
        "status": _status(state),
        "currency": shop.currency,
        "version": VERSION,
        "prices_include_tax": False,
        **_stamps(shop, "date_created", order.timeline.created),
        **_stamps(shop, "date_modified", state.modified),
        "discount_total": _money(discount),
        "discount_tax": "0.00",
        "shipping_total": _money(order.shipping),
        "shipping_tax": _money(order.shipping_tax),
        "cart_tax": _money(order.tax - order.shipping_tax),
        "total": _money(order.total),
        "total_tax": _money(order.tax),
        "customer_id": 0 if buyer is None else buyer.customer_id,
        "order_key": f"wc_order_{order.id:x}",
        "billing": _address(state, billing=True),
        "shipping": _address(state, billing=False),
        "payment_method": order.payment,
        "payment_method_title": _PAYMENT_TITLES[order.payment],
        "transaction_id": f"{order.id * 7919:d}" if paid else "",
        "customer_ip_address": "203.0.113.7" if buyer else "",
        "customer_user_agent": f"Mozilla/5.0 {buyer.nick}" if buyer else "",
        "created_via": "checkout" if buyer else "admin",
        "customer_note": f"Ring {buyer.phone}" if buyer and order.index % 8 == 0 else "",
        **_stamps(shop, "date_completed", state.completed_at),
        **_stamps(shop, "date_paid", paid),
        "cart_hash": f"{order.id:032x}",
        "number": str(order.id),
        "meta_data": [
            {"id": 9_007_199_254_740_993 + order.id * 8 + i, "key": key, "value": value}
            for i, (key, value) in enumerate(meta)
        ],
        "line_items": [_line_item(call, order.id, line) for line in order.lines],
        "tax_lines": [
            {
                "id": order.id * 10 + 7,
                "rate_code": "US-NY-TAX-1",
                "rate_id": 1,
                "label": "Tax",
                "compound": False,
                "tax_total": _money(order.tax - order.shipping_tax),
                "shipping_tax_total": _money(order.shipping_tax),
                "rate_percent": 8.875,
                "meta_data": [],
            }
        ]
        if order.tax
        else [],
        "shipping_lines": [
            {
                "id": order.id * 10 + 8,
                "method_title": "Flat rate" if order.shipping else "Free shipping",
                "method_id": "flat_rate" if order.shipping else "free_shipping",
                "instance_id": "1",
                "total": _money(order.shipping),
                "total_tax": _money(order.shipping_tax),
                "taxes": [],
                "meta_data": [],
            }
        ],
        "fee_lines": [],
        "coupon_lines": [
            {
                "id": order.id * 10 + 9,
                "code": order.coupon.lower(),
                "discount": _money(discount),
                "discount_tax": "0.00",
                "meta_data": [],
            }
        ]
        if discount
        else [],
        "refunds": [
            {"id": r.refund.id, "reason": r.refund.reason, "total": _money(-r.refund.amount)}
            for r in sorted(state.refunds, key=lambda r: r.refund.id, reverse=True)
        ],
        "payment_url": "",
        "is_editable": _status(state) in ("pending", "on-hold"),
        "needs_payment": paid is None,
        "needs_processing": True,
        "currency_symbol": "$" if shop.currency == "USD" else "¥",
    }
    if order.index % 37 == 0:
        out["fulfillment_hint"] = {"wave": order.index % 5, "token": 9_007_199_254_740_995 + order.index}
    return out


def _address(state: OrderState, *, billing: bool) -> dict[str, str]:
    buyer = state.order.buyer
    us = state.order.shop.market == "US"
    names = (
        "first_name",
        "last_name",
        "company",
        "address_1",
        "address_2",
        "city",
        "state",
        "postcode",
        "country",
        "phone",
    )
    if buyer is None:
        empty = dict.fromkeys(names, "")
        return empty | {"email": ""} if billing else empty
    first, _, last = buyer.name.partition(" ")
    values = (
        first,
        last,
        buyer.company,
        buyer.address,
        "",
        buyer.city,
        buyer.state_code,
        "11201" if us else "310000",
        "US" if us else "CN",
        buyer.phone,
    )
    out = dict(zip(names, values, strict=True))
    return out | {"email": buyer.email} if billing else out


def _refund(call: _Call, state: OrderState, found: RefundState) -> dict[str, Any]:
    order, refund = state.order, found.refund
    shipped_back = refund.shipping or (refund.plan.part == tl.SHIPPING_ONLY and order.shipping)
    shipping_tax = refund.tax - sum(part.tax for part in refund.lines)
    return {
        "id": refund.id,
        "parent_id": order.id,
        **_stamps(call.shop, "date_created", found.created),
        "amount": _money(refund.amount),
        "reason": refund.reason,
        "refunded_by": 1,
        "refunded_payment": order.payment not in ("cod", "bacs"),
        "meta_data": [],
        "line_items": [_refund_line(call, refund.id, part) for part in refund.lines],
        "shipping_lines": [
            {
                "id": refund.id * 10 + 8,
                "method_title": "Flat rate",
                "method_id": "flat_rate",
                "instance_id": "1",
                "total": _money(-refund.shipping),
                "total_tax": _money(-shipping_tax),
                "taxes": [],
                "meta_data": [],
            }
        ]
        if shipped_back
        else [],
        "tax_lines": [],
        "fee_lines": [],
    }


def _refund_line(call: _Call, refund_id: int, part: RefundLine) -> dict[str, Any]:
    product, variation = _item_product(part.line)
    return {
        "id": refund_id * 10 + part.line.number,
        "name": _names(call, part.line)[0],
        "product_id": product,
        "variation_id": variation,
        "quantity": -part.quantity,
        "tax_class": "",
        "subtotal": _money(-part.goods),
        "subtotal_tax": _money(-part.tax),
        "total": _money(-part.goods),
        "total_tax": _money(-part.tax),
        "taxes": [],
        "sku": f"{part.line.item.key}-{part.line.item.skus[part.line.sku][0]}",
        "price": part.goods / part.quantity / 100,
        "meta_data": [
            {
                "id": refund_id * 100 + part.line.number,
                "key": "_refunded_item_id",
                "value": str(refund_id // 10 * 10 * 10 + part.line.number),
            }
        ],
    }


def _product_status(product: ProductView) -> str:
    return "publish" if product.is_on_sale else "private"


def _product(call: _Call, product: ProductView) -> dict[str, Any]:
    item, us = product.item, call.shop.market == "US"
    variable = len(item.skus) > 1
    identity = _product_id(product)
    price = _money(min(product.prices))
    categories = [
        {"id": item.category_id % 100_000 + i, "name": name, "slug": f"c-{item.category_id}-{i}"}
        for i, name in enumerate(_category_names(item.category, us))
    ]
    return {
        "id": identity,
        "name": item.english if us else item.chinese,
        "slug": item.key,
        "permalink": f"https://shop.example/product/{item.key}",
        **_stamps(call.shop, "date_created", product.listed),
        **_stamps(call.shop, "date_modified", product.modified),
        "type": "variable" if variable else "simple",
        "status": _product_status(product),
        "featured": False,
        "catalog_visibility": "visible",
        "description": "",
        "sku": item.key,
        "price": price,
        "regular_price": "" if variable else price,
        "sale_price": "",
        "on_sale": False,
        "purchasable": True,
        "total_sales": item.number * 17,
        "virtual": False,
        "manage_stock": not variable,
        "stock_quantity": None if variable else product.stock[0],
        "stock_status": "instock" if sum(product.stock) else "outofstock",
        "backorders": "no",
        "weight": "",
        "average_rating": "4.60",
        "rating_count": item.number,
        "parent_id": 0,
        "categories": categories,
        "tags": [],
        "variations": [identity + 1 + i for i in range(len(item.skus))] if variable else [],
        "meta_data": [],
    }


_CATEGORY_ENGLISH = {
    "家居": "Home",
    "灯具": "Lighting",
    "餐具茶具": "Tableware",
    "食品": "Food",
    "蜜饯": "Preserves",
    "茶": "Tea",
}


def _category_names(path: tuple[str, ...], us: bool) -> tuple[str, ...]:
    return tuple(_CATEGORY_ENGLISH[name] for name in path) if us else path


def _variation(call: _Call, product: ProductView, i: int) -> dict[str, Any]:
    item = product.item
    code, chinese, english, _ = item.skus[i]
    price = _money(product.prices[i])
    return {
        "id": _product_id(product) + 1 + i,
        "type": "variation",
        **_stamps(call.shop, "date_created", product.listed),
        **_stamps(call.shop, "date_modified", product.modified),
        "description": "",
        "sku": f"{item.key}-{code}",
        "price": price,
        "regular_price": price,
        "sale_price": "",
        "on_sale": False,
        "status": _product_status(product),
        "purchasable": True,
        "manage_stock": True if i else "parent",
        "stock_quantity": product.stock[i],
        "stock_status": "instock" if product.stock[i] else "outofstock",
        "attributes": [
            {"id": 1, "name": "Option", "option": english if call.shop.market == "US" else chinese}
        ],
        "parent_id": _product_id(product),
        "meta_data": [],
    }


# ---- what a complete read holds -------------------------------------------------------------------
def zone(account_id: str) -> str:
    """Where the shop's days begin."""
    return shop_of(account_id).zone.key


def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """The keys of a complete read (see ``extractors.sandbox.truth``).

    Orders of every status, the trash among them; refunds by the date they were made, which is the only one
    they have, without those of trashed orders; products of every status.
    """
    window = (world, shop_of(account_id), start, end, now)
    keys: dict[str, Callable[[], set[str]]] = {
        "orders": lambda: {str(state.order.id) for state in orders_modified(*window)},
        "refunds": lambda: {
            str(found.refund.id) for state, found in refunds_modified(*window) if _status(state) != "trash"
        },
        "products": lambda: {str(_product_id(product)) for product in products_modified(*window)},
    }
    return keys[stream]()
