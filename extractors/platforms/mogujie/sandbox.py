"""The sandbox half of Mogujie: what its gateway answers and refuses (platforms-cn §8).

Served under ``/mogujie``: ``/invoke``, every method, and ``/token``.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from extractors.sandbox import oauth
from extractors.sandbox import timeline as tl
from extractors.sandbox.control import Fault
from extractors.sandbox.desk import Answer, Desk
from extractors.sandbox.market import wall
from extractors.sandbox.orders import Line, OrderState
from extractors.sandbox.router import Call, Method, Router, Rules, names, visible_rows
from extractors.sandbox.truth import orders_modified, shop_of
from extractors.sandbox.world import World

WIDEST = 12 * 3_600
_CODES = {
    "token": ("0000011", "access_token无效"),
    "expired": ("0000010", "access_token已过期"),
    "sign": ("0000004", "签名错误"),
    "time": ("0000005", "timestamp无效"),
    "rate": ("0000006", "调用次数超过限制"),
    "key": ("0000007", "app_key不存在"),
    "method": ("0000008", "method不存在"),
}


def _refuse(kind: str, text: str) -> Answer:
    code, message = _CODES.get(kind, ("0000003", f"参数错误 {text}".strip()))
    return Answer({"status": {"code": code, "msg": message}}, refusal=f"{code} {kind}")


def routes(desk: Desk) -> list[BaseRoute]:
    """The addresses that Mogujie has, for one desk."""
    fixed = {"format": "json", "sign_method": "md5", "version": "1.0"}
    rules = Rules(_refuse, fixed=fixed, envelope="Params", epoch=True)
    router = Router(desk, rules, _METHODS, lambda state: True, rotates=True)

    async def refresh(request: Request) -> Response:
        app = {"app_key": router.app_key, "app_secret": router.secret}
        return await oauth.refresh(request, desk, router.tokens, app)

    return [Route("/invoke", router.door, methods=["POST"]), Route("/token", refresh, methods=["POST"])]


# ---- the method ----------------------------------------------------------------------------------
def _sold(call: Call, fault: Fault | None) -> Any:
    """xiaodian.trade.sold.get: by modified time, newest first, twelve hours and thirty orders at most."""
    start, end = call.window("startUpdated", "endUpdated", WIDEST)
    rows = call.book.modified_between(start, end, call.now)[::-1]
    found = visible_rows(call.book, rows, call.now, lambda state: True)
    shown, total, number, size = call.page(found, fault, page="page", size="pageSize", default=10, most=30)
    states = (call.book.state(row.day, row.index, call.now) for row in shown)
    data: dict[str, Any] = {"totalNum": total, "hasNext": number * size < total}
    if total:  # a window without orders has no list
        data["openApiOrderDetailResDtos"] = [_order(state) for state in states if state is not None]
    return {"status": {"code": "0000000", "msg": "success"}, "result": {"success": True, "data": data}}


# ---- records -------------------------------------------------------------------------------------
def _status(state: OrderState) -> str:
    return {
        tl.CREATED: "ORDER_CREATED",
        tl.CLOSED_UNPAID: "ORDER_CANCELLED",
        tl.PAID: "ORDER_PAID",
        tl.SHIPPED: "ORDER_SHIPPED",
        tl.SIGNED: "ORDER_RECEIVED",
        tl.COMPLETED: "ORDER_COMPLETED",
        tl.CANCELLED: "ORDER_CLOSED",
    }[state.status]


def _refund_status(state: OrderState, line: Line) -> str:
    """The state of the latest refund that concerns the line; empty without one."""
    latest = None
    for refund in state.refunds:
        if refund.refund.plan.line in (0, line.number):
            latest = refund
    if latest is None:
        return ""
    kind = "return_goods_requested" if latest.refund.plan.goods_return else "refund_requested"
    return {
        tl.ASKED: kind,
        tl.AGREED: "return_goods_agreed",
        tl.RETURNING: "return_goods_shipped",
        tl.REFUNDED: "refund_completed",
        tl.WITHDRAWN: "refund_cancelled",
    }[latest.phase]


def _order(state: OrderState) -> dict[str, Any]:
    """Money in fen. What the seller himself takes off a line shows in its present price."""
    order, buyer = state.order, state.order.buyer
    subsidy = sum(line.subsidy for line in order.lines)
    shop = sum(line.order_discount for line in order.lines)
    # A discount that does not divide into whole fen a piece is taken off the order.
    odd = sum((line.list_amount - line.net) % line.quantity for line in order.lines)
    out: dict[str, Any] = {
        "shopOrderId": str(order.id),
        "payOrderId": str(order.id + 1),
        "orderStatus": _status(state),
        "shopOrderPrice": order.goods + order.shipping,
        "shipExpense": order.shipping,
        "platformPromotionAmount": subsidy,
        "shopPromotionAmount": shop + odd,
        "promotionAmount": 0,
        "modifyPrice": 0,
        "number": len(order.lines),
        "createdStr": wall(order.timeline.created),
        "payTimeStr": wall(state.paid_at),
        "shipTimeStr": wall(state.shipped_at),
        "receiveTimeStr": wall(state.completed_at),
        "updatedStr": wall(state.modified),
        "stageStatus": None,
        "itemOrderInfos": [
            {
                "itemOrderId": str(order.id + line.number),
                "itemId": f"1k{line.item.number}",
                "skuId": f"2k{line.item.number * 100 + line.sku}",
                "itemCode": line.item.key,
                "skuCode": f"{line.item.key}-{line.item.skus[line.sku][0]}",
                "title": line.item.chinese,
                "number": line.quantity,
                "price": line.unit_price,
                "nowPrice": line.unit_price - (line.list_amount - line.net) // line.quantity,
                "refundStatus": _refund_status(state, line),
            }
            for line in order.lines
        ],
    }
    if buyer is not None:
        out |= {
            "buyerUserId": f"u{buyer.key}",
            "buyerAccountId": f"{buyer.nick}@{buyer.phone}",
            "buyerName": buyer.nick,
            "receiverName": buyer.name,
            "receiverMobile": buyer.phone,
            "receiverPhone": buyer.phone,
            "receiverAddress": buyer.address,
            "receiverProvince": buyer.state,
            "receiverCity": buyer.city,
            "receiverArea": buyer.district,
            "buyerComment": f"请联系 {buyer.phone}",
            "sellerComment": f"已联系 {buyer.name}" if state.is_edited else "",
            "shipExpressId": f"SF{buyer.phone}" if state.shipped_at else "",
            "extraMap": {"idCard": f"3301{buyer.phone}"},
        }
    return out


# ---- the second opinion --------------------------------------------------------------------------
def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """The keys a complete read of ``[start, end)`` holds (see ``extractors.sandbox.truth``)."""
    if stream != "orders":
        raise KeyError(stream)
    return {str(s.order.id) for s in orders_modified(world, shop_of(account_id), start, end, now)}


_METHODS: dict[str, Method] = {
    "xiaodian.trade.sold.get": Method(
        "orders",
        _sold,
        names("startUpdated endUpdated"),
        names("page pageSize startOrderId orderBy orderStatus"),
        window=("startUpdated", "endUpdated"),
    )
}
