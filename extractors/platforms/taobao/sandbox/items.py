"""The shop's goods on its two shelves (API 18 and `items.inventory.get`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from extractors.sandbox.catalogue import ProductView
from extractors.sandbox.control import Fault
from extractors.sandbox.market import wall, yuan

from .call import Call, listing
from .parameters import instant, invalid, number_of


def items_onsale(call: Call, fault: Fault | None) -> dict[str, Any]:
    """taobao.items.onsale.get."""
    return _items(call, fault, lambda p: p.is_on_sale)


def items_inventory(call: Call, fault: Fault | None) -> dict[str, Any]:
    """taobao.items.inventory.get: what is not on sale, and unless told, neither sold out nor taken off by the
    platform."""
    banner = call.params.get("banner", "for_shelved")
    if banner not in BANNERS:
        raise invalid(f"banner must be one of {', '.join(BANNERS)}")
    return _items(call, fault, lambda p: not p.is_on_sale and banner in _banners(p))


BANNERS = ("regular_shelved", "never_on_shelf", "off_shelf", "for_shelved", "sold_out", "violation_off_shelf")


def _banners(product: ProductView) -> tuple[str, ...]:
    """Why an item is off sale, in the words of the page."""
    reason = ("off_shelf", "violation_off_shelf", "sold_out")[product.item.number % 3]
    return ("off_shelf", "for_shelved") if reason == "off_shelf" else (reason,)


def _items(call: Call, fault: Fault | None, is_asked: Callable[[ProductView], bool]) -> dict[str, Any]:
    start = instant(call.params, "start_modified", 0)
    end = instant(call.params, "end_modified", call.now)
    column, _, direction = call.params.get("order_by", "list_time:desc").partition(":")
    keys: dict[str, Callable[[ProductView], Any]] = {
        "list_time": lambda p: (p.listed, p.item.number),
        "modified": lambda p: (p.modified, p.item.number),
        "num": lambda p: (sum(p.stock), p.item.number),
    }
    if column not in keys or direction not in ("asc", "desc"):
        raise invalid("order_by must be list_time, modified or num with :asc or :desc")
    found = [
        p
        for p in call.desk.world.products(call.shop.store, call.now)
        if is_asked(p)
        and start <= p.modified <= end
        and call.params.get("q", "") in p.item.chinese
        and call.params.get("cid", str(p.item.category_id)) == str(p.item.category_id)
    ]
    found.sort(key=keys[column], reverse=direction == "desc")
    if number_of(call.params, "page_no", 1) * number_of(call.params, "page_size", 40) > 20_000:
        raise invalid("page_no * page_size must not exceed 20000")
    return listing(call, found, "items", "item", lambda p: item_record(call, p), fault, 200)


def item_record(call: Call, product: ProductView) -> dict[str, Any]:
    item = product.item
    values: dict[str, Any] = {
        "num_iid": 620_000_000_000 + item.number,
        "title": item.chinese,
        "nick": call.shop.seller,
        "type": "fixed",
        "cid": item.category_id,
        "pic_url": f"https://img.example/{item.key}.jpg",
        "num": sum(product.stock),
        "props": "",
        "price": yuan(min(product.prices)),
        "list_time": wall(product.listed),
        "delist_time": wall(product.listed + 7 * 86_400),
        "modified": wall(product.modified),
        "approve_status": "onsale" if product.is_on_sale else "instock",
        "outer_id": item.key,
        "seller_cids": f",{item.category_id % 1000},",
        "has_discount": False,
        "has_invoice": True,
        "has_showcase": False,
        "valid_thru": 7,
        "sold_quantity": item.number * 13,
        "postage_id": 0,
    }
    return {name: value for name in call.fields if (value := values.get(name)) is not None}
