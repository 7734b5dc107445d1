"""Products as /product/listV2 shows them: amounts in fen, times in seconds, no SKUs and no stock."""

from __future__ import annotations

from typing import Any

from extractors.sandbox import market
from extractors.sandbox.buyers import CANARY
from extractors.sandbox.catalogue import ProductView

PRODUCT_STATUSES = frozenset({"0", "1", "2"})
"""On line, off line, deleted."""


def product_record(view: ProductView) -> dict[str, Any]:
    """One product. Off line it was taken off by the shop, banned, or waits to be put on line."""
    item, price = view.item, min(view.prices)
    return {
        "product_id": market.goods_id(item),
        "product_id_str": str(market.goods_id(item)),
        "outer_product_id": item.key,
        "out_product_id": 0,
        "name": item.chinese,
        "img": f"https://img.example/{item.key}.jpg",
        "status": 0 if view.is_on_sale else 1,
        "check_status": 3 if view.is_on_sale else (3, 5, 7)[item.number % 3],
        "product_type": 0,
        "market_price": price * 12 // 10,
        "discount_price": price,
        "pay_type": 1,
        "recommend_remark": "",
        "mobile": f"138{CANARY}",
        "category_detail": {
            "first_cid": item.category_id,
            "first_cname": item.category[0],
            "second_cid": item.category_id + 1,
            "second_cname": item.category[1],
            "third_cid": 0,
            "third_cname": "",
            "fourth_cid": 0,
            "fourth_cname": "",
        },
        "create_time": view.listed,
        "update_time": view.modified,
    }
