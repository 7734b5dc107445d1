"""The marts a second time, in plain Python from the same rows: every figure of a period from its own events.

Nothing is shared with the SQL but the definitions of marts.md: no running totals, no spans, no daily sums; each period
looks through all events of its store. Amounts are Decimals; ratios are floats rounded to 6 places.
"""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from world import World

Row = dict[str, Any]
CENT = Decimal("0.01")
ZERO = Decimal(0)
REPORTING = "CNY"
GOODS = "product"
BACK = ("goods", "shipping", "tax", "other")


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def ratio(numerator: Any, denominator: Any) -> float | None:
    if numerator is None or not denominator:
        return None
    return round(float(numerator) / float(denominator), 6)


class Rates:
    """Reporting currency per unit, the last rate published on or before a day."""

    def __init__(self, seed: Path) -> None:
        self._days: dict[str, list[date]] = defaultdict(list)
        self._units: dict[str, list[float]] = defaultdict(list)
        with seed.open() as lines:
            for row in sorted(csv.DictReader(lines), key=lambda r: r["rate_date"]):
                self._days[row["currency"]].append(date.fromisoformat(row["rate_date"]))
                self._units[row["currency"]].append(float(row["units_per_usd"]))

    def _per_dollar(self, currency: str, day: date) -> float:
        if currency == "USD":
            return 1.0
        return self._units[currency][bisect_right(self._days[currency], day) - 1]

    def __call__(self, currency: str, day: date) -> Decimal:
        if currency == REPORTING:
            return Decimal(1)
        rate = self._per_dollar(REPORTING, day) / self._per_dollar(currency, day)
        return Decimal(str(round(rate, 8)))

    def between(self, currency: str, other: str, day: date) -> Decimal:
        if currency == other:
            return Decimal(1)
        return Decimal(str(round(float(self(currency, day)) / float(self(other, day)), 8)))


@dataclass
class Sale:
    """An order as the marts see it. Amounts in the order's currency; `value` converts."""

    row: Row
    created: date
    paid: date | None
    excluded: str | None
    counted: bool
    units: Decimal
    parts: dict[str, Decimal]
    rate: Decimal
    to_store: Decimal
    refunds: list[Refund] = field(default_factory=list)
    first: bool = False
    first_anywhere: bool = False

    @property
    def is_paid(self) -> bool:
        return self.paid is not None and self.excluded is None

    def value(self, part: str) -> Decimal:
        return cents(self.parts[part] * self.rate)

    def store_value(self, part: str) -> Decimal:
        return cents(self.parts[part] * self.to_store)

    @property
    def amount(self) -> Decimal:
        return self.value("goods") + self.value("shipping") + self.value("tax")

    @property
    def outcome(self) -> str:
        paid = self.parts["goods"] + self.parts["shipping"] + self.parts["tax"]
        back = sum((sum(refund.parts.values(), ZERO) for refund in self.refunds), ZERO)
        if self.row["order_state"] == "cancelled":
            return "cancelled"
        if paid > 0 and cents(back) >= cents(paid):
            return "fully_refunded"
        return "partly_refunded" if back > 0 else "kept"


@dataclass
class Refund:
    row: Row
    day: date
    sale: Sale | None
    parts: dict[str, Decimal]
    value: dict[str, Decimal]
    at_sale_rate: dict[str, Decimal]
    store_value: dict[str, Decimal]
    other: Decimal  # fees: beside the amount of sales
    other_value: Decimal


def _in_order(sale: Sale) -> tuple[Any, ...]:
    """Where a sale stands in its buyer's history: on its day, and within it by the clock."""
    row = sale.row
    return sale.paid, row["recognised_at"], row["created_at"], row["store_id"], row["order_id"]


class Books:
    """All sales and refunds of a world, and what may be said of them by store and period."""

    def __init__(self, world: World, rates: Rates) -> None:
        self.world = world
        self.rates = rates
        self.accounts = {row["account_id"]: row for row in world.books["accounts"]}
        self.stores: dict[str, Row] = {
            row["store_id"]: row
            for row in world.books["accounts"]
            if row["platform"] in ("taobao", "woocommerce", "files")
        }
        self.sales = [self._sale(row) for row in world.streams["orders"]]
        self._by_key = {self._key(sale.row): sale for sale in self.sales}
        self.refunds: list[Refund] = []
        self._book_refunds()
        self._mark_first_orders()

    @staticmethod
    def _key(row: Row) -> tuple[str, str, str]:
        return row["platform"], row["store_id"], row["order_id"]

    def day(self, store: str, instant: datetime) -> date:
        return instant.astimezone(ZoneInfo(self.stores[store]["time_zone"])).date()

    def _sale(self, row: Row) -> Sale:
        lines = [line for line in self.world.streams["order_lines"] if self._key(line) == self._key(row)]
        goods = sorted(
            (line for line in lines if line["line_class"] == GOODS), key=lambda line: line["line_id"]
        )
        paid_at = (
            row["paid_at"] if row["order_state"] not in ("created", "deposit_paid", "closed_unpaid") else None
        )
        if row["order_type"] == "cod" and paid_at is not None:
            paid_at = row["delivered_at"]
        created = self.day(row["store_id"], row["created_at"])
        paid = self.day(row["store_id"], paid_at) if paid_at else None
        row["recognised_at"] = paid_at

        def of(line_class: str) -> Decimal:
            return sum((line["line_amount"] for line in lines if line["line_class"] == line_class), ZERO)

        shipping = row["shipping_charged"] + of("shipping")
        discount = row["order_discount"] - of("discount")
        subsidy = row["platform_subsidy"]
        net = sum((line["line_amount"] for line in goods), ZERO)
        listed = sum((line["list_amount"] for line in goods), ZERO)
        if not lines:
            net = listed = (row["buyer_paid_total"] or ZERO) - shipping - row["tax"] + discount + subsidy
        taken_off = sum((line["merchant_item_discount"] for line in goods), ZERO)
        subsidised = sum((line["line_platform_subsidy"] for line in goods), ZERO)
        # Tax of lines that are no goods is theirs alone; the rest of the order's tax, and what a discount takes off
        # it, is borne by the goods.
        own_tax = sum((line["line_tax"] for line in goods), ZERO)
        line_tax = sum((line["line_tax"] for line in lines if line["line_class"] != "discount"), ZERO)
        parts = {
            "goods": net - discount - subsidy,
            "list": listed,
            "discount": taken_off + discount,
            "subsidy": subsidised + subsidy,
            "shipping": shipping,
            "tax": own_tax + row["tax"] - line_tax,
            "other": of("fee") + of("manual") + of("sample"),
            "gift_cards": of("gift_card"),
            "adjustments": of("bad_debt") + of("adjustment"),
        }
        excluded = row["exclude_reason"]
        classes = {line["line_class"] for line in lines}
        if excluded is None and classes == {"test"}:
            excluded = "test"
        if excluded is None and classes and classes <= {"test", "bad_debt", "adjustment"}:
            excluded = "not_a_sale"
        carried = not lines or any(
            parts[name] for name in ("goods", "shipping", "tax", "subsidy", "discount")
        )
        is_sale = bool(goods) or "shipping" in classes or carried
        day = paid or created
        store_currency = self.stores[row["store_id"]]["currency"]
        return Sale(
            row=row,
            created=created,
            paid=paid,
            excluded=excluded,
            counted=paid is not None and excluded is None and is_sale,
            units=sum((line["quantity"] for line in goods), ZERO),
            parts=parts,
            rate=self.rates(row["currency"], day),
            to_store=self.rates.between(row["currency"], store_currency, day),
        )

    def _book_refunds(self) -> None:
        by_order: dict[Any, list[Row]] = defaultdict(list)
        for row in self.world.streams["refunds"]:
            if row["refund_state"] == "success":
                by_order[self._key(row) if row["order_id"] else row["refund_id"]].append(row)
        for key, rows in by_order.items():
            sale = self._by_key.get(key) if isinstance(key, tuple) else None
            if sale is None:
                for row in rows:
                    self._book(row, None, self._stated(row, None), {})
                continue
            if not sale.is_paid:
                continue
            rows.sort(key=lambda row: (row["refunded_at"], row["refund_id"]))
            left = {part: max(sale.parts[part], ZERO) for part in BACK}
            split = [row for row in rows if row["refund_goods"] is not None]
            taken: dict[str, dict[str, Decimal]] = {}
            # What the source splits is capped part by part; a bare total takes what the others leave, goods first.
            for row in split:
                taken[row["refund_id"]] = {}
                for part, wish in self._stated(row, left["other"]).items():
                    got = min(wish, left[part])
                    taken[row["refund_id"]][part] = got
                    left[part] -= got
            for row in rows:
                if row in split:
                    continue
                wish = row["refund_amount"]
                taken[row["refund_id"]] = {}
                for part in BACK:
                    got = min(wish, left[part])
                    taken[row["refund_id"]][part] = got
                    left[part] -= got
                    wish -= got
            so_far = dict.fromkeys(BACK, ZERO)
            for row in rows:
                self._book(row, sale, taken[row["refund_id"]], so_far)

    @staticmethod
    def _stated(row: Row, fees: Decimal | None) -> dict[str, Decimal]:
        """fees: what is left of those of its order, which is unknown where they are None."""
        if row["refund_goods"] is None:
            return {"goods": row["refund_amount"], "shipping": ZERO, "tax": ZERO, "other": ZERO}
        goods, shipping, tax = row["refund_goods"], row["refund_shipping"], row["refund_tax"]
        # Beside the parts that are told: fees, as far as there are any left.
        rest = row["refund_amount"] - goods - shipping - tax
        other = rest if fees is None else min(rest, fees)
        return {"goods": goods + rest - other, "shipping": shipping, "tax": tax, "other": other}

    def _book(
        self, row: Row, sale: Sale | None, parts: dict[str, Decimal], so_far: dict[str, Decimal]
    ) -> None:
        day = self.day(row["store_id"], row["refunded_at"])
        currency = sale.row["currency"] if sale else row["currency"]
        rate = self.rates(currency, day)
        to_store = self.rates.between(currency, self.stores[row["store_id"]]["currency"], day)
        other = parts.pop("other")
        at_sale = {}
        for part, amount in parts.items():
            if sale:
                before = cents(so_far[part] * sale.rate)
                so_far[part] += amount
                at_sale[part] = cents(so_far[part] * sale.rate) - before
        refund = Refund(
            row=row,
            day=day,
            sale=sale,
            parts=parts,
            value={part: cents(amount * rate) for part, amount in parts.items()},
            at_sale_rate=at_sale,
            store_value={part: cents(amount * to_store) for part, amount in parts.items()},
            other=other,
            other_value=cents(other * rate),
        )
        self.refunds.append(refund)
        if sale:
            sale.refunds.append(refund)

    def _mark_first_orders(self) -> None:
        in_order = sorted(
            (sale for sale in self.sales if sale.counted and sale.row["buyer_key"]),
            key=_in_order,
        )
        met: set[Any] = set()
        for sale in in_order:
            here = (sale.row["platform"], sale.row["store_id"], sale.row["buyer_key"])
            anywhere = (sale.row["platform"], sale.row["buyer_key"])
            sale.first, sale.first_anywhere = here not in met, anywhere not in met
            met |= {here, anywhere}

    def whole_through(self, store: str) -> date:
        (mark,) = (
            row["mark_end"]
            for row in self.world.books["stream_status"]
            if row["account_id"] == self.stores[store]["account_id"] and row["stream"] == "orders"
        )
        return self.day(store, mark) - timedelta(days=1)

    def counts_in_all(self, store: str, day: date) -> bool:
        """Whether all stores together count the store's day: none is before the first read of its orders."""
        begins = min(
            row["window_start"]
            for row in self.world.books["ledger"]
            if row["account_id"] == self.stores[store]["account_id"] and row["stream"] == "orders"
        )
        return day >= self.day(store, begins)

    def counts(self, sale: Sale, store: str) -> bool:
        """Whether the day a sale was paid on is one of the store's, or of all stores'."""
        own = sale.row["store_id"]
        return self.counts_in_all(own, paid_on(sale)) if store == "ALL" else store == own

    def last_day(self, stores: Iterable[str]) -> date:
        """The last day that is over for all of them; a store of files has every day with an event."""
        read = [self.whole_through(s) for s in stores if self.stores[s]["platform"] != "files"]
        return min(read, default=date.max)

    def measures(self, stores: Iterable[str], days: Callable[[date], bool], start: date) -> Row:
        """What the order columns of store_* say of the days `days` accepts, for the stores together."""
        chosen = set(stores)
        together = len(chosen) > 1
        last = self.last_day(chosen)

        def inside(store: str, day: date) -> bool:
            return day <= last and days(day) and (not together or self.counts_in_all(store, day))

        sales = [sale for sale in self.sales if sale.row["store_id"] in chosen]
        refunds = [
            refund
            for refund in self.refunds
            if refund.row["store_id"] in chosen and inside(refund.row["store_id"], refund.day)
        ]
        created = [
            sale for sale in sales if sale.excluded is None and inside(sale.row["store_id"], sale.created)
        ]
        paid = [
            sale for sale in sales if sale.is_paid and sale.paid and inside(sale.row["store_id"], sale.paid)
        ]
        orders = [sale for sale in paid if sale.counted]

        def total(values: Iterable[Decimal]) -> Decimal:
            return sum(values, ZERO)

        def deposits(of: Iterable[Sale], moment: str) -> Decimal | None:
            """At the rate of the day they came in, or were lost: the sale's is of another."""
            amounts = [
                (
                    row["deposit_paid_amount"],
                    self.rates(row["currency"], self.day(row["store_id"], row[moment])),
                )
                for row in (sale.row for sale in of)
            ]
            return (
                None if any(a is None for a, _ in amounts) else total(cents(a * rate) for a, rate in amounts)
            )

        def back(refund: Refund) -> Decimal:
            return total(refund.value.values())

        by_buyer: dict[Any, list[Sale]] = defaultdict(list)
        history: dict[Any, list[Sale]] = defaultdict(list)
        for sale in sales:
            if sale.counted and sale.row["buyer_key"]:
                buyer = (sale.row["platform"], sale.row["buyer_key"])
                history[buyer].append(sale)
                if sale.paid and inside(sale.row["store_id"], sale.paid):
                    by_buyer[buyer].append(sale)

        def is_first(sale: Sale) -> bool:
            return sale.first_anywhere if together else sale.first

        new = {buyer for buyer, bought in by_buyer.items() if any(is_first(sale) for sale in bought)}
        kept = {
            buyer
            for buyer, bought in by_buyer.items()
            if any(is_first(sale) and sale.outcome not in ("cancelled", "fully_refunded") for sale in bought)
        }
        year_before = start - timedelta(days=365)
        old = {b for b in by_buyer if any(s.paid and year_before <= s.paid < start for s in history[b])}
        mature = [
            sale
            for sale in paid
            if sale.paid and sale.paid <= self.whole_through(sale.row["store_id"]) - timedelta(days=30)
        ]
        paid_amount = total(sale.amount for sale in paid)
        goods = total(sale.value("goods") for sale in paid)
        refund_goods = total(refund.value["goods"] for refund in refunds)
        refund_goods_cohort = total(r.at_sale_rate["goods"] for sale in paid for r in sale.refunds)
        units = total(sale.units for sale in paid)
        result: Row = {
            "orders_created": len(created),
            "orders_unpaid": sum(sale.paid is None for sale in created),
            "orders_created_paid": sum(sale.paid is not None for sale in created),
            "orders_paid": len(orders),
            "orders_cancelled_cohort": sum(sale.outcome == "cancelled" for sale in orders),
            "orders_fully_refunded_cohort": sum(sale.outcome == "fully_refunded" for sale in orders),
            "orders_partly_refunded_cohort": sum(sale.outcome == "partly_refunded" for sale in orders),
            "guest_orders": sum(not sale.row["buyer_key"] for sale in orders),
            "units_paid": units,
            "list_amount": total(sale.value("list") for sale in paid),
            "merchant_discount": total(sale.value("discount") for sale in paid),
            "platform_subsidy": total(sale.value("subsidy") for sale in paid),
            "goods_paid": goods,
            "shipping_charged": total(sale.value("shipping") for sale in paid),
            "tax": total(sale.value("tax") for sale in paid),
            "paid_amount": paid_amount,
            "other_charged": total(sale.value("other") for sale in paid),
            "accounting_adjustments": total(sale.value("adjustments") for sale in paid),
            "gift_cards_sold": total(sale.value("gift_cards") for sale in paid),
            "deposit_received": deposits(
                (
                    sale
                    for sale in sales
                    if sale.excluded is None
                    and sale.row["deposit_paid_at"]
                    and inside(
                        sale.row["store_id"], self.day(sale.row["store_id"], sale.row["deposit_paid_at"])
                    )
                ),
                "deposit_paid_at",
            ),
            "deposit_forfeited": deposits(
                (
                    sale
                    for sale in sales
                    if sale.excluded is None
                    and sale.row["is_deposit_forfeited"]
                    and inside(sale.row["store_id"], self.day(sale.row["store_id"], sale.row["cancelled_at"]))
                ),
                "cancelled_at",
            ),
            "refunds": len(refunds),
            "refund_units": total(refund.row["quantity"] for refund in refunds),
            "refund_goods": refund_goods,
            "refund_shipping": total(refund.value["shipping"] for refund in refunds),
            "refund_tax": total(refund.value["tax"] for refund in refunds),
            "refund_amount": total(back(refund) for refund in refunds),
            "refund_other": total(refund.other_value for refund in refunds),
            "refund_amount_unlinked": total(back(refund) for refund in refunds if refund.sale is None),
            "net_sales": goods - refund_goods,
            "refund_goods_cohort": refund_goods_cohort,
            "refund_amount_cohort": total(
                total(refund.at_sale_rate.values()) for sale in paid for refund in sale.refunds
            ),
            "net_sales_cohort": goods - refund_goods_cohort,
            "fx_difference": total(
                back(refund) - total(refund.at_sale_rate.values()) for refund in refunds if refund.sale
            ),
            "paid_amount_mature": total(sale.amount for sale in mature),
            "refund_amount_cohort_30d": total(
                total(refund.at_sale_rate.values())
                for sale in mature
                for refund in sale.refunds
                if refund.row["refunded_at"] <= sale.row["recognised_at"] + timedelta(days=30)
            ),
            "buyers": len(by_buyer),
            "new_buyers": len(new),
            "returning_buyers": len(by_buyer) - len(new),
            "repeat_in_period_buyers": sum(len(bought) >= 2 for bought in by_buyer.values()),
            "new_buyers_kept": len(kept),
            "returning_buyers_365d": len(old),
            "first_orders": sum(is_first(sale) for sale in orders),
            "first_order_amount": total(sale.amount for sale in orders if is_first(sale)),
            "new_buyer_amount": total(sale.amount for buyer in new for sale in by_buyer[buyer]),
            "goods_paid_store": None if together else total(sale.store_value("goods") for sale in paid),
            "paid_amount_store": None
            if together
            else total(sale.store_value(part) for sale in paid for part in ("goods", "shipping", "tax")),
            "refund_amount_store": None
            if together
            else total(total(refund.store_value.values()) for refund in refunds),
            "net_sales_store": None
            if together
            else total(s.store_value("goods") for s in paid) - total(r.store_value["goods"] for r in refunds),
        }
        result |= {
            "merchant_receivable": paid_amount + result["platform_subsidy"],
            "pay_rate_created_cohort": ratio(result["orders_created_paid"], result["orders_created"]),
            "discount_rate": ratio(result["merchant_discount"], result["list_amount"]),
            "refund_rate_flow": ratio(result["refund_amount"], paid_amount),
            "refund_rate_cohort_30d": ratio(result["refund_amount_cohort_30d"], result["paid_amount_mature"]),
            "aov": ratio(paid_amount, len(orders)),
            "spend_per_buyer": ratio(paid_amount, len(by_buyer)),
            "avg_unit_price": ratio(goods, units),
            "units_per_order": ratio(units, len(orders)),
        }
        return result


def period_of(grain: str, day: date) -> date:
    if grain == "day":
        return day
    if grain == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1)


def period_end(grain: str, start: date) -> date:
    if grain == "day":
        return start
    if grain == "week":
        return start + timedelta(days=6)
    return (start + timedelta(days=32)).replace(day=1) - timedelta(days=1)


History = dict[tuple[str, str], list[Sale]]  # (platform, buyer key) → paid orders in their order


def histories(books: Books, store: str) -> History:
    found: History = defaultdict(list)
    for sale in books.sales:
        if sale.counted and sale.row["buyer_key"] and store in ("ALL", sale.row["store_id"]):
            found[sale.row["platform"], sale.row["buyer_key"]].append(sale)
    for orders in found.values():
        orders.sort(key=_in_order)
    return found


def paid_on(sale: Sale) -> date:
    assert sale.paid is not None
    return sale.paid
