"""What the stores of the marts' world sell: orders with their lines, and what was given back."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zlib import crc32
from zoneinfo import ZoneInfo

from world_tables import Row, World

READ_UNTIL = datetime(2026, 11, 22, 16, tzinfo=UTC)  # midnight in Shanghai, 11:00 in New York


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


def money(rng: random.Random, low: int, high: int) -> Decimal:
    return Decimal(rng.randint(low, high)).scaleb(-2)


def _dispute(shop: Shop, refund_id: str) -> Row:
    """Most platforms tell, some do not of all, and files tell nothing."""
    draw = crc32(refund_id.encode()) % 40
    if shop.platform == "files" or draw == 0:
        return {"is_disputed": None, "is_platform_decided": None}
    return {"is_disputed": draw < 12, "is_platform_decided": None if draw == 1 else draw < 8}


def trade(world: World, shop: Shop, rng: random.Random) -> None:
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
        # From before its history, known because they changed later.
        for number in range(88870, 88890):
            long_ago = datetime(2026, 5, 20, 17, tzinfo=UTC) + timedelta(days=5 * (number - 88870))
            _order(world, shop, f"R{number}", long_ago, random.Random(number))
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
        amount = money(rng, 300, 20000) * quantity
        discount = money(rng, 0, 200) if rng.random() < 0.3 else Decimal(0)
        subsidy = money(rng, 0, 150) if rng.random() < 0.1 and shop.currency == "CNY" else Decimal(0)
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
        off = -money(rng, 100, 500)
        lines.append(_line(shop, order_id, "9", "discount", Decimal(1), off, Decimal(0), Decimal(0), rng))
    if shop.currency == "USD":
        for line in lines:
            line["line_tax"] = (line["line_amount"] * Decimal("0.08")).quantize(Decimal("0.01"))  # type: ignore[operator]

    shipping = money(rng, 500, 1500) if rng.random() < 0.5 else Decimal(0)
    tax = sum((line["line_tax"] for line in lines), Decimal(0))  # type: ignore[misc]
    if shop.currency == "USD" and shipping and rng.random() < 0.5:
        tax += (shipping * Decimal("0.08")).quantize(Decimal("0.01"))
    discount = money(rng, 1, 2500) if rng.random() < 0.35 else Decimal(0)
    subsidy = money(rng, 1, 1500) if rng.random() < 0.15 and shop.currency == "CNY" else Decimal(0)

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
    promised = None  # and by when they are to arrive, but for every seventh
    if shop.store_id == "jade_tmall" and not unpaid and int(order_id[1:]) % 7:
        promised = paid + timedelta(days=int(order_id[1:]) % 5, hours=int(order_id[1:]) % 11)
    modified = min(paid + timedelta(days=3), READ_UNTIL - timedelta(seconds=1))
    # Every other one is called off while there is time to send it.
    called_off = min(paid + timedelta(hours=20), modified) if int(order_id[1:]) % 2 else modified
    ended = {"closed_unpaid": modified, "cancelled": called_off}
    deposit = money(rng, 500, 3000) if kind == "presale" else Decimal(0)
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
        "promised_delivery_at": promised,
        "modified_at": modified,
        "shipping_charged": shipping,
        "tax": tax,
        "order_discount": discount,
        "platform_subsidy": subsidy,
        "buyer_paid_total": money(rng, 2000, 9000) if not lines else None,
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
    _after_sales(world, shop, order, rng)


def _after_sales(world: World, shop: Shop, order: Row, rng: random.Random) -> None:
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
        goods = money(rng, 200, 9000)
        shipping = order["shipping_charged"] if rng.random() < 0.3 else Decimal(0)
        assert isinstance(shipping, Decimal)
        tax = (goods * Decimal("0.08")).quantize(Decimal("0.01")) if shop.currency == "USD" else Decimal(0)
        total = goods + shipping + tax
        if rng.random() < 0.25:  # everything that was paid, and more: caps must hold
            total, goods = total + 500, goods + 500
        split = rng.random() < 0.5
        refund_id = f"{order['order_id']}-R{part}"
        if split and crc32(f"fee of {refund_id}".encode()) % 3 == 0:  # beside the parts, with fees or without
            total += Decimal(4)
        world.streams["refunds"].append(
            {
                "platform": shop.platform,
                "account_id": shop.account_id,
                "store_id": shop.store_id,
                "refund_id": refund_id,
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
                **_dispute(shop, refund_id),
                "currency": order["currency"],
                "load_id": 1,
            }
        )
