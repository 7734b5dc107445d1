"""The sandbox half of Dangdang: what its gateway answers and refuses (platforms-cn §7).

Served under ``/dangdang``: ``/openapi/rest``, every method, in XML written in GBK. Of the parameters only the
system's are signed.
"""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

from starlette.routing import BaseRoute, Route

from extractors.sandbox import market
from extractors.sandbox import timeline as tl
from extractors.sandbox.book import refund_state
from extractors.sandbox.control import Fault
from extractors.sandbox.desk import Answer, Desk
from extractors.sandbox.market import wall, yuan
from extractors.sandbox.orders import OrderState, RefundState
from extractors.sandbox.router import Call, Method, Router, Rules, moment, names
from extractors.sandbox.truth import orders_modified, refunds_modified, shop_of
from extractors.sandbox.world import World

FIFTEEN_DAYS, THREE_MONTHS = 15 * 86_400, 92 * 86_400
PAGE_SIZES = {"orders": (5, 10, 15, 20)}
_CODES = {
    "time": ("31", "invalid timestamp"),
    "key": ("29", "invalid app key"),
    "method": ("22", "invalid method"),
    "sign": ("25", "invalid sign"),
    "token": ("27", "invalid session"),
    "expired": ("26", "session has expired"),
    "rate": ("7", "call limited: too many requests"),
}


def routes(desk: Desk) -> list[BaseRoute]:
    """The address that Dangdang has, for one desk."""
    rules = Rules(
        _refuse,
        token="session",  # noqa: S106  the name of a parameter
        fixed={"format": "xml", "v": "1.0", "sign_method": "md5"},
        signs_system_only=True,
    )
    router = Router(desk, rules, _METHODS, lambda state: True, renews=False)
    return [Route("/openapi/rest", router.door, methods=["GET", "POST"])]


# ---- writing -------------------------------------------------------------------------------------
def _xml(root: str, content: dict[str, Any], refusal: str | None = None) -> Answer:
    text = f'<?xml version="1.0" encoding="GBK"?>{_element(root, content)}'
    body = text.encode("gbk", errors="xmlcharrefreplace")
    return Answer(body, content_type="text/xml;charset=GBK", refusal=refusal)


def _element(name: str, value: Any) -> str:
    """An element; a list is so many of them, one behind the other."""
    if isinstance(value, list):
        return "".join(_element(name, item) for item in value)
    if isinstance(value, dict):
        inner = "".join(_element(key, item) for key, item in value.items())
        return f"<{name}>{inner}</{name}>"
    return f"<{name}>{escape(str('' if value is None else value))}</{name}>"


def _refuse(kind: str, text: str) -> Answer:
    code, message = _CODES.get(kind, ("41", f"wrong parameter {text}".strip()))
    error = {"errorCode": code, "errorMessage": message}
    return _xml("errorResponse", error, f"{code} {kind}")


# ---- the methods ---------------------------------------------------------------------------------
def _list(call: Call, fault: Fault | None) -> Any:
    """dangdang.orders.list.get: by modified time, newest first, fifteen days at most."""
    status = call.choice("os", names("9999 50 100 101 300 400 1000 -100 1100 -200"), "101")
    start, end = call.window("lastModifyTime_start", "lastModifyTime_end", FIFTEEN_DAYS)
    wanted = []
    for row in call.book.modified_between(start, end, call.now)[::-1]:
        state = call.book.state(row.day, row.index, call.now)
        if state is not None and status in ("9999", _status(state)):
            wanted.append(state)
    if call.number("pageSize", 20, 1, 20) not in PAGE_SIZES["orders"]:
        raise call.invalid("pageSize must be 5, 10, 15 or 20")
    shown, total, number, size = call.page(wanted, fault, page="p", size="pageSize", default=20, most=20)
    listing = {
        "functionID": call.name,
        "OrdersList": {"OrderInfo": [_short(state) for state in shown]},
        "totalInfo": {
            "orderCount": total,
            "pageSize": size,
            "pageTotal": -(-total // size),
            "currentPage": number,
        },
    }
    return _xml("response", listing)


def _details(call: Call, fault: Fault | None) -> Any:
    """dangdang.order.details.get: one order whole."""
    state = market.order_by_id(call.desk, call.shop, call.params["o"])
    if state is None or str(state.order.id) != call.params["o"]:
        raise call.invalid("o")
    return _xml("response", _whole(state))


def _refund_list(call: Call, fault: Fault | None) -> Any:
    """dangdang.orders.refund.list: created in a span of three months, and changed in another if asked."""
    start, end = call.window("osd", "oed", THREE_MONTHS)
    first, last = (moment(call.params.get(f"lastModifyTime_{name}", "")) for name in ("start", "end"))
    if (first is None) != (last is None):
        raise call.invalid("lastModifyTime_start and lastModifyTime_end come together")
    call.choice("refundApp_Status", frozenset({"9999"}), "9999")  # no other is served here
    wanted = []
    for row in call.book.refunds_modified_between(first or start, last or call.now, call.now)[::-1]:
        state = call.book.state(row.day, row.index, call.now)
        found = refund_state(state, row.refund) if state is not None else None
        if state is None or found is None or not _is_listed(found) or not start <= found.created <= end:
            continue
        wanted.append((state, found))
    shown, total, _, _ = call.page(wanted, fault, page="pageIndex", size="pageSize", default=10, most=100)
    infos = {"totalSize": total, "refundInfoList": {"refundInfo": [_refund(*entry) for entry in shown]}}
    return _xml("response", {"resultCode": 0, "resultMessage": "", "refundInfos": infos})


# ---- records -------------------------------------------------------------------------------------
def _status(state: OrderState) -> str:
    if state.status == tl.CANCELLED:
        return "1100" if state.shipped_at else "-100"
    return {
        tl.CREATED: "100",
        tl.CLOSED_UNPAID: "-100",
        tl.PAID: "101",
        tl.SHIPPED: "300",
        tl.COMPLETED: "1000",
    }[state.status]


def _person(state: OrderState) -> dict[str, Any]:
    buyer = state.order.buyer
    if buyer is None:
        return {}
    return {
        "dangdangAccountID": f"d{buyer.key}",
        "consigneeName": buyer.name,
        "consigneeAddr": f"中国，{buyer.state}，{buyer.city}，{buyer.address}",
        "consigneeAddr_State": "中国",
        "consigneeAddr_Province": buyer.state,
        "consigneeAddr_City": buyer.city,
        "consigneeAddr_Area": buyer.district,
        "consigneeTel": buyer.phone,
        "consigneeMobileTel": buyer.phone,
    }


def _short(state: OrderState) -> dict[str, Any]:
    """An order as the list shows it."""
    person = {name: value for name, value in _person(state).items() if name.startswith("consigneeN")}
    return {
        "orderID": state.order.id,
        "orderStatus": _status(state),
        "orderMoney": yuan(state.order.total),
        "lastModifyTime": wall(state.modified),
        **person,
    }


def _whole(state: OrderState) -> dict[str, Any]:
    """Money in yuan. What the buyer owes comes as cash, by gift card, or both."""
    order, buyer = state.order, state.order.buyer
    card = 500 if order.index % 4 == 0 and order.total > 2_000 else 0
    paid = order.total if state.paid_at is not None else 0
    operations = [
        {"operateRole": "顾客", "operateTime": wall(order.timeline.created), "operateDetails": "顾客下单"}
    ]
    if state.paid_at is not None:
        operations.append(
            {"operateRole": "系统", "operateTime": wall(state.paid_at), "operateDetails": "付款"}
        )
    promotions = [
        {
            "promotionID": line.number,
            "promotionName": "直降",
            "promotionType": 1,
            "promoDicount": yuan(line.list_amount - line.net),
            "promoAmount": 1,
        }
        for line in order.lines
        if line.net != line.list_amount
    ]
    out: dict[str, Any] = {
        "orderID": order.id,
        "orderState": _status(state),
        "isCourierReceiptDetail": 2,
        "message": f"请联系 {buyer.phone}" if buyer is not None else "",
        "remark": f"已联系 {buyer.name}" if buyer is not None and state.is_edited else "",
        "lastModifyTime": wall(state.modified),
        "paymentDate": wall(state.paid_at),
        "orderMode": 1,
        "sendDate": wall(state.shipped_at),
        "isPresale": 0,
        "buyerInfo": {
            "buyerPayMode": "网上支付",
            "goodsMoney": yuan(order.total - card),
            "realPaidAmount": yuan(paid),
            "deductAmount": "0.00",
            "promoDeductAmount": yuan(sum(line.order_discount for line in order.lines)),
            "totalBarginPrice": yuan(order.total - card),
            "postage": yuan(order.shipping),
            "giftCertMoney": "0.00",
            "giftCardMoney": yuan(card),
            "accountBalance": "0.00",
            "activityDeductAmount": yuan(sum(line.subsidy for line in order.lines)),
            "custPointUsed": 0,
            "pointDeductionAmount": "0.00",
        },
        "sendGoodsInfo": {**_person(state), "sendGoodsMode": "普通快递送货上门，时间不限", "sendCompany": ""},
        "ItemsList": {
            "ItemInfo": [
                {
                    "itemID": 60_000_000 + line.item.number * 100 + line.sku,
                    "outerItemID": f"{line.item.key}-{line.item.skus[line.sku][0]}",
                    "itemName": line.item.chinese,
                    "itemType": 0,
                    "specialAttribute": line.item.skus[line.sku][1],
                    "marketPrice": yuan(line.unit_price),
                    "unitPrice": yuan(line.unit_price),
                    "orderCount": line.quantity,
                }
                for line in order.lines
            ]
        },
        "PromoList": {"promoItem": promotions},
        "OrderOperateList": {"OperateInfo": operations},
    }
    if buyer is not None:
        out["receiptInfo"] = {"receiptName": buyer.name, "receiptDetails": "", "receiptMoney": "0.00"}
        out["sendGoodsInfo"]["sendOrderID"] = f"YT{buyer.phone}" if state.shipped_at else ""
    return out


def _is_listed(found: RefundState) -> bool:
    """The money of an order cancelled before shipment goes back by itself, and no list tells of it."""
    return not found.refund.plan.before_shipment


def _source(found: RefundState) -> int:
    """1 part was not sent, 4 goods came back, 7 postage."""
    if found.refund.plan.goods_return:
        return 4
    return 7 if found.refund.plan.part == tl.SHIPPING_ONLY else 1


def _refund(state: OrderState, found: RefundState) -> dict[str, Any]:
    buyer = state.order.buyer
    return {
        "orderId": state.order.id,
        "shopId": state.order.shop.number,
        "isAgree": {tl.REFUNDED: 2, tl.WITHDRAWN: 3}.get(found.phase, 1),
        "refundSource": _source(found),
        "totalAmount": yuan(found.refund.amount),
        "refundAmount": yuan(found.refund.amount),
        "refundDate": wall(found.refunded_at),
        "creationDate": wall(found.created),
        "lastModifiedDate": wall(found.modified),
        "remark": f"请联系 {buyer.phone}" if buyer is not None else "",
    }


# ---- the second opinion --------------------------------------------------------------------------
def truth(world: World, account_id: str, stream: str, start: int, end: int, now: int) -> set[str]:
    """The keys a complete read of ``[start, end)`` holds (see ``extractors.sandbox.truth``)."""
    shop = shop_of(account_id)
    if stream == "orders":
        return {str(state.order.id) for state in orders_modified(world, shop, start, end, now)}
    if stream == "refunds":
        return {
            f"{state.order.id}|{_source(found)}|{wall(found.created)}"
            for state, found in refunds_modified(world, shop, start, end, now)
            if _is_listed(found)
        }
    raise KeyError(stream)


_METHODS: dict[str, Method] = {
    "dangdang.orders.list.get": Method(
        "orders",
        _list,
        names("lastModifyTime_start lastModifyTime_end"),
        names("os osd oed p pageSize sm pm sendMode"),
        window=("lastModifyTime_start", "lastModifyTime_end"),
    ),
    "dangdang.order.details.get": Method("orders", _details, names("o")),
    "dangdang.orders.refund.list": Method(
        "refunds",
        _refund_list,
        names("osd oed"),
        names("lastModifyTime_start lastModifyTime_end refundApp_Status order_id pageIndex pageSize"),
    ),
}
