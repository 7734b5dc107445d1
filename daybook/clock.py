"""Business days and Airflow's data intervals: the only place that converts one into the other."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

INGEST_AT = time(1, 30)
"""Local time of the nightly read: some time after midnight, when vendors have the whole day."""

BREAKFAST_AT = time(5, 30)
"""Local time at which the marts are built at the latest, without the platforms that are not in yet."""


def cron(at: time) -> str:
    """The daily cron line for a local time."""
    return f"{at.minute} {at.hour} * * *"


def business_day(interval_start: datetime, zone: str) -> date:
    """The business day of a run: the local date of its data interval's start.

    Args:
        interval_start: aware instant, as Airflow gives it (UTC).
        zone: IANA name of the business zone.
    """
    if interval_start.tzinfo is None:
        raise ValueError("interval_start must carry its time zone")
    return interval_start.astimezone(ZoneInfo(zone)).date()


def interval_of(day: date, zone: str) -> tuple[datetime, datetime]:
    """The data interval [day 01:30, next day 01:30) local, of the run that reads `day`.

    Inverse of business_day.
    """
    tz = ZoneInfo(zone)
    start, end = (datetime.combine(day + timedelta(days=n), INGEST_AT, tz).astimezone(UTC) for n in (0, 1))
    return start, end


def unique_instant_after(day: date, zone: str, now: datetime) -> datetime:
    """An instant in the hour after the data interval of `day`, different for each microsecond of `now`.

    It becomes the logical date of a manual run, which must be unique. It is never later than `now` (which
    lies after the interval): Airflow would hold such a run back.
    """
    end = interval_of(day, zone)[1]
    return end + (now - end) % timedelta(hours=1)


def last_closed_day(now: datetime, zone: str) -> date:
    """The latest business day whose data interval has ended: yesterday; before 01:30 the day before that."""
    local = now.astimezone(ZoneInfo(zone))
    day = local.date() - timedelta(days=1)
    return day if local.time() >= INGEST_AT else day - timedelta(days=1)


def run_day(context: Mapping[str, Any], zone: str) -> date:
    """The business day of the Airflow run to which a task context belongs.

    A run triggered without a logical date has no interval; its day is the last closed one at its `run_after`.
    """
    start = context.get("data_interval_start")
    if start is not None:
        return business_day(start, zone)
    return last_closed_day(context["dag_run"].run_after, zone)
