"""Refunds as the API shows them."""

from __future__ import annotations

from typing import Any

from extractors.sandbox import timeline as tl
from extractors.sandbox.orders import OrderState, RefundLine, RefundState

from .call import Call
from .orders import item_product, money_of, names_of, stamps, typed_reason


def refund_record(call: Call, state: OrderState, found: RefundState) -> dict[str, Any]:
    order, refund = state.order, found.refund
    shipped_back = refund.shipping or (refund.plan.part == tl.SHIPPING_ONLY and order.shipping)
    shipping_tax = refund.tax - sum(part.tax for part in refund.lines)
    return {
        "id": refund.id,
        "parent_id": order.id,
        **stamps(call.shop, "date_created", found.created),
        "amount": money_of(refund.amount),
        "reason": typed_reason(state, refund),
        "refunded_by": 1,
        "refunded_payment": order.payment not in ("cod", "bacs"),
        "meta_data": [],
        "line_items": [refund_line(call, refund.id, part) for part in refund.lines],
        "shipping_lines": [
            {
                "id": refund.id * 10 + 8,
                "method_title": "Flat rate",
                "method_id": "flat_rate",
                "instance_id": "1",
                "total": money_of(-refund.shipping),
                "total_tax": money_of(-shipping_tax),
                "taxes": [],
                "meta_data": [],
            }
        ]
        if shipped_back
        else [],
        "tax_lines": [],
        "fee_lines": [],
    }


def refund_line(call: Call, refund_id: int, part: RefundLine) -> dict[str, Any]:
    product, variation = item_product(part.line)
    return {
        "id": refund_id * 10 + part.line.number,
        "name": names_of(call, part.line)[0],
        "product_id": product,
        "variation_id": variation,
        "quantity": -part.quantity,
        "tax_class": "",
        "subtotal": money_of(-part.goods),
        "subtotal_tax": money_of(-part.tax),
        "total": money_of(-part.goods),
        "total_tax": money_of(-part.tax),
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
