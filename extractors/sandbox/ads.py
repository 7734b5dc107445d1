"""Delivery of an advertiser: projects and promotions that come and go, figures that mature.

What a day's row says depends on when it is read: today's is partial, spend is corrected within two days (and
now and then cancelled altogether, so that the row disappears), conversions belong to the click's day and keep
arriving for 30 days. Money is in fen (or cents), times in epoch seconds; days are the account's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from .dice import Dice, between, lag
from .merchants import Advertiser
from .season import day_number, demand, moment, monday
from .timeline import midnight_in

_DAY = 86_400
MATURES_DAYS = 30
"""Conversions of a day arrive for this many days."""
CORRECTED_DAYS = 2
"""Spend of a day is corrected until this many days after its end."""
FULL_WALLET = 5_000_000
"""Every Monday the wallet is filled up to this many fen (at scale 1)."""

_PROJECTS = (("春夏拉新", 0.4, 3), ("商品投放", 0.35, 3), ("老客召回", 0.25, 2))
_CYCLE_DAYS = 48


@dataclass(frozen=True, slots=True)
class Promotion:
    """A promotion (ad) within a project (campaign)."""

    project: int
    project_id: int
    project_name: str
    promotion_id: int
    promotion_name: str
    share: float


@dataclass(frozen=True, slots=True)
class Delivery:
    """One promotion on one day as read at one moment. Money in fen."""

    day: date
    promotion: Promotion
    cost: int
    shows: int
    clicks: int
    conversions: int
    value: int


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a promotion delivers on a day in the end. ``surplus`` is charged at first and credited later. If
    ``is_cancelled``, all of it is credited later. ``conversions`` are (seconds after noon, value)."""

    promotion: Promotion
    cost: int
    surplus: int
    shows: int
    clicks: int
    conversions: tuple[tuple[int, int], ...]
    is_cancelled: bool


@dataclass(frozen=True, slots=True)
class Wallet:
    """The advertiser's money on one day, in fen."""

    day: date
    cost: int
    reward_cost: int
    income: int
    balance: int


class Adverts:
    """Everything one advertiser delivers."""

    def __init__(self, advertiser: Advertiser, seed: int, scale: float, first_day: date) -> None:
        self.advertiser = advertiser
        self.first_day = first_day
        self.scale = scale
        self._dice = Dice(seed, f"ads/{advertiser.advertiser_id}")
        self._plans_of = lru_cache(maxsize=4096)(self._plans)

    def promotions(self, day: date) -> list[Promotion]:
        """What runs on ``day``: each slot of a project carries a new promotion every few weeks."""
        out: list[Promotion] = []
        number = day_number(day)
        for p, (name, weight, slots) in enumerate(_PROJECTS):
            project_id = 7_300_000_000_000_000_000 + self.advertiser.number * 1_000_000 + p
            for slot in range(slots):
                cycle, age = divmod(number + slot * 17 + p * 5 + self.advertiser.number, _CYCLE_DAYS)
                if age >= _CYCLE_DAYS - 3:
                    continue  # a few days' pause before the next one
                promotion_id = 7_310_000_000_000_000_000 + self.advertiser.number * 10_000_000 + p * 1_000_000
                promotion_id += slot * 100_000 + cycle
                title = f"{name}-素材{slot + 1}-{cycle}"
                out.append(Promotion(p, project_id, name, promotion_id, title, weight / slots))
        return out

    def _plans(self, day: date) -> tuple[_Plan, ...]:
        """What every promotion of ``day`` will have delivered in the end."""
        plans = []
        for promotion in self.promotions(day):
            place = promotion.promotion_id % 10_000_000
            u = self._dice.sixteen(day_number(day), place)
            budget = (
                self.advertiser.daily_spend
                * 100
                * self.scale
                * promotion.share
                * demand(day, self.advertiser.market) ** 0.8
            )
            cost = round(budget * (0.75 + 0.5 * u[0]))
            clicks = max(cost // between(u[1], 55, 110), 1)
            shows = clicks * between(u[2], 28, 60) + between(u[3], 0, 27)
            conversions = []
            for i in range(int(clicks * (0.018 + 0.02 * u[4]) + u[5])):
                draw = self._dice.sixteen(day_number(day), place, i + 1)
                delay = min(int(lag(draw[0], 3.5 * _DAY)), MATURES_DAYS * _DAY - 3_600)
                conversions.append((delay, between(draw[1], 3_900, 32_000)))
            cancelled = u[6] < 0.012
            surplus = 0 if cancelled else round(cost * 0.03 * u[7])
            plans.append(_Plan(promotion, cost, surplus, shows, clicks, tuple(conversions), cancelled))
        return tuple(plans)

    def deliveries(self, day: date, now: int) -> list[Delivery]:
        """The rows of ``day`` as the report shows them at ``now``; rows with nothing in them are left out."""
        if day < self.first_day:
            return []
        start = midnight_in(self.advertiser.zone, day)
        if now <= start:
            return []
        share = _elapsed(day, start, now, self.advertiser.market)
        corrected = now >= start + (1 + CORRECTED_DAYS) * _DAY
        out = []
        for plan in self._plans_of(day):
            if plan.is_cancelled and corrected:
                continue
            cost = plan.cost if corrected else plan.cost + plan.surplus
            seen = [value for delay, value in plan.conversions if start + _DAY // 2 + delay <= now]
            if plan.is_cancelled:
                seen = []
            row = Delivery(
                day,
                plan.promotion,
                int(cost * share),
                int(plan.shows * share),
                int(plan.clicks * share),
                len(seen),
                sum(seen),
            )
            if row.cost or row.shows or row.conversions:
                out.append(row)
        return out

    def wallet(self, day: date, now: int) -> Wallet | None:
        """The money of ``day`` as shown at ``now``; None for days to come or before history."""
        if day < self.first_day or now <= midnight_in(self.advertiser.zone, day):
            return None
        full = round(FULL_WALLET * max(self.scale, 1.0))
        week = monday(day)
        spent = sum(self._cost(week + timedelta(days=i), now) for i in range((day - week).days + 1))
        cost = self._cost(day, now)
        income = 0
        if day == week:
            income = sum(self._cost(week - timedelta(days=i), now) for i in range(1, 8))
        return Wallet(day, cost, cost * 6 // 100, income, full - spent)

    def _cost(self, day: date, now: int) -> int:
        return sum(delivery.cost for delivery in self.deliveries(day, now))


def _elapsed(day: date, start: int, now: int, market: str) -> float:
    """The share of a day's delivery that has happened at ``now``."""
    if now >= start + _DAY:
        return 1.0
    fraction, low, high = (now - start) / _DAY, 0.0, 1.0
    for _ in range(30):
        middle = (low + high) / 2
        if moment(middle, day, market) < fraction:
            low = middle
        else:
            high = middle
    return low
