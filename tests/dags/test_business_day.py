"""One helper says which day a run belongs to, in the business zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from daybook import clock

SHANGHAI, NEW_YORK = "Asia/Shanghai", "America/New_York"


def test_the_run_that_starts_at_half_past_one_reads_the_day_before():
    start, end = clock.interval_of(date(2026, 11, 20), SHANGHAI)
    assert start == datetime(2026, 11, 19, 17, 30, tzinfo=UTC)
    assert end == datetime(2026, 11, 20, 17, 30, tzinfo=UTC)
    assert clock.business_day(start, SHANGHAI) == date(2026, 11, 20)


@pytest.mark.parametrize("zone", [SHANGHAI, NEW_YORK, "Europe/London"])
def test_a_days_interval_is_the_one_airflow_makes_also_when_the_clocks_change(zone):
    from airflow.timetables.base import TimeRestriction
    from airflow.timetables.interval import CronDataIntervalTimetable

    timetable = CronDataIntervalTimetable(clock.cron(clock.INGEST_AT), timezone=zone)
    for first in (date(2026, 3, 6), date(2026, 10, 23), date(2026, 10, 30)):
        last = None
        begin = datetime.combine(first, clock.INGEST_AT, ZoneInfo(zone))
        for offset in range(5):
            info = timetable.next_dagrun_info(
                last_automated_data_interval=last,
                restriction=TimeRestriction(earliest=_pendulum(begin), latest=None, catchup=True),
            )
            day = first + timedelta(days=offset)
            assert clock.business_day(info.data_interval.start, zone) == day
            # An hour apart where 01:30 comes twice or not at all that day: both lie in the same business day.
            start, end = clock.interval_of(day, zone)
            assert abs(info.data_interval.start - start) <= timedelta(hours=1)
            assert abs(info.data_interval.end - end) <= timedelta(hours=1)
            if zone == SHANGHAI:
                assert (info.data_interval.start, info.data_interval.end) == (start, end)
            last = info.data_interval


def test_a_run_by_hand_without_an_interval_reads_the_last_day_that_is_over():
    run = SimpleNamespace(run_after=datetime(2026, 11, 20, 17, 29, tzinfo=UTC))  # 01:29 in Shanghai
    assert clock.run_day({"data_interval_start": None, "dag_run": run}, SHANGHAI) == date(2026, 11, 19)
    run.run_after += timedelta(minutes=1)
    assert clock.run_day({"data_interval_start": None, "dag_run": run}, SHANGHAI) == date(2026, 11, 20)


def test_the_last_closed_day_is_the_day_of_the_last_interval_that_ended():
    for hour in range(24):
        now = datetime(2026, 11, 20, hour, 45, tzinfo=UTC)
        day = clock.last_closed_day(now, SHANGHAI)
        assert (
            clock.interval_of(day, SHANGHAI)[1]
            <= now
            < clock.interval_of(day + timedelta(days=1), SHANGHAI)[1]
        )


@pytest.mark.parametrize("zone", [SHANGHAI, "Asia/Kolkata"])
def test_a_night_by_hand_runs_at_once_at_whatever_minute_it_is_asked_for(zone):
    day = date(2026, 11, 20)
    end = clock.interval_of(day, zone)[1]
    moments = set()
    for minutes in range(0, 24 * 60, 7):
        now = end + timedelta(minutes=minutes, microseconds=minutes)
        moment = clock.unique_instant_after(day, zone, now)
        assert end <= moment <= now and moment < end + timedelta(hours=1)
        moments.add(moment)
    assert len(moments) == len(range(0, 24 * 60, 7)), "two runs of a DAG share no logical date"


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        clock.business_day(datetime(2026, 11, 20), SHANGHAI)


def _pendulum(moment):  # type: ignore[no-untyped-def]
    import pendulum

    return pendulum.instance(moment)
