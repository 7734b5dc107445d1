"""A merchant whose platforms send what they should not: three ordinary weeks, and one record of every bad kind.

Everything bad is paid on 2026-11-10 in jade_tmall, twin_tmall or reef_us, where nothing else happens that day.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from world import Row, World

READ_UNTIL = datetime(2026, 11, 14, 16, tzinfo=UTC)
REFUNDS_READ_UNTIL = datetime(2026, 11, 11, 16, tzinfo=UTC)  # midnight before the 12th in Shanghai
BAD_DAY = date(2026, 11, 10)
SOLD_DAY, BACK_DAY = date(2026, 10, 29), date(2026, 11, 3)
STORES = {
    "jade_tmall": ("taobao__jade", "Asia/Shanghai", "CNY"),
    "opal_tmall": ("taobao__opal", "Asia/Shanghai", "CNY"),
    "twin_tmall": ("taobao__twin", "Asia/Shanghai", "CNY"),
    "reef_us": ("woocommerce__reef", "America/New_York", "USD"),
}

TWIN = "taobao__twin_too"


def make_bad_world() -> World:
    world = World()
    for store, (account, zone, currency) in STORES.items():
        _book(world, store, account, zone, currency)
        for day in range(18):
            if date(2026, 10, 26) + timedelta(days=day) != BAD_DAY:
                order(world, store, f"usual-{day}", day=date(2026, 10, 26) + timedelta(days=day))
    # Its after-sales have not been read for three days, its orders have.
    world.books["stream_status"].append(
        {
            "account_id": "taobao__opal",
            "stream": "refunds",
            "mark_end": REFUNDS_READ_UNTIL,
            "last_read_at": REFUNDS_READ_UNTIL,
        }
    )
    # One order id in two stores of one platform, each with its own line and refund.
    order(world, "jade_tmall", "same", amount=30)
    order(world, "opal_tmall", "same", amount=70)
    refund(world, "opal_tmall", "same", amount=20)
    order(world, "jade_tmall", "no lines", amount=None, buyer_paid_total=Decimal("58.00"))
    line(world, "jade_tmall", "nowhere", 19)
    refund(world, "jade_tmall", "unheard of", amount=12)
    order(world, "jade_tmall", "less than nothing", amount=-50)
    order(world, "jade_tmall", "a slip of the point", amount=99_999_999)
    line(world, "jade_tmall", "same", -5, line_id="back", quantity=Decimal(-1))
    order(world, "reef_us", "in shells", amount=10, currency="XXX")
    order(world, "reef_us", "in nothing", amount=10, currency=None)
    order(world, "reef_us", "in dollars", amount=10, product_id="p2")
    order(world, "jade_tmall", "of no kind", amount=40, category_path=None, product_id=None)
    order(world, "jade_tmall", "of nobody", amount=25, buyer_key=None)
    order(world, "jade_tmall", "in limbo", amount=15, order_state="unknown", source_status="WAIT_AND_SEE")
    order(world, "jade_tmall", "unpaid", amount=15, order_state="created", paid_at=None)
    refund(world, "jade_tmall", "unpaid", amount=15)
    refund(world, "jade_tmall", "of nobody", amount=1000)
    refund(world, "jade_tmall", "in limbo", amount=15, refund_state="unknown")
    _give_back_in_no_known_money(world)
    _tell_twice(world)
    return world


def _give_back_in_no_known_money(world: World) -> None:
    """Of two orders of one day 6 yuan came back, and 4 of what nobody has a rate for."""
    order(world, "opal_tmall", "beside", amount=30, day=SOLD_DAY)
    at = _at("opal_tmall", BACK_DAY)
    refund(world, "opal_tmall", "beside", amount=6, refunded_at=at)
    refund(world, "opal_tmall", "usual-3", amount=4, refunded_at=at, currency="RMB")


def _tell_twice(world: World) -> None:
    """A shop that two accounts read, each with tokens of its own: one is behind, and each knows an order alone."""
    first, second = STORES["twin_tmall"][0], TWIN
    _book(world, "twin_tmall", second, *STORES["twin_tmall"][1:])
    noon = _at("twin_tmall", BAD_DAY)
    for account, amount, modified in [(first, 100, noon), (second, 60, noon + timedelta(hours=3))]:
        told = {"account_id": account}
        order(world, "twin_tmall", "by both", amount=None, modified_at=modified, **told)
        line(world, "twin_tmall", "by both", amount, **told)
        refund(world, "twin_tmall", "by both", amount=amount // 10, load_id=amount, **told)
        order(world, "twin_tmall", f"by {account}", amount=None, **told)
        line(world, "twin_tmall", f"by {account}", amount // 20, **told)
    # What the later one has no lines of is worth the other's; an item it no longer has is gone.
    line(world, "twin_tmall", "by both", 1, line_id="taken off", account_id=first)
    order(
        world, "twin_tmall", "headless", amount=None, modified_at=noon + timedelta(hours=1), account_id=second
    )
    order(world, "twin_tmall", "headless", amount=7, account_id=first)


def _book(world: World, store: str, account: str, zone: str, currency: str) -> None:
    platform = account.split("__")[0]
    first = datetime(2026, 10, 26, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    world.books["accounts"].append(
        {
            "account_id": account,
            "platform": platform,
            "name": store,
            "store_id": store,
            "time_zone": zone,
            "currency": currency,
            "is_active": True,
        }
    )
    world.books["stream_status"].append(
        {"account_id": account, "stream": "orders", "mark_end": READ_UNTIL, "last_read_at": READ_UNTIL}
    )
    world.books["ledger"].append(
        {
            "load_id": 1,
            "manifest_id": account,
            "platform": platform,
            "account_id": account,
            "stream": "orders",
            "kind": "cursor",
            "window_start": first,
            "window_end": READ_UNTIL,
            "read_at": READ_UNTIL,
            "rows": 1,
            "rows_new": 1,
            "loaded_at": READ_UNTIL,
        }
    )


def _base(store: str) -> Row:
    account = STORES[store][0]
    return {"platform": account.split("__")[0], "account_id": account, "store_id": store, "load_id": 1}


def _at(store: str, day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(STORES[store][1])).astimezone(UTC)


def order(
    world: World, store: str, order_id: str, *, amount: int | None = 20, day: date = BAD_DAY, **changes: Any
) -> None:
    """An order of one line over `amount`, or of none; `changes` go where the column stands."""
    of_line = {name: changes.pop(name) for name in ("category_path", "product_id") if name in changes}
    paid = _at(store, day)
    row: Row = {
        **_base(store),
        "order_id": order_id,
        "buyer_key": f"buyer of {order_id}",
        "currency": STORES[store][2],
        "order_state": "completed",
        "order_type": "standard",
        "created_at": paid,
        "paid_at": paid,
        "modified_at": paid,
        "source_status": "DONE",
        "loaded_at": READ_UNTIL,
    }
    world.streams["orders"].append({**row, **changes})
    if amount is not None:
        line(world, store, order_id, amount, **of_line)


def line(world: World, store: str, order_id: str, amount: int, **changes: Any) -> None:
    row: Row = {
        **_base(store),
        "order_id": order_id,
        "line_id": "1",
        "product_id": "p1",
        "sku_id": "p1-1",
        "product_name": "Lamp",
        "category_path": "Home > Light",
        "line_class": "product",
        "quantity": Decimal(1),
        "list_amount": Decimal(amount),
        "merchant_item_discount": Decimal(0),
        "line_platform_subsidy": Decimal(0),
        "line_amount": Decimal(amount),
        "line_tax": Decimal(0),
    }
    world.streams["order_lines"].append({**row, **changes})


def refund(world: World, store: str, order_id: str, *, amount: int, **changes: Any) -> None:
    at = _at(store, BAD_DAY) + timedelta(hours=1)
    row: Row = {
        **_base(store),
        "refund_id": f"refund of {order_id}",
        "order_id": order_id,
        "refund_state": "success",
        "refund_type": "refund_only",
        "requested_at": at,
        "refunded_at": at,
        "refund_amount": Decimal(amount),
        "quantity": Decimal(1),
        "currency": STORES[store][2],
    }
    world.streams["refunds"].append({**row, **changes})
