"""What the REST API's pages name: statuses, parameters, versions."""

from __future__ import annotations

from extractors.sandbox import timeline as tl

TIMESTAMP_TOLERANCE = 900
VERSION = "11.0.1"

STATUSES = frozenset(
    {
        "any",
        "pending",
        "processing",
        "on-hold",
        "completed",
        "cancelled",
        "refunded",
        "failed",
        "trash",
        "checkout-draft",
    }
)
ORDER_STATUS = {
    tl.CREATED: "pending",
    tl.ON_HOLD: "on-hold",
    tl.FAILED: "failed",
    tl.PAID: "processing",
    tl.SHIPPED: "processing",
    tl.COMPLETED: "completed",
    tl.CLOSED_UNPAID: "cancelled",
    tl.REFUSED: "cancelled",
    tl.CANCELLED: "refunded",
    tl.TRASHED: "trash",
}
PAYMENT_TITLES = {
    "alipay": "支付宝",
    "wechatpay": "微信支付",
    "cod": "Cash on delivery",
    "bacs": "Bank transfer",
    "stripe": "Credit card",
    "paypal": "PayPal",
}
COLLECTION = frozenset(
    {
        "page",
        "per_page",
        "offset",
        "order",
        "orderby",
        "after",
        "before",
        "modified_after",
        "modified_before",
        "dates_are_gmt",
        "include",
        "exclude",
        "search",
        "context",
        "_fields",
    }
)
PAGING = frozenset({"page", "per_page", "offset", "_fields", "dp", "context"})
ORDER_PARAMS = COLLECTION | {
    "status",
    "customer",
    "product",
    "parent",
    "parent_exclude",
    "created_via",
    "dp",
}
PRODUCT_PARAMS = COLLECTION | {
    "status",
    "type",
    "sku",
    "category",
    "stock_status",
    "slug",
    "parent",
    "min_price",
    "max_price",
}
# What may be asked of a review, and not `dates_are_gmt`: its dates are the site's, unless they name a zone.
REVIEW_PARAMS = frozenset(
    [
        "context",
        "page",
        "per_page",
        "search",
        "after",
        "before",
        "exclude",
        "include",
        "offset",
        "order",
        "orderby",
        "reviewer",
        "reviewer_exclude",
        "reviewer_email",
        "product",
        "status",
        "_fields",
    ]
)
REVIEW_STATUSES = frozenset({"all", "hold", "approved", "spam", "trash"})
AUTH = frozenset(
    {
        "oauth_consumer_key",
        "oauth_nonce",
        "oauth_signature",
        "oauth_signature_method",
        "oauth_timestamp",
        "oauth_version",
        "consumer_key",
        "consumer_secret",
    }
)
BEGINNING = 946_684_800
