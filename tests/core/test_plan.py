"""Which window a night reads: nothing skipped after a gap, nothing forgotten on a rerun."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from extractors.accounts import Account
from extractors.core.model import Instant, Stream
from extractors.core.window import BEGINNING, Window, days_window
from extractors.plan import oldest_of, out_of_reach, owes_far_look, pieces, plan, report_dates, sliced

NOW = datetime(2026, 11, 20, 17, 30, tzinfo=UTC)  # 01:30 on the 21st in Shanghai
DAY = date(2026, 11, 20)


def cursor_stream(**facts: object) -> Stream:
    return Stream(
        "orders",
        "cursor",
        ("id",),
        reads=lambda a, w: [],
        cursor=Instant("m"),
        **facts,  # type: ignore[arg-type]
    )


def report_stream(**facts: object) -> Stream:
    return Stream("ads", "report", ("id",), reads=lambda a, w: [], day="d", **facts)  # type: ignore[arg-type]


def test_the_first_run_reads_the_whole_history(make_account: Callable[..., Account]) -> None:
    window = plan(cursor_stream(), make_account(history_days=28), None, DAY, NOW)
    assert window == Window(datetime(2026, 10, 22, 16, tzinfo=UTC), NOW - timedelta(minutes=3))


def test_an_account_may_name_the_first_day_of_its_history(make_account: Callable[..., Account]) -> None:
    window = plan(cursor_stream(), make_account(start=date(2026, 11, 1)), None, DAY, NOW)
    assert window.start == datetime(2026, 10, 31, 16, tzinfo=UTC)


@pytest.mark.parametrize("mark", [None, datetime(2026, 11, 19, 16, tzinfo=UTC)])
def test_no_night_reaches_back_behind_the_start_of_the_account(
    make_account: Callable[..., Account], mark: datetime | None
) -> None:
    account = make_account(start=date(2026, 11, 18))
    begin = days_window(date(2026, 11, 18), DAY, account.zone).start
    swept = plan(cursor_stream(overlap=timedelta(days=7)), account, mark, DAY, NOW)
    restated = plan(report_stream(lookback_days=28), account, mark, DAY, NOW)
    assert (swept.start, restated.start) == (begin, begin)
    asked = plan(cursor_stream(), account, mark, date(2026, 11, 3), NOW)  # a day somebody names is read
    assert asked.start <= days_window(date(2026, 11, 3), date(2026, 11, 3), account.zone).start


def test_a_past_day_that_was_not_read_yet_is_read_up_to_now(make_account: Callable[..., Account]) -> None:
    mark = datetime(2026, 11, 14, 16, tzinfo=UTC)
    for day in (date(2026, 11, 15), date(2026, 11, 16)):
        window = plan(cursor_stream(), make_account(), mark, day, NOW)
        assert window == Window(mark - timedelta(minutes=10), NOW - timedelta(minutes=3))
    behind = plan(cursor_stream(), make_account(), mark, date(2026, 11, 14), NOW)
    assert behind.end == mark


def test_a_night_after_three_missed_ones_reads_from_the_mark(make_account: Callable[..., Account]) -> None:
    mark = datetime(2026, 11, 16, 16, tzinfo=UTC)
    window = plan(cursor_stream(), make_account(), mark, DAY, NOW)
    assert window.start == mark - timedelta(minutes=10)


def test_a_night_reads_past_midnight_because_a_record_lists_under_its_latest_change_only(
    make_account: Callable[..., Account],
) -> None:
    mark = datetime(2026, 11, 19, 16, tzinfo=UTC)
    window = plan(cursor_stream(), make_account(), mark, DAY, NOW)
    assert window.end == NOW - timedelta(minutes=3) > datetime(2026, 11, 20, 16, tzinfo=UTC)


def test_a_day_already_read_is_read_again_whole(make_account: Callable[..., Account]) -> None:
    window = plan(cursor_stream(), make_account(), NOW, date(2026, 11, 3), NOW)
    assert window == Window(datetime(2026, 11, 2, 16, tzinfo=UTC), datetime(2026, 11, 3, 16, tzinfo=UTC))


def test_a_second_run_for_yesterday_reads_what_came_since(make_account: Callable[..., Account]) -> None:
    window = plan(cursor_stream(), make_account(), NOW - timedelta(hours=1), DAY, NOW)
    assert window == Window(datetime(2026, 11, 19, 16, tzinfo=UTC), NOW - timedelta(minutes=3))


def test_a_window_ends_behind_now_where_the_day_is_not_over(make_account: Callable[..., Account]) -> None:
    account = make_account(time_zone="America/New_York")
    window = plan(cursor_stream(), account, NOW - timedelta(hours=1), DAY, NOW)
    assert window.end == NOW - timedelta(minutes=3)


def test_a_report_reads_its_lookback_again(make_account: Callable[..., Account]) -> None:
    window = plan(report_stream(lookback_days=30), make_account(), NOW, DAY, NOW)
    assert window.dates(make_account().zone)[0] == date(2026, 10, 21)
    assert window.dates(make_account().zone)[-1] == DAY


@pytest.mark.parametrize(
    ("looked_through", "day", "is_owed"),
    [
        (None, "2026-11-18", True),
        ("2026-11-15", "2026-11-16", True),  # Monday: a week begins
        ("2026-11-15", "2026-11-18", True),  # the runs for Monday and Tuesday failed
        ("2026-11-16", "2026-11-16", False),  # Monday's once more
        ("2026-11-16", "2026-11-22", False),
        ("2026-11-20", "2026-11-03", False),  # a day of long ago
    ],
)
def test_one_run_a_week_looks_further_back(
    looked_through: str | None, day: str, is_owed: bool, make_account: Callable[..., Account]
) -> None:
    account = make_account(time_zone="America/New_York")
    stream = report_stream(lookback_days=30, weekly_lookback_days=90)
    looked = None
    if looked_through is not None:
        last = date.fromisoformat(looked_through)
        looked = days_window(last, last, account.zone).end
    wanted = date.fromisoformat(day)
    assert owes_far_look(stream, looked, wanted, account.zone) is is_owed
    assert not owes_far_look(report_stream(lookback_days=30), looked, wanted, account.zone)
    days = plan(stream, account, NOW, wanted, NOW, is_far=is_owed).dates(account.zone)
    assert (days[0], days[-1]) == (wanted - timedelta(days=90 if is_owed else 30), wanted)


@pytest.mark.parametrize("day", ["2026-11-20", "2026-11-16"])
def test_a_list_of_changes_that_is_read_whole_once_a_week_is_read_from_its_beginning_up_to_now(
    day: str, make_account: Callable[..., Account]
) -> None:
    account, wanted = make_account(start=date(2026, 11, 1)), date.fromisoformat(day)
    stream = cursor_stream(weekly_whole=True, from_beginning=True)
    last_week, mark = datetime(2026, 11, 15, 12, tzinfo=UTC), NOW - timedelta(hours=1)
    assert owes_far_look(stream, last_week, wanted, account.zone)
    assert not owes_far_look(stream, mark, wanted, account.zone)
    assert not owes_far_look(cursor_stream(from_beginning=True), last_week, wanted, account.zone)
    whole = plan(stream, account, mark, wanted, NOW, is_far=True)
    assert whole == Window(BEGINNING, NOW - timedelta(minutes=3))
    assert plan(stream, account, mark, wanted, NOW).start > NOW - timedelta(days=7)


def test_a_weekly_report_asks_for_whole_weeks_as_far_as_they_are_over(
    make_account: Callable[..., Account],
) -> None:
    stream = report_stream(lookback_days=7, period="week")
    window = plan(stream, make_account(), NOW, DAY, NOW)
    days = window.dates(make_account().zone)
    assert (days[0], days[-1]) == (date(2026, 11, 9), date(2026, 11, 20))
    later = plan(stream, make_account(), NOW, date(2026, 11, 11), NOW).dates(make_account().zone)
    assert later[-1] == date(2026, 11, 15), "a rerun of a Wednesday must not replace its week by three days"
    assert report_dates(stream, window, make_account()) == [date(2026, 11, 9), date(2026, 11, 16)]


def test_reports_are_cut_to_the_vendors_range(make_account: Callable[..., Account]) -> None:
    stream = report_stream(lookback_days=70, widest=timedelta(days=30))
    pieces = list(sliced(stream, make_account(), plan(stream, make_account(), NOW, DAY, NOW)))
    lengths = [len(piece.dates(make_account().zone)) for piece in pieces]
    assert lengths == [30, 30, 11]


@pytest.mark.parametrize(("period", "last_days"), [("week", {6}), ("month", {28, 29, 30, 31})])
def test_a_long_report_is_never_cut_within_a_week_or_a_month(
    period: str, last_days: set[int], make_account: Callable[..., Account]
) -> None:
    stream = report_stream(period=period, widest=timedelta(days=365), lookback_days=900)
    account = make_account()
    pieces = list(sliced(stream, account, plan(stream, account, NOW, DAY, NOW)))
    dates = [day for piece in pieces for day in report_dates(stream, piece, account)]
    assert len(pieces) == 3 and len(dates) == len(set(dates)), "a period that two partitions would replace"
    for piece in pieces[:-1]:
        last = piece.dates(account.zone)[-1]
        assert (last.weekday() if period == "week" else last.day) in last_days
        assert len(piece.dates(account.zone)) <= 365


def test_what_the_vendor_no_longer_gives_is_named_with_its_day() -> None:
    report = report_stream(retention=timedelta(days=90))
    assert out_of_reach(report, NOW - timedelta(days=90), NOW) is None
    said = out_of_reach(report, NOW - timedelta(days=91), NOW)
    assert said == (
        "ads: the vendor answers for the last 90 days only; what changed before 2026-08-22 can no longer be had "
        "from the API"
    )
    assert out_of_reach(cursor_stream(), NOW - timedelta(days=3_000), NOW) is None


def test_records_are_not_asked_for_at_the_very_edge_of_what_a_vendor_remembers() -> None:
    stream = cursor_stream(retention=timedelta(days=90))
    shortest = timedelta(days=89)  # three months, from 1 February to 1 May
    assert NOW - shortest < oldest_of(stream, NOW) < NOW - shortest + timedelta(hours=2)
    assert out_of_reach(stream, oldest_of(stream, NOW), NOW) is None
    said = out_of_reach(stream, NOW - timedelta(days=90), NOW)
    assert said is not None and "what changed before 2026-08-23 can no longer" in said


def test_a_long_stretch_is_landed_in_long_slices_and_its_rest_by_the_day(
    make_account: Callable[..., Account],
) -> None:
    stream = cursor_stream(long_from=timedelta(days=14), long_slice=timedelta(days=30))
    spans = [
        piece.span.days for piece in sliced(stream, make_account(), Window(NOW - timedelta(days=47), NOW))
    ]
    assert spans == [30, 17]
    spans = [
        piece.span.days for piece in sliced(stream, make_account(), Window(NOW - timedelta(days=33), NOW))
    ]
    assert spans[0] == 30 and set(spans[1:]) <= {0, 1} and len(spans) == 5
    short = list(sliced(stream, make_account(), Window(NOW - timedelta(days=13), NOW)))
    assert len(short) == 14


def test_a_report_reads_each_day_once_where_the_clock_goes_back(make_account: Callable[..., Account]) -> None:
    account = make_account(time_zone="America/New_York")  # 1 November has 25 hours
    stream = report_stream(widest=timedelta(days=30))
    wanted = days_window(date(2026, 10, 10), date(2026, 11, 20), account.zone)
    slices = list(sliced(stream, account, wanted))
    read = [piece for slice_ in slices for piece in pieces(stream, slice_)]
    days = [day for piece in read for day in piece.dates(account.zone)]
    assert len(read) == len(slices) == 2 and len(days) == len(set(days)) == 42
