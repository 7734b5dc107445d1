"""The sandbox half of Kaola: what its gateway answers and refuses (platforms-cn §9).

Served under ``/kaola``: ``/router`` (every method) and ``/oauth/token``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from extractors.sandbox import oauth
from extractors.sandbox import timeline as tl
from extractors.sandbox.book import OrderBook, refund_state
from extractors.sandbox.control import Fault
from extractors.sandbox.desk import Answer, Desk
from extractors.sandbox.market import wall, yuan
from extractors.sandbox.merchants import Shop
from extractors.sandbox.orders import OrderState, RefundState
from extractors.sandbox.router import Call, Method, Router, Rules, names
from extractors.sandbox.truth import orders_modified, refunds_modified, shop_of
from extractors.sandbox.world import World

DAY = 86_400
_CODES = {
    "rate": ("7", "调用频率超过限制"),
    "time": ("31", "timestamp无效"),
    "key": ("29", "app_key无效"),
    "method": ("22", "method无效"),
    "sign": ("25", "签名错误"),
    "token": ("27", "access_token无效"),
    "expired": ("27", "access_token已过期"),
}


def _refuse(kind: str, text: str) -> Answer:
    code, message = _CODES.get(kind, ("41", "参数错误"))
    error = {
        "code": code,
        "msg": message,
        "subErrors": [{"code": f"isv.{code}", "msg": text}] if text else [],
    }
    return Answer({"error_response": error}, refusal=f"{code} {kind}")


def routes(desk: Desk) -> list[BaseRoute]:
    """The addresses that Kaola has, for one desk."""
    router = Router(desk, Rules(_refuse, optional=frozenset({"v"})), _METHODS, _visible)

    async def refresh(request: Request) -> Response:
        return await oauth.refresh(request, desk, router.tokens, oauth.client(router.app_key, router.secret))

    return [
        Route("/router", router.door, methods=["GET", "POST"]),
        Route("/oauth/token", refresh, methods=["POST"]),
    ]


# The search of a status also shows the orders that are on their way out of it.
_UNDER = {7: 5, 8: 1}


# ---- the methods ---------------------------------------------------------------------------------
def _search(call: Call, fault: Fault | None) -> Any:
    """kaola.order.search: one status by one kind of date, a day at most."""
    status = call.choice("order_status", names("1 2 3 4 5 6 8"), "")
    kind = call.choice("date_type", names("1 2 3 1001 1005"), "")
    start, end = call.window("start_time", "end_time", DAY)
    wanted = []
    for state in _orders_since(call.book, call.book.version, start, call.now):
        if str(_UNDER.get(_status(state), _status(state))) != status:
            continue
        at = _dates(state)[kind]
        if at is not None and start <= at <= end:
            wanted.append((-at, state.order.id, state))
    shown, total, _, _ = call.page([entry[2] for entry in sorted(wanted)], fault, default=20, last=5000)
    listing = {"total_count": total, "orders": [_order(state) for state in shown]}
    return {"kaola_order_search_response": listing}


def _refund_search(call: Call, fault: Fault | None) -> Any:
    """kaola.refund.search: one status by the time of application."""
    status = call.choice("refund_status", names("1 2 3 4 5"), "")
    start, end = call.window("start_time", "end_time", None)
    wanted = []
    for state, found in _refunds_since(call.book, call.book.version, start, call.now):
        if start <= found.created <= end and str(_phase(found)[0]) == status:
            wanted.append((-found.created, found.refund.id, (state, found)))
    shown, total, _, _ = call.page([entry[2] for entry in sorted(wanted)], fault, default=20, last=5000)
    listing = {"total_count": total, "refunds": [_refund(*entry) for entry in shown]}
    return {"kaola_refund_search_response": listing}


@lru_cache(maxsize=64)
def _orders_since(book: OrderBook, version: int, start: int, now: int) -> tuple[OrderState, ...]:
    """The orders that changed at or after ``start``: a date asked for cannot lie before it. A search goes
    through them once for each status and kind of date."""
    states = (book.state(row.day, row.index, now) for row in book.modified_between(start, now, now))
    return tuple(state for state in states if state is not None and _visible(state))


@lru_cache(maxsize=64)
def _refunds_since(
    book: OrderBook, version: int, start: int, now: int
) -> tuple[tuple[OrderState, RefundState], ...]:
    """The refunds that changed at or after ``start``."""
    pairs = []
    for row in book.refunds_modified_between(start, now, now):
        state = book.state(row.day, row.index, now)
        found = refund_state(state, row.refund) if state is not None else None
        if state is not None and found is not None:
            pairs.append((state, found))
    return tuple(pairs)


# ---- records -------------------------------------------------------------------------------------
def _visible(state: OrderState) -> bool:
    """The search finds orders by payment and what comes after it."""
    return state.paid_at is not None


def _status(state: OrderState) -> int:
    if state.status == tl.CANCELLED:
        return 3 if state.shipped_at else 6
    if state.status == tl.PAID:
        asked = [found.phase for found in state.refunds if found.refund.plan.before_shipment]
        return 7 if tl.AGREED in asked else 5 if asked else 1
    return {tl.SHIPPED: 2, tl.COMPLETED: 3}[state.status]


def _dates(state: OrderState) -> dict[str, int | None]:
    """Of each kind of date the search knows; to be shipped since payment, to be cancelled since asked for."""
    asked = min((r.created for r in state.refunds if r.refund.plan.before_shipment), default=None)
    signed = state.ended_at if _status(state) == 3 else None
    return {"1": state.paid_at, "2": state.shipped_at, "3": signed, "1001": state.paid_at, "1005": asked}


def _order(state: OrderState) -> dict[str, Any]:
    order, buyer, dates = state.order, state.order.buyer, _dates(state)
    listed = sum(line.list_amount for line in order.lines)
    subsidy = sum(line.subsidy for line in order.lines)
    out: dict[str, Any] = {
        "order_id": str(order.id),
        "order_status": _status(state),
        "order_time": wall(order.timeline.created),
        "pay_success_time": wall(dates["1"]),
        "deliver_time": wall(dates["2"]),
        "finish_time": wall(dates["3"]),
        "waiting_cancel_time": wall(dates["1005"]),
        "order_real_price": yuan(order.goods + order.shipping),
        "order_origin_price": yuan(listed + order.shipping),
        "express_fee": yuan(order.shipping),
        "tax_fee": "0.00",
        "coupon_amount": yuan(subsidy),
        "pay_method_name": "网易支付",
        "order_skus": [
            {
                "sku_key": f"{line.item.number}-{line.sku}",
                "goods_no": line.item.key,
                "barcode": f"690{line.item.number:010d}",
                "product_name": line.item.chinese,
                "origin_price": yuan(line.unit_price),
                "count": line.quantity,
                "real_totle_price": yuan(line.paid),
                "activity_totle_amount": yuan(line.list_amount - line.paid - line.subsidy),
                "coupon_totle_amount": yuan(line.subsidy),
                "warehouse_code": 1,
            }
            for line in order.lines
        ],
    }
    if buyer is not None:
        out |= {
            "buyer_account": buyer.email,
            "buyer_phone": buyer.phone,
            "receiver_name": buyer.name,
            "receiver_phone": buyer.phone,
            "receiver_province_name": buyer.state,
            "receiver_city_name": buyer.city,
            "receiver_address_detail": buyer.address,
            "order_buyer_remark": f"请联系 {buyer.phone}",
            "trade_no": f"T{buyer.phone}",
            "cert_name": buyer.name,
            "cert_id_no": f"3301{buyer.phone}",
            "invoice_title": buyer.company or buyer.name,
            "taxpayer_no": f"3301{buyer.phone}",
        }
    return out


def _phase(found: RefundState) -> tuple[int, int]:
    """(status of the search, status in detail)."""
    return {
        tl.ASKED: (1, 1),
        tl.AGREED: (2, 4),
        tl.RETURNING: (1, 5),
        tl.REFUNDED: (5, 10),
        tl.WITHDRAWN: (5, 9),
    }[found.phase]


def _refund(state: OrderState, found: RefundState) -> dict[str, Any]:
    buyer, plan = state.order.buyer, found.refund.plan
    out: dict[str, Any] = {
        "refund_id": found.refund.id,
        "order_id": str(state.order.id),
        "refund_type": 0 if plan.goods_return else 1,
        "refund_status": _phase(found)[0],
        "refund_status_detail": _phase(found)[1],
        "refund_fee": yuan(found.refund.amount),
        "refund_reason": found.refund.reason,
        "refund_create_time": wall(found.created),
        "refund_skus": [
            {"sku_key": f"{part.line.item.number}-{part.line.sku}", "refund_count": part.quantity}
            for part in found.refund.lines
        ],
        "express_no": "",
    }
    if buyer is not None:
        out |= {
            "user_name": buyer.name,
            "user_account": buyer.email,
            "user_comment": f"请联系 {buyer.phone}",
            "refund_desc": f"请联系 {buyer.phone}",
        }
    return out


# ---- the second opinion --------------------------------------------------------------------------
def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """The keys a complete read of ``[start, end)`` holds (see ``extractors.sandbox.truth``).

    No record shows a modified time: an order's is its latest date, a refund's its application.
    """
    shop: Shop = shop_of(account_id)
    if stream == "orders":
        found = set()
        for state in orders_modified(world, shop, start, now + 1, now):
            dates = _dates(state) if _visible(state) else {}
            at = next((dates[kind] for kind in ("3", "2", "1") if dates.get(kind) is not None), None)
            if at is not None and start <= at < end:
                found.add(str(state.order.id))
        return found
    if stream == "refunds":
        return {
            str(refund.refund.id)
            for _, refund in refunds_modified(world, shop, start, now + 1, now)
            if start <= refund.created < end
        }
    raise KeyError(stream)


_METHODS: dict[str, Method] = {
    "kaola.order.search": Method(
        "orders",
        _search,
        names("order_status date_type start_time end_time"),
        names("page_no page_size"),
    ),
    "kaola.refund.search": Method(
        "refunds", _refund_search, names("refund_status start_time end_time"), names("page_no page_size")
    ),
}
