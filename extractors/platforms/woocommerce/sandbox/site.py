"""One shop's own server: who asks, what is asked, and the listings."""

from __future__ import annotations

import base64
import binascii
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

from starlette.requests import Request
from starlette.responses import Response

from extractors.sandbox.book import Summary
from extractors.sandbox.catalogue import ProductView
from extractors.sandbox.control import Fault
from extractors.sandbox.credentials import CONSUMERS
from extractors.sandbox.desk import Answer, Desk, Refusal
from extractors.sandbox.merchants import Shop
from extractors.sandbox.orders import OrderState, RefundState, locate_woo
from extractors.sandbox.signatures import oauth1, same

from .call import Call, Times, listed_values, ordered, whole_number
from .orders import id_of, order_record, status_of
from .products import product_number, product_record, product_status, variation_record
from .refunds import refund_record
from .refusals import invalid, no
from .reviews import review_record, select_reviews
from .words import AUTH, BEGINNING, ORDER_STATUS, PAGING, STATUSES, TIMESTAMP_TOLERANCE

_VARIATION_ORDERS = ("date", "id", "include", "menu_order", "modified", "slug", "title")


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
        act: Callable[[Site, Call, Fault | None], Answer],
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
                unknown = sorted(set(query) - allowed - AUTH)
                if unknown:
                    raise invalid(unknown[0], f"{unknown[0]} is not a parameter of this route.")
            asked = {name: value for name, value in query.items() if name not in AUTH}
            url = str(request.url.replace(query=""))
            call = Call(
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
            raise no(401, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
        self._oauth(request, pairs, given)

    def _basic(self, header: str, query: Mapping[str, str]) -> None:
        key, secret = query.get("consumer_key", ""), query.get("consumer_secret", "")
        if header.startswith("Basic "):
            try:
                key, _, secret = base64.b64decode(header[6:], validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                key = secret = ""
        if not key:
            raise no(401, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
        if key != self.key:
            raise no(401, "woocommerce_rest_authentication_error", "Consumer key is invalid.")
        if not same(secret, self.secret):
            raise no(401, "woocommerce_rest_authentication_error", "Consumer secret is invalid.")

    def _oauth(self, request: Request, pairs: Iterable[tuple[str, str]], given: Mapping[str, str]) -> None:
        def deny(message: str) -> Refusal:
            return no(401, "woocommerce_rest_authentication_error", message)

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
        call = Call(
            self.shop,
            self.desk.world.books[self.shop.store],
            {k: v for k, v in query.items() if k not in AUTH},
            {},
            "",
            self.desk.now(),
        )
        found = self._select_orders(call)
        if place < len(found):
            call.book.touch(found[place].day, found[place].index, call.now)

    # ---- orders ----------------------------------------------------------------------------------
    def orders(self, call: Call, fault: Fault | None) -> Answer:
        """GET /orders."""

        def show(short: Summary) -> dict[str, Any]:
            state = call.book.state(short.day, short.index, call.now)
            if state is None:
                raise LookupError(f"a listed order does not exist: {short}")
            return order_record(call, state)

        return self._listing(call, self._select_orders(call), show, fault)

    def _select_orders(self, call: Call) -> list[Summary]:
        """The orders that the filters leave, in order; kept for the next pages of the same second."""
        asked = tuple(sorted((k, v) for k, v in call.query.items() if k not in PAGING))
        key = (asked, call.now, call.book.version)
        found = self._selections.get(key)
        if found is None:
            found = self._selections[key] = self._filter_orders(call)
            if len(self._selections) > 8:
                self._selections.popitem(last=False)
        return found

    def _filter_orders(self, call: Call) -> list[Summary]:
        wanted = listed_values(call.query, "status") or ["any"]
        unknown = [status for status in wanted if status not in STATUSES]
        if unknown:
            raise invalid("status", f"status[0] is not one of {', '.join(sorted(STATUSES))}.")
        times = Times(call)
        found = []
        for short in self._candidates(call, times):
            if not times.accepts(short.created, short.modified):
                continue
            status = ORDER_STATUS[short.status]
            if status in wanted or ("any" in wanted and status != "trash"):
                found.append(short)
        customer = call.query.get("customer")
        if customer is not None:
            found = [short for short in found if self._customer(call, short) == customer]
        keys: dict[str, Callable[[Summary], Any]] = {
            "date": lambda s: (s.created, id_of(s)),
            "modified": lambda s: (s.modified, id_of(s)),
            **dict.fromkeys(("id", "include", "title", "slug"), id_of),
        }
        return ordered(call, found, keys, id_of)

    @staticmethod
    def _customer(call: Call, short: Summary) -> str:
        buyer = call.book.order(short.day, short.index).buyer
        return str(0 if buyer is None else buyer.customer_id)

    @staticmethod
    def _candidates(call: Call, times: Times) -> Iterable[Summary]:
        """The cheapest superset: by modified time when it is bounded from below, else by creation."""
        if times.modified_from <= BEGINNING:
            end = min(times.created_to, times.modified_to)
            return call.book.summaries(times.created_from, end, call.now)
        rows = call.book.modified_between(times.modified_from, times.modified_to, call.now)
        shorts = (call.book.summary(row.day, row.index, call.now) for row in rows)
        return (short for short in shorts if short is not None)

    def order(self, call: Call, fault: Fault | None) -> Answer:
        """GET /orders/<id>."""
        return Answer(order_record(call, self._find(call)))

    def _find(self, call: Call) -> OrderState:
        place = locate_woo(int(call.path["id"]))
        if place is not None and place[2] == 0 and call.book.exists(place[0], place[1]):
            state = call.book.state(place[0], place[1], call.now)
            if state is not None:
                return state
        raise no(404, "woocommerce_rest_shop_order_invalid_id", "Invalid ID.")

    # ---- refunds ---------------------------------------------------------------------------------
    def order_refunds(self, call: Call, fault: Fault | None) -> Answer:
        """GET /orders/<id>/refunds, newest first."""
        state = self._find(call)
        found = sorted(state.refunds, key=lambda r: (r.created, r.refund.id), reverse=True)
        return self._listing(call, found, lambda r: refund_record(call, state, r), fault)

    def refunds(self, call: Call, fault: Fault | None) -> Answer:
        """GET /refunds: the refunds of all orders, by the refund's own dates."""
        times = Times(call)
        start, end = max(times.created_from, times.modified_from), min(times.created_to, times.modified_to)
        pairs = []
        for row in call.book.refunds_modified_between(start, end, call.now):
            state = call.book.state(row.day, row.index, call.now)
            if state is None or status_of(state) == "trash":
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
        found = ordered(call, pairs, keys, by_id)
        return self._listing(
            call, found, lambda p: refund_record(call, p[0], p[1]) | {"parent_id": p[0].order.id}, fault
        )

    # ---- products --------------------------------------------------------------------------------
    def products(self, call: Call, fault: Fault | None) -> Answer:
        """GET /products."""
        times = Times(call)
        found = [
            p
            for p in self.desk.world.products(self.shop.store, call.now)
            if times.accepts(p.listed, p.modified)
        ]
        status = call.query.get("status", "any")
        if status not in ("any", "draft", "pending", "private", "publish", "future", "trash"):
            raise invalid(
                "status", "status is not one of any, draft, pending, private, publish, future, trash."
            )
        # As for orders, any is any but the trash.
        wanted = {"draft", "pending", "private", "publish", "future"} if status == "any" else {status}
        found = [p for p in found if product_status(p) in wanted]
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
            call, ordered(call, found, keys, product_number), lambda p: product_record(call, p), fault
        )

    def _find_product(self, call: Call) -> ProductView:
        for product in self.desk.world.products(self.shop.store, call.now):
            if product_number(product) == call.path["id"]:
                return product
        raise no(404, "woocommerce_rest_product_invalid_id", "Invalid ID.")

    def product(self, call: Call, fault: Fault | None) -> Answer:
        """GET /products/<id>."""
        return Answer(product_record(call, self._find_product(call)))

    def variations(self, call: Call, fault: Fault | None) -> Answer:
        """GET /products/<id>/variations."""
        product = self._find_product(call)
        count = len(product.item.skus) if len(product.item.skus) > 1 else 0
        keys = dict.fromkeys(_VARIATION_ORDERS, int)
        rows = ordered(call, list(range(count)), keys, lambda i: product_number(product) + 1 + i)
        return self._listing(call, rows, lambda i: variation_record(call, product, i), fault)

    def reviews(self, call: Call, fault: Fault | None) -> Answer:
        """GET /products/reviews, for users who may moderate comments."""
        if "moderate_comments" in self.desk.control.withheld:
            raise no(403, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
        found = select_reviews(call, self.desk.world.reviews[self.shop.store])
        return self._listing(call, found, lambda review: review_record(call, review), fault)

    def nothing(self, call: Call, fault: Fault | None) -> Answer:
        """Any other address."""
        raise no(404, "rest_no_route", "No route was found matching the URL and request method.")

    def _listing(
        self, call: Call, rows: list[Any], show: Callable[[Any], dict[str, Any]], fault: Fault | None
    ) -> Answer:
        size = whole_number(call.query, "per_page", 10)
        if not 1 <= size <= 100:
            raise invalid("per_page", "per_page must be between 1 (inclusive) and 100 (inclusive)")
        number = whole_number(call.query, "page", 1)
        if number < 1:
            raise invalid("page", "page must be greater than or equal to 1")
        offset = whole_number(call.query, "offset", 0)
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
        names = listed_values(call.query, "_fields")
        if names:
            shown = [{name: record[name] for name in names if name in record} for record in shown]
        return Answer(shown, headers=headers, content_type="application/json; charset=UTF-8")
