"""What an order contains and what its record says at one moment.

Money is a whole number of minor units (fen, cents) everywhere in this file. The contents of an order
never change;
what changes is which of its events have happened (``state_of``).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date

from . import timeline as tl
from .buyers import Buyer, Crowd
from .catalogue import Item, on_sale, price
from .dice import Dice, between, pick
from .merchants import SHOPS, Shop
from .season import day_number, day_of, demand
from .timeline import Event, RefundPlan, Timeline, TimelineMaker

_MARKET_ID = 2_000_000_000_000_000_000
_MARKET_SHOP = 100_000_000_000_000_000
_DAY_STEP = 1_000_000_000_000
_INDEX_STEP = 10_000


@dataclass(frozen=True, slots=True)
class Line:
    """One product line. ``paid`` is what the buyer pays for its goods after every discount and subsidy."""

    number: int
    item: Item
    sku: int
    quantity: int
    unit_price: int
    item_discount: int
    adjustment: int
    order_discount: int
    subsidy: int
    tax: int

    @property
    def list_amount(self) -> int:
        """List price times quantity."""
        return self.unit_price * self.quantity

    @property
    def net(self) -> int:
        """After the line's own discount and the seller's hand-made change, before order-level promotions."""
        return self.list_amount - self.item_discount + self.adjustment

    @property
    def paid(self) -> int:
        """What the buyer pays for the goods of this line, without postage and tax."""
        return self.net - self.order_discount - self.subsidy


@dataclass(frozen=True, slots=True)
class RefundLine:
    """The part of one line that a refund gives back."""

    line: Line
    quantity: int
    goods: int
    tax: int


@dataclass(frozen=True, slots=True)
class Refund:
    """One refund. ``amount`` = goods + shipping + tax; ``lines`` is empty when the record names only an
    amount."""

    id: int
    plan: RefundPlan
    amount: int
    goods: int
    shipping: int
    tax: int
    lines: tuple[RefundLine, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Order:
    """An order with everything that will ever be true of it."""

    shop: Shop
    day: date
    index: int
    id: int
    timeline: Timeline
    type: str
    buyer: Buyer | None
    lines: tuple[Line, ...]
    shipping: int
    shipping_tax: int
    deposit: int
    payment: str
    coupon: str
    refunds: tuple[Refund, ...]

    @property
    def goods(self) -> int:
        """What the buyer pays for goods."""
        return sum(line.paid for line in self.lines)

    @property
    def tax(self) -> int:
        """All tax, on goods and on postage."""
        return sum(line.tax for line in self.lines) + self.shipping_tax

    @property
    def total(self) -> int:
        """What the buyer pays altogether."""
        return self.goods + self.shipping + self.tax


@dataclass(slots=True)
class RefundState:
    """What a refund's record says. ``phase`` is the last event's name; a dispute does not change it;
    times are epoch seconds."""

    refund: Refund
    phase: str
    created: int
    modified: int
    refunded_at: int | None = None
    is_disputed: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it is not over: neither paid back nor withdrawn."""
        return self.phase not in (tl.REFUNDED, tl.WITHDRAWN)

    @property
    def is_in_dispute(self) -> bool:
        """Whether the platform has still to decide it."""
        return self.is_disputed and self.is_open


@dataclass(slots=True)
class OrderState:
    """What an order's record says at one moment.

    ``status``: created, on_hold, failed, deposit, paid, shipped, signed, completed, closed_unpaid,
    forfeited, cancelled (closed by a full refund), refused, trashed. Times are epoch seconds, None
    while they have not come.
    """

    order: Order
    status: str = tl.CREATED
    modified: int = 0
    paid_at: int | None = None
    deposit_at: int | None = None
    shipped_at: int | None = None
    signed_at: int | None = None
    completed_at: int | None = None
    ended_at: int | None = None
    is_marked: bool = False
    is_edited: bool = False
    touches: int = 0
    refunds: list[RefundState] = field(default_factory=list)

    @property
    def refunded(self) -> int:
        """The amount given back so far."""
        return sum(r.refund.amount for r in self.refunds if r.refunded_at is not None)

    @property
    def exclusion(self) -> str | None:
        """Why the order is no sale (test, brushed), as soon as the record shows it."""
        return self.order.timeline.exclusion if self.is_marked else None


_STATUS_EVENTS = frozenset(
    {
        tl.CREATED,
        tl.ON_HOLD,
        tl.FAILED,
        tl.DEPOSIT,
        tl.PAID,
        tl.SHIPPED,
        tl.SIGNED,
        tl.COMPLETED,
        tl.CLOSED_UNPAID,
        tl.FORFEITED,
        tl.CANCELLED,
        tl.REFUSED,
        tl.TRASHED,
    }
)
_ENDS = frozenset({tl.COMPLETED, tl.CLOSED_UNPAID, tl.FORFEITED, tl.CANCELLED, tl.REFUSED})
_REFUND_EVENTS = frozenset({tl.ASKED, tl.DISPUTED, tl.AGREED, tl.RETURNING, tl.REFUNDED, tl.WITHDRAWN})


def state_of(order: Order, now: int, touches: tuple[int, ...] = ()) -> OrderState | None:
    """The fold of the events up to ``now``; None before the order exists. ``touches`` are added neutral
    edits."""
    if order.timeline.created > now:
        return None
    state = OrderState(order)
    woo = order.shop.is_own_site
    state.is_marked = woo and order.timeline.exclusion is not None
    refunds: dict[int, RefundState] = {}
    for event in order.timeline.events:
        if event.at > now:
            break
        if not event.silent:
            state.modified = event.at
        if event.what in _REFUND_EVENTS:
            _fold_refund(order, event, refunds)
        else:
            _fold_order(state, event)
    state.refunds = list(refunds.values())
    if woo and state.refunded >= order.total:
        state.status = tl.CANCELLED if state.status != tl.TRASHED else state.status
    seen = [at for at in touches if at <= now]
    state.touches = len(seen)
    state.modified = max([state.modified, *seen])
    return state


def outline(timeline: Timeline, now: int) -> tuple[str, int] | None:
    """(status, modified) of a record by its events alone; None before it exists, and when refunds were paid:
    whether they closed the order depends on amounts (``state_of``)."""
    if timeline.created > now:
        return None
    status, modified = tl.CREATED, timeline.created
    for event in timeline.events:
        if event.at > now:
            break
        if event.what == tl.REFUNDED:
            return None
        if not event.silent:
            modified = event.at
        if event.what in _STATUS_EVENTS:
            status = event.what
        elif event.what == tl.RETRIED:
            status = tl.CREATED
    return status, modified


def _fold_order(state: OrderState, event: Event) -> None:
    what = event.what
    if what in _STATUS_EVENTS:
        state.status = what
    if what == tl.RETRIED:
        state.status = tl.CREATED
    elif what == tl.PAID:
        state.paid_at = event.at
    elif what == tl.DEPOSIT:
        state.deposit_at = event.at
    elif what == tl.SHIPPED:
        state.shipped_at = event.at
    elif what == tl.SIGNED:
        state.signed_at = event.at
        if state.paid_at is None:  # paid at the door
            state.paid_at = event.at
    elif what == tl.MARKED:
        state.is_marked = True
    elif what == tl.EDITED:
        state.is_edited = True
    if what in _ENDS:
        state.ended_at = event.at
    if what == tl.COMPLETED:
        state.completed_at = event.at


def _fold_refund(order: Order, event: Event, refunds: dict[int, RefundState]) -> None:
    found = refunds.get(event.refund)
    if found is None:
        found = RefundState(order.refunds[event.refund - 1], event.what, event.at, event.at)
        refunds[event.refund] = found
    found.modified = event.at
    if event.what == tl.DISPUTED:
        found.is_disputed = True
        return
    found.phase = event.what
    if event.what == tl.REFUNDED:
        found.refunded_at = event.at


def allocate(amount: int, weights: list[int]) -> list[int]:
    """Splits ``amount`` by ``weights`` with the largest remainder; the parts add up to it exactly."""
    total = sum(weights)
    if total == 0 or amount == 0:
        return [0] * len(weights)
    parts = [amount * weight // total for weight in weights]
    order = sorted(range(len(weights)), key=lambda i: (-(amount * weights[i] % total), i))
    for i in order[: amount - sum(parts)]:
        parts[i] += 1
    return parts


def market_id(shop: Shop, number: int, index: int) -> int:
    """A marketplace order's id: beyond 2^53, and it names shop, day number and index."""
    return _MARKET_ID + shop.number * _MARKET_SHOP + number * _DAY_STEP + index * _INDEX_STEP


def woo_id(number: int, index: int) -> int:
    """An order id that leaves room for nine refund ids (ids are unique across post types)."""
    return (number * 1_000_000 + index) * 10


def locate_market(any_id: int) -> tuple[Shop, date, int, int] | None:
    """(shop, day, index, rest) of a marketplace's order, line or refund id; None if it is none of ours."""
    rest = any_id - _MARKET_ID
    number, rest = divmod(rest, _MARKET_SHOP)
    shop = next((s for s in SHOPS if s.number == number and not s.is_own_site), None)
    if shop is None:
        return None
    day, rest = divmod(rest, _DAY_STEP)
    index, rest = divmod(rest, _INDEX_STEP)
    return shop, day_of(day), index, rest


def locate_woo(any_id: int) -> tuple[date, int, int] | None:
    """(day, index, rest) of an order or refund id."""
    whole, rest = divmod(any_id, 10)
    day, index = divmod(whole, 1_000_000)
    return (day_of(day), index, rest) if 0 <= day < 100_000 else None


class OrderMaker:
    """Fills the timelines of one shop with goods, money and people."""

    def __init__(self, shop: Shop, seed: int, maker: TimelineMaker) -> None:
        self.shop = shop
        self._crowd = Crowd(shop, seed, maker)
        self._dice = Dice(seed, f"contents/{shop.store}")

    def make(self, day: date, index: int, timeline: Timeline) -> Order:
        """The whole order for a timeline."""
        number = day_number(day)
        u = self._dice.sixteen(number, index)
        buyer = self._crowd.buyer_of(day, index)
        lines = self._lines(day, index, timeline, u, bulk=buyer is not None and buyer.is_organisation)
        net = sum(line.paid for line in lines)
        shipping = self._shipping(net, u[13])
        shipping_tax = round(shipping * self.shop.tax_rate)
        market = not self.shop.is_own_site
        order_id = market_id(self.shop, number, index) if market else woo_id(number, index)
        partial = Order(
            self.shop,
            day,
            index,
            order_id,
            timeline,
            self._type(timeline, u[12]),
            buyer,
            lines,
            shipping,
            shipping_tax,
            net // 1000 * 100 if timeline.flow == "presale" else 0,
            self._payment(timeline, u[14]),
            "LANTERN10" if not market and any(line.order_discount for line in lines) else "",
            (),
        )
        refunds = tuple(self._refund(partial, plan) for plan in timeline.refunds)
        return replace(partial, refunds=refunds)

    def _lines(
        self, day: date, index: int, timeline: Timeline, u: tuple[float, ...], bulk: bool
    ) -> tuple[Line, ...]:
        shop, market = self.shop, not self.shop.is_own_site
        offered, total = on_sale(shop, day)
        festive = demand(day, shop.market) > 2.0
        drafts: list[tuple[Item, int, int, int, int, int]] = []
        taken: set[tuple[str, int]] = set()
        for number in range(timeline.line_count):
            v = self._dice.sixteen(day_number(day), index, 10 + number)
            mark, item = v[0] * total, offered[-1][0]
            for candidate, weight in offered:
                mark -= weight
                if mark < 0:
                    item = candidate
                    break
            sku = int(v[1] * len(item.skus))
            while (item.key, sku) in taken:
                item = offered[(offered.index((item, item.popularity)) + 1) % len(offered)][0]
                sku = 0
            taken.add((item.key, sku))
            quantity = 1 if v[2] < 0.74 else 2 if v[2] < 0.92 else 3
            if bulk and item.price < 200:
                quantity = between(v[3], 4, 18)
            unit = price(shop, item, sku, day)
            discount = 0
            if market and v[4] < (0.7 if festive else 0.35):
                discount = round(unit * quantity * (0.05 + (0.25 if festive else 0.12) * v[5])) // 10 * 10
            adjustment = -(between(v[7], 1, 5) * 100) if market and v[6] < 0.02 and unit > 2000 else 0
            drafts.append((item, sku, quantity, unit, discount, adjustment))
        nets = [
            unit * quantity - discount + adjustment for _, _, quantity, unit, discount, adjustment in drafts
        ]
        promotions = allocate(self._promotion(sum(nets), u), nets)
        after = [net - promotion for net, promotion in zip(nets, promotions, strict=True)]
        subsidies = allocate(self._subsidy(sum(after), u, timeline), after)
        return tuple(
            Line(i + 1, *draft, promotions[i], subsidies[i], round((after[i] - subsidies[i]) * shop.tax_rate))
            for i, draft in enumerate(drafts)
        )

    def _promotion(self, net: int, u: tuple[float, ...]) -> int:
        """The merchant's order-level discount: 30 off every 300 on a marketplace, a tenth with a coupon
        on his own site."""
        if not self.shop.is_own_site:
            return net // 30_000 * 3_000 if u[0] < 0.8 else 0
        return net // 10 if u[0] < 0.13 else 0

    def _subsidy(self, net: int, u: tuple[float, ...], timeline: Timeline) -> int:
        """The platform's red packet, which the platform pays to the merchant."""
        if self.shop.is_own_site or not self.shop.is_subsidised or u[1] > 0.14 or timeline.flow == "cod":
            return 0
        return min(between(u[2], 3, 20) * 100 + (between(u[3], 0, 99) if u[4] < 0.3 else 0), net // 10)

    def _shipping(self, net: int, u: float) -> int:
        if not self.shop.is_own_site:
            return 0 if net >= 9_900 else 1_500 if u < 0.05 else 800
        if self.shop.market == "US":
            return 0 if net >= 7_500 else 595
        return 0 if net >= 19_900 else 1_000

    def _type(self, timeline: Timeline, u: float) -> str:
        if timeline.flow in ("presale", "cod"):
            return "step" if timeline.flow == "presale" else "cod"
        return "eticket" if u < 0.006 else "tmall_i18n" if u < 0.012 else "fixed"

    def _payment(self, timeline: Timeline, u: float) -> str:
        if not self.shop.is_own_site:
            return "alipay"
        if timeline.flow == "cod":
            return "cod"
        if timeline.flow == "transfer":
            return "bacs"
        options = (
            (("stripe", 60.0), ("paypal", 40.0))
            if self.shop.market == "US"
            else (("alipay", 55.0), ("wechatpay", 45.0))
        )
        return str(pick(u, options))

    def _refund(self, order: Order, plan: RefundPlan) -> Refund:
        woo = self.shop.is_own_site
        refund_id = order.id + plan.number if woo else order.id + 9_000 + plan.number
        reason = _REASONS[(order.index + plan.number) % len(_REASONS)]
        part = plan.part
        if part == tl.SHIPPING_ONLY and order.shipping == 0:
            part = tl.AMOUNT_ONLY if woo else tl.PARTIAL
        share = min(plan.share, 0.6) if part == tl.PARTIAL else plan.share
        lines: tuple[RefundLine, ...] = ()
        shipping = tax = 0
        if part == tl.SHIPPING_ONLY:
            goods, shipping, tax = 0, order.shipping, order.shipping_tax
        elif part == tl.AMOUNT_ONLY:
            goods = max(round(order.goods * min(share, 0.5)), 1)
        elif part == tl.PARTIAL:
            goods = max(round(order.lines[plan.line - 1].paid * share) // 10 * 10, 10)
        elif plan.line:
            line = order.lines[plan.line - 1]
            lines = (RefundLine(line, line.quantity, line.paid, line.tax),)
            goods, tax = line.paid, line.tax
            if part == tl.FULL and plan.before_shipment and plan.line == len(order.lines):
                shipping = order.shipping
        else:
            lines = tuple(RefundLine(line, line.quantity, line.paid, line.tax) for line in order.lines)
            goods, shipping, tax = order.goods, order.shipping, order.tax
        return Refund(refund_id, plan, goods + shipping + tax, goods, shipping, tax, lines, reason)


_REASONS = (
    "七天无理由",
    "Changed my mind",
    "收到商品破损",
    "Wrong colour",
    "少件/漏发",
    "Arrived late",
    "不喜欢",
    "Postage",
)
