"""What is for sale: one catalogue that several shops sell from, with prices that change and stock that
is counted.

A product of a shop changes now and then (a price step, a stock count). The last change at or before
``now`` is found by
walking back from ``now``, never forward from the beginning.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from .dice import Dice, between
from .merchants import Shop
from .season import day_number, day_of

CHANGE_EVERY_DAYS = 5
"""A product changes on average once in this many days."""


@dataclass(frozen=True, slots=True)
class Item:
    """A catalogue entry. ``price`` in yuan; ``skus`` are (suffix, Chinese, English, price factor)."""

    key: str
    number: int
    chinese: str
    english: str
    category: tuple[str, ...]
    category_id: int
    price: int
    popularity: float
    launched: date
    skus: tuple[tuple[str, str, str, float], ...]


_ONE = (("std", "标准", "Standard", 1.0),)
_COLOURS = (("red", "红色", "Red", 1.0), ("ivory", "米白", "Ivory", 1.0), ("moss", "苔绿", "Moss", 1.08))
_SIZES = (("s", "小号", "Small", 0.8), ("m", "中号", "Medium", 1.0), ("l", "大号", "Large", 1.35))
_PACKS = (("250", "250克", "250 g", 1.0), ("500", "500克", "500 g", 1.85))
_OLD = date(2023, 6, 1)

_LIGHT = ("家居", "灯具")
_TABLEWARE = ("家居", "餐具茶具")
_FOOD = ("食品", "蜜饯")
_TEA = ("食品", "茶")

ITEMS: tuple[Item, ...] = (
    Item("paper_lantern", 11, "手工纸灯笼", "Paper lantern", _LIGHT, 50013881, 39, 16, _OLD, _SIZES),
    Item("silk_lantern", 12, "绸面落地灯笼", "Silk floor lantern", _LIGHT, 50013881, 328, 4, _OLD, _COLOURS),
    Item("garden_lamp", 13, "太阳能庭院灯", "Solar garden lamp", _LIGHT, 50013881, 129, 7, _OLD, _ONE),
    Item("desk_lamp", 14, "竹编台灯", "Bamboo desk lamp", _LIGHT, 50013881, 189, 8, _OLD, _COLOURS),
    Item(
        "night_light", 15, "月亮小夜灯", "Moon night light", _LIGHT, 50013881, 59, 12, date(2025, 3, 8), _ONE
    ),
    Item("string_lights", 16, "串灯十米", "String lights 10 m", _LIGHT, 50013881, 45, 11, _OLD, _ONE),
    Item("candle_set", 17, "豆蜡烛礼盒", "Soy candle set", _LIGHT, 50013881, 99, 6, date(2026, 5, 20), _ONE),
    Item("tea_tin", 21, "马口铁茶罐", "Tea tin", _TABLEWARE, 50016349, 29, 8, _OLD, _COLOURS),
    Item("gaiwan", 22, "白瓷盖碗", "Porcelain gaiwan", _TABLEWARE, 50016349, 88, 8, _OLD, _ONE),
    Item("teapot", 23, "紫砂壶", "Clay teapot", _TABLEWARE, 50016349, 458, 2, _OLD, _SIZES),
    Item("tea_towel", 24, "亚麻茶巾", "Linen tea towel", _TABLEWARE, 50016349, 25, 7, _OLD, _COLOURS),
    Item("rice_bowl", 25, "青花饭碗四只装", "Rice bowls, set of 4", _TABLEWARE, 50016349, 118, 5, _OLD, _ONE),
    Item("dried_plum", 31, "话梅", "Dried plums", _FOOD, 50010550, 26, 18, _OLD, _PACKS),
    Item("plum_syrup", 32, "酸梅汤浓缩液", "Plum syrup", _FOOD, 50010550, 35, 12, _OLD, _ONE),
    Item("plum_jam", 33, "青梅果酱", "Green plum jam", _FOOD, 50010550, 32, 9, date(2025, 11, 3), _ONE),
    Item("green_tea", 34, "明前龙井", "Green tea", _TEA, 50010545, 168, 6, _OLD, _PACKS),
    Item("oolong_tea", 35, "岩茶", "Rock oolong", _TEA, 50010545, 148, 6, _OLD, _PACKS),
    Item("gift_box", 36, "节令礼盒", "Seasonal gift box", _TEA, 50010545, 268, 4, _OLD, _ONE),
)

BY_KEY = {item.key: item for item in ITEMS}


@lru_cache(maxsize=32)
def assortment(shop: Shop) -> tuple[Item, ...]:
    """The items that a shop sells, in catalogue order."""
    return tuple(BY_KEY[key] for key in shop.assortment)


@lru_cache(maxsize=8192)
def on_sale(shop: Shop, day: date) -> tuple[tuple[tuple[Item, float], ...], float]:
    """The items launched by ``day`` with their weights, and the weights' sum."""
    offered = tuple((item, item.popularity) for item in assortment(shop) if item.launched <= day)
    return offered, sum(weight for _, weight in offered)


@lru_cache(maxsize=65536)
def price(shop: Shop, item: Item, sku_no: int, day: date) -> int:
    """The list price in minor units on ``day``: a slow yearly rise in steps, ending in .00, .50 or .90."""
    steps = (day - date(2024, 1, 1)).days // 120 + item.number % 3
    factor = item.skus[sku_no][3] * shop.price_factor * (1.0 + 0.015 * steps)
    whole = round(item.price * 100 * factor)
    ending = (0, 50, 90)[item.number % 3]
    return max(whole // 100 * 100 + ending, 190)


@dataclass(frozen=True, slots=True)
class ProductView:
    """A shop's product as its backend shows it at one moment. Times are epoch seconds."""

    item: Item
    modified: int
    listed: int
    prices: tuple[int, ...]
    stock: tuple[int, ...]
    is_on_sale: bool


def _change_on(dice: Dice, item: Item, number: int) -> int | None:
    """The second of the day on which the product changed on this day number, or None."""
    draw = dice.sixteen(item.number, number)
    return between(draw[1], 0, 86_399) if draw[0] < 1.0 / CHANGE_EVERY_DAYS else None


def view(shop: Shop, item: Item, seed: int, now: int) -> ProductView | None:
    """The product at ``now`` (epoch seconds), or None if it is not launched yet."""
    start = item.launched
    listed = int(datetime(start.year, start.month, start.day, 10, tzinfo=shop.zone).timestamp())
    if now < listed:
        return None
    dice = Dice(seed, f"products/{shop.store}")
    number = day_number(datetime.fromtimestamp(now, shop.zone).date())
    modified, changed = listed, day_number(start)
    first = max(day_number(start), number - 120)
    for candidate in range(number, first, -1):
        second = _change_on(dice, item, candidate)
        if second is None:
            continue
        day = day_of(candidate)
        at = int(datetime(day.year, day.month, day.day, tzinfo=shop.zone).timestamp()) + second
        if at <= now:
            modified, changed = at, candidate
            break
    draw = dice.sixteen(item.number, changed, 1)
    day = day_of(changed)
    stock = tuple(between(draw[i], 0, 600) for i in range(len(item.skus)))
    prices = tuple(price(shop, item, i, day) for i in range(len(item.skus)))
    return ProductView(item, modified, listed, prices, stock, draw[10] > 0.04)


def products(shop: Shop, seed: int, now: int) -> list[ProductView]:
    """All launched products of a shop at ``now``, in catalogue order."""
    return [found for item in assortment(shop) if (found := view(shop, item, seed, now)) is not None]
