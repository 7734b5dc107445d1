"""Our names: what a mapping's columns may be called, what kind of value each holds, and in which rows."""

from __future__ import annotations

from typing import Literal

Kind = Literal["id", "text", "decimal", "instant", "buyer"]
Row = Literal["order_line", "order", "refund"]

_LINE: dict[str, Kind] = {
    "line_id": "id",
    "product_id": "id",
    "sku_id": "id",
    "product_name": "text",
    "category_path": "text",
    "quantity": "decimal",
    "unit_price": "decimal",
    "list_amount": "decimal",
    "merchant_item_discount": "decimal",
    "line_amount": "decimal",
}
_ORDER: dict[str, Kind] = {
    "order_id": "id",
    "created_at": "instant",
    "paid_at": "instant",
    "buyer": "buyer",
    "region": "text",
    "payment_type": "text",
    "shipping_charged": "decimal",
    "tax": "decimal",
    "order_discount": "decimal",
    "platform_subsidy": "decimal",
    "buyer_paid_total": "decimal",
}
_REFUND: dict[str, Kind] = {
    "refund_id": "id",
    "refunded_at": "instant",
    "refund_amount": "decimal",
    "refund_goods": "decimal",
    "refund_shipping": "decimal",
    "refund_tax": "decimal",
    "reason": "text",
}
# Read for the rules only (states, line classes, exclusions); they do not travel further.
_RULES: dict[str, Kind] = {"status": "text", "line_type": "text", "tag": "text"}

FIELDS: dict[Row, dict[str, Kind]] = {
    "order_line": {**_ORDER, **_LINE, "reason": "text", **_RULES},
    "order": {**_ORDER, **_LINE, **_REFUND, **_RULES},
    "refund": {**_REFUND, "order_id": "id", "buyer": "buyer", "quantity": "decimal", **_RULES},
}
INSTANTS = ("created_at", "paid_at", "refunded_at")
CURRENCY = "currency"

LINE_CLASSES = (
    "product", "shipping", "fee", "discount", "sample",
    "gift_card", "test", "manual", "bad_debt", "adjustment",
)  # fmt: skip
ORDER_STATES = (
    "created", "deposit_paid", "paid", "shipped", "delivered", "completed", "closed_unpaid", "cancelled",
)  # fmt: skip
EXCLUDE_REASONS = ("test", "staff", "brushed", "deleted")
