"""A small merchant with every awkward habit, as rows of the staging contract, and the warehouse file that holds it.

Three stores in three zones and currencies, one of them long ended; ads in another zone and currency than the store;
traffic whose weekly visitors are not the sum of the days; presales, gift cards, brushed orders, guests, orders without lines,
lines without orders, refunds split, unsplit, too large, of unpaid and of unknown orders. Deterministic by seed.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zlib import crc32
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
import yaml

from warehouse import built

Row = dict[str, object]

# Its lines name no category; in the American store the catalogue does, and moved it on 6 November.
MOVED_PRODUCT = "9007199254740912"
READ_UNTIL = datetime(2026, 11, 22, 16, tzinfo=UTC)  # midnight in Shanghai, 11:00 in New York
# When each store's products were first read: what was on sale before that nobody knows.
CATALOGUE_FIRST_READ = {
    "jade_tmall": datetime(2026, 9, 10, 18, 10, tzinfo=UTC),  # the 11th in Shanghai
    "reef_us": datetime(2026, 10, 21, 2, 30, tzinfo=UTC),  # the 20th in New York
}

_INSTANT = pa.timestamp("us", tz="UTC")
_MONEY = pa.decimal128(18, 4)


def _fields(kind: pa.DataType, names: str) -> dict[str, pa.DataType]:
    return dict.fromkeys(names.split(), kind)


# The staging contract, written down a second time: a column lost in the macro must not be lost here too.
COLUMNS: dict[str, dict[str, pa.DataType]] = {
    "orders": {
        **_fields(
            pa.string(), "platform account_id store_id order_id buyer_key currency order_state order_type"
        ),
        **_fields(
            _INSTANT, "created_at paid_at shipped_at delivered_at completed_at cancelled_at modified_at"
        ),
        **_fields(
            _MONEY,
            "shipping_charged tax order_discount platform_subsidy buyer_paid_total deposit_paid_amount",
        ),
        "deposit_paid_at": _INSTANT,
        "is_deposit_forfeited": pa.bool_(),
        **_fields(pa.string(), "payment_type region buyer_type exclude_reason source_status"),
        "load_id": pa.int64(),
        "loaded_at": _INSTANT,
    },
    "order_lines": {
        **_fields(
            pa.string(),
            "platform account_id store_id order_id line_id product_id sku_id product_name category_path"
            " line_class",
        ),
        **_fields(
            _MONEY, "quantity list_amount merchant_item_discount line_platform_subsidy line_amount line_tax"
        ),
        "load_id": pa.int64(),
    },
    "refunds": {
        **_fields(
            pa.string(), "platform account_id store_id refund_id order_id line_id refund_state refund_type"
        ),
        "requested_at": _INSTANT,
        "refunded_at": _INSTANT,
        **_fields(_MONEY, "refund_amount refund_goods refund_shipping refund_tax quantity"),
        "reason": pa.string(),
        "currency": pa.string(),
        "load_id": pa.int64(),
    },
    "products": {
        **_fields(pa.string(), "platform account_id store_id product_id sku_id product_name category_path"),
        "list_price": _MONEY,
        "currency": pa.string(),
        "is_on_sale": pa.bool_(),
        "stock": _MONEY,
        **_fields(_INSTANT, "listed_at modified_at valid_from_at valid_until_at"),
        "load_id": pa.int64(),
    },
    "product_categories": {
        **_fields(pa.string(), "platform account_id store_id product_id category_path"),
        "valid_from_at": _INSTANT,
        "load_id": pa.int64(),
    },
    "traffic": {
        **_fields(pa.string(), "platform account_id store_id grain"),
        "period_start": pa.date32(),
        **_fields(pa.string(), "source_l1 source_l2 device"),
        "is_total": pa.bool_(),
        **_fields(pa.int64(), "visitors new_visitors sessions page_views bounces seconds"),
        "time_zone": pa.string(),
        "load_id": pa.int64(),
    },
    "source_outcomes": {
        **_fields(pa.string(), "platform account_id store_id grain"),
        "period_start": pa.date32(),
        **_fields(pa.string(), "source_l1 source_l2"),
        "is_total": pa.bool_(),
        **_fields(pa.int64(), "exposed clicked visited saw_detail carted favoured checked_out ordered paid"),
        "paid_amount": _MONEY,
        "currency": pa.string(),
        "load_id": pa.int64(),
    },
    "product_traffic": {
        **_fields(pa.string(), "platform account_id store_id grain"),
        "period_start": pa.date32(),
        **_fields(pa.string(), "product_id sku_id product_name"),
        **_fields(
            pa.int64(),
            "exposures search_exposures search_clicks visitors page_views cart_visitors cart_units fav_visitors",
        ),
        "load_id": pa.int64(),
    },
    "ad_reach": {
        **_fields(pa.string(), "platform account_id store_id grain"),
        "period_start": pa.date32(),
        **_fields(pa.string(), "entity_level campaign_id ad_group_id ad_id"),
        **_fields(pa.int64(), "reach load_id"),
    },
    "order_sources": {
        **_fields(pa.string(), "platform account_id store_id order_id source_l1"),
        "load_id": pa.int64(),
    },
    "order_scenes": {
        **_fields(
            pa.string(), "platform account_id store_id order_id line_id live_id host_id host_name video_id"
        ),
        "load_id": pa.int64(),
    },
    "live_sessions": {
        **_fields(pa.string(), "platform account_id store_id"),
        "session_date": pa.date32(),
        **_fields(pa.string(), "session_key live_id host_id host_name"),
        "started_at": _INSTANT,
        "ended_at": _INSTANT,
        **_fields(
            pa.int64(),
            "seconds_on_air views viewers peak_concurrent watch_seconds comments likes new_fans"
            " product_exposures product_clicks exposed_viewers clicked_viewers buyers orders",
        ),
        **_fields(_MONEY, "units paid_amount refund_amount ad_spend"),
        "currency": pa.string(),
        "load_id": pa.int64(),
    },
    "ads": {
        **_fields(pa.string(), "platform account_id store_id"),
        "report_date": pa.date32(),
        "as_of_date": pa.date32(),
        "is_latest": pa.bool_(),
        **_fields(
            pa.string(), "entity_level campaign_id campaign_name ad_group_id ad_group_name ad_id ad_name"
        ),
        "impressions": pa.int64(),
        "clicks": pa.int64(),
        **_fields(_MONEY, "spend conversions_platform conversion_value_platform"),
        **_fields(pa.string(), "currency ad_time_zone attribution_window conversion_time_basis"),
        "load_id": pa.int64(),
    },
}
STREAMS: dict[str, list[str]] = yaml.safe_load(
    (Path(__file__).resolve().parents[2] / "dbt_project" / "dbt_project.yml").read_text(encoding="utf-8")
)["vars"]["platforms"]
BOOKS: dict[str, dict[str, pa.DataType]] = {
    "accounts": {
        **_fields(pa.string(), "account_id platform name store_id time_zone currency"),
        "is_active": pa.bool_(),
    },
    "stream_status": {
        "account_id": pa.string(),
        "stream": pa.string(),
        "mark_end": _INSTANT,
        "last_read_at": _INSTANT,
    },
    "ledger": {
        "load_id": pa.int64(),
        **_fields(pa.string(), "manifest_id platform account_id stream kind"),
        "window_start": _INSTANT,
        "window_end": _INSTANT,
        "read_at": _INSTANT,
        "rows": pa.int64(),
        "rows_new": pa.int64(),
        "loaded_at": _INSTANT,
    },
    "dropped_rates": {
        "currency": pa.string(),
        "rate_date": pa.date32(),
        "units_per_usd": pa.decimal128(18, 6),
        "file": pa.string(),
        "read_at": _INSTANT,
        "load_id": pa.int64(),
    },
    "dropped_costs": {
        **_fields(pa.string(), "store_id product_id sku_id"),
        "valid_from": pa.date32(),
        "unit_cost": pa.decimal128(18, 4),
        "currency": pa.string(),
        "read_at": _INSTANT,
    },
    "dropped_targets": {
        **_fields(pa.string(), "store_id metric"),
        "month": pa.date32(),
        "target": pa.decimal128(18, 4),
        "read_at": _INSTANT,
    },
    "report_reads": {
        **_fields(pa.string(), "platform account_id stream"),
        "report_date": pa.date32(),
        "as_of_date": pa.date32(),
        "read_at": _INSTANT,
        "load_id": pa.int64(),
        "rows": pa.int64(),
    },
}


@dataclass(frozen=True)
class Shop:
    """A store: its order account and the days it trades (by creation, in its own zone)."""

    account_id: str
    store_id: str
    currency: str
    zone: str
    first: date
    last: date
    orders_a_day: float
    buyers: int

    @property
    def platform(self) -> str:
        return self.account_id.split("__")[0]


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


@dataclass
class World:
    """Rows by stream of the staging contract (all platforms together) and by table of the loader's books."""

    streams: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in COLUMNS})
    books: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in BOOKS})

    def write(self, build_dir: Path) -> None:
        """Create warehouse.duckdb with schema staging (a table per platform and stream) and raw_daybook."""
        build_dir.mkdir(parents=True, exist_ok=True)
        path = build_dir / "warehouse.duckdb"
        path.unlink(missing_ok=True)
        (build_dir / "daybook.duckdb").unlink(missing_ok=True)
        with duckdb.connect(str(path)) as con:
            con.execute("create schema staging")
            con.execute("create schema raw_daybook")
            for platform, streams in STREAMS.items():
                for stream in streams:
                    rows = [row for row in self.streams[stream] if row["platform"] == platform]
                    _create(con, f"staging.stg_{platform}__{stream}", rows, COLUMNS[stream])
            con.execute(built.TABLES)
            for name, columns in BOOKS.items():
                _create(con, f"raw_daybook.{name}", self.books[name], columns)


def _create(
    con: duckdb.DuckDBPyConnection, table: str, rows: list[Row], columns: dict[str, pa.DataType]
) -> None:
    unknown = {name for row in rows for name in row} - set(columns)
    assert not unknown, f"{table}: {unknown} are not in the contract"
    schema = pa.schema(list(columns.items()))
    arrow = pa.table({name: [row.get(name) for row in rows] for name in columns}, schema=schema)
    con.register("rows_to_write", arrow)
    con.execute(f"create table {table} as select * from rows_to_write")
    con.unregister("rows_to_write")


def make_world(seed: int = 1) -> World:
    """The merchant's whole history."""
    rng = random.Random(seed)
    world = World()
    for shop in SHOPS:
        _trade(world, shop, rng)
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
    _traffic(world, rng)
    _outcomes(world)
    _ads(world, rng)
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


def _money(rng: random.Random, low: int, high: int) -> Decimal:
    return Decimal(rng.randint(low, high)).scaleb(-2)


def _trade(world: World, shop: Shop, rng: random.Random) -> None:
    zone = ZoneInfo(shop.zone)
    number = 0
    day = shop.first
    while day <= shop.last:
        for _ in range(_poisson(rng, shop.orders_a_day)):
            number += 1
            local = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(
                seconds=rng.randrange(86400)
            )
            created = local.astimezone(UTC)
            if created < READ_UNTIL:
                _order(world, shop, f"{shop.store_id[:1].upper()}{number:05d}", created, rng)
        day += timedelta(days=1)
    if shop.store_id == "reef_us":  # paid on a day that is not over in New York
        for number in range(99990, 99996):
            _order(world, shop, f"R{number}", READ_UNTIL - timedelta(hours=4), random.Random(number))
    # Lines whose order never came, and a cancellation that names none.
    world.streams["order_lines"].append(
        _line(shop, "LOST", "1", "product", Decimal(1), Decimal("19.90"), Decimal(0), Decimal(0), rng)
    )


def _poisson(rng: random.Random, mean: float) -> int:
    count, chance = 0, rng.random()
    threshold = 2.718281828**-mean
    term = total = threshold
    while chance > total and count < 30:
        count += 1
        term *= mean / count
        total += term
    return count


def _line(
    shop: Shop,
    order_id: str,
    line_id: str,
    line_class: str,
    quantity: Decimal,
    list_amount: Decimal,
    discount: Decimal,
    subsidy: Decimal,
    rng: random.Random,
) -> Row:
    product = rng.randint(1, 12)
    return {
        "platform": shop.platform,
        "account_id": shop.account_id,
        "store_id": shop.store_id,
        "order_id": order_id,
        "line_id": line_id,
        "product_id": None if rng.random() < 0.02 else f"90071992547409{product:02d}",
        "sku_id": f"90071992547409{product:02d}-{rng.randint(1, 2)}",
        "product_name": f"Product {product}",
        "category_path": None if product == 12 else f"Home > Aisle {product % 3}",
        "line_class": line_class,
        "quantity": quantity,
        "list_amount": list_amount,
        "merchant_item_discount": discount,
        "line_platform_subsidy": subsidy,
        "line_amount": list_amount - discount - subsidy,
        "line_tax": Decimal(0),
        "load_id": 1,
    }


def _order(world: World, shop: Shop, order_id: str, created: datetime, rng: random.Random) -> None:
    lines: list[Row] = []
    roll = rng.random()
    wanted = 0 if roll < 0.01 else 1 + min(_poisson(rng, 1.3), 6)
    for index in range(wanted):
        quantity = Decimal(rng.choice((1, 1, 1, 2, 3)))
        amount = _money(rng, 300, 20000) * quantity
        discount = _money(rng, 0, 200) if rng.random() < 0.3 else Decimal(0)
        subsidy = _money(rng, 0, 150) if rng.random() < 0.1 and shop.currency == "CNY" else Decimal(0)
        line_class = rng.choices(
            ("product", "gift_card", "fee", "manual", "sample", "test", "bad_debt", "adjustment", "shipping"),
            (80, 1.5, 1, 1, 0.7, 0.7, 0.5, 0.5, 3),
        )[0]
        if line_class != "product":
            discount = subsidy = Decimal(0)
        lines.append(
            _line(shop, order_id, str(index + 1), line_class, quantity, amount, discount, subsidy, rng)
        )
    if lines and rng.random() < 0.03:  # "10 off your order", as a line
        off = -_money(rng, 100, 500)
        lines.append(_line(shop, order_id, "9", "discount", Decimal(1), off, Decimal(0), Decimal(0), rng))
    if shop.currency == "USD":
        for line in lines:
            line["line_tax"] = (line["line_amount"] * Decimal("0.08")).quantize(Decimal("0.01"))  # type: ignore[operator]

    shipping = _money(rng, 500, 1500) if rng.random() < 0.5 else Decimal(0)
    tax = sum((line["line_tax"] for line in lines), Decimal(0))  # type: ignore[misc]
    if shop.currency == "USD" and shipping and rng.random() < 0.5:
        tax += (shipping * Decimal("0.08")).quantize(Decimal("0.01"))
    discount = _money(rng, 1, 2500) if rng.random() < 0.35 else Decimal(0)
    subsidy = _money(rng, 1, 1500) if rng.random() < 0.15 and shop.currency == "CNY" else Decimal(0)

    state = rng.choices(
        (
            "completed",
            "delivered",
            "shipped",
            "paid",
            "created",
            "closed_unpaid",
            "cancelled",
            "deposit_paid",
        ),
        (60, 8, 7, 5, 6, 6, 5, 3),
    )[0]
    kind = rng.choices(("standard", "presale", "cod"), (88, 8, 4))[0]
    if state == "deposit_paid":
        kind = "presale"
    unpaid = state in ("created", "closed_unpaid", "deposit_paid")
    paid = created + timedelta(seconds=rng.choice((20, 600, 7200, 90000)))
    if kind == "presale":
        paid = created + timedelta(days=rng.randint(1, 14), seconds=rng.randrange(86400))
    delivered = paid + timedelta(days=rng.randint(1, 6)) if state in ("completed", "delivered") else None
    if kind == "cod":
        paid = delivered or paid
    if paid >= READ_UNTIL and not unpaid:
        state, unpaid = "created", True
    if delivered and delivered >= READ_UNTIL:
        delivered, state = None, "shipped"
    shipped = None  # one store's platform tells when parcels leave: every third of them late
    if shop.store_id == "jade_tmall" and state in ("shipped", "delivered", "completed"):
        shipped = paid + timedelta(hours=60 if int(order_id[1:]) % 3 == 0 else 20)
    modified = min(paid + timedelta(days=3), READ_UNTIL - timedelta(seconds=1))
    # Every other one is called off while there is time to send it.
    called_off = min(paid + timedelta(hours=20), modified) if int(order_id[1:]) % 2 else modified
    ended = {"closed_unpaid": modified, "cancelled": called_off}
    deposit = _money(rng, 500, 3000) if kind == "presale" else Decimal(0)
    guest = rng.random() < 0.12
    order: Row = {
        "platform": shop.platform,
        "account_id": shop.account_id,
        "store_id": shop.store_id,
        "order_id": order_id,
        "buyer_key": None if guest else f"b{int(rng.random() ** 2 * shop.buyers)}",
        "currency": "EUR" if shop.currency == "USD" and rng.random() < 0.06 else shop.currency,
        "order_state": state,
        "order_type": kind,
        "created_at": created,
        "paid_at": None if unpaid else paid,
        "shipped_at": shipped,
        "delivered_at": delivered,
        "modified_at": modified,
        "shipping_charged": shipping,
        "tax": tax,
        "order_discount": discount,
        "platform_subsidy": subsidy,
        "buyer_paid_total": _money(rng, 2000, 9000) if not lines else None,
        # Of one in twenty nobody saw the deposit before the balance was paid.
        "deposit_paid_amount": None if int(order_id[1:]) % 20 == 0 else deposit or None,
        "deposit_paid_at": created + timedelta(minutes=5) if deposit else None,
        "is_deposit_forfeited": bool(deposit) and state == "closed_unpaid",
        "cancelled_at": ended.get(state),
        "region": rng.choice(("North", "South", None)),
        "exclude_reason": rng.choices((None, "brushed", "test", "staff", "deleted"), (96, 1, 1, 1, 1))[0],
        "source_status": state,
        "load_id": 1,
        "loaded_at": READ_UNTIL,
    }
    world.streams["orders"].append(order)
    # Three of four orders of an own site say where they came from.
    source = (None, "owned", "free_search", "unknown")[crc32(str(order["order_id"]).encode()) % 4]
    if shop.platform == "woocommerce" and source:
        world.streams["order_sources"].append(
            {
                **{name: order[name] for name in ("platform", "account_id", "store_id", "order_id")},
                "source_l1": source,
                "load_id": 0,
            }
        )
    world.streams["order_lines"].extend(lines)
    _after_sales(world, shop, order, lines, rng)


def _after_sales(world: World, shop: Shop, order: Row, lines: list[Row], rng: random.Random) -> None:
    chance = 0.9 if order["order_state"] == "cancelled" else 0.16
    for part in range(3):
        if rng.random() > chance * (1, 0.35, 0.2)[part]:
            return
        since = order["paid_at"] or order["created_at"]
        assert isinstance(since, datetime)
        requested = since + timedelta(days=rng.expovariate(1 / 12))
        succeeded = requested + timedelta(hours=rng.randint(1, 72))
        ceiling = min(
            READ_UNTIL, datetime(2011, 2, 9, 12, tzinfo=UTC) if shop.platform == "files" else READ_UNTIL
        )
        if succeeded >= ceiling:
            return
        goods = _money(rng, 200, 9000)
        shipping = order["shipping_charged"] if rng.random() < 0.3 else Decimal(0)
        assert isinstance(shipping, Decimal)
        tax = (goods * Decimal("0.08")).quantize(Decimal("0.01")) if shop.currency == "USD" else Decimal(0)
        total = goods + shipping + tax
        if rng.random() < 0.25:  # everything that was paid, and more: caps must hold
            total, goods = total + 500, goods + 500
        split = rng.random() < 0.5
        world.streams["refunds"].append(
            {
                "platform": shop.platform,
                "account_id": shop.account_id,
                "store_id": shop.store_id,
                "refund_id": f"{order['order_id']}-R{part}",
                "order_id": None if shop.platform == "files" and rng.random() < 0.7 else order["order_id"],
                "line_id": None,
                "refund_state": rng.choices(("success", "processing", "closed"), (85, 5, 10))[0],
                "refund_type": rng.choice(("refund_only", "return_refund")),
                # Not every platform tells it, or apart from the success.
                "requested_at": (requested, succeeded, None)[part],
                "refunded_at": succeeded,
                "refund_amount": total,
                "refund_goods": goods if split else None,
                "refund_shipping": shipping if split else None,
                "refund_tax": tax if split else None,
                "quantity": Decimal(rng.randint(0, 2)),
                "reason": rng.choice(("wrong size", "late", None)),
                "currency": order["currency"],
                "load_id": 1,
            }
        )


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


def _traffic(world: World, rng: random.Random) -> None:
    """A site whose platform counts days, weeks and months apart; it was first read in October, and once had no visitor."""
    sources = (("free_search", "Baidu"), ("off_platform", "example.org"), ("direct_returning", "direct"))
    first, last = date(2026, 10, 5), date(2026, 11, 22)
    base = {
        "platform": "baidu_tongji",
        "account_id": "baidu_tongji__jade",
        "store_id": "jade_tmall",
        "time_zone": "Asia/Shanghai",
        "load_id": 1,
    }
    day_totals: dict[date, int] = {}
    day = first
    while day <= last:
        if day == date(2026, 10, 20):
            world.books["report_reads"].append(
                {
                    "platform": "baidu_tongji",
                    "account_id": "baidu_tongji__jade",
                    "stream": "traffic",
                    "report_date": day,
                    "as_of_date": day,
                    "read_at": READ_UNTIL,
                    "load_id": 1,
                    "rows": 0,
                }
            )
            day += timedelta(days=1)
            continue
        for device, scale in (("all", 1.0), ("pc", 0.4), ("mobile", 0.65)):
            total = 0
            for source_l1, source_l2 in sources:
                if source_l1 == "off_platform" and day < date(2026, 10, 15):
                    continue
                visitors = int(rng.randint(40, 90) * scale)
                total += visitors
                world.streams["traffic"].append(
                    {
                        **base,
                        "grain": "day",
                        "period_start": day,
                        "source_l1": source_l1,
                        "source_l2": source_l2,
                        "device": device,
                        "is_total": False,
                        "visitors": visitors,
                        "new_visitors": visitors // 3,
                        "sessions": visitors + 7,
                        "page_views": visitors * 4,
                        "bounces": visitors // 2,
                        "seconds": visitors * 61,
                    }
                )
            distinct = int(total * 0.9)
            if device == "all":
                day_totals[day] = distinct
            world.streams["traffic"].append(
                {
                    **base,
                    "grain": "day",
                    "period_start": day,
                    "device": device,
                    "is_total": True,
                    "visitors": distinct,
                    "new_visitors": distinct // 3,
                    "sessions": total + 21,
                    "page_views": total * 4,
                    "bounces": total // 2,
                    "seconds": total * 61,
                }
            )
        day += timedelta(days=1)
    for grain, start, days in [("week", date(2026, 10, 12) + timedelta(days=7 * n), 7) for n in range(6)] + [
        ("month", date(2026, 11, 1), 30)
    ]:
        seen = sum(n for day, n in day_totals.items() if start <= day < start + timedelta(days=days))
        if start == date(2026, 10, 26):
            continue  # the platform had no figure of this week
        world.streams["traffic"].append(
            {
                **base,
                "grain": grain,
                "period_start": start,
                "device": "all",
                "is_total": True,
                "visitors": int(seen * 0.7),
                "new_visitors": int(seen * 0.2),
                "sessions": seen,
                "page_views": seen * 4,
            }
        )


def _outcomes(world: World) -> None:
    """What the visitors of jade's sources did, by export: favourites are told from November on, one day of nothing at all,
    and the week's people of one week only. A product's visitors are told of three days."""
    base = {"platform": "files", "account_id": "files__jade", "store_id": "jade_tmall", "load_id": 1}
    for row in list(world.streams["traffic"]):
        day = row["period_start"]
        if row["device"] != "all" or day == date(2026, 11, 5) or row["grain"] == "month":
            continue
        if row["grain"] == "week" and day != date(2026, 11, 9):
            continue
        seen = row["visitors"]
        world.streams["source_outcomes"].append(
            {
                **base,
                **{
                    name: row.get(name)
                    for name in ("grain", "period_start", "source_l1", "source_l2", "is_total")
                },
                "visited": seen,
                "saw_detail": seen - seen // 4,
                "carted": seen // 5,
                "favoured": seen // 9 if day >= date(2026, 11, 1) else None,
                "ordered": seen // 11,
                "paid": seen // 13,
                "paid_amount": Decimal(seen // 13 * 80) + Decimal("0.35"),
                "currency": "CNY",
            }
        )
    product = next(
        row["product_id"] for row in world.streams["order_lines"] if row["store_id"] == "jade_tmall"
    )
    for day in (date(2026, 11, 3), date(2026, 11, 4), date(2026, 11, 12)):
        world.streams["product_traffic"].append(
            {**base, "grain": "day", "period_start": day, "product_id": product, "product_name": "Looked at",
             "visitors": 40, "page_views": 90}
        )  # fmt: skip


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


def _ads(world: World, rng: random.Random) -> None:
    """Two advertisers. One reports ads and, apart, a finance figure of the whole account; one reports campaigns. Both restate."""
    for account, store, currency, level, first in (
        ("ocean_engine__jade", "jade_tmall", "CNY", "ad", date(2026, 10, 1)),
        ("ocean_engine__reef", "reef_us", "CNY", "campaign", date(2026, 10, 20)),
    ):
        day = first
        while day <= date(2026, 11, 22):
            reads = [day + timedelta(days=age) for age in (1, 4, 7, 29)]
            reads = [as_of for as_of in reads if as_of <= date(2026, 11, 23)]
            for as_of in reads:
                latest = as_of == reads[-1]
                spent = Decimal(0)
                for campaign in range(1, 4):
                    if campaign == 3 and latest and day.day % 9 == 0:
                        continue  # withdrawn in the restatement
                    ads = range(1, 3) if level == "ad" else range(1)
                    for ad in ads:
                        spend = _money(rng, 1000, 9000)
                        spent += spend
                        clicks = rng.randint(10, 60)
                        world.streams["ads"].append(
                            {
                                "platform": "ocean_engine",
                                "account_id": account,
                                "store_id": store,
                                "report_date": day,
                                "as_of_date": as_of,
                                "is_latest": latest,
                                "entity_level": level,
                                "campaign_id": f"7300000000000000{campaign:03d}",
                                "campaign_name": f"Campaign {campaign}",
                                "ad_id": f"18000000000000{campaign}{ad}" if level == "ad" else None,
                                "ad_name": f"Ad {ad}" if level == "ad" else None,
                                "impressions": clicks * 40,
                                "clicks": clicks,
                                "spend": spend,
                                "conversions_platform": Decimal(rng.randint(0, 4)),
                                "conversion_value_platform": _money(rng, 0, 30000),
                                "currency": currency,
                                "ad_time_zone": "Asia/Shanghai",
                                "attribution_window": "7d_click",
                                "conversion_time_basis": "click",
                                "load_id": 1,
                            }
                        )
                if level == "ad":
                    world.streams["ads"].append(
                        {
                            "platform": "ocean_engine",
                            "account_id": account,
                            "store_id": store,
                            "report_date": day,
                            "as_of_date": as_of,
                            "is_latest": latest,
                            "entity_level": "account",
                            "spend": spent + Decimal("0.37"),
                            "currency": currency,
                            "ad_time_zone": "Asia/Shanghai",
                            "load_id": 1,
                        }
                    )
            day += timedelta(days=1)
