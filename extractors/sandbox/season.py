"""When people buy: week-days, hours, the mainland festivals and the American ones, and a slow growth
over years."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, timedelta
from functools import lru_cache

EPOCH = date(2020, 1, 1)
"""Day numbers count from here."""

_WEEKDAY_CN = (1.02, 0.99, 0.97, 0.98, 1.0, 1.04, 1.06)
_WEEKDAY_US = (1.06, 1.0, 0.97, 0.97, 0.95, 0.98, 1.08)
_MONTH_CN = (0.98, 0.78, 0.95, 0.97, 1.02, 1.08, 0.94, 0.96, 1.0, 1.03, 1.12, 1.05)
_MONTH_US = (0.85, 0.88, 0.92, 0.93, 0.98, 0.95, 0.94, 0.96, 0.97, 1.02, 1.2, 1.4)

# share of a day's orders that each hour gets, local time
_HOURS_CN = (22, 12, 7, 4, 3, 4, 9, 18, 30, 46, 55, 52, 50, 52, 54, 53, 50, 46, 44, 56, 72, 80, 66, 42)
_HOURS_US = (18, 10, 6, 4, 4, 7, 14, 24, 38, 52, 60, 62, 64, 60, 56, 52, 50, 50, 54, 60, 66, 62, 48, 30)
_HOURS_RUSH = (
    120,
    60,
    30,
    15,
    10,
    10,
    14,
    22,
    34,
    46,
    50,
    48,
    46,
    46,
    48,
    48,
    46,
    44,
    44,
    60,
    110,
    120,
    110,
    130,
)


def day_number(day: date) -> int:
    """Days since EPOCH."""
    return (day - EPOCH).days


def day_of(number: int) -> date:
    """The date of a day number."""
    return EPOCH + timedelta(days=number)


def monday(day: date) -> date:
    """The Monday of the ISO week of this day."""
    return day - timedelta(days=day.weekday())


def black_friday(year: int) -> date:
    """The day after the fourth Thursday of November."""
    first = date(year, 11, 1)
    return first + timedelta(days=(3 - first.weekday()) % 7 + 22)


def _festival_cn(day: date) -> float:
    month, dom = day.month, day.day
    if month == 6 and dom <= 20:
        if dom in (17, 18):
            return 2.8
        return 2.0 if dom <= 2 or dom == 16 else 0.8 if dom >= 19 else 1.15
    if month == 10 and dom >= 24:
        return 2.0 if dom == 31 else 0.85
    if month == 11:
        if dom in (1, 11):
            return 3.6 if dom == 11 else 2.9
        if dom == 10:
            return 2.2
        if dom <= 12:
            return 1.25
        return 0.8 if dom <= 18 else 1.0
    if month == 12 and dom == 12:
        return 1.7
    return 1.0


def _festival_us(day: date) -> float:
    friday = black_friday(day.year)
    away = (day - friday).days
    if away == 0:
        return 3.4
    if away == 3:
        return 3.0
    if -4 <= away < 0 or away in (1, 2):
        return 1.7
    if 4 <= away <= 8:
        return 0.85
    if day.month == 12 and day.day >= 24:
        return 0.6
    return 1.0


@lru_cache(maxsize=8192)
def demand(day: date, market: str) -> float:
    """How many times an ordinary day's orders this day gets. ``market`` is CN or US."""
    if market == "US":
        factor = _WEEKDAY_US[day.weekday()] * _MONTH_US[day.month - 1] * _festival_us(day)
    else:
        factor = _WEEKDAY_CN[day.weekday()] * _MONTH_CN[day.month - 1] * _festival_cn(day)
    growth = 1.0 + 0.12 * (day - date(2024, 1, 1)).days / 365.0
    return factor * max(growth, 0.3)


def presale_share(day: date) -> float:
    """The share of Taobao orders that are presales with a deposit: many before 618 and Double 11, few
    otherwise."""
    if (day.month == 10 and 15 <= day.day <= 30) or (day.month == 5 and day.day >= 20):
        return 0.35
    return 0.03


def balance_opens(day: date) -> date:
    """The day on which the balance of a presale begun on ``day`` can be paid."""
    if day.month == 10 and 15 <= day.day <= 30:
        return date(day.year, 11, 1)
    if day.month == 5 and day.day >= 20:
        return date(day.year, 6, 1)
    return day + timedelta(days=4)


@lru_cache(maxsize=64)
def _cumulative(hours: tuple[int, ...]) -> tuple[float, ...]:
    total, running, out = float(sum(hours)), 0.0, []
    for share in hours:
        out.append(running / total)
        running += share
    return tuple(out)


def moment(u: float, day: date, market: str) -> float:
    """The fraction of the local day that has passed at quantile ``u`` of its orders."""
    hours = _HOURS_US if market == "US" else _HOURS_CN
    if market == "CN" and _festival_cn(day) >= 2.0:
        hours = _HOURS_RUSH
    starts = _cumulative(hours)
    hour = bisect_right(starts, u) - 1
    end = starts[hour + 1] if hour < 23 else 1.0
    return (hour + (u - starts[hour]) / (end - starts[hour])) / 24.0
