import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from extractors.core.window import Window, business_day, cut_by_day, days_window, period_bounds

SHANGHAI, NEW_YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def test_a_window_refuses_naive_times() -> None:
    with pytest.raises(ValueError, match="aware"):
        Window(datetime(2026, 1, 1), datetime(2026, 1, 2))


def test_a_window_refuses_to_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match="before"):
        Window(utc(2026, 1, 2), utc(2026, 1, 1))


def test_a_window_is_told_to_people_as_they_write_times_and_to_paths_without_blanks() -> None:
    day = business_day(date(2026, 11, 20), SHANGHAI)
    assert day.told == "2026-11-19 16:00Z … 2026-11-20 16:00Z"
    assert str(day) == "20261119T160000Z-20261120T160000Z"


def test_a_business_day_of_shanghai_starts_at_sixteen_utc_the_day_before() -> None:
    assert business_day(date(2026, 11, 20), SHANGHAI) == Window(utc(2026, 11, 19, 16), utc(2026, 11, 20, 16))


@pytest.mark.parametrize(("day", "hours"), [((2026, 3, 8), 23), ((2026, 11, 1), 25), ((2026, 6, 1), 24)])
def test_days_of_new_york_have_23_24_or_25_hours(day: tuple[int, int, int], hours: int) -> None:
    assert business_day(date(*day), NEW_YORK).span == timedelta(hours=hours)


def test_pieces_of_a_cut_window_join_without_gap_or_overlap() -> None:
    window = Window(utc(2026, 1, 1, 5), utc(2026, 1, 3, 7))
    for pieces in (list(window.cut(timedelta(minutes=30))), list(cut_by_day(window, NEW_YORK))):
        assert pieces[0].start == window.start and pieces[-1].end == window.end
        assert all(a.end == b.start for a, b in itertools.pairwise(pieces))
        assert all(pieces)


def test_an_empty_window_has_no_pieces_and_no_dates() -> None:
    empty = Window(utc(2026, 1, 1), utc(2026, 1, 1))
    assert not empty
    assert list(empty.cut(None)) == [] and empty.dates(SHANGHAI) == []


def test_a_window_knows_the_business_days_it_touches() -> None:
    window = days_window(date(2026, 2, 27), date(2026, 3, 1), NEW_YORK)
    assert window.dates(NEW_YORK) == [date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 1)]


def test_halves_meet_on_a_whole_second() -> None:
    first, second = Window(utc(2026, 1, 1), utc(2026, 1, 1, 0, 0, 5)).halves()
    assert first.end == second.start and first.end.microsecond == 0
    with pytest.raises(ValueError, match="two seconds"):
        Window(utc(2026, 1, 1), utc(2026, 1, 1, 0, 0, 1)).halves()


def test_weeks_start_on_monday_and_months_end_on_their_last_day() -> None:
    assert period_bounds("week", date(2017, 1, 1)) == (date(2016, 12, 26), date(2017, 1, 1))
    assert period_bounds("month", date(2024, 2, 10)) == (date(2024, 2, 1), date(2024, 2, 29))
    assert period_bounds("month", date(2026, 12, 31)) == (date(2026, 12, 1), date(2026, 12, 31))
