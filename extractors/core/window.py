"""Half-open stretches of time, and the business days of a zone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)  # older than any record of these platforms
_COMPACT = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, order=True)
class Window:
    """[start, end) in UTC. Both ends are aware; naive ones are refused."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("a window needs aware datetimes")
        if self.start > self.end:
            raise ValueError(f"a window cannot end ({self.end}) before it starts ({self.start})")
        object.__setattr__(self, "start", self.start.astimezone(UTC))
        object.__setattr__(self, "end", self.end.astimezone(UTC))

    def __bool__(self) -> bool:
        return self.start < self.end

    def __str__(self) -> str:
        """Compact form, used in paths: 20261120T160000Z-20261121T160000Z."""
        return f"{self.start.strftime(_COMPACT)}-{self.end.strftime(_COMPACT)}"

    @property
    def told(self) -> str:
        """Form for people: 2026-11-20 16:00Z … 2026-11-21 16:00Z."""
        return f"{self.start:%Y-%m-%d %H:%M}Z … {self.end:%Y-%m-%d %H:%M}Z"

    @classmethod
    def parse(cls, text: str) -> Window:
        """The window whose compact form (see `__str__`) is `text`. Raises ValueError for any other text."""
        start, end = (datetime.strptime(part, _COMPACT).replace(tzinfo=UTC) for part in text.split("-"))
        return cls(start, end)

    @property
    def span(self) -> timedelta:
        return self.end - self.start

    def cut(self, span: timedelta | None) -> Iterator[Window]:
        """Consecutive pieces no longer than `span` (None: the whole window)."""
        start = self.start
        while start < self.end:
            end = self.end if span is None else min(start + span, self.end)
            yield Window(start, end)
            start = end

    @property
    def is_divisible(self) -> bool:
        """Whether it can be halved: requests carry whole seconds, so two seconds are the least."""
        return self.span >= timedelta(seconds=2)

    def halves(self) -> tuple[Window, Window]:
        """Two halves, cut on a whole second. Raises ValueError for a window under two seconds."""
        if not self.is_divisible:
            raise ValueError("a window under two seconds cannot be halved")
        middle = self.start + timedelta(seconds=int(self.span.total_seconds()) // 2)
        return Window(self.start, middle), Window(middle, self.end)

    def dates(self, zone: ZoneInfo) -> list[date]:
        """Every business day of `zone` that the window touches, oldest first."""
        if not self:
            return []
        first = self.start.astimezone(zone).date()
        last = (self.end - timedelta(microseconds=1)).astimezone(zone).date()
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def business_day(day: date, zone: ZoneInfo) -> Window:
    """The day [00:00, 24:00) of `zone` as a UTC window: 23, 24 or 25 hours."""
    return days_window(day, day, zone)


def days_window(first: date, last: date, zone: ZoneInfo) -> Window:
    """The days first..last of `zone`, both included, as a UTC window."""
    start = datetime.combine(first, datetime.min.time(), zone)
    end = datetime.combine(last + timedelta(days=1), datetime.min.time(), zone)
    return Window(start, end)


def cut_by_day(window: Window, zone: ZoneInfo) -> Iterator[Window]:
    """The window cut at the midnights of `zone`."""
    for day in window.dates(zone):
        whole = business_day(day, zone)
        yield Window(max(whole.start, window.start), min(whole.end, window.end))


def period_bounds(period: str, day: date) -> tuple[date, date]:
    """First and last day of the period that contains `day`.

    period: "day", "week" (ISO, Monday to Sunday) or "month" (calendar).
    """
    if period == "week":
        first = day - timedelta(days=day.weekday())
        return first, first + timedelta(days=6)
    if period == "month":
        first = day.replace(day=1)
        return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return day, day
