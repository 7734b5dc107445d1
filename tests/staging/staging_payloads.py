"""Payloads as the vendors' documents show them (platforms-cn §1, §16, §21, platforms-global §2), after landing."""

from __future__ import annotations

from typing import Any


def trade(status: str, modified: str, **fields: Any) -> dict[str, Any]:
    """The documented trade example (TOP): two pieces at 100 yuan, half price, five yuan of postage."""
    return {
        "tid": 2231958349123456,
        "tid_str": "2231958349123456",
        "type": "fixed",
        "status": status,
        "title": "A",
        "seller_nick": "A",
        "num": 2,
        "seller_flag": 0,
        "created": "2026-01-05 10:00:00",
        "pay_time": "2026-01-05 10:01:02",
        "modified": modified,
        "payment": "105.00",
        "total_fee": "200.00",
        "post_fee": "5.00",
        "discount_fee": "100.00",
        "buyer_key": "b1",
        "receiver_state": "浙江省",
        "orders": {
            "order": [
                {
                    "oid": 2231958349123457,
                    "num_iid": 1489161932,
                    "sku_id": "33242",
                    "num": 2,
                    "price": "100.00",
                    "total_fee": "100.00",
                    "payment": "105.00",
                    "divide_order_fee": "100.00",
                    "refund_status": "NO_REFUND",
                    "title": "灯",
                    "cid": 50012,
                    "is_daixiao": False,
                }
            ]
        },
        **fields,
    }


def refund(status: str, modified: str, **fields: Any) -> dict[str, Any]:
    """A refund of the whole line of the documented trade, asked for before it was shipped."""
    return {
        "refund_id": "9001",
        "tid": 2231958349123456,
        "oid": 2231958349123457,
        "status": status,
        "order_status": "WAIT_SELLER_SEND_GOODS",
        "has_good_return": False,
        "refund_fee": "100.00",
        "dispute_type": "REFUND",
        "reason": "不喜欢",
        "created": "2026-01-05 11:00:00",
        "modified": modified,
        **fields,
    }


def woo_product(category: str, modified: str) -> dict[str, Any]:
    """A lamp of one variation."""
    return {
        "id": 93,
        "name": "Lamp",
        "status": "publish",
        "price": "9",
        "regular_price": "",
        "stock_quantity": None,
        "date_created_gmt": "2025-12-01T00:00:00",
        "date_modified_gmt": modified,
        "categories": [{"id": 1, "name": category}],
        "variations_detail": [{"id": 94, "price": "9", "regular_price": "10", "stock_quantity": 3}],
    }


def woo_order(
    status: str = "processing", modified: str = "2026-01-05T03:00:00", **fields: Any
) -> dict[str, Any]:
    """The documented order shape: total 29.35 with a coupon, postage and tax."""
    return {
        "id": 727,
        "parent_id": 0,
        "number": "727",
        "status": status,
        "currency": "USD",
        "customer_id": 26,
        "buyer_key": "w26",
        "payment_method": "stripe",
        "prices_include_tax": False,
        "created_via": "checkout",
        "date_created": "2026-01-04T22:00:00",
        "date_created_gmt": "2026-01-05T03:00:00",
        "date_modified": modified,
        "date_modified_gmt": modified,
        "date_paid": "2026-01-04T22:00:08",
        "date_paid_gmt": "2026-01-05T03:00:08",
        "date_completed": None,
        "date_completed_gmt": None,
        "discount_total": "2.00",
        "shipping_total": "10.00",
        "total_tax": "1.35",
        "total": "29.35",
        "line_items": [
            {
                "id": 315,
                "name": "Woo Single #1",
                "product_id": 93,
                "variation_id": 0,
                "quantity": 2,
                "subtotal": "20.00",
                "subtotal_tax": "1.50",
                "total": "18.00",
                "total_tax": "1.35",
                "price": 9.0,
                "meta_data": [],
            }
        ],
        "fee_lines": [],
        "coupon_lines": [{"id": 5, "code": "x", "discount": "2.00"}],
        "shipping_lines": [{"id": 317, "method_id": "flat_rate", "total": "10.00", "total_tax": "0.00"}],
        "refunds": [],
        "meta_data": [{"id": 9007199254740993, "key": "_wcpay_mode", "value": "prod"}],
        **fields,
    }


def woo_refund(**fields: Any) -> dict[str, Any]:
    """The documented refund shape: amount positive, lines negative."""
    return {
        "id": 726,
        "date_created_gmt": "2026-01-08T01:07:40",
        "amount": "9.68",
        "reason": "",
        "line_items": [
            {
                "id": 314,
                "name": "Woo Single #1",
                "quantity": -1,
                "total": "-9.00",
                "total_tax": "-0.68",
                "meta_data": [{"id": 2076, "key": "_refunded_item_id", "value": "315"}],
            }
        ],
        "shipping_lines": [],
        "fee_lines": [],
        **fields,
    }


def ad(promotion: str, cost: str, conversions: str) -> dict[str, Any]:
    """A row of report/custom/get: everything text."""
    return {
        "dimensions": {
            "stat_time_day": "2026-01-05",
            "cdp_project_id": "7000000000000000001",
            "cdp_project_name": "春季",
            "cdp_promotion_id": promotion,
            "cdp_promotion_name": "灯",
        },
        "metrics": {"stat_cost": cost, "show_cnt": "10000", "click_cnt": "230", "convert_cnt": conversions},
    }


def rate(oid: int, result: str) -> dict[str, Any]:
    """The documented shape of a review, as far as it is asked for."""
    return {
        "id": oid,
        "tid": 2231958349123456,
        "oid": oid,
        "role": "buyer",
        "result": result,
        "created": "2026-01-05 23:30:00",
        "num_iid": 1489161932,
        "valid_score": True,
        "review_date": "2026-01-05",
    }


def woo_review(review: int, **fields: Any) -> dict[str, Any]:
    """The documented review shape, without whoever wrote it."""
    return {
        "id": review,
        "date_created": "2026-01-04T22:00:00",
        "date_created_gmt": "2026-01-05T03:00:00",
        "product_id": 93,
        "status": "approved",
        "rating": 5,
        "verified": True,
        "review_date": "2026-01-04",
        **fields,
    }


def visit(name: str | None, visitors: Any, gran: str = "day", device: str = "all") -> dict[str, Any]:
    """A row of source/all/a (a name) or of trend/time/a (None), its values zipped with the field list."""
    return {
        "report": "trend" if name is None else "source",
        "gran": gran,
        "device": device,
        "date": "2026-01-05",
        "entry": name or "total",
        "source": {"name": name} if name else None,
        "pv_count": "1,234",
        "visit_count": 40,
        "visitor_count": visitors,
        "new_visitor_count": "--",
        "bounce_ratio": 37.5,
        "avg_visit_time": 61,
    }


def invoice(**fields: Any) -> dict[str, Any]:
    """A canonical order out of a dropped file."""
    return {
        "order_id": "536365",
        "created_at": "2010-12-01T08:26:00Z",
        "paid_at": "2010-12-01T08:26:00Z",
        "buyer_key": "f17850",
        "currency": "GBP",
        "region": "United Kingdom",
        "order_state": "completed",
        "source_file": "retail.parquet",
        "lines": [
            {
                "line_id": "1",
                "product_id": "85123A",
                "product_name": "HEART HOLDER",
                "line_class": "product",
                "quantity": "6",
                "list_amount": "15.30",
                "line_amount": "15.30",
            },
            {
                "line_id": "2",
                "product_id": "POST",
                "product_name": "POSTAGE",
                "line_class": "shipping",
                "quantity": "1",
                "list_amount": "18.00",
                "line_amount": "18.00",
            },
        ],
        **fields,
    }
