"""The life of an order as a list of timed events, without its contents.

A timeline holds only what decides *when* the record changes, so that millions of them can be scanned to
answer "which records were modified in this window"; the contents are made for the few that a page shows
(``orders``). All times are epoch seconds. Every event of an order lies within HORIZON_DAYS of its
creation.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from .dice import Dice, between, lag
from .merchants import Shop
from .season import balance_opens, day_number, demand, moment, presale_share

HORIZON_DAYS = 45
"""No event of an order is later than this many days after it was created."""

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400

# What can happen to an order.
CREATED, DEPOSIT, PAID, SHIPPED, SIGNED, COMPLETED = (
    "created",
    "deposit",
    "paid",
    "shipped",
    "signed",
    "completed",
)
CLOSED_UNPAID, FORFEITED, CANCELLED, REFUSED = "closed_unpaid", "forfeited", "cancelled", "refused"
ON_HOLD, FAILED, RETRIED, TRASHED = "on_hold", "failed", "retried", "trashed"
EDITED, MARKED, TOUCHED = "edited", "marked", "touched"
# What can happen to a refund of it (the event's third part is the refund's number).
ASKED, AGREED, RETURNING, REFUNDED, WITHDRAWN = "asked", "agreed", "returning", "refunded", "withdrawn"
# The shop said no and the platform was called in; how the refund ends is the platform's word.
DISPUTED = "disputed"

# Refund plans.
FULL, LINE, PARTIAL, SHIPPING_ONLY, AMOUNT_ONLY = "full", "line", "partial", "shipping_only", "amount_only"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens to an order at ``at``. ``refund`` is the number of the refund it concerns,
    else 0.

    A ``silent`` event does not move the order's own modified time (WooCommerce gateway refunds,
    platforms-global §2).
    """

    at: int
    what: str
    refund: int = 0
    silent: bool = False


@dataclass(frozen=True, slots=True)
class RefundPlan:
    """One refund that will be asked for: which part of the order, and whether goods come back."""

    number: int
    part: str
    line: int
    share: float
    goods_return: bool
    before_shipment: bool


@dataclass(frozen=True, slots=True)
class Timeline:
    """An order's events in time order, and what kind of order it is.

    ``flow`` standard | presale | cod | group | transfer; ``exclusion`` None | test | brushed.
    """

    created: int
    flow: str
    line_count: int
    exclusion: str | None
    events: tuple[Event, ...]
    refunds: tuple[RefundPlan, ...]


@lru_cache(maxsize=32_768)
def midnight_in(zone: str, day: date) -> int:
    """The epoch second at which ``day`` begins in an IANA zone."""
    return int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).timestamp())


def midnight(shop: Shop, day: date) -> int:
    """The epoch second at which ``day`` begins in the shop's zone."""
    return midnight_in(shop.zone.key, day)


def order_count(shop: Shop, day: date, scale: float, dice: Dice) -> int:
    """How many orders the shop receives on ``day``; a few per cent of weather around the season."""
    weather, rounding = dice.sixteen(day_number(day), -1)[:2]
    return int(shop.daily_orders * scale * demand(day, shop.market) * (0.9 + 0.2 * weather) + rounding)


class TimelineMaker:
    """Makes the timelines of one shop. Any (day, index) can be asked for alone."""

    def __init__(self, shop: Shop, seed: int, scale: float) -> None:
        self.shop = shop
        self.scale = scale
        self._dice = Dice(seed, f"orders/{shop.store}")
        self._counts: dict[date, int] = {}

    def count(self, day: date) -> int:
        """How many orders are created on ``day``."""
        found = self._counts.get(day)
        if found is None:
            found = self._counts[day] = order_count(self.shop, day, self.scale, self._dice)
        return found

    def make(self, day: date, index: int, start: int, length: int) -> Timeline:
        """The timeline of order ``index`` of ``day``, whose local midnight is ``start`` and which lasts
        ``length`` s."""
        u = self._dice.sixteen(day_number(day), index, 1)
        share = (index + u[0]) / self.count(day)
        created = start + int(moment(share, day, self.shop.market) * length)
        lines = 1 if u[1] < 0.62 else 2 if u[1] < 0.88 else 3
        if self.shop.is_own_site:
            return self._woocommerce(day, created, lines, u, index)
        return self._marketplace(day, created, min(lines, self.shop.most_lines), u, index)

    def _marketplace(self, day: date, created: int, lines: int, u: tuple[float, ...], index: int) -> Timeline:
        exclusion = "test" if u[2] < 0.004 else "brushed" if u[2] < 0.019 else None
        if not self.shop.marks_orders:
            exclusion = None
        events = [Event(created, CREATED)]
        if exclusion is None and u[3] < 0.09:
            wait = between(u[4], 5 * _MINUTE, 20 * _HOUR) if u[5] < 0.5 else _DAY
            events.append(Event(created + wait, CLOSED_UNPAID))
            return Timeline(created, "standard", lines, None, tuple(events), ())
        flows = self.shop.flows
        if exclusion is None and "presale" in flows and u[6] < presale_share(day):
            paid = self._presale(day, created, u, events)
            flow = "presale"
            lines = 1
        elif exclusion is None and "cod" in flows and u[6] > 0.98:
            return self._marketplace_cod(created, lines, u, events)
        elif exclusion is None and "group" in flows and u[6] < 0.6:
            paid = self._group(created, u, events)
            flow = "group"
        else:
            flow = "standard"
            wait = between(u[4], 12, 420) if u[5] < 0.88 else between(u[4], 8 * _MINUTE, 16 * _HOUR)
            paid = created + wait
            events.append(Event(paid, PAID))
        if not paid:
            return Timeline(created, flow, lines, exclusion, tuple(events), ())
        return self._after_payment(day, created, paid, flow, lines, exclusion, events, index)

    def _presale(self, day: date, created: int, u: tuple[float, ...], events: list[Event]) -> int:
        """Adds deposit, balance or forfeit; gives the second of the balance payment, 0 if it never comes."""
        if u[3] > 0.96:
            events.append(Event(created + 30 * _MINUTE, CLOSED_UNPAID))
            return 0
        deposit = created + between(u[7], 15, 25 * _MINUTE)
        events.append(Event(deposit, DEPOSIT))
        opens = midnight(self.shop, balance_opens(day))
        if u[8] < 0.09:
            events.append(Event(opens + 4 * _DAY, FORFEITED))
            return 0
        paid = opens + min(int(lag(u[9], 9 * _HOUR)), 3 * _DAY)
        events.append(Event(paid, PAID))
        return paid

    @staticmethod
    def _group(created: int, u: tuple[float, ...], events: list[Event]) -> int:
        """Adds the buyer's payment into a group (DEPOSIT) and its forming (PAID) or failing; gives the
        second of the forming, 0 if it never comes."""
        joined = created + between(u[7], 10, 4 * _MINUTE)
        events.append(Event(joined, DEPOSIT))
        if u[8] < 0.05:
            events.append(Event(joined + _DAY, CLOSED_UNPAID))
            return 0
        formed = joined + (0 if u[9] < 0.5 else between(u[10], _MINUTE, 20 * _HOUR))
        events.append(Event(formed, PAID))
        return formed

    def _marketplace_cod(
        self, created: int, lines: int, u: tuple[float, ...], events: list[Event]
    ) -> Timeline:
        shipped = created + between(u[4], 4 * _HOUR, 40 * _HOUR)
        events.append(Event(shipped, SHIPPED))
        door = shipped + between(u[7], 30 * _HOUR, 110 * _HOUR)
        if u[8] < 0.12:
            events.append(Event(door, REFUSED))
        else:
            events.append(Event(door, SIGNED))
            events.append(Event(door + between(u[9], _DAY, 4 * _DAY), COMPLETED))
        return Timeline(created, "cod", lines, None, tuple(events), ())

    def _after_payment(
        self,
        day: date,
        created: int,
        paid: int,
        flow: str,
        lines: int,
        exclusion: str | None,
        events: list[Event],
        index: int,
    ) -> Timeline:
        """Shipping, completion, after-sales, marks and late edits of a paid marketplace order."""
        v = self._dice.sixteen(day_number(day), index, 2)
        shipped = paid + between(v[0], 3 * _HOUR, 50 * _HOUR)
        completed = shipped + between(v[1], 3 * _DAY, 11 * _DAY)
        refunds: list[RefundPlan] = []
        if exclusion is None and v[2] < 0.035:
            asked = paid + between(v[3], 10 * _MINUTE, 150 * _MINUTE)
            done = asked + between(v[4], 5 * _MINUTE, 30 * _MINUTE)
            whole = self.shop.cancels_whole
            for number in range(1, 2 if whole else lines + 1):
                refunds.append(RefundPlan(number, FULL, 0 if whole else number, 1.0, False, True))
                events.append(Event(asked + number, ASKED, number))
                events.append(Event(done + number * 2, REFUNDED, number))
            events.append(Event(done + lines * 2, CANCELLED))
        else:
            events.append(Event(shipped, SHIPPED))
            closed = False
            if exclusion is None and v[2] < 0.115:
                closed = self._after_sales(shipped, completed, lines, v, refunds, events)
            if self.shop.tells_arrival:
                arrived = shipped + int((completed - shipped) * (0.3 + 0.6 * v[11]))
                if not closed or arrived < events[-1].at:  # what is paid back on its way does not arrive
                    events.append(Event(arrived, SIGNED))
            if not closed:
                events.append(Event(completed, COMPLETED))
        if exclusion == "brushed":
            events.append(Event(paid + between(v[12], _HOUR, 20 * _DAY), MARKED))
        elif exclusion == "test":
            events.append(Event(paid + 5 * _MINUTE, MARKED))
        if v[13] < 0.03:
            events.append(Event(created + between(v[14], 24 * _DAY, 43 * _DAY), EDITED))
        return Timeline(created, flow, lines, exclusion, _sorted(events, created), tuple(refunds))

    @staticmethod
    def _after_sales(
        shipped: int,
        completed: int,
        lines: int,
        v: tuple[float, ...],
        refunds: list[RefundPlan],
        events: list[Event],
    ) -> bool:
        """Adds one after-sale story; tells whether it closed the order before completion."""
        asked = shipped + between(v[5], 20 * _HOUR, 12 * _DAY)
        done = asked + between(v[6], 12 * _HOUR, 6 * _DAY)
        line = between(v[7], 1, lines)
        story = v[8]
        if story < 0.6 and v[10] < 0.2:
            events.append(Event(asked + (done - asked) // 2, DISPUTED, 1))
        if story < 0.12:
            refunds.append(RefundPlan(1, PARTIAL, line, 0.4, False, False))
            events += [Event(asked, ASKED, 1), Event(done, WITHDRAWN, 1)]
        elif story < 0.3:
            refunds.append(RefundPlan(1, SHIPPING_ONLY, 1, 1.0, False, False))
            events += [Event(asked, ASKED, 1), Event(done, REFUNDED, 1)]
        elif story < 0.6:
            refunds.append(RefundPlan(1, PARTIAL, line, 0.15 + 0.5 * v[9], False, False))
            events += [Event(asked, ASKED, 1), Event(done, REFUNDED, 1)]
        elif story < 0.82 or lines == 1:
            full = lines == 1
            refunds.append(RefundPlan(1, FULL if full else LINE, line, 1.0, True, False))
            middle = asked + (done - asked) // 3
            events += [
                Event(asked, ASKED, 1),
                Event(middle, AGREED, 1),
                Event(middle + (done - middle) // 2, RETURNING, 1),
                Event(done, REFUNDED, 1),
            ]
            if full and done < completed:
                events.append(Event(done, CANCELLED))
                return True
        else:
            for number in range(1, lines + 1):
                refunds.append(RefundPlan(number, FULL, number, 1.0, True, False))
                events += [
                    Event(asked + number, ASKED, number),
                    Event(asked + 3600 + number, AGREED, number),
                    Event(done + number * 60, REFUNDED, number),
                ]
            if done + lines * 60 < completed:
                events.append(Event(done + lines * 60, CANCELLED))
                return True
        return False

    def _woocommerce(self, day: date, created: int, lines: int, u: tuple[float, ...], index: int) -> Timeline:
        exclusion = "test" if u[2] < 0.006 else None
        events = [Event(created, CREATED)]
        flow, paid = "standard", 0
        if exclusion is None and u[3] < 0.07:
            events.append(Event(created + _HOUR, CLOSED_UNPAID))
        elif exclusion is None and u[3] < 0.11:
            events.append(Event(created + between(u[4], 20, 240), FAILED))
            if u[5] < 0.5:
                paid = created + between(u[7], 6 * _MINUTE, 3 * _HOUR)
                events.append(Event(paid - 60, RETRIED))
        elif exclusion is None and self.shop.market == "CN" and u[3] < 0.15:
            return self._woo_cod(created, lines, u, events)
        elif exclusion is None and u[3] < 0.21:
            flow = "transfer"
            events.append(Event(created + 4, ON_HOLD))
            if u[5] < 0.12:
                events.append(Event(created + 7 * _DAY, CLOSED_UNPAID))
            else:
                paid = created + between(u[7], 5 * _HOUR, 3 * _DAY)
        else:
            paid = created + between(u[4], 3, 150)
        if not paid:
            return Timeline(created, flow, lines, None, _sorted(events, created), ())
        events.append(Event(paid, PAID))
        v = self._dice.sixteen(day_number(day), index, 2)
        refunds: list[RefundPlan] = []
        shipped = paid + between(v[0], 6 * _HOUR, 66 * _HOUR)
        if exclusion is None and v[2] < 0.02:
            done = paid + between(v[3], 30 * _MINUTE, 5 * _HOUR)
            refunds.append(RefundPlan(1, FULL, 0, 1.0, False, True))
            events.append(Event(done, REFUNDED, 1))
        else:
            events.append(Event(shipped, COMPLETED))
            if exclusion is None and v[2] < 0.085:
                self._woo_refunds(shipped, lines, v, refunds, events)
        if exclusion == "test":
            events.append(Event(paid + between(v[12], 2 * _DAY, 30 * _DAY), TRASHED))
        if v[13] < 0.03:
            events.append(Event(created + between(v[14], 24 * _DAY, 43 * _DAY), EDITED))
        return Timeline(created, flow, lines, exclusion, _sorted(events, created), tuple(refunds))

    @staticmethod
    def _woo_cod(created: int, lines: int, u: tuple[float, ...], events: list[Event]) -> Timeline:
        """Cash on delivery: WooCommerce sets date_paid when the order is completed, not when it is placed."""
        door = created + between(u[7], 2 * _DAY, 5 * _DAY)
        events.append(Event(created + 2, SHIPPED))
        if u[8] < 0.1:
            events.append(Event(door, REFUSED))
        else:
            events += [Event(door, PAID), Event(door, COMPLETED)]
        return Timeline(created, "cod", lines, None, tuple(events), ())

    @staticmethod
    def _woo_refunds(
        shipped: int, lines: int, v: tuple[float, ...], refunds: list[RefundPlan], events: list[Event]
    ) -> None:
        done = shipped + between(v[5], 2 * _DAY, 21 * _DAY)
        line = between(v[7], 1, lines)
        story, silent = v[8], v[9] < 0.15
        if story < 0.2:
            refunds.append(RefundPlan(1, SHIPPING_ONLY, 0, 1.0, False, False))
        elif story < 0.4:
            refunds.append(RefundPlan(1, AMOUNT_ONLY, 0, 0.1 + 0.4 * v[10], False, False))
        elif story < 0.7 and lines > 1:
            refunds.append(RefundPlan(1, LINE, line, 1.0, True, False))
            if v[11] < 0.3:
                other = line % lines + 1
                refunds.append(RefundPlan(2, LINE, other, 1.0, True, False))
                events.append(Event(done + 3 * _DAY, REFUNDED, 2))
        else:
            refunds.append(RefundPlan(1, FULL, 0, 1.0, True, False))
            silent = False
        events.append(Event(done, REFUNDED, 1, silent))


def _sorted(events: list[Event], created: int) -> tuple[Event, ...]:
    """Events in time order, none beyond the horizon."""
    last = created + HORIZON_DAYS * _DAY - _HOUR
    return tuple(
        sorted(
            (e if e.at <= last else Event(last, e.what, e.refund, e.silent) for e in events),
            key=lambda e: e.at,
        )
    )


def day_bounds(shop: Shop, day: date) -> tuple[int, int]:
    """(start, length) of a local day in epoch seconds: 23 to 25 hours."""
    start = midnight(shop, day)
    return start, midnight(shop, day + timedelta(days=1)) - start
