"""The sandbox half of Beibei: what its gateway answers and refuses (platforms-cn §10).

Served under ``/beibei``: ``/outer_api/out_gateway/route.html``, every method.
"""

from __future__ import annotations

from typing import Any

from starlette.routing import BaseRoute, Route

from extractors.sandbox import timeline as tl
from extractors.sandbox.book import refund_state
from extractors.sandbox.control import Fault
from extractors.sandbox.desk import Answer, Desk
from extractors.sandbox.market import wall, yuan
from extractors.sandbox.merchants import Shop
from extractors.sandbox.orders import OrderState, RefundState
from extractors.sandbox.router import Call, Method, Router, Rules, names
from extractors.sandbox.truth import orders_modified, refunds_modified, shop_of
from extractors.sandbox.world import World

LATE = 1800
_WORDS = {
    "rate": "调用频率过高",
    "time": "timestamp无效",
    "key": "app_id不存在",
    "method": "method不存在",
    "sign": "签名错误",
    "token": "session无效",
    "expired": "session已过期",
}


def _refuse(kind: str, text: str) -> Answer:
    message = _WORDS.get(kind, f"参数错误 {text}".strip())
    return Answer({"success": False, "message": message, "data": []}, refusal=kind)


def routes(desk: Desk) -> list[BaseRoute]:
    """The address that Beibei has, for one desk."""
    rules = Rules(_refuse, key="app_id", token="session", epoch=True)  # noqa: S106  a parameter's name
    router = Router(desk, rules, _METHODS, _visible, renews=False)
    return [Route("/outer_api/out_gateway/route.html", router.door, methods=["GET", "POST"])]


# ---- the methods ---------------------------------------------------------------------------------
def _order_list(call: Call, fault: Fault | None) -> Any:
    """beibei.outer.trade.order.get: by payment or modified time, newest first, half an hour after payment."""
    status = call.choice("status", names("-1 1 2 3 4"), "-1")
    kind = call.choice("time_range", names("pay_time modified_time"), "pay_time")
    start, end = call.window("start_time", "end_time", None, epoch=True)
    last = end if kind == "modified_time" else call.now
    wanted = []
    for row in call.book.modified_between(start, last, call.now)[::-1]:
        state = call.book.state(row.day, row.index, call.now)
        if state is None or not _visible(state) or (state.paid_at or 0) > call.now - LATE:
            continue
        if kind == "pay_time" and not start <= (state.paid_at or 0) <= end:
            continue
        if status in ("-1", str(_status(state))):
            wanted.append(state)
    return _listing(call, fault, wanted, _order)


def _refund_list(call: Call, fault: Fault | None) -> Any:
    """beibei.outer.refunds.get: by application or modified time, newest first."""
    status = call.choice("status", names("1 2 3"), "1") if "status" in call.params else None
    kind = call.choice("time_range", names("create_time modified_time"), "create_time")
    start, end = call.window("start_time", "end_time", None, epoch=True)
    last = end if kind == "modified_time" else call.now
    wanted = []
    for row in call.book.refunds_modified_between(start, last, call.now)[::-1]:
        state = call.book.state(row.day, row.index, call.now)
        found = refund_state(state, row.refund) if state is not None else None
        if state is None or found is None or status not in (None, str(_phase(found))):
            continue
        if kind == "modified_time" or start <= found.created <= end:
            wanted.append((state, found))
    return _listing(call, fault, wanted, lambda entry: _refund(*entry))


def _listing(call: Call, fault: Fault | None, wanted: list[Any], show: Any) -> Any:
    # A page of more than 300 is not refused: it silently becomes the default.
    if call.number("page_size", 40, 1, 100_000) > 300:
        call.params = {**call.params, "page_size": "40"}
    shown, total, number, size = call.page(wanted, fault, most=300)
    data = [show(entry) for entry in shown]
    return {
        "success": True,
        "message": "",
        "data": data,
        "count": total,
        "page_no": number,
        "page_size": size,
    }


# ---- records -------------------------------------------------------------------------------------
def _visible(state: OrderState) -> bool:
    """The list knows paid orders."""
    return state.paid_at is not None


def _status(state: OrderState) -> int:
    return {tl.PAID: 1, tl.SHIPPED: 2, tl.COMPLETED: 3, tl.CANCELLED: 4}[state.status]


def _order(state: OrderState) -> dict[str, Any]:
    order, buyer = state.order, state.order.buyer
    out: dict[str, Any] = {
        "oid": str(order.id),
        "status": _status(state),
        "total_fee": yuan(sum(line.list_amount for line in order.lines)),
        "shipping_fee": yuan(order.shipping),
        "payment": yuan(order.goods + order.shipping),
        "create_time": wall(order.timeline.created),
        "pay_time": wall(state.paid_at),
        "ship_time": wall(state.shipped_at),
        "modified_time": wall(state.modified),
        "item": [
            {
                "iid": 30_000_000 + line.item.number,
                "sku_id": 40_000_000 + line.item.number * 100 + line.sku,
                "outer_id": f"{line.item.key}-{line.item.skus[line.sku][0]}",
                "title": line.item.chinese,
                "price": yuan(line.unit_price),
                "num": line.quantity,
                "subtotal": yuan(line.net),
            }
            for line in order.lines
        ],
    }
    if buyer is not None:
        out |= {
            "nick": f"{buyer.nick}_{buyer.key[:12]}",
            "receiver_name": buyer.name,
            "receiver_phone": buyer.phone,
            "address": buyer.address,
            "province": buyer.state,
            "city": buyer.city,
            "county": buyer.district,
            "remark": f"请联系 {buyer.phone}",
            "seller_remark": f"已联系 {buyer.phone}",
        }
    return out


def _phase(found: RefundState) -> int:
    return {tl.REFUNDED: 2, tl.WITHDRAWN: 3}.get(found.phase, 1)


def _refund(state: OrderState, found: RefundState) -> dict[str, Any]:
    order, buyer = state.order, state.order.buyer
    line = order.lines[(found.refund.plan.line or 1) - 1]
    out: dict[str, Any] = {
        "id": found.refund.id,
        "oid": str(order.id),
        "iid": str(30_000_000 + line.item.number),
        "status": _phase(found),
        "price": yuan(line.unit_price),
        "num": line.quantity,
        "title": line.item.chinese,
        "reason": found.refund.reason,
        "refund_fee": yuan(found.refund.amount),
        "total_fee": yuan(order.goods + order.shipping),
        "point_fee": "0.00",
        "create_time": wall(found.created),
        "modified_time": wall(found.modified),
    }
    if buyer is not None:
        out["desc"] = f"请联系 {buyer.phone}"
    return out


# ---- the second opinion --------------------------------------------------------------------------
def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """The keys a complete read of ``[start, end)`` holds (see ``extractors.sandbox.truth``)."""
    shop: Shop = shop_of(account_id)
    if stream == "orders":
        return {
            str(state.order.id)
            for state in orders_modified(world, shop, start, end, now)
            if _visible(state) and (state.paid_at or 0) <= now - LATE
        }
    if stream == "refunds":
        return {str(found.refund.id) for _, found in refunds_modified(world, shop, start, end, now)}
    raise KeyError(stream)


_SPAN = "status time_range page_no page_size"
_METHODS: dict[str, Method] = {
    "beibei.outer.trade.order.get": Method(
        "orders",
        _order_list,
        names("start_time end_time"),
        names(_SPAN),
        window=("start_time", "end_time"),
    ),
    "beibei.outer.refunds.get": Method("refunds", _refund_list, names("start_time end_time"), names(_SPAN)),
}
