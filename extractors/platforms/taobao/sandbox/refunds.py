"""Refunds: listed by change, and one in full (API 52, 53)."""

from __future__ import annotations

from typing import Any

from extractors.sandbox import timeline as tl
from extractors.sandbox.book import Row, refund_state
from extractors.sandbox.control import Fault
from extractors.sandbox.desk import Refusal
from extractors.sandbox.market import wall, yuan
from extractors.sandbox.orders import OrderState, RefundState

from .call import Call, listing
from .parameters import HISTORY, choice, instant, invalid, top_error, trade_types
from .trades import find, num_iid, refund_status, sku_id, sub_order_id, trade_status
from .words import DEFAULT_REFUND_TYPES, REFUND_STATUSES


def refunds(call: Call, fault: Fault | None) -> dict[str, Any]:
    """taobao.refunds.receive.get: by modified time, newest first."""
    start = instant(call.params, "start_modified", call.now - int(HISTORY.total_seconds()))
    end = instant(call.params, "end_modified", call.now)
    if end < start:
        raise invalid("end_modified is before start_modified")
    types = trade_types(call.params, DEFAULT_REFUND_TYPES)
    status = choice(call.params, "status", REFUND_STATUSES)
    rows = call.book.refunds_modified_between(start, end, call.now)[::-1]
    wanted = [row for row in rows if call.book.order(row.day, row.index).type in types]

    def find(row: Row) -> tuple[OrderState, RefundState]:
        state = call.book.state(row.day, row.index, call.now)
        refund = refund_state(state, row.refund) if state is not None else None
        if state is None or refund is None:
            raise LookupError(f"a listed refund does not exist: {row}")
        return state, refund

    if status is not None:
        wanted = [row for row in wanted if refund_status(find(row)[1]) == status]
    return listing(
        call, wanted, "refunds", "refund", lambda row: refund_record(*find(row), call.fields), fault, 100
    )


def refund(call: Call, fault: Fault | None) -> dict[str, Any]:
    """taobao.refund.get."""
    state = find(call, call.params["refund_id"])
    number = int(call.params["refund_id"]) % 10_000 - 9_000 if state is not None else 0
    found = refund_state(state, number) if state is not None else None
    if state is None or found is None:
        raise Refusal(top_error(15, "Remote service error", "isv.refund-not-exist", "refund does not exist"))
    return {"refund": refund_record(state, found, call.fields)}


def refund_record(state: OrderState, found: RefundState, fields: frozenset[str]) -> dict[str, Any]:
    order, refund = state.order, found.refund
    line = order.lines[(refund.plan.line or 1) - 1]
    buyer = order.buyer
    back = refund.plan.goods_return
    done = found.refunded_at is not None
    paid = line.paid + (order.shipping if len(order.lines) == 1 else 0)
    values: dict[str, Any] = {
        "refund_id": str(refund.id),
        "tid": order.id,
        "oid": sub_order_id(state, line),
        "status": refund_status(found),
        "order_status": trade_status(state),
        "has_good_return": back,
        "good_status": "BUYER_NOT_RECEIVED"
        if refund.plan.before_shipment
        else "BUYER_RETURNED_GOODS"
        if back and found.phase in (tl.RETURNING, tl.REFUNDED)
        else "BUYER_RECEIVED",
        "refund_fee": yuan(refund.amount),
        "total_fee": yuan(paid),
        "payment": yuan(max(paid - refund.amount, 0)),
        "reason": refund.reason,
        "created": wall(found.created),
        "modified": wall(found.modified),
        "refund_phase": "aftersale"
        if state.completed_at and found.created >= state.completed_at
        else "onsale",
        "dispute_type": "REFUND_AND_RETURN" if back else "REFUND",
        "refund_version": found.modified * 1000,
        "outer_id": line.item.key,
        "sku": f"{sku_id(line)}|规格:{line.item.skus[line.sku][1]}",
        "title": line.item.chinese,
        "num": line.quantity,
        "seller_nick": order.shop.seller,
        "shipping_type": "express",
        "company_name": "中通快递" if back and found.phase in (tl.RETURNING, tl.REFUNDED) else None,
        "sid": f"ZT{refund.id % 10**12}" if back and found.phase in (tl.RETURNING, tl.REFUNDED) else None,
        "num_iid": num_iid(line),
        "price": yuan(line.unit_price),
        "end_time": wall(found.modified) if done or found.phase == tl.WITHDRAWN else None,
        "attribute": f";sbx:{refund.id % 97};",
    }
    if buyer is not None:
        values |= {
            "buyer_nick": buyer.nick,
            "buyer_open_uid": buyer.open_uid,
            "desc": f"请联系 {buyer.phone}",
            "alipay_no": buyer.email,
            "address": f"{buyer.name},{buyer.phone},{buyer.address}",
        }
    return {name: value for name in fields if (value := values.get(name)) is not None}
