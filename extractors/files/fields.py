"""The column names that mappings may use, by kind of row, and the kind of value that each column has."""

from __future__ import annotations

from typing import Literal

Kind = Literal[
    "id", "text", "region", "decimal", "instant", "month", "buyer", "period", "seconds",
    "currency", "rate", "cost", "metric",
]  # fmt: skip
Row = Literal[
    "order_line", "order", "refund", "traffic", "product_traffic", "live_session", "rate", "cost", "target"
]  # fmt: skip

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
    "region": "region",
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
# Only used by a mapping's rules (states, line classes, exclusions) and not passed on.
_RULES: dict[str, Kind] = {"status": "text", "line_type": "text", "tag": "text"}

# Figures of a day, week or month, as exported from back offices. Counts of people are distinct within the
# row's own period and may not be added up.
_SOLD: dict[str, Kind] = {
    "buyers_created": "decimal",
    "created_amount": "decimal",
    "buyers": "decimal",
    "orders": "decimal",
    "units": "decimal",
    "paid_amount": "decimal",
}
_TRAFFIC: dict[str, Kind] = {
    "period": "period",
    "source_1": "text",
    "source_2": "text",
    "source_3": "text",
    "device": "text",
    "exposed_visitors": "decimal",
    "clicked_visitors": "decimal",
    "visitors": "decimal",
    "new_visitors": "decimal",
    "sessions": "decimal",
    "page_views": "decimal",
    "bounces": "decimal",
    "seconds": "seconds",
    "product_visitors": "decimal",
    "cart_visitors": "decimal",
    "fav_visitors": "decimal",
    **_SOLD,
}
_PRODUCT_TRAFFIC: dict[str, Kind] = {
    "period": "period",
    "product_id": "id",
    "sku_id": "id",
    "product_name": "text",
    "exposures": "decimal",
    "exposed_visitors": "decimal",
    "search_exposures": "decimal",
    "search_clicks": "decimal",
    "visitors": "decimal",
    "page_views": "decimal",
    "cart_visitors": "decimal",
    "cart_units": "decimal",
    "fav_visitors": "decimal",
    **_SOLD,
}
_LIVE: dict[str, Kind] = {
    "period": "period",
    "live_id": "id",
    "host_id": "id",
    "host_name": "text",
    "started_at": "instant",
    "ended_at": "instant",
    "hours": "decimal",
    "views": "decimal",
    "viewers": "decimal",
    "peak_concurrent": "decimal",
    "average_concurrent": "decimal",
    "seconds_per_viewer": "seconds",
    "comments": "decimal",
    "likes": "decimal",
    "new_fans": "decimal",
    "product_exposures": "decimal",
    "product_clicks": "decimal",
    "exposed_viewers": "decimal",
    "clicked_viewers": "decimal",
    "buyers": "decimal",
    "orders": "decimal",
    "units": "decimal",
    "paid_amount": "decimal",
    "valid_amount": "decimal",
    "refund_amount": "decimal",
    "ad_spend": "decimal",
}

FIELDS: dict[Row, dict[str, Kind]] = {
    "order_line": {**_ORDER, **_LINE, "reason": "text", **_RULES},
    "order": {**_ORDER, **_LINE, **_REFUND, **_RULES},
    # How many units of a currency one US dollar buys. It belongs to no shop.
    "rate": {"currency": "currency", "rate_date": "instant", "units_per_usd": "rate"},
    # What a unit costs the merchant from a day on, in one store or (without a store) in all.
    "cost": {
        "store_id": "text",
        "product_id": "id",
        "sku_id": "id",
        "valid_from": "instant",
        "unit_cost": "cost",
        "currency": "currency",
    },
    # A store's target for the month that contains the day.
    "target": {"store_id": "text", "metric": "metric", "month": "month", "target": "decimal"},
    "refund": {**_REFUND, "order_id": "id", "buyer": "buyer", "quantity": "decimal", **_RULES},
    "traffic": _TRAFFIC,
    "product_traffic": _PRODUCT_TRAFFIC,
    "live_session": _LIVE,
}
# Rows that are figures of a period; a later file replaces a date completely. The columns are the rows' key
# within a period.
REPORTS: dict[Row, tuple[str, ...]] = {
    "traffic": ("device", "source_1", "source_2", "source_3"),
    "product_traffic": ("product_id", "sku_id"),
    "live_session": ("live_id", "host_id", "host_name", "started_at"),
}
# Rows of the merchant's lists (lists.py): a row must have a value in one column of each group.
LISTS: dict[Row, tuple[tuple[str, ...], ...]] = {
    "rate": (("currency",), ("rate_date",), ("units_per_usd",)),
    "cost": (("product_id", "sku_id"), ("valid_from",), ("unit_cost",), ("currency",)),
    "target": (("store_id",), ("metric",), ("month",), ("target",)),
}
TARGET_METRICS = ("net_sales", "paid_amount", "orders_paid", "units_paid")
INSTANTS = ("created_at", "paid_at", "refunded_at", "rate_date", "valid_from", "month")
CURRENCY = "currency"

LINE_CLASSES = (
    "product", "shipping", "fee", "discount", "sample",
    "gift_card", "test", "manual", "bad_debt", "adjustment",
)  # fmt: skip
ORDER_STATES = (
    "created", "deposit_paid", "paid", "shipped", "delivered", "completed", "closed_unpaid", "cancelled",
)  # fmt: skip
EXCLUDE_REASONS = ("test", "staff", "brushed", "deleted")
