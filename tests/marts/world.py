"""A small merchant with every awkward habit, as rows of the staging contract, and the warehouse file that holds it.

Three stores in three zones and currencies, one of them long ended; ads in another zone and currency than the store;
traffic whose weekly visitors are not the sum of the days; presales, gift cards, brushed orders, guests, orders without lines,
lines without orders, refunds split, unsplit, too large, of unpaid and of unknown orders. Deterministic by seed.
"""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from world_reports import advertising, outcomes, visits
from world_tables import Row, World
from world_trade import READ_UNTIL, Shop, trade

# Its lines name no category; in the American store the catalogue does, and moved it on 6 November.
MOVED_PRODUCT = "9007199254740912"
# The days of reef's reviews: read since September, and one night they were not.
REVIEWS_READ = [
    day for number in range(73) if (day := date(2026, 9, 10) + timedelta(days=number)) != date(2026, 11, 5)
]
# When each store's products were first read: what was on sale before that nobody knows.
CATALOGUE_FIRST_READ = {
    "jade_tmall": datetime(2026, 9, 10, 18, 10, tzinfo=UTC),  # the 11th in Shanghai
    "reef_us": datetime(2026, 10, 21, 2, 30, tzinfo=UTC),  # the 20th in New York
}
SHOPS = (
    Shop(
        "taobao__jade", "jade_tmall", "CNY", "Asia/Shanghai", date(2025, 9, 25), date(2026, 11, 22), 2.5, 260
    ),
    Shop(
        "woocommerce__reef",
        "reef_us",
        "USD",
        "America/New_York",
        date(2026, 9, 1),
        date(2026, 11, 22),
        3.0,
        90,
    ),
    Shop("files__attic", "attic_uk", "GBP", "Europe/London", date(2010, 11, 18), date(2011, 2, 9), 3.0, 60),
)


def make_world(seed: int = 1) -> World:
    """The merchant's whole history."""
    rng = random.Random(seed)
    world = World()
    for shop in SHOPS:
        trade(world, shop, rng)
        world.books["accounts"].append(
            {
                "account_id": shop.account_id,
                "platform": shop.platform,
                "name": shop.store_id.replace("_", " ").title(),
                "store_id": shop.store_id,
                "time_zone": shop.zone,
                "currency": shop.currency,
                "is_active": True,
            }
        )
        first = datetime.combine(shop.first, datetime.min.time(), ZoneInfo(shop.zone)).astimezone(UTC)
        mark = READ_UNTIL
        if shop.platform == "files":  # a file is read as far as its last event
            mark = max(
                moment
                for row in world.streams["orders"]
                if row["store_id"] == shop.store_id
                for moment in (row["created_at"], row["paid_at"])
                if isinstance(moment, datetime)
            ) + timedelta(seconds=1)
        world.books["stream_status"].append(
            {"account_id": shop.account_id, "stream": "orders", "mark_end": mark, "last_read_at": READ_UNTIL}
        )
        world.books["ledger"].append(
            {
                "load_id": len(world.books["ledger"]),
                "manifest_id": f"{shop.account_id}/orders/0",
                "platform": shop.platform,
                "account_id": shop.account_id,
                "stream": "orders",
                "kind": "cursor",
                "window_start": first,
                "window_end": mark,
                "read_at": READ_UNTIL,
                "rows": 1,
                "rows_new": 1,
                "loaded_at": READ_UNTIL,
            }
        )
    _catalogue(world)
    _reviews(world, random.Random(seed))
    visits(world, rng)
    outcomes(world)
    advertising(world, rng)
    _own_lists(world)
    world.streams["product_categories"] = [
        {
            "platform": "woocommerce",
            "account_id": "woocommerce__reef",
            "store_id": "reef_us",
            "product_id": MOVED_PRODUCT,
            "category_path": category,
            "valid_from_at": datetime(2026, month, 6, tzinfo=UTC),
            "load_id": 0,
        }
        for month, category in ((9, "Garden > Pots"), (10, None), (11, "Garden > Tools"))
    ]
    for account, store, zone in (
        ("ocean_engine__jade", "jade_tmall", "Asia/Shanghai"),
        ("ocean_engine__reef", "reef_us", "Asia/Shanghai"),
        ("baidu_tongji__jade", "jade_tmall", "Asia/Shanghai"),
    ):
        world.books["accounts"].append(
            {
                "account_id": account,
                "platform": account.split("__")[0],
                "name": account,
                "store_id": store,
                "time_zone": zone,
                "currency": "CNY",
                "is_active": True,
            }
        )
    return world


def _reviews(world: World, rng: random.Random) -> None:
    """What buyers of reef say: of a product, or of a line of their order; some without stars, some not let through."""
    zone, counts = ZoneInfo("America/New_York"), dict.fromkeys(REVIEWS_READ, 0)
    for line in world.streams["order_lines"]:
        moment = datetime(2026, 9, 8, tzinfo=UTC) + timedelta(minutes=rng.randrange(75 * 24 * 60))
        if (
            line["store_id"] != "reef_us"
            or rng.random() < 0.4
            or moment.astimezone(zone).date() not in counts
        ):
            continue
        counts[moment.astimezone(zone).date()] += 1
        stars = rng.choice((5, 5, 4, 3, 2, 1, None))
        of_line = {"order_id": line["order_id"], "line_id": line["line_id"]}
        world.streams["reviews"].append(
            {
                **{name: line[name] for name in ("platform", "account_id", "store_id")},
                "review_id": f"r{len(world.streams['reviews'])}",
                **(of_line if rng.random() < 0.5 else {"product_id": line["product_id"]}),
                "reviewed_at": moment,
                "rating": None if stars is None else Decimal(stars),
                "is_low": stars in (1, 2),
                "is_counted": rng.random() < 0.9,
                "load_id": 0,
            }
        )
    for day, count in counts.items():
        world.books["report_reads"].append(
            {"platform": "woocommerce", "account_id": "woocommerce__reef", "stream": "reviews", "report_date": day,
             "as_of_date": READ_UNTIL.date(), "read_at": READ_UNTIL, "load_id": 0, "rows": count}
        )  # fmt: skip


def _catalogue(world: World) -> None:
    """Versions of products of two stores. Product 11 was sold and is in no catalogue, 13 to 15 were never sold."""
    jade, reef = SHOPS[0], SHOPS[1]
    for shop in (jade, reef):
        read_at = CATALOGUE_FIRST_READ[shop.store_id]
        world.books["ledger"].append(
            {
                "load_id": len(world.books["ledger"]),
                "manifest_id": f"{shop.account_id}/products/0",
                "platform": shop.platform,
                "account_id": shop.account_id,
                "stream": "products",
                "kind": "cursor",
                "window_start": datetime(2026, 1, 1, tzinfo=UTC),
                "window_end": read_at,
                "read_at": read_at,
                "rows": 1,
                "rows_new": 1,
                "loaded_at": READ_UNTIL,
            }
        )
        world.books["stream_status"].append(
            {
                "account_id": shop.account_id,
                "stream": "products",
                "mark_end": READ_UNTIL,
                "last_read_at": READ_UNTIL,
            }
        )
    for product in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15):
        first = datetime(2026, 11, 15, 3, tzinfo=UTC) if product == 8 else datetime(2026, 8, 1, tzinfo=UTC)
        _versions(world, jade, product, first, _JADE_EDITS.get(product, []))
    for product in (1, 2, 3, 12, 13):
        _versions(world, reef, product, datetime(2026, 9, 6, tzinfo=UTC), _REEF_EDITS.get(product, []))


_JADE_EDITS: dict[int, list[tuple[datetime, Row]]] = {
    # Another price and stock: the same run.
    1: [(datetime(2026, 11, 10, 4, tzinfo=UTC), {"list_price": Decimal(120), "stock": Decimal(35)})],
    # Off sale for a whole day, and back.
    2: [
        (datetime(2026, 11, 4, 3, tzinfo=UTC), {"is_on_sale": False}),
        (datetime(2026, 11, 6, 5, tzinfo=UTC), {"is_on_sale": True}),
    ],
    # Off sale as the day begins in Shanghai.
    3: [(datetime(2026, 11, 9, 16, tzinfo=UTC), {"is_on_sale": False})],
    # Off sale and back within a day, and listed again for that.
    4: [
        (datetime(2026, 11, 11, 1, tzinfo=UTC), {"is_on_sale": False}),
        (
            datetime(2026, 11, 11, 3, tzinfo=UTC),
            {"is_on_sale": True, "listed_at": datetime(2026, 11, 11, 3, tzinfo=UTC)},
        ),
    ],
    5: [(datetime(2026, 11, 12, 2, tzinfo=UTC), {"category_path": "Garden > Pots > Clay"})],
    # Never on sale, as far as the catalogue says, and sold.
    6: [(datetime(2026, 8, 1, tzinfo=UTC), {"is_on_sale": False})],
    7: [(datetime(2026, 8, 1, tzinfo=UTC), {"stock": None})],
    9: [(datetime(2026, 10, 20, 3, tzinfo=UTC), {"is_on_sale": False, "stock": Decimal(3)})],
    10: [(datetime(2026, 11, day, 6, tzinfo=UTC), {"stock": Decimal(20 - day)}) for day in range(1, 9)],
    # On sale for a minute.
    15: [
        (datetime(2026, 8, 1, tzinfo=UTC), {"is_on_sale": False}),
        (datetime(2026, 10, 14, 8, tzinfo=UTC), {"is_on_sale": True}),
        (datetime(2026, 10, 14, 8, 1, tzinfo=UTC), {"is_on_sale": False}),
    ],
}
_REEF_EDITS: dict[int, list[tuple[datetime, Row]]] = {
    # The evening of the day before in New York.
    2: [(datetime(2026, 11, 3, 3, tzinfo=UTC), {"is_on_sale": False})],
    3: [(datetime(2026, 11, 3, 5, tzinfo=UTC), {"is_on_sale": False, "stock": Decimal(1)})],
    # As its categories above: a version that names none is where the one before was.
    12: [
        (datetime(2026, 9, 6, tzinfo=UTC), {"category_path": "Garden > Pots"}),
        (datetime(2026, 10, 6, tzinfo=UTC), {"category_path": None}),
        (datetime(2026, 11, 6, tzinfo=UTC), {"category_path": "Garden > Tools"}),
    ],
}


def _versions(
    world: World, shop: Shop, product: int, first: datetime, edits: list[tuple[datetime, Row]]
) -> None:
    """A product's versions, each from its moment until the next one's; what stands at the first moment is the first."""
    told: Row = {
        "platform": shop.platform,
        "account_id": shop.account_id,
        "store_id": shop.store_id,
        "product_id": f"90071992547409{product:02d}",
        "product_name": f"Product {product}",
        "category_path": None if product == 12 else f"Home > Aisle {product % 3}",
        "list_price": Decimal(100),
        "currency": shop.currency,
        "is_on_sale": True,
        "stock": Decimal(40),
        "listed_at": first if product % 2 else datetime(2025, 1, 1, tzinfo=UTC),
        "load_id": 0,
    }
    moments = {first: told}
    for moment, edit in edits:
        told = moments[moment] = {**told, **edit}
    for moment, until in zip(moments, [*list(moments)[1:], None], strict=True):
        version = {
            **moments[moment],
            "modified_at": moment,
            "valid_from_at": moment,
            "valid_until_at": until,
        }
        world.streams["products"].append(version)
        if shop.platform == "woocommerce":  # which tells of variants, too: no more products for that
            sku = f"{version['product_id']}-1"
            stock = None if version["stock"] is None else version["stock"] / 2  # type: ignore[operator]
            world.streams["products"].append({**version, "sku_id": sku, "is_on_sale": True, "stock": stock})


def _own_lists(world: World) -> None:
    """What goods cost and what is aimed at. Product 12 has a cost in jade alone, from October on; the others' are for all
    stores, jade's own rise in October, and one SKU has its own. jade's November has a last year to be phased by, reef's has none."""
    for number in range(1, 13):
        item = f"90071992547409{number:02d}"
        own = [
            ("", item, "", date(2010, 1, 1), Decimal(number) + Decimal("2.35"), "USD"),
            ("jade_tmall", item, "", date(2025, 1, 1), Decimal(10 + number), "CNY"),
            ("jade_tmall", item, "", date(2026, 10, 1), Decimal(12 + number), "CNY"),
        ][2 if number == 12 else 0 :]
        if number == 3:
            own.append(("jade_tmall", "", f"{item}-1", date(2026, 1, 15), Decimal("2.5"), "USD"))
        for store, product, sku, day, cost, currency in own:
            world.books["dropped_costs"].append(
                {"store_id": store, "product_id": product, "sku_id": sku, "valid_from": day, "unit_cost": cost,
                 "currency": currency, "read_at": READ_UNTIL}
            )  # fmt: skip
    for store, metric, target in (
        ("jade_tmall", "net_sales", "20000"),
        ("jade_tmall", "orders_paid", "80"),
        ("reef_us", "orders_paid", "95"),
        ("ALL", "paid_amount", "40000"),
    ):
        world.books["dropped_targets"].append(
            {"store_id": store, "metric": metric, "month": date(2026, 11, 5), "target": Decimal(target),
             "read_at": READ_UNTIL}
        )  # fmt: skip
