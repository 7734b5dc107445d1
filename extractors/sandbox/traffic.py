"""Visits of a measured site, person by person: distinct counts are true over any days, sources and devices.

A visitor is named by the visit that could have been his first (day number, index). Late hits become
known hours or days after they happened, so recent days still grow a little. Times are epoch seconds.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from .dice import Dice, between, lag
from .merchants import Site
from .season import day_number, day_of, demand, moment
from .timeline import midnight_in

_DAY = 86_400
_KEEP_DAYS = 130
_MOST_PEOPLE = 4_000
LATE_DAYS = 6
"""No hit becomes known later than this many days after it happened."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a visit comes from. ``kind`` through | search | link."""

    name: str
    kind: str
    engine: int
    domain: str
    is_paid: bool
    share: float


SOURCES: tuple[Source, ...] = (
    Source("直接访问", "through", 0, "", False, 27.0),
    Source("百度自然搜索", "search", 1, "www.baidu.com", False, 20.0),
    Source("百度推广", "search", 1, "www.baidu.com", True, 12.0),
    Source("必应", "search", 5, "www.bing.com", False, 5.0),
    Source("搜狗", "search", 3, "www.sogou.com", False, 4.0),
    Source("xiaohongshu.example", "link", 0, "xiaohongshu.example", False, 14.0),
    Source("zhihu.example", "link", 0, "zhihu.example", False, 8.0),
    Source("douyin.example", "link", 0, "douyin.example", False, 10.0),
)
_TOTAL_SHARE = sum(source.share for source in SOURCES)
PC, MOBILE = "pc", "mobile"


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit: who, whence, on what, how many pages and seconds, and whether it is the person's first."""

    at: int
    known_at: int
    person: int
    source: int
    device: str
    pages: int
    seconds: int
    is_first: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """What a report shows of a set of visits. ``visitors`` and ``new_visitors`` are distinct people."""

    page_views: int
    visits: int
    visitors: int
    new_visitors: int
    bounces: int
    seconds: int


class Visits:
    """All visits of one site. Beyond a few thousand a day, one simulated person stands for ``weight``."""

    def __init__(self, site: Site, seed: int, scale: float, first_day: date) -> None:
        self.site = site
        self.first_day = first_day
        self._dice = Dice(seed, f"visits/{site.domain}")
        self._people = Dice(seed, f"visitors/{site.domain}")
        self.weight = max(round(site.daily_visits * scale / _MOST_PEOPLE), 1)
        self._daily = site.daily_visits * scale / self.weight
        self._days: OrderedDict[date, tuple[Visit, ...]] = OrderedDict()

    def _count(self, day: date) -> int:
        return int(
            self._daily * demand(day, "CN") ** 0.7 * (0.92 + 0.16 * self._dice.one(day_number(day), -1))
        )

    def day(self, day: date) -> tuple[Visit, ...]:
        """The visits of a day in Shanghai, known or not yet; none before history starts."""
        found = self._days.get(day)
        if found is not None:
            self._days.move_to_end(day)
            return found
        start, number, count = midnight_in("Asia/Shanghai", day), day_number(day), self._count(day)
        if day < self.first_day:
            count = 0
        made = tuple(self._visit(day, start, number, index, count) for index in range(count))
        self._days[day] = made
        if len(self._days) > _KEEP_DAYS:
            self._days.popitem(last=False)
        return made

    def _visit(self, day: date, start: int, number: int, index: int, count: int) -> Visit:
        u = self._dice.sixteen(number, index)
        at = start + int(moment((index + u[0]) / count, day, "CN") * _DAY)
        born, place = number, index
        if u[1] > 0.5:
            born = number - int(lag(u[2], 5.0))
            place = int(u[3] ** 2.4 * max(self._count(day_of(born)), 1))
            if born == number:
                place = min(place, index)
        v = self._people.sixteen(born, place)
        device = MOBILE if v[0] < 0.68 else PC
        if v[1] < 0.08:
            device = MOBILE if u[4] < 0.5 else PC
        mark, source = u[5] * _TOTAL_SHARE, 0
        for i, candidate in enumerate(SOURCES):
            mark -= candidate.share
            if mark < 0:
                source = i
                break
        bounced = u[6] < (0.3 if SOURCES[source].kind == "through" else 0.46)
        pages = 1 if bounced else 2 + min(int(lag(u[7], 3.0)), 40)
        seconds = 0 if bounced else 15 + int(lag(u[8], 45.0) * pages)
        late = u[9] < 0.02
        delay = between(u[10], 3_600, LATE_DAYS * _DAY - 3_600) if late else between(u[10], 20, 900)
        return Visit(
            at,
            at + delay,
            born * 1_000_000 + place,
            source,
            device,
            pages,
            min(seconds, 7_200),
            (born, place) == (number, index),
        )

    def known(self, days: Iterable[date], now: int) -> list[Visit]:
        """The visits of these days that are known at ``now``."""
        return [visit for day in days for visit in self.day(day) if visit.known_at <= now]

    def figures(self, visits: Iterable[Visit]) -> Figures:
        """Totals and distinct people of some visits."""
        views = count = bounces = seconds = 0
        people: set[int] = set()
        first: set[int] = set()
        for visit in visits:
            count += 1
            views += visit.pages
            seconds += visit.seconds
            bounces += visit.pages == 1
            people.add(visit.person)
            if visit.is_first:
                first.add(visit.person)
        k = self.weight
        return Figures(views * k, count * k, len(people) * k, len(first) * k, bounces * k, seconds * k)


def days_between(first: date, last: date) -> list[date]:
    """All days from ``first`` to ``last``, both in."""
    return [first + timedelta(days=i) for i in range((last - first).days + 1)]
