"""The sandbox half of TikTok Shop: what the 202309 API answers and refuses (platforms-global §5).

Served under ``/tiktok_shop``: ``/order/202309/orders/search``, ``/return_refund/202309/returns/search``,
``/return_refund/202309/cancellations/search``, ``/product/202309/products/search``,
``/finance/202309/statements``, ``/finance/202501/statements/{id}/statement_transactions`` and
``/api/v2/token/refresh`` (auth.tiktok-shops.com).
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from extractors.sandbox import timeline as tl
from extractors.sandbox.asked import json_text, query_of
from extractors.sandbox.catalogue import ProductView
from extractors.sandbox.control import Fault
from extractors.sandbox.credentials import APP_KEYS, EXTRA
from extractors.sandbox.cursor import seal, turn, unseal
from extractors.sandbox.desk import Answer, Desk, Refusal
from extractors.sandbox.market import (
    product_id,
    refund_at,
    refund_rows_between,
    rows_between,
    sku_id,
    state_at,
    store_of_token,
    touch,
    whole,
    wrong_names,
)
from extractors.sandbox.merchants import SHOP_BY_STORE, Shop
from extractors.sandbox.orders import Line, OrderState, RefundState
from extractors.sandbox.tokens import EXPIRED, GOOD, TokenDesk
from extractors.sandbox.truth import orders_modified, products_modified, refunds_modified, shop_of
from extractors.sandbox.world import World

BEHIND, AHEAD = 300, 30  # seconds that a caller's clock may be off
PRODUCTS_AT_MOST = 10_000
PROMISED_DAYS = 8
_QUERY = "app_key timestamp sign shop_cipher"
_PAGING = "page_size page_token sort_field sort_order"
_STATEMENTS = f"{_PAGING} statement_time_ge statement_time_lt payment_status"
_DAY = 86_400
# The fees that the pages name: what a buyer pays beside an order (Get Order Detail, payment), and what is
# taken from what is settled (Get Transactions by Statement 202501, fee_tax_breakdown.fee).
ORDER_FEES = frozenset(
    [
        "buyer_service_fee",
        "distance_fee",
        "distance_shipping_fee",
        "handling_fee",
        "item_insurance_fee",
        "item_insurance_tax",
        "payment_discount_service_fee",
        "retail_delivery_fee",
        "shipping_insurance_fee",
        "small_order_fee",
    ]
)
SETTLED_FEES = frozenset(
    [
        "affiliate_ads_commission_amount",
        "affiliate_commission_amount",
        "affiliate_commission_amount_before_pit",
        "affiliate_commission_deposit",
        "affiliate_commission_release",
        "affiliate_partner_commission_amount",
        "bonus_cashback_service_fee_amount",
        "campaign_resource_fee",
        "cofunded_creator_bonus_amount",
        "cofunded_promotion_service_fee_amount",
        "credit_card_handling_fee_amount",
        "dt_handling_fee_amount",
        "dynamic_commission_amount",
        "epr_pob_service_fee_amount",
        "external_affiliate_marketing_fee_amount",
        "fee_per_item_sold_amount",
        "flash_sales_service_fee_amount",
        "gmv_max_ad_fee_amount",
        "installation_service_fee",
        "live_specials_fee_amount",
        "mall_service_fee_amount",
        "platform_commission_amount",
        "pre_order_service_fee_amount",
        "referral_fee_amount",
        "refund_administration_fee_amount",
        "seller_paylater_handling_fee_amount",
        "sfp_service_fee_amount",
        "shipping_fee_guarantee_service_fee",
        "tap_shop_ads_commission",
        "transaction_fee_amount",
        "tsp_commission_amount",
        "vn_fix_infrastructure_fee",
        "voucher_xtra_service_fee_amount",
    ]
)
FINANCE = "seller.finance.info"  # the scope of what is settled
SETTLED_DAYS = 12  # after an order was made, when its parcel has come
_LONG = 10**11
_RETURN_STATES = {
    tl.ASKED: "RETURN_OR_REFUND_REQUEST_PENDING",
    tl.AGREED: "AWAITING_BUYER_SHIP",
    tl.RETURNING: "BUYER_SHIPPED_ITEM",
    tl.REFUNDED: "RETURN_OR_REFUND_REQUEST_COMPLETE",
    tl.WITHDRAWN: "RETURN_OR_REFUND_REQUEST_CANCEL",
}
_CANCEL_STATES = {
    tl.ASKED: "CANCELLATION_REQUEST_PENDING",
    tl.REFUNDED: "CANCELLATION_REQUEST_COMPLETE",
}

Entry = tuple[int, str, Callable[[], dict[str, Any]]]
Listing = Callable[[Desk, Shop, Mapping[str, Any]], list[Entry]]


def routes(desk: Desk) -> list[BaseRoute]:
    """The addresses that TikTok Shop has, for one desk."""
    desk.tokens = TokenDesk("tiktok_shop", rotates=True, access_life=7 * 86_400, refresh_life=365 * 86_400)
    desk.rate_answer = lambda seconds: _no(36009002, "Too many requests", 429)
    desk.token_answer = lambda: _no(105002, "Expired credentials.", 401)

    def edit(store: str, stream: str, place: int, query: Mapping[str, Any]) -> None:
        start, end = query.get("update_time_ge"), query.get("update_time_lt")
        if isinstance(start, int) and isinstance(end, int):
            touch(desk, store, start, end - 1, place, newest=False)

    desk.touch = edit

    def at(path: str, stream: str, name: str, listing: Listing, fields: str, by: str) -> Route:
        async def endpoint(request: Request) -> Response:
            raw = await json_text(request)
            query = query_of(request)
            text = request.headers.get("x-tts-access-token", "")
            try:
                body = json.loads(raw)
            except ValueError:
                body = None

            def make(fault: Fault | None) -> Answer:
                shop = _admitted(desk, path, query, raw, text)
                if not isinstance(body, dict):
                    raise Refusal(_no(36009005, "Invalid request body", 400))
                return _list(desk, shop, query, body, fault, name, listing, fields, by)

            listing_of = body if isinstance(body, dict) else {}
            return await desk.serve(stream, store_of_token(desk, text), make, listing_of)

        return Route(path, endpoint, methods=["POST"])

    def told(
        path: str, name: str, fields: str, by: str, entries: Callable[[Shop, Request], list[Entry]]
    ) -> Route:
        """A list that is asked for by GET: all is in the query."""

        async def endpoint(request: Request) -> Response:
            query, text = query_of(request), request.headers.get("x-tts-access-token", "")

            def make(fault: Fault | None) -> Answer:
                shop = _admitted(
                    desk, request.url.path.removeprefix("/tiktok_shop"), query, b"", text, fields
                )
                if FINANCE in desk.control.withheld:
                    raise Refusal(_no(105005, "Access denied. The required scope is not granted.", 403))
                for field in query:
                    if "_time_" in field and whole(query[field], 0, _LONG) is None:
                        raise Refusal(_no(36009005, f"{field} is no time in seconds", 400))
                return _page(entries(shop, request), query, fault, name, by)

            return await desk.serve("settlements", store_of_token(desk, text), make, query)

        return Route(path, endpoint, methods=["GET"])

    def statements(shop: Shop, request: Request) -> list[Entry]:
        query = query_of(request)
        start, end = int(query.get("statement_time_ge", 0)), int(query.get("statement_time_lt", _LONG))
        return [
            (at, _statement_id(at), lambda a=at, s=settled: _statement(shop, a, s))  # type: ignore[misc]
            for at, settled in settled_between(desk.world, shop, start, end, desk.now())
        ]

    def transactions(shop: Shop, request: Request) -> list[Entry]:
        at = whole(request.path_params["statement"].removeprefix("7"), 0, _LONG)
        found = None if at is None else next(settled_between(desk.world, shop, at, at + 1, desk.now()), None)
        if found is None:
            raise Refusal(_no(36009005, "no such statement_id", 400))
        return [
            (state.order.timeline.created, str(state.order.id), lambda s=state: _transaction(s))  # type: ignore[misc]
            for state in found[1]
        ]

    async def refresh(request: Request) -> Response:
        given = query_of(request)

        def make(fault: Fault | None) -> Answer:
            if (given.get("app_key"), given.get("app_secret")) != APP_KEYS["tiktok_shop"]:
                return _no(36004002, "app_key or app_secret is invalid")
            assert desk.tokens is not None
            grant = desk.tokens.refresh(given.get("refresh_token", ""))
            if given.get("grant_type") != "refresh_token" or grant is None:
                return _no(36004004, "refresh_token is invalid")
            now = int(desk.control.clocks()[0])
            data = {
                "access_token": grant.access_token,
                "access_token_expire_in": now + grant.expires_in,
                "refresh_token": grant.refresh_token,
                "refresh_token_expire_in": now + grant.refresh_expires_in,
                "seller_base_region": "US",
            }
            return Answer({"code": 0, "message": "success", "data": data, "request_id": "1"})

        return await desk.serve("token", "", make)

    by_update = "update_time_ge update_time_lt create_time_ge create_time_lt"
    return [
        at(
            "/order/202309/orders/search", "orders", "orders", _orders,
            f"{by_update} order_status shipping_type buyer_user_id", "update_time",
        ),
        at(
            "/return_refund/202309/returns/search", "returns", "return_orders", _returns,
            f"{by_update} return_ids order_ids return_types return_status locale", "update_time",
        ),
        at(
            "/return_refund/202309/cancellations/search", "cancellations", "cancellations", _cancellations,
            f"{by_update} cancel_ids order_ids cancel_types cancel_status locale", "update_time",
        ),
        at(
            "/product/202309/products/search", "products", "products", _products,
            "status update_time_ge update_time_le create_time_ge create_time_le seller_skus", "",
        ),
        told("/finance/202309/statements", "statements", _STATEMENTS, "statement_time", statements),
        told(
            "/finance/202501/statements/{statement}/statement_transactions", "transactions", _PAGING,
            "order_create_time", transactions,
        ),
        Route("/api/v2/token/refresh", refresh, methods=["GET"]),
    ]  # fmt: skip


# ---- refusing ----------------------------------------------------------------------------------------
def _no(code: int, message: str, status: int = 200) -> Answer:
    body = {"code": code, "message": message, "request_id": "20261121000000"}
    return Answer(body, status, content_type="application/json", refusal=f"{code} {message}")


def _signature(path: str, query: Mapping[str, str], body: bytes, secret: str) -> str:
    """Secret, path, the sorted query without the signature, the body as sent, secret; HMAC-SHA256."""
    joined = "".join(name + query[name] for name in sorted(query) if name not in ("sign", "access_token"))
    text = (secret + path + joined).encode() + body + secret.encode()
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def _admitted(
    desk: Desk, path: str, query: Mapping[str, str], raw: bytes, text: str, fields: str = _PAGING
) -> Shop:
    """The shop that asks, when key, time, signature, token and cipher are in order. Raises Refusal."""
    strange = wrong_names(query, _QUERY, fields)
    if strange is not None:
        raise Refusal(
            _no(36009004 if strange in _QUERY.split() else 36009006, f"Invalid query {strange}", 400)
        )
    key, secret = APP_KEYS["tiktok_shop"]
    if query["app_key"] != key:
        raise Refusal(_no(36009004, "Invalid credentials. Invalid `app_key` query parameter.", 400))
    stamp = whole(query["timestamp"], 0, _LONG)
    if stamp is None or not any(-BEHIND <= stamp - clock <= AHEAD for clock in desk.control.clocks()):
        raise Refusal(_no(36009004, "Invalid timestamp. The value of the `timestamp` query parameter", 400))
    if not hmac.compare_digest(_signature(path, query, raw, secret), query["sign"]):
        raise Refusal(_no(106001, "Invalid signature", 401))
    assert desk.tokens is not None
    verdict = desk.tokens.check(text)
    if verdict.state == EXPIRED:
        raise Refusal(_no(105002, "Expired credentials.", 401))
    shop = SHOP_BY_STORE.get(verdict.subject)
    if verdict.state != GOOD or shop is None or shop.platform != desk.platform:
        said = "Invalid credentials. The `x-tts-access-token` header is invalid."
        raise Refusal(_no(36009004, said, 401))
    if query["shop_cipher"] != EXTRA["tiktok_shop"]["shop_cipher"]:
        raise Refusal(_no(106011, "Invalid shop_cipher", 400))
    return shop


def _list(
    desk: Desk,
    shop: Shop,
    query: Mapping[str, str],
    body: Mapping[str, Any],
    fault: Fault | None,
    name: str,
    listing: Listing,
    fields: str,
    by: str,
) -> Answer:
    strange = wrong_names(body, "", fields)
    if strange is not None:
        raise Refusal(_no(36009005, f"Invalid parameter {strange}", 400))
    for field, value in body.items():
        if "_time_" in field and (not isinstance(value, int) or not 0 <= value < _LONG):
            raise Refusal(_no(36009005, f"{field} is no time in seconds", 400))
    return _page(listing(desk, shop, body), query, fault, name, by)


def _page(listed: list[Entry], query: Mapping[str, str], fault: Fault | None, name: str, by: str) -> Answer:
    """The page of a listing that the query asks for; of statements nobody gives the count."""
    size = whole(query.get("page_size", ""), 1, 100)
    if size is None:
        raise Refusal(_no(36009005, "page_size must be between 1 and 100", 400))
    if by and (query.get("sort_field"), query.get("sort_order", "ASC")) != (by, "ASC"):
        raise Refusal(_no(36009005, f"the sandbox sorts by {by} ASC only", 400))
    entries = sorted(listed, key=lambda entry: entry[:2])
    first = 0
    if query.get("page_token"):
        place = unseal(query["page_token"])
        if place is None or len(place) != 2 or not place[0].isdigit():
            raise Refusal(_no(36009005, "Invalid page_token", 400))
        first = sum(1 for entry in entries if entry[:2] <= (int(place[0]), place[1]))
    if name == "products" and first >= PRODUCTS_AT_MOST:
        raise Refusal(_no(12052180, f"a search goes no further than {PRODUCTS_AT_MOST} products"))
    shown, following = turn(entries, first, size, fault)
    token = ""
    if following is not None:
        token = seal(
            *((str(entries[following - 1][0]), entries[following - 1][1]) if following else ("0", ""))
        )
    total = len(entries) + (size + 1 if fault is not None and fault.kind == "changed_total" else 0)
    data: dict[str, Any] = {"next_page_token": token}
    if name != "statements":
        data["total_count"] = total
    if shown:
        data[name] = [make() for _, _, make in shown]
    return Answer({"code": 0, "message": "Success", "request_id": "20261121000000", "data": data})


# ---- listings ----------------------------------------------------------------------------------------
def _span(body: Mapping[str, Any], field: str) -> tuple[int, int]:
    """The first and the last second that the filters of a field leave."""
    end = int(body.get(f"{field}_lt", _LONG)) - 1
    return int(body.get(f"{field}_ge", 0)), min(end, int(body.get(f"{field}_le", _LONG)))


def _orders(desk: Desk, shop: Shop, body: Mapping[str, Any]) -> list[Entry]:
    found: list[Entry] = []
    for row in rows_between(desk, shop, *_span(body, "update_time")):
        state = state_at(desk, shop, row)
        found.append((row.modified, str(state.order.id), lambda s=state: _order(shop, s)))  # type: ignore[misc]
    return found


def _aftersales(
    desk: Desk,
    shop: Shop,
    body: Mapping[str, Any],
    record: Callable[[Shop, OrderState, RefundState], dict[str, Any]],
    before: bool,
) -> list[Entry]:
    """What was asked to be given back before shipment, or after it; by the time of its last change."""
    found: list[Entry] = []
    for row in refund_rows_between(desk, shop, *_span(body, "update_time")):
        state, refund = refund_at(desk, shop, row)
        if refund.refund.plan.before_shipment is before:
            make = lambda s=state, r=refund: record(shop, s, r)  # noqa: E731
            found.append((refund.modified, str(refund.refund.id), make))
    return found


def _returns(desk: Desk, shop: Shop, body: Mapping[str, Any]) -> list[Entry]:
    return _aftersales(desk, shop, body, _return, before=False)


def _cancellations(desk: Desk, shop: Shop, body: Mapping[str, Any]) -> list[Entry]:
    return _aftersales(desk, shop, body, _cancellation, before=True)


def _products(desk: Desk, shop: Shop, body: Mapping[str, Any]) -> list[Entry]:
    if body.get("status", "ALL") != "ALL":
        raise Refusal(_no(36009005, "the sandbox lists status ALL only", 400))
    start, end = _span(body, "update_time")
    found: list[Entry] = []
    for view in desk.world.products(shop.store, desk.now()):
        if start <= view.modified <= end:
            make = lambda v=view: _product(shop, v)  # noqa: E731
            found.append((view.modified, str(_product_number(view)), make))
    return found


# ---- records -----------------------------------------------------------------------------------------
def _money(cents: int) -> str:
    """Without needless zeros, as recordings show."""
    text = f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"
    return text.rstrip("0").rstrip(".") if text.endswith("0") else text


def units(cents: int, quantity: int) -> list[int]:
    """An amount of a line cut into its units, the odd cents on the first ones."""
    return [cents // quantity + (1 if i < cents % quantity else 0) for i in range(quantity)]


def _status(state: OrderState) -> str:
    if state.paid_at is None:
        return "CANCELLED" if state.ended_at is not None else "UNPAID"
    if state.shipped_at is None:
        return "CANCELLED" if state.ended_at is not None else "AWAITING_SHIPMENT"
    if state.ended_at is not None:
        return "COMPLETED"
    return "IN_TRANSIT" if state.signed_at is None else "DELIVERED"


def promised(shop: Shop, paid_at: int) -> int:
    """By when a parcel has to arrive: the last second of the eighth day after the payment."""
    day = datetime.fromtimestamp(paid_at, shop.zone).date() + timedelta(days=PROMISED_DAYS + 1)
    return tl.midnight(shop, day) - 1


def _order(shop: Shop, state: OrderState) -> dict[str, Any]:
    order, buyer, status = state.order, state.order.buyer, _status(state)
    out: dict[str, Any] = {
        "id": str(order.id),
        "status": status,
        "create_time": order.timeline.created,
        "update_time": state.modified,
        "is_cod": False,
        "is_sample_order": False,
        "payment_method_name": "Credit/Debit Card",
        "user_id": "" if buyer is None else str(int(buyer.key[:15], 16)),
        "buyer_email": "" if buyer is None else buyer.email,
        "buyer_avatar": "" if buyer is None else f"https://example.invalid/{buyer.nick}.jpg",
        "buyer_message": "" if buyer is None else f"Hi {buyer.nick}",
        "recipient_address": {} if buyer is None else _address(buyer),
        "payment": {
            "currency": shop.currency,
            "original_total_product_price": _money(sum(line.list_amount for line in order.lines)),
            "seller_discount": _money(
                sum(line.list_amount - line.paid - line.subsidy for line in order.lines)
            ),
            "platform_discount": _money(sum(line.subsidy for line in order.lines)),
            "sub_total": _money(order.goods),
            "shipping_fee": _money(order.shipping),
            "tax": _money(order.tax),
            "total_amount": _money(order.total),
        },
        "line_items": [item for line in order.lines for item in _line_items(order.id, line, status)],
    }
    # Times that have not come are missing, or 0.
    out["paid_time"] = state.paid_at or 0
    if state.paid_at is not None:
        out["delivery_sla_time"] = promised(shop, state.paid_at)
    if state.shipped_at is not None:
        out["collection_time"] = state.shipped_at
    if state.signed_at is not None:
        out["delivery_time"] = state.signed_at
    if status == "CANCELLED":
        out["cancel_time"] = state.ended_at
    return out


def _address(buyer: Any) -> dict[str, Any]:
    return {
        "name": buyer.name,
        "phone_number": buyer.phone,
        "full_address": f"{buyer.address}, {buyer.city}",
        "address_detail": buyer.address,
        "postal_code": "11201",
        "region_code": "US",
        "delivery_preferences": {"drop_off_location": f"Behind the shed of {buyer.name}"},
        "district_info": [{"address_level_name": "State", "address_name": f"{buyer.state} {buyer.name}"}],
    }


def _line_items(order_id: int, line: Line, status: str) -> list[dict[str, Any]]:
    """One item a unit."""
    split = {
        "original_price": line.list_amount,
        "seller_discount": line.list_amount - line.paid - line.subsidy,
        "platform_discount": line.subsidy,
        "sale_price": line.paid,
    }
    columns = {name: units(cents, line.quantity) for name, cents in split.items()}
    taxes = units(line.tax, line.quantity)
    code = line.item.skus[line.sku][0]
    return [
        {
            "id": str(order_id + line.number * 100 + i),
            "product_id": str(product_id(line)),
            "product_name": line.item.english,
            "sku_id": str(sku_id(line)),
            "sku_name": line.item.skus[line.sku][2],
            "seller_sku": f"{line.item.key}-{code}",
            "display_status": status,
            "currency": "USD",
            **{name: _money(cents[i]) for name, cents in columns.items()},
            "item_tax": [{"tax_type": "SALES_TAX", "tax_amount": _money(taxes[i])}] if taxes[i] else [],
        }
        for i in range(line.quantity)
    ]


def _refunded(shop: Shop, found: RefundState) -> dict[str, Any]:
    refund = found.refund
    return {
        "currency": shop.currency,
        "refund_total": _money(refund.amount),
        "refund_subtotal": _money(refund.goods),
        "refund_shipping_fee": _money(refund.shipping),
        "refund_tax": _money(refund.tax),
    }


def _arbitration(found: RefundState) -> dict[str, str]:
    if not found.is_disputed:
        return {}
    ended = "SUPPORT_BUYER" if found.phase == tl.REFUNDED else "SUPPORT_SELLER"
    return {"arbitration_status": "IN_PROGRESS" if found.is_open else ended}


def _return(shop: Shop, state: OrderState, found: RefundState) -> dict[str, Any]:
    refund, order, buyer = found.refund, state.order, state.order.buyer
    items = [
        {
            "return_line_item_id": str(refund.id + part.line.number),
            "order_line_item_id": str(order.id + part.line.number * 100),
            "sku_id": str(sku_id(part.line)),
        }
        for part in refund.lines
    ]
    return {
        "return_id": str(refund.id),
        "order_id": str(order.id),
        "return_type": "RETURN_AND_REFUND" if refund.plan.goods_return else "REFUND",
        "return_status": _RETURN_STATES[found.phase],
        **_arbitration(found),
        "role": "BUYER",
        "return_reason": "ecom_order_delivered_refund_and_return_reason",
        "return_reason_text": refund.reason,
        "create_time": found.created,
        "update_time": found.modified,
        "refund_amount": _refunded(shop, found),
        "return_line_items": items,
        "return_warehouse_address": {"full_address": f"Back to {buyer.name}" if buyer else ""},
    }


def _cancellation(shop: Shop, state: OrderState, found: RefundState) -> dict[str, Any]:
    order, buyer = state.order, state.order.buyer
    return {
        "cancel_id": str(found.refund.id),
        "order_id": str(order.id),
        "cancel_type": "BUYER_CANCEL",
        "cancel_status": _CANCEL_STATES[found.phase],
        "role": "BUYER",
        "cancel_reason_text": found.refund.reason,
        "buyer_user_id": "" if buyer is None else f"{buyer.nick}",
        "create_time": found.created,
        "update_time": found.modified,
        "refund_amount": _refunded(shop, found),
        "cancel_line_items": [
            {"order_line_item_id": str(order.id + line.number * 100), "sku_id": str(sku_id(line))}
            for line in order.lines
        ],
    }


def _product_number(view: ProductView) -> int:
    return 3_600_000_000_000_000_000 + view.item.number


def _product(shop: Shop, view: ProductView) -> dict[str, Any]:
    item = view.item
    return {
        "id": str(_product_number(view)),
        "title": item.english,
        "status": "ACTIVATE" if view.is_on_sale else "SELLER_DEACTIVATED",
        "create_time": view.listed,
        "update_time": view.modified,
        "skus": [
            {
                "id": str(1_700_000_000_000_000_000 + item.number * 100 + i),
                "seller_sku": f"{item.key}-{item.skus[i][0]}",
                "price": {"currency": shop.currency, "sale_price": _money(cents)},
                "inventory": [{"warehouse_id": "7000000000000000001", "quantity": view.stock[i]}],
            }
            for i, cents in enumerate(view.prices)
        ],
    }


# ---- settlements ---------------------------------------------------------------------------------------
def settled_between(
    world: World, shop: Shop, start: int, end: int, now: int
) -> Iterator[tuple[int, list[OrderState]]]:
    """The statements of [start, end): each of a midnight in UTC, with what was settled on the day before."""
    book = world.books[shop.store]
    for at in range(-(-start // _DAY) * _DAY, min(end, now + 1), _DAY):
        made = at - _DAY * (SETTLED_DAYS + 1)
        states = (
            book.state(day, index, at) for day, index in book.created_between(made, made + _DAY - 1, now)
        )
        settled = [state for state in states if state is not None and state.signed_at is not None]
        if settled:
            yield at, settled


def _statement_id(at: int) -> str:
    return f"7{at}"


def settled_fees(state: OrderState) -> dict[str, int]:
    """What is taken for an order, in cents: six in a hundred, and twelve more where a creator sold it."""
    goods = state.order.goods - state.refunded if state.refunded < state.order.goods else 0
    commission = goods * 12 // 100 if state.order.id % 3 == 0 else 0
    return {"referral_fee_amount": goods * 6 // 100, "affiliate_commission_amount": commission}


def _statement(shop: Shop, at: int, settled: list[OrderState]) -> dict[str, Any]:
    revenue = sum(state.order.goods - state.refunded for state in settled)
    fee = sum(cents for state in settled for cents in settled_fees(state).values())
    return {
        "id": _statement_id(at),
        "statement_time": at,
        "currency": shop.currency,
        "payment_status": "PROCESSING",
        "revenue_amount": _money(revenue),
        "fee_amount": _money(-fee),
        "adjustment_amount": "0",
        "settlement_amount": _money(revenue - fee),
    }


def _transaction(state: OrderState) -> dict[str, Any]:
    fees = settled_fees(state)
    revenue, fee = state.order.goods - state.refunded, sum(fees.values())
    return {
        "id": str(state.order.id + 7),
        "type": "ORDER",
        "order_id": str(state.order.id),
        "order_create_time": state.order.timeline.created,
        "revenue_amount": _money(revenue),
        "shipping_cost_amount": "0",
        "fee_tax_amount": _money(-fee),
        "adjustment_amount": "0",
        "settlement_amount": _money(revenue - fee),
        "fee_tax_breakdown": {"fee": {name: _money(-cents) for name, cents in fees.items()}, "tax": {}},
    }


# ---- what a complete read holds ------------------------------------------------------------------------
def zone(account_id: str) -> str:
    """Where the shop's days begin."""
    return shop_of(account_id).zone.key


def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """The keys of a complete read (see ``extractors.sandbox.truth``): orders of every status; what is given
    back before shipment is a cancellation, after it a return."""
    window = (world, shop_of(account_id), start, end, now)

    def aftersales(before: bool) -> set[str]:
        found = refunds_modified(*window)
        return {str(r.refund.id) for _, r in found if r.refund.plan.before_shipment is before}

    keys: dict[str, Callable[[], set[str]]] = {
        "orders": lambda: {str(state.order.id) for state in orders_modified(*window)},
        "returns": lambda: aftersales(False),
        "cancellations": lambda: aftersales(True),
        "products": lambda: {str(_product_number(view)) for view in products_modified(*window)},
        "settlements": lambda: {_statement_id(at) for at, _ in settled_between(*window)},
    }
    return keys[stream]()
