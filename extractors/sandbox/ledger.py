"""The world's own truth, added up in plain Python: what the marts must say.

Figures follow ``marts.md``; each is described where it is defined. Two things make it a ledger of what
a warehouse can
know rather than of what happened: brushed and test orders are left out as soon as their record shows
the mark, and a
refund whose record does not say what it gives back (all of Taobao's, WooCommerce's without lines) is
taken from goods
first, then postage, then tax.

Money is Decimal in the store's currency. Days are the store's, weeks begin on Monday, months on the
first. A period
that sticks out of the days asked for is counted over the days inside.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from . import timeline as tl
from .ads import Delivery
from .live import scene_of
from .merchants import SHANGHAI, SHOP_BY_STORE
from .orders import Order, OrderState, RefundState
from .season import monday
from .timeline import HORIZON_DAYS
from .traffic import SOURCES, Visit, Visits, days_between
from .world import World

GRAINS = ("day", "week", "month")
_CENT = Decimal("0.01")


def period_start(day: date, grain: str) -> date:
    """The first day of the day, ISO week or month that ``day`` lies in. Raises ValueError for another
    grain."""
    if grain == "day":
        return day
    if grain == "week":
        return monday(day)
    if grain == "month":
        return day.replace(day=1)
    raise ValueError(f"grain {grain!r} is none of {', '.join(GRAINS)}")


def _money(minor: int) -> Decimal:
    return Decimal(minor) * _CENT


@dataclass(slots=True)
class StoreFigures:
    """One store in one period."""

    store_id: str
    period_start: date
    orders_created: int = 0
    """Orders by created date, all states."""
    orders_unpaid: int = 0
    """Of those, without full payment so far."""
    orders_paid: int = 0
    """Orders by the date of full payment: presale on the balance, cash on delivery on receipt. Later
    refunds stay in."""
    units_paid: int = 0
    """Quantity of their lines."""
    list_amount: Decimal = Decimal(0)
    """List price times quantity of their lines; WooCommerce shows prices before coupons, which is its
    list price."""
    merchant_discount: Decimal = Decimal(0)
    """Item discounts, hand-made changes and order-level promotions that the merchant pays for."""
    platform_subsidy: Decimal = Decimal(0)
    """What the platform pays of the price."""
    goods_paid: Decimal = Decimal(0)
    """list_amount - merchant_discount - platform_subsidy: what buyers paid for goods."""
    shipping_charged: Decimal = Decimal(0)
    """Postage charged, without tax."""
    tax: Decimal = Decimal(0)
    """Tax on goods and postage."""
    paid_amount: Decimal = Decimal(0)
    """goods_paid + shipping_charged + tax; refunds not deducted."""
    refunds: int = 0
    """Refunds by success date, of orders that were paid and are not excluded."""
    refund_amount: Decimal = Decimal(0)
    """Their amount, each part capped at what was paid for it: refund_goods + refund_shipping + refund_tax."""
    refund_goods: Decimal = Decimal(0)
    """The goods part."""
    refund_shipping: Decimal = Decimal(0)
    """The postage part."""
    refund_tax: Decimal = Decimal(0)
    """The tax part."""
    net_sales: Decimal = Decimal(0)
    """goods_paid - refund_goods of the period (flow)."""
    refund_amount_cohort: Decimal = Decimal(0)
    """Refunds so far of the orders paid in the period."""
    net_sales_cohort: Decimal = Decimal(0)
    """goods_paid less the goods part of all refunds so far of the orders paid in the period."""
    deposit_forfeited: Decimal = Decimal(0)
    """Presale deposits lost, by the date they were lost."""
    buyers: int = 0
    """Distinct known buyers of the paid orders."""
    new_buyers: int = 0
    """Of those, whose first paid order of all known history lies in the period."""

    @property
    def returning_buyers(self) -> int:
        """buyers - new_buyers."""
        return self.buyers - self.new_buyers


@dataclass(slots=True)
class ProductFigures:
    """What a store sold of one catalogue entry in one period, by the moment of payment."""

    orders: int = 0
    units: int = 0
    list_amount: Decimal = Decimal(0)
    merchant_discount: Decimal = Decimal(0)
    goods_paid: Decimal = Decimal(0)
    buyers: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class TrafficFigures:
    """A site in one period. ``visitors`` and ``new_visitors`` are distinct in it; ``visitor_days`` adds
    up the days'."""

    store_id: str
    period_start: date
    source: str | None
    device: str
    visitors: int
    new_visitors: int
    visits: int
    page_views: int
    bounces: int
    visitor_days: int


@dataclass(slots=True)
class AdFigures:
    """Delivery in one period of an account (ids None), a project (campaign) or a promotion (ad), as
    read at ``now``."""

    store_id: str
    advertiser_id: str
    period_start: date
    project_id: str | None
    promotion_id: str | None
    spend: Decimal = Decimal(0)
    impressions: int = 0
    clicks: int = 0
    conversions: int = 0
    conversion_value: Decimal = Decimal(0)

    def add(self, row: Delivery) -> None:
        """Counts one day's row in."""
        self.spend += _money(row.cost)
        self.impressions += row.shows
        self.clicks += row.clicks
        self.conversions += row.conversions
        self.conversion_value += _money(row.value)


@dataclass(slots=True)
class LiveFigures:
    """What was sold in a live room, or by a host in one period."""

    store_id: str
    orders: int = 0
    """Paid orders sold there; every line of an order is sold in one room."""
    order_lines: int = 0
    """Their lines."""
    paid_amount: Decimal = Decimal(0)
    """What was paid for them, with postage and tax."""
    refund_goods_cohort: Decimal = Decimal(0)
    """Goods refunded of them so far."""
    buyers: set[str] = field(default_factory=set)
    """Who bought there."""

    def add(self, state: OrderState) -> None:
        """Counts one paid order in."""
        order = state.order
        self.orders += 1
        self.order_lines += len(order.lines)
        self.paid_amount += _money(order.goods + order.shipping + order.tax)
        self.refund_goods_cohort += sum((_money(parts.goods) for parts in refund_parts(state)), Decimal(0))
        if order.buyer is not None:
            self.buyers.add(order.buyer.key)


@dataclass(frozen=True, slots=True)
class RefundParts:
    """A successful refund as it counts: minor units, each part capped at what was paid for it."""

    at: int
    goods: int
    shipping: int
    tax: int

    @property
    def amount(self) -> int:
        """All of it."""
        return self.goods + self.shipping + self.tax


@dataclass(slots=True)
class _Sums:
    figures: StoreFigures
    buyers: set[str] = field(default_factory=set)


def refund_parts(state: OrderState) -> list[RefundParts]:
    """The successful refunds of an order in order of success; none if it was never fully paid."""
    order = state.order
    if state.paid_at is None:
        return []
    left = [order.goods, order.shipping, order.tax]
    done = [r for r in state.refunds if r.refunded_at is not None]
    parts = []
    for found in sorted(done, key=lambda r: (r.refunded_at or 0, r.refund.id)):
        given = _split(order, found, left)
        taken = [min(part, rest) for part, rest in zip(given, left, strict=True)]
        left = [rest - part for part, rest in zip(taken, left, strict=True)]
        parts.append(RefundParts(found.refunded_at or 0, *taken))
    return parts


def _split(order: Order, found: RefundState, left: list[int]) -> list[int]:
    """Goods, postage and tax of a refund, as its record tells them, or goods first where it does not."""
    refund = found.refund
    told = order.shop.is_own_site and (bool(refund.lines) or refund.shipping > 0)
    if told or order.shop.splits_refunds:
        return [refund.goods, refund.shipping, refund.tax]
    rest, out = refund.amount, []
    for most in left:
        part = min(rest, most)
        out.append(part)
        rest -= part
    return out


class Ledger:
    """Adds a world up.

    ``loaded_from`` (epoch seconds): the warehouse read records modified since then and no others, so
    orders last
    modified before it are unknown to it, as buyers too. None: it knows all history of the world.
    """

    def __init__(self, world: World, loaded_from: int | None = None) -> None:
        self.world = world
        self.loaded_from = loaded_from

    # ---- orders -----------------------------------------------------------------------------------
    def orders(self, store: str, now: int) -> Iterator[OrderState]:
        """Every order that the warehouse knows at ``now``, excluded ones too, in order of creation."""
        book = self.world.books[store]
        start = 0 if self.loaded_from is None else self.loaded_from - (HORIZON_DAYS + 1) * 86_400
        for day, index in book.created_between(start, now, now):
            state = book.state(day, index, now)
            if state is not None and (self.loaded_from is None or state.modified >= self.loaded_from):
                yield state

    def store(self, store: str, now: int, first: date, last: date, grain: str = "day") -> list[StoreFigures]:
        """The store's figures in every period that touches [first, last], quiet ones too, oldest first."""
        zone = SHOP_BY_STORE[store].zone
        sums: dict[date, _Sums] = {}
        for day in days_between(first, last):
            start = period_start(day, grain)
            sums.setdefault(start, _Sums(StoreFigures(store, start)))

        def at(moment: int | None) -> _Sums | None:
            if moment is None:
                return None
            day = _local(moment, zone)
            return sums[period_start(day, grain)] if first <= day <= last else None

        debuts: dict[str, tuple[int, int, int]] = {}
        for state in self.orders(store, now):
            if state.exclusion is not None:
                continue
            created = at(state.order.timeline.created)
            if created is not None:
                created.figures.orders_created += 1
                created.figures.orders_unpaid += state.paid_at is None
            paid = at(state.paid_at)
            if paid is not None:
                _count_sale(paid, state)
            lost = at(state.ended_at) if state.status == tl.FORFEITED else None
            if lost is not None:
                lost.figures.deposit_forfeited += _money(state.order.deposit)
            for parts in refund_parts(state):
                _count_refund(at(parts.at), paid, parts)
            _note_debut(debuts, state)
        for buyer, (moment, _, _) in debuts.items():
            debut = at(moment)
            if debut is not None and buyer in debut.buyers:
                debut.figures.new_buyers += 1
        return [_closed(entry) for entry in sums.values()]

    def products(
        self, store: str, now: int, first: date, last: date, grain: str = "day"
    ) -> dict[tuple[date, int], ProductFigures]:
        """What was sold of each product in every period, by the period's start and the entry's number."""
        zone = SHOP_BY_STORE[store].zone
        found: dict[tuple[date, int], ProductFigures] = defaultdict(ProductFigures)
        for state in self.orders(store, now):
            if state.exclusion is not None or state.paid_at is None:
                continue
            day = _local(state.paid_at, zone)
            if not first <= day <= last:
                continue
            sold = set()
            for line in state.order.lines:
                key = (period_start(day, grain), line.item.number)
                sold.add(key)
                figures = found[key]
                figures.units += line.quantity
                figures.list_amount += _money(line.list_amount)
                figures.merchant_discount += _money(line.list_amount - line.subsidy - line.paid)
                figures.goods_paid += _money(line.paid)
            for key in sold:
                found[key].orders += 1
                if state.order.buyer is not None:
                    found[key].buyers.add(state.order.buyer.key)
        return dict(found)

    # ---- live rooms -------------------------------------------------------------------------------
    def live_rooms(self, store: str, now: int) -> dict[str, LiveFigures]:
        """Each room in which a paid order was sold, by its id: what was paid there, whenever."""
        found: dict[str, LiveFigures] = defaultdict(lambda: LiveFigures(store))
        for room, _, _, state in self._sold_live(store, now):
            found[room].add(state)
        return dict(found)

    def live_by_paid_date(
        self, store: str, now: int, first: date, last: date, grain: str = "day"
    ) -> dict[tuple[date, str], LiveFigures]:
        """(period, host, or ALL) -> the orders sold live and paid in the part of it within [first, last]."""
        found: dict[tuple[date, str], LiveFigures] = defaultdict(lambda: LiveFigures(store))
        for _, host, day, state in self._sold_live(store, now):
            if first <= day <= last:
                for who in (host, "ALL"):
                    found[period_start(day, grain), who].add(state)
        return dict(found)

    def _sold_live(self, store: str, now: int) -> Iterator[tuple[str, str, date, OrderState]]:
        zone = SHOP_BY_STORE[store].zone
        for state in self.orders(store, now):
            scene = scene_of(state.order)
            if scene.room and state.exclusion is None and state.paid_at is not None:
                yield str(scene.room), str(scene.author), _local(state.paid_at, zone), state

    # ---- traffic ----------------------------------------------------------------------------------
    def traffic(
        self,
        store: str,
        now: int,
        first: date,
        last: date,
        grain: str = "day",
        device: str = "all",
        by_source: bool = False,
    ) -> list[TrafficFigures]:
        """The site's figures per period, over all sources or one row for each kind of source (through,
        search, link).

        ``device`` all | pc | mobile.
        """
        visits = self.world.visits[store]
        today = _local(now, SHANGHAI)
        periods: dict[date, list[date]] = defaultdict(list)
        for day in days_between(first, min(last, today)) if first <= today else []:
            periods[period_start(day, grain)].append(day)
        out = []
        for start, days in periods.items():
            known = [v for v in visits.known(days, now) if device in ("all", v.device)]
            groups: dict[str | None, list[Visit]] = {} if by_source else {None: known}
            if by_source:
                for visit in known:
                    groups.setdefault(SOURCES[visit.source].kind, []).append(visit)
            for source, found in sorted(groups.items(), key=lambda pair: pair[0] or ""):
                figures = visits.figures(found)
                daily = _visitor_days(visits, found)
                out.append(
                    TrafficFigures(
                        store,
                        start,
                        source,
                        device,
                        figures.visitors,
                        figures.new_visitors,
                        figures.visits,
                        figures.page_views,
                        figures.bounces,
                        daily,
                    )
                )
        return out

    # ---- advertising ------------------------------------------------------------------------------
    def ads(
        self, store: str, now: int, first: date, last: date, grain: str = "day", level: str = "account"
    ) -> list[AdFigures]:
        """Delivery per period. ``level`` account | project | promotion; things that delivered nothing
        have no row."""
        adverts = self.world.adverts[store]
        identity = str(adverts.advertiser.advertiser_id)
        out: dict[tuple[date, str | None, str | None], AdFigures] = {}
        for day in days_between(first, last):
            for row in adverts.deliveries(day, now):
                project = None if level == "account" else str(row.promotion.project_id)
                promotion = str(row.promotion.promotion_id) if level == "promotion" else None
                key = (period_start(day, grain), project, promotion)
                out.setdefault(key, AdFigures(store, identity, *key)).add(row)
        return [out[key] for key in sorted(out, key=lambda k: (k[0], k[1] or "", k[2] or ""))]


def _local(moment: int, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(moment, zone).date()


def _count_sale(entry: _Sums, state: OrderState) -> None:
    order, figures = state.order, entry.figures
    listed = sum(line.list_amount for line in order.lines)
    subsidy = sum(line.subsidy for line in order.lines)
    figures.orders_paid += 1
    figures.units_paid += sum(line.quantity for line in order.lines)
    figures.list_amount += _money(listed)
    figures.platform_subsidy += _money(subsidy)
    figures.merchant_discount += _money(listed - subsidy - order.goods)
    figures.goods_paid += _money(order.goods)
    figures.shipping_charged += _money(order.shipping)
    figures.tax += _money(order.tax)
    if order.buyer is not None:
        entry.buyers.add(order.buyer.key)


def _count_refund(flow: _Sums | None, cohort: _Sums | None, parts: RefundParts) -> None:
    if flow is not None:
        flow.figures.refunds += 1
        flow.figures.refund_goods += _money(parts.goods)
        flow.figures.refund_shipping += _money(parts.shipping)
        flow.figures.refund_tax += _money(parts.tax)
    if cohort is not None:
        cohort.figures.refund_amount_cohort += _money(parts.amount)
        cohort.figures.net_sales_cohort -= _money(parts.goods)


def _note_debut(debuts: dict[str, tuple[int, int, int]], state: OrderState) -> None:
    """Keeps each buyer's first paid order: by payment, then creation, then order id."""
    buyer = state.order.buyer
    if buyer is None or state.paid_at is None:
        return
    mark = (state.paid_at, state.order.timeline.created, state.order.id)
    debuts[buyer.key] = min(mark, debuts.get(buyer.key, mark))


def _closed(entry: _Sums) -> StoreFigures:
    figures = entry.figures
    figures.buyers = len(entry.buyers)
    figures.paid_amount = figures.goods_paid + figures.shipping_charged + figures.tax
    figures.refund_amount = figures.refund_goods + figures.refund_shipping + figures.refund_tax
    figures.net_sales = figures.goods_paid - figures.refund_goods
    figures.net_sales_cohort += figures.goods_paid
    return figures


def _visitor_days(visits: Visits, found: list[Visit]) -> int:
    daily: dict[date, list[Visit]] = defaultdict(list)
    for visit in found:
        daily[_local(visit.at, SHANGHAI)].append(visit)
    return sum(visits.figures(of_day).visitors for of_day in daily.values())
