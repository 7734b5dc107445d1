"""The sandbox half of Pinduoduo: what its gateway answers and refuses (platforms-cn §3).

Served under ``/pinduoduo``: ``/api/router``, every method.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from starlette.routing import BaseRoute, Route

from extractors.sandbox import timeline as tl
from extractors.sandbox.book import refund_state
from extractors.sandbox.catalogue import ProductView
from extractors.sandbox.control import Fault
from extractors.sandbox.desk import Answer, Desk, Refusal
from extractors.sandbox.market import wall, yuan
from extractors.sandbox.merchants import Shop
from extractors.sandbox.orders import Line, Order, OrderState, RefundState
from extractors.sandbox.router import Call, Method, Router, Rules, names
from extractors.sandbox.truth import orders_modified, refunds_modified, shop_of
from extractors.sandbox.world import World

HALF_HOUR = 1800
DAY = 86_400
HISTORY = 89 * DAY  # three months, at their shortest

METHOD_LIMITS = {
    "pdd.order.number.list.increment.get": (3000, 60.0),
    "pdd.refund.list.increment.get": (100, 10.0),
    "pdd.goods.list.get": (600, 60.0),
}
"""Calls that a shop may make of a method, and in how many seconds."""

_AFTER_SALES = frozenset(str(n) for n in (0, *range(2, 19), 21, 22, 24, 25, 27, 31, 32, 33))
_CODES = {
    "rate": (70031, "调用过于频繁，请调整调用频率"),
    "time": (10001, "公共参数错误:timestamp"),
    "fixed": (10001, "公共参数错误"),
    "key": (10001, "公共参数错误:client_id"),
    "method": (10001, "公共参数错误:type"),
    "sign": (20004, "签名sign校验失败"),
    "token": (20032, "access_token与client不匹配"),
    "expired": (10019, "access_token已过期"),
}


def _refuse(kind: str, text: str) -> Answer:
    code, message = _CODES.get(kind, (10000, "参数错误"))
    error = {"error_code": code, "error_msg": message, "sub_code": "", "sub_msg": f"{message} {text}".strip()}
    return Answer({"error_response": error | {"request_id": "sbx0"}}, refusal=f"{code} {kind}")


def routes(desk: Desk) -> list[BaseRoute]:
    """The address that Pinduoduo has, for one desk."""
    return gateway(desk, _METHODS, _visible)


def gateway(
    desk: Desk, methods: Mapping[str, Method], visible: Callable[[OrderState], bool] = lambda state: True
) -> list[BaseRoute]:
    """The gateway itself, with the methods that an app may call besides the renewal of its token."""
    rules = Rules(
        _refuse,
        method="type",
        key="client_id",
        fixed={"data_type": "JSON", "version": "V1"},
        epoch=True,
    )
    every = {"pdd.pop.auth.token.refresh": _RENEWAL, **methods}
    router = Router(desk, rules, every, visible, access_life=DAY, refresh_life=30 * DAY)
    return [Route("/api/router", router.door, methods=["POST"])]


# ---- the methods ---------------------------------------------------------------------------------
def _order_list(call: Call, fault: Fault | None) -> Any:
    """pdd.order.number.list.increment.get: confirmed orders by modified time, half an hour, newest first."""
    start, end = call.window("start_updated_at", "end_updated_at", HALF_HOUR, HISTORY, epoch=True)
    status = call.choice("order_status", names("1 2 3 5"), "5")
    refund = call.choice("refund_status", names("1 2 3 4 5"), "5")
    call.choice("is_lucky_flag", names("0 1 2"), "0")
    by_next = call.choice("use_has_next", names("true false"), "false") == "true"
    wanted = []
    for row in call.book.modified_between(start, end, call.now)[::-1]:
        state = call.book.state(row.day, row.index, call.now)
        if state is None or not _visible(state):
            continue
        if status in ("5", str(_status(state))) and refund in ("5", str(_refund_status(state))):
            wanted.append(state)
    shown, total, number, size = call.page(wanted, fault, page="page", default=100)
    count: dict[str, object] = {"has_next": number * size < total} if by_next else {"total_count": total}
    listing = {"order_sn_list": [_order(state) for state in shown], "request_id": "sbx"}
    return {"order_sn_increment_get_response": listing | count}


def _refund_list(call: Call, fault: Fault | None) -> Any:
    """pdd.refund.list.increment.get: by modified time, half an hour, one status a call, newest first."""
    start, end = call.window("start_updated_at", "end_updated_at", HALF_HOUR, HISTORY, epoch=True)
    status = call.choice("after_sales_status", _AFTER_SALES, "")
    kind = call.choice("after_sales_type", names("1 2 3 4 5 6"), "")
    wanted = []
    for row in call.book.refunds_modified_between(start, end, call.now)[::-1]:
        state = call.book.state(row.day, row.index, call.now)
        found = refund_state(state, row.refund) if state is not None else None
        if state is None or found is None:
            continue
        if str(_after_sales(found)) == status and kind in ("1", str(_kind(found))):
            wanted.append((state, found))
    shown, total, _, _ = call.page(wanted, fault, page="page", default=100)
    listing = {"total_count": total, "refund_list": [_refund(*entry) for entry in shown], "request_id": "sbx"}
    return {"refund_increment_get_response": listing}


def _goods_list(call: Call, fault: Fault | None) -> Any:
    """pdd.goods.list.get: is_onsale goes before outer_id, that before goods_name; no order, no times."""
    shelf = call.choice("is_onsale", names("0 1"), "")
    wanted = [
        _goods(view)
        for view in call.desk.world.products(call.shop.store, call.now)
        if shelf == str(int(view.is_on_sale))
    ]
    shown, total, _, _ = call.page(wanted, fault, page="page", default=100)
    return {"goods_list_get_response": {"total_count": total, "goods_list": shown, "request_id": "sbx"}}


def _renew(call: Call, fault: Fault | None) -> Any:
    """pdd.pop.auth.token.refresh."""
    grant = call.tokens.refresh(call.params["refresh_token"])
    if grant is None:
        raise Refusal(_refuse("expired", "refresh_token"))
    now = int(time.time())
    return {
        "pop_auth_token_refresh_response": {
            "access_token": grant.access_token,
            "refresh_token": grant.refresh_token,
            "expires_in": grant.expires_in,
            "expires_at": now + grant.expires_in,
            "refresh_token_expires_in": grant.refresh_expires_in,
            "refresh_token_expires_at": now + grant.refresh_expires_in,
            "owner_id": grant.subject,
            "owner_name": f"pdd{grant.subject}",
            "scope": ["pdd.order.number.list.increment.get"],
        }
    }


# ---- records -------------------------------------------------------------------------------------
def _visible(state: OrderState) -> bool:
    """The lists know an order once its group has formed (成交)."""
    return state.paid_at is not None


def _sn(order: Order) -> str:
    return f"{order.day:%y%m%d}-{order.id}"


def _status(state: OrderState) -> int:
    if state.completed_at is not None:
        return 3
    return 2 if state.shipped_at is not None else 1


def _refund_status(state: OrderState) -> int:
    phases = [found.phase for found in state.refunds]
    if tl.REFUNDED in phases:
        return 4
    return 2 if any(phase != tl.WITHDRAWN for phase in phases) else 1


def _order(state: OrderState) -> dict[str, Any]:
    order, buyer = state.order, state.order.buyer
    listed = sum(line.list_amount for line in order.lines)
    subsidy = sum(line.subsidy for line in order.lines)
    changed = -sum(line.adjustment for line in order.lines)
    seller = listed - changed - subsidy - order.goods
    free = seller // 3 if order.index % 5 == 0 else 0
    paid_at = state.deposit_at if state.deposit_at is not None else state.paid_at
    out: dict[str, Any] = {
        "order_sn": _sn(order),
        "order_status": _status(state),
        "refund_status": _refund_status(state),
        "after_sales_status": _after_sales(state.refunds[-1]) if state.refunds else 0,
        "confirm_status": 1,
        "group_status": 1,
        "created_time": wall(order.timeline.created),
        "pay_time": wall(paid_at),
        "confirm_time": wall(state.paid_at),
        "shipping_time": wall(state.shipped_at) or "",
        "receive_time": wall(state.completed_at) or "",
        "updated_at": wall(state.modified),
        "goods_amount": yuan(listed - changed),
        "discount_amount": yuan(seller + subsidy),
        "seller_discount": yuan(seller - free),
        "capital_free_discount": yuan(free),
        "platform_discount": yuan(subsidy),
        "order_change_amount": yuan(changed),
        "postage": yuan(order.shipping),
        "pay_amount": yuan(order.goods + order.shipping),
        "pay_type": "WEIXIN",
        "trade_type": 0,
        "item_list": [_item(line) for line in order.lines],
        "risk_control_status": 0,
        "is_stock_out": 0,
        "ship_additional_origin_order": "",
        "tracking_number": f"YT{order.id % 10**13}" if state.shipped_at else "",
        "remark": "",
    }
    if buyer is not None:
        open_to_ship = _status(state) == 1
        out |= {
            "receiver_name": f"enc~{buyer.name}" if open_to_ship else "",
            "receiver_phone": f"enc~{buyer.phone}" if open_to_ship else "",
            "receiver_address": f"enc~{buyer.address}" if open_to_ship else "",
            "receiver_name_mask": buyer.name,
            "receiver_phone_mask": buyer.phone,
            "receiver_address_mask": buyer.address,
            "address_mask": buyer.address,
            "pay_no": f"PAY{buyer.phone}",
            "buyer_memo": f"请放门口 {buyer.phone}",
            "province": buyer.state,
            "city": buyer.city,
            "town": buyer.district,
        }
    return out


def _item(line: Line) -> dict[str, Any]:
    return {
        "goods_id": 700_000_000_000 + line.item.number,
        "sku_id": 1_500_000_000_000 + line.item.number * 100 + line.sku,
        "outer_goods_id": line.item.key,
        "outer_id": f"{line.item.key}-{line.item.skus[line.sku][0]}",
        "goods_name": line.item.chinese,
        "goods_spec": line.item.skus[line.sku][1],
        "goods_price": yuan(line.unit_price),
        "goods_count": line.quantity,
    }


def _goods(view: ProductView) -> dict[str, Any]:
    """Goods with their SKUs: pieces, and whether each is on its shelf; no price."""
    item = view.item
    return {
        "goods_id": 700_000_000_000 + item.number,
        "goods_name": item.chinese,
        "thumb_url": f"https://img.example/{item.key}.jpg",
        "image_url": f"https://img.example/{item.key}.jpg",
        "is_more_sku": int(len(item.skus) > 1),
        "goods_quantity": sum(view.stock),
        "goods_reserve_quantity": 0,
        "is_onsale": int(view.is_on_sale),
        "sku_list": [
            {
                "sku_id": 1_500_000_000_000 + item.number * 100 + place,
                "spec": sku[1],
                "sku_quantity": view.stock[place],
                "reserve_quantity": 0,
                "outer_id": f"{item.key}-{sku[0]}",
                "outer_goods_id": item.key,
                "is_sku_onsale": int(view.is_on_sale),
            }
            for place, sku in enumerate(item.skus)
        ],
    }


def _kind(found: RefundState) -> int:
    return 3 if found.refund.plan.goods_return else 2


def _after_sales(found: RefundState) -> int:
    if found.is_disputed and found.phase != tl.REFUNDED:  # the platform has it, or it refused
        return 8 if found.is_open else 9
    return {
        tl.ASKED: 3 if found.refund.plan.goods_return else 2,
        tl.AGREED: 7,
        tl.RETURNING: 4,
        tl.REFUNDED: 10,
        tl.WITHDRAWN: 11,
    }[found.phase]


def _refund(state: OrderState, found: RefundState) -> dict[str, Any]:
    order, refund = state.order, found.refund
    line = order.lines[0]
    # The page's examples write epoch seconds as text; integrators have seen wall clocks.
    write = wall if order.index % 4 == 0 else str
    return {
        "id": refund.id,
        "order_sn": _sn(order),
        "after_sales_status": _after_sales(found),
        "after_sales_type": _kind(found),
        "after_sale_reason": refund.reason,
        "refund_amount": yuan(refund.amount),
        "order_amount": yuan(order.goods + order.shipping),
        "discount_amount": yuan(sum(item.list_amount - item.paid for item in order.lines)),
        "goods_price": yuan(line.unit_price),
        "goods_number": line.quantity,
        "goods_id": 700_000_000_000 + line.item.number,
        "sku_id": str(1_500_000_000_000 + line.item.number * 100 + line.sku),
        "outer_id": f"{line.item.key}-{line.item.skus[line.sku][0]}",
        "created_time": write(found.created),
        "updated_time": write(found.modified),
        "confirm_time": write(state.paid_at),
        "speed_refund_flag": 0,
        "dispute_refund_status": int(found.is_disputed and found.phase == tl.REFUNDED),
        "user_shipping_status": "0" if refund.plan.before_shipment else "2",
        "tracking_number": "",
    }


# ---- the second opinion --------------------------------------------------------------------------
def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """The keys a complete read of ``[start, end)`` holds (see ``extractors.sandbox.truth``)."""
    shop: Shop = shop_of(account_id)
    if stream == "orders":
        return {_sn(s.order) for s in orders_modified(world, shop, start, end, now) if _visible(s)}
    if stream == "refunds":
        return {str(found.refund.id) for _, found in refunds_modified(world, shop, start, end, now)}
    if stream == "products":  # no window: all that the shop has
        return {str(700_000_000_000 + view.item.number) for view in world.products(shop.store, now)}
    raise KeyError(stream)


_METHODS: dict[str, Method] = {
    "pdd.order.number.list.increment.get": Method(
        "orders",
        _order_list,
        names("start_updated_at end_updated_at"),
        names("order_status refund_status is_lucky_flag trade_type page page_size use_has_next"),
        window=("start_updated_at", "end_updated_at"),
    ),
    "pdd.refund.list.increment.get": Method(
        "refunds",
        _refund_list,
        names("start_updated_at end_updated_at after_sales_status after_sales_type"),
        names("order_sn page page_size"),
    ),
    "pdd.goods.list.get": Method(
        "products",
        _goods_list,
        names("is_onsale"),
        names("outer_id goods_name outer_goods_id cost_template_id page page_size"),
    ),
}
_RENEWAL = Method("token", _renew, names("refresh_token"), needs_token=False)
