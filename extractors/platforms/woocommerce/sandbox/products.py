"""Products and their variations as the API shows them."""

from __future__ import annotations

from typing import Any

from extractors.sandbox.catalogue import ProductView

from .call import Call
from .orders import money_of, stamps


def product_number(product: ProductView) -> int:
    return 4_000 + product.item.number * 20


def product_status(product: ProductView) -> str:
    """What is not on sale is private, or was thrown into the trash."""
    if not product.is_on_sale and product.item.number % 2:
        return "trash"
    return "publish" if product.is_on_sale else "private"


def product_record(call: Call, product: ProductView) -> dict[str, Any]:
    item, us = product.item, call.shop.market == "US"
    variable = len(item.skus) > 1
    identity = product_number(product)
    price = money_of(min(product.prices))
    categories = [
        {"id": item.category_id % 100_000 + i, "name": name, "slug": f"c-{item.category_id}-{i}"}
        for i, name in enumerate(category_names(item.category, us))
    ]
    return {
        "id": identity,
        "name": item.english if us else item.chinese,
        "slug": item.key,
        "permalink": f"https://shop.example/product/{item.key}",
        **stamps(call.shop, "date_created", product.listed),
        **stamps(call.shop, "date_modified", product.modified),
        "type": "variable" if variable else "simple",
        "status": product_status(product),
        "featured": False,
        "catalog_visibility": "visible",
        "description": "",
        "sku": item.key,
        "price": price,
        "regular_price": "" if variable else price,
        "sale_price": "",
        "on_sale": False,
        "purchasable": True,
        "total_sales": item.number * 17,
        "virtual": False,
        "manage_stock": not variable,
        "stock_quantity": None if variable else product.stock[0],
        "stock_status": "instock" if sum(product.stock) else "outofstock",
        "backorders": "no",
        "weight": "",
        "average_rating": "4.60",
        "rating_count": item.number,
        "parent_id": 0,
        "categories": categories,
        "tags": [],
        "variations": [identity + 1 + i for i in range(len(item.skus))] if variable else [],
        "meta_data": [],
    }


CATEGORY_ENGLISH = {
    "家居": "Home",
    "灯具": "Lighting",
    "餐具茶具": "Tableware",
    "食品": "Food",
    "蜜饯": "Preserves",
    "茶": "Tea",
}


def category_names(path: tuple[str, ...], us: bool) -> tuple[str, ...]:
    return tuple(CATEGORY_ENGLISH[name] for name in path) if us else path


def variation_record(call: Call, product: ProductView, i: int) -> dict[str, Any]:
    item = product.item
    code, chinese, english, _ = item.skus[i]
    price = money_of(product.prices[i])
    return {
        "id": product_number(product) + 1 + i,
        "type": "variation",
        **stamps(call.shop, "date_created", product.listed),
        **stamps(call.shop, "date_modified", product.modified),
        "description": "",
        "sku": f"{item.key}-{code}",
        "price": price,
        "regular_price": price,
        "sale_price": "",
        "on_sale": False,
        "status": product_status(product),
        "purchasable": True,
        "manage_stock": True if i else "parent",
        "stock_quantity": product.stock[i],
        "stock_status": "instock" if product.stock[i] else "outofstock",
        "attributes": [
            {"id": 1, "name": "Option", "option": english if call.shop.market == "US" else chinese}
        ],
        "parent_id": product_number(product),
        "meta_data": [],
    }
