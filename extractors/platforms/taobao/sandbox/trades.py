"""Trades: listed by change and by creation, and one in full (API 128, 46, 54)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from extractors.sandbox import timeline as tl
from extractors.sandbox.book import Row
from extractors.sandbox.control import Fault
from extractors.sandbox.desk import Refusal
from extractors.sandbox.market import wall, yuan
from extractors.sandbox.orders import Line, Order, OrderState, RefundState, locate_market

from .call import Call, listing
from .late import entered_at, entered_between
from .parameters import HISTORY, choice, instant, invalid, top_error, trade_types, window_of
from .words import DEFAULT_TRADE_TYPES, EXT_TYPES, TRADE_STATUSES


def sold_increment(call: Call, fault: Fault | None) -> dict[str, Any]:
    """taobao.trades.sold.increment.get: by modified time, newest first, at most a day."""
    start, end = window_of(call.params, call.now, "start_modified", "end_modified", timedelta(days=1))
    types = trade_types(call.params, DEFAULT_TRADE_TYPES)
    status = choice(call.params, "status", TRADE_STATUSES)
    oldest = call.now - int(HISTORY.total_seconds())
    rows = call.book.modified_between(start, end, call.now)
    return _trades(call, rows[::-1], types, status, oldest, fault)


def sold_incrementv(call: Call, fault: Fault | None) -> dict[str, Any]:
    """taobao.trades.sold.incrementv.get: by the time the row came in, newest first, at most a day."""
    start, end = window_of(call.params, call.now, "start_create", "end_create", timedelta(days=1))
    types = trade_types(call.params, DEFAULT_TRADE_TYPES)
    status = choice(call.params, "status", TRADE_STATUSES)
    oldest = call.now - int(HISTORY.total_seconds())
    rows = [row for _, row in entered_between(call, start, end)]
    return _trades(call, rows[::-1], types, status, oldest, fault)


def sold(call: Call, fault: Fault | None) -> dict[str, Any]:
    """taobao.trades.sold.get: by creation time, newest first, the last three months."""
    oldest = call.now - int(HISTORY.total_seconds())
    start = instant(call.params, "start_created", oldest)
    end = instant(call.params, "end_created", call.now)
    if start < oldest - 86_400:
        raise invalid("start_created is more than 3 months ago")
    types = trade_types(call.params, DEFAULT_TRADE_TYPES)
    status = choice(call.params, "status", TRADE_STATUSES)
    rows = [Row(0, day, index) for day, index in call.book.created_between(start, end, call.now)]
    return _trades(call, rows[::-1], types, status, oldest, fault)


def _trades(
    call: Call,
    rows: list[Row],
    types: frozenset[str],
    status: str | None,
    oldest: int,
    fault: Fault | None,
) -> dict[str, Any]:
    buyer = call.params.get("buyer_open_uid")
    ext_type = choice(call.params, "ext_type", EXT_TYPES)
    wanted = [
        row
        for row in rows
        if (order := call.book.order(row.day, row.index)).type in types
        and order.timeline.created >= oldest
        and ext_type_of(order) == ext_type
        and (buyer is None or (order.buyer is not None and order.buyer.open_uid == buyer))
    ]
    if status is not None:
        wanted = [row for row in wanted if _status(call, row) == status]

    def show(row: Row) -> dict[str, Any] | None:
        state = call.book.state(row.day, row.index, call.now)
        if state is None:
            return None
        came_in = {"async_modified": wall(entered_at(call, row))} if "async_modified" in call.fields else {}
        return trade_record(state, call.fields, call.order_fields) | came_in

    return listing(call, wanted, "trades", "trade", show, fault, 100)


def _status(call: Call, row: Row) -> str:
    state = call.book.state(row.day, row.index, call.now)
    return trade_status(state) if state is not None else ""


def fullinfo(call: Call, fault: Fault | None) -> dict[str, Any]:
    """taobao.trade.fullinfo.get."""
    state = find(call, call.params["tid"])
    if state is None or str(state.order.id) != call.params["tid"]:
        raise Refusal(top_error(15, "Remote service error", "isv.trade-not-exist", "trade does not exist"))
    return {"trade": trade_record(state, call.fields, call.order_fields)}


def ext_type_of(order: Order) -> str | None:
    """The extended type of a trade: such trades are listed only when it is asked for, one at a time."""
    if order.type != "fixed" or order.index % 50 >= len(EXT_TYPES):
        return None
    return sorted(EXT_TYPES)[order.index % 50]


def find(call: Call, text: str) -> OrderState | None:
    place = locate_market(int(text)) if text.isdigit() else None
    if place is None or place[0] is not call.shop or not call.book.exists(place[1], place[2]):
        return None
    return call.book.state(place[1], place[2], call.now)


def trade_status(state: OrderState) -> str:
    status = state.status
    if status == tl.SHIPPED:
        return "WAIT_BUYER_CONFIRM_GOODS"
    if status == tl.CREATED and state.order.timeline.flow == "cod":
        return "WAIT_SELLER_SEND_GOODS"
    if status == tl.PAID:
        return "WAIT_SELLER_SEND_GOODS"
    return {
        tl.CREATED: "WAIT_BUYER_PAY",
        tl.DEPOSIT: "WAIT_BUYER_PAY",
        tl.SIGNED: "TRADE_BUYER_SIGNED",
        tl.COMPLETED: "TRADE_FINISHED",
        tl.CANCELLED: "TRADE_CLOSED",
        tl.CLOSED_UNPAID: "TRADE_CLOSED_BY_TAOBAO",
        tl.FORFEITED: "TRADE_CLOSED_BY_TAOBAO",
        tl.REFUSED: "TRADE_CLOSED_BY_TAOBAO",
    }[status]


def step_status(state: OrderState) -> str:
    if state.paid_at is not None:
        return "FRONT_PAID_FINAL_PAID"
    if state.status == tl.FORFEITED:
        return "FRONT_PAID_FRONT_FORFEITED"
    return "FRONT_PAID_FINAL_NOPAID" if state.deposit_at is not None else "FRONT_NOPAID_FINAL_NOPAID"


def trade_record(state: OrderState, fields: frozenset[str], order_fields: frozenset[str]) -> dict[str, Any]:
    order, buyer = state.order, state.order.buyer
    single = len(order.lines) == 1
    lines = order.lines
    whole = order.goods + order.shipping
    values: dict[str, Any] = {
        "tid": order.id,
        "tid_str": str(order.id),
        "status": trade_status(state),
        "type": order.type,
        "title": order.shop.title,
        "seller_nick": order.shop.seller,
        "num": lines[0].quantity if single else 0,
        "num_iid": num_iid(lines[0]),
        "price": yuan(lines[0].unit_price),
        "total_fee": yuan(sum(line.list_amount for line in lines)),
        "payment": yuan(max(whole - state.refunded, 0)),
        "post_fee": yuan(order.shipping),
        "discount_fee": yuan(sum(line.item_discount + line.order_discount for line in lines)),
        "adjust_fee": yuan(lines[0].adjustment if single else 0),
        "platform_subsidy_fee": yuan(sum(line.subsidy for line in lines)),
        "received_payment": yuan(max(whole - state.refunded, 0) if state.status == tl.COMPLETED else 0),
        "created": wall(order.timeline.created),
        "modified": wall(state.modified),
        "pay_time": wall(state.paid_at if state.paid_at is not None else state.deposit_at),
        "consign_time": wall(state.shipped_at),
        "end_time": wall(state.ended_at),
        "shipping_type": "free" if order.shipping == 0 else "express",
        "seller_flag": {"brushed": 5, "test": 4}.get(state.exclusion or "", 1 if state.is_edited else 0),
        "seller_memo": "已联系买家" if state.is_edited else None,
        "has_buyer_message": order.index % 9 == 0,
        "coupon_fee": 0,
        "alipay_point": 0,
        "trade_from": "WAP,WAP",
        "credit_card_fee": "0.00",
        "order_tax_fee": "0.00",
        "seller_rate": False,
        "buyer_rate": False,
        "pic_path": f"https://img.example/{lines[0].item.key}.jpg",
    }
    if order.timeline.flow == "presale":
        values["step_trade_status"] = step_status(state)
        paid = whole if state.paid_at is not None else order.deposit if state.deposit_at is not None else 0
        values["step_paid_fee"] = yuan(paid)
    if buyer is not None:
        values |= {
            "buyer_nick": buyer.nick,
            "buyer_open_uid": buyer.open_uid,
            "oaid": f"1{buyer.key}Masked",
            "receiver_name": buyer.name,
            "receiver_state": buyer.state,
            "receiver_city": buyer.city,
            "receiver_district": buyer.district,
            "receiver_town": f"{buyer.district}街道",
            "receiver_address": buyer.address,
            "receiver_zip": "310000",
            "receiver_mobile": buyer.phone,
            "receiver_phone": buyer.phone,
            "receiver_country": "",
            "buyer_email": buyer.email,
            "invoice_name": buyer.company or None,
            "buyer_message": f"请放门口 {buyer.phone}" if order.index % 9 == 0 else None,
        }
    out = {name: value for name in fields if (value := values.get(name)) is not None}
    if order_fields:
        out["orders"] = {"order": [sub_order(state, line, order_fields) for line in order.lines]}
    if "promotion_details" in fields and any(line.order_discount for line in lines):
        amount = yuan(sum(line.order_discount for line in lines))
        out["promotion_details"] = {
            "promotion_detail": [
                {
                    "id": order.id,
                    "promotion_name": "满300减30",
                    "discount_fee": amount,
                    "promotion_id": "mjs-30",
                }
            ]
        }
    return out


def num_iid(line: Line) -> int:
    return 620_000_000_000 + line.item.number


def sku_id(line: Line) -> str:
    return str(5_100_000_000_000 + line.item.number * 100 + line.sku)


def sub_order_id(state: OrderState, line: Line) -> int:
    """A trade with one line has its own id as oid."""
    return state.order.id if len(state.order.lines) == 1 else state.order.id + line.number


def refund_of(state: OrderState, line: Line) -> RefundState | None:
    for refund in reversed(state.refunds):
        if (refund.refund.plan.line or 1) == line.number:
            return refund
    return None


def sub_order(state: OrderState, line: Line, fields: frozenset[str]) -> dict[str, Any]:
    order, refund = state.order, refund_of(state, line)
    single = len(order.lines) == 1
    status = trade_status(state)
    whole_back = (
        refund is not None
        and refund.refunded_at is not None
        and refund.refund.plan.part in (tl.FULL, tl.LINE)
    )
    if whole_back and status not in ("TRADE_FINISHED", "TRADE_CLOSED"):
        status = "TRADE_CLOSED"
    name = line.item.skus[line.sku][1]
    values: dict[str, Any] = {
        "oid": sub_order_id(state, line),
        "oid_str": str(sub_order_id(state, line)),
        "num_iid": num_iid(line),
        "sku_id": sku_id(line),
        "outer_iid": line.item.key,
        "outer_sku_id": f"{line.item.key}-{line.item.skus[line.sku][0]}",
        "title": line.item.chinese,
        "sku_properties_name": f"规格:{name}",
        "price": yuan(line.unit_price),
        "num": line.quantity,
        "total_fee": yuan(line.net),
        "discount_fee": yuan(line.item_discount),
        "adjust_fee": yuan(line.adjustment),
        "payment": yuan(line.paid + order.shipping if single else line.net),
        "divide_order_fee": yuan(line.paid),
        "part_mjz_discount": yuan(line.order_discount),
        "platform_subsidy_fee": yuan(line.subsidy),
        "refund_status": "NO_REFUND" if refund is None else refund_status(refund),
        "refund_id": None if refund is None else str(refund.refund.id),
        "status": status,
        "end_time": wall(state.ended_at),
        "consign_time": wall(state.shipped_at),
        "logistics_company": "圆通速递" if state.shipped_at else None,
        "invoice_no": f"YT{order.id % 10**13:013d}" if state.shipped_at else None,
        "cid": line.item.category_id,
        "is_daixiao": False,
        "store_code": "WH01",
        "sub_order_tax_fee": "0.00",
        "pic_path": f"https://img.example/{line.item.key}.jpg",
        "shipping_type": "express",
        "seller_type": "B" if "tmall" in order.shop.store else "C",
    }
    out = {key: value for key in fields if (value := values.get(key)) is not None}
    if "undocumented" in fields and order.index % 31 == 0:
        out["nr_outer_score"] = {"level": "A", "points": 9_007_199_254_740_993 + order.index}
    return out


def refund_status(refund: RefundState) -> str:
    return {
        tl.ASKED: "WAIT_SELLER_AGREE",
        tl.AGREED: "WAIT_BUYER_RETURN_GOODS",
        tl.RETURNING: "WAIT_SELLER_CONFIRM_GOODS",
        tl.REFUNDED: "SUCCESS",
        tl.WITHDRAWN: "CLOSED",
    }[refund.phase]
