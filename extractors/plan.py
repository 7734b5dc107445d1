"""Which windows of a stream a run has to read, in which landing partitions, cut to the vendor's limits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from extractors.accounts import Account
from extractors.core.model import Stream
from extractors.core.window import BEGINNING, Window, cut_by_day, days_window, period_bounds

# The oldest records of a vendor's retention are not requested. "Three months" can mean 89 days, and the
# vendor counts back from the moment a call arrives: a request for the very first instant would be refused,
# and the whole stream would fail.
RETENTION_MARGIN = timedelta(days=1, hours=1)


def plan(
    stream: Stream,
    account: Account,
    mark: datetime | None,
    day: date,
    now: datetime,
    *,
    is_far: bool = False,
) -> Window:
    """The window that a run for business day `day` has to read.

    Cursor streams: from the mark, less the stream's overlap, to as near to now as the vendor's index allows,
    also when `day` is yesterday. A vendor lists a record under its latest change only: a sale of yesterday
    that was shipped this morning is in this morning's window and in no other. A day before yesterday that
    lies before the mark is read again by itself. A far look reads the whole list up to now.
    Reports: from `lookback_days` before `day` (`weekly_lookback_days` in a far look), or from the mark if
    that is earlier, to the end of `day`; always whole days of the account's zone.
    Neither begins before the account's `start`.

    mark: how far the stream has been read (None: never). is_far: this run is the week's far look.
    """
    zone = account.zone
    today = days_window(day, day, zone)
    begin = min(account.start, day) if account.start else date.min
    is_whole = is_far and stream.weekly_whole
    if mark is None or is_whole:
        start = history_start(stream, account, day, now)
    else:
        start = min(mark - stream.overlap, today.start)
        if account.start and not stream.from_beginning:
            start = max(start, days_window(begin, begin, zone).start)
    if stream.kind == "report":
        back = stream.weekly_lookback_days if is_far else stream.lookback_days
        first = min(start.astimezone(zone).date(), day - timedelta(days=back))
        first = max(first, begin)
        # A week or month is always read whole, as far as its days are over: a read of some of its days would
        # replace the figures of all of it.
        yesterday = now.astimezone(zone).date() - timedelta(days=1)
        last = max(day, min(period_bounds(stream.period, day)[1], yesterday))
        return days_window(period_bounds(stream.period, first)[0], last, zone)
    is_old = day < now.astimezone(zone).date() - timedelta(days=1)
    behind = mark is not None and today.end <= mark and is_old and not is_whole
    end = today.end if behind else now - stream.settle
    return Window(min(start, end), end)


def owes_far_look(stream: Stream, looked: datetime | None, day: date, zone: ZoneInfo) -> bool:
    """Whether the run for `day` has to make its week's far look (`weekly_lookback_days` or `weekly_whole`).

    looked: the end of the latest far look that landed completely, kept as a mark of its own (before the
    first one: the stream's mark). The stream's mark alone would not do: it also moves when a window is read
    by hand, and the far look would be taken as done.
    """
    looks = stream.weekly_whole or stream.weekly_lookback_days > 0
    if not looks or looked is None:
        return looks
    return (looked - timedelta(microseconds=1)).astimezone(zone).date() < period_bounds("week", day)[0]


def out_of_reach(stream: Stream, start: datetime, now: datetime) -> str | None:
    """A sentence on what the vendor no longer gives of a stream that is to be read from `start`; None when it
    gives all of it."""
    if stream.retention is None or start >= oldest_of(stream, now):
        return None
    said = (
        f"{stream.name}: the vendor answers for the last {stream.retention.days} days only; what changed "
        f"before {oldest_of(stream, now):%Y-%m-%d} can no longer be had from the API"
    )
    return f"{said}, unless {stream.lift.advice}" if stream.lift is not None else said


def oldest_of(stream: Stream, now: datetime) -> datetime:
    """The oldest instant that a run which began at `now` requests of a stream with a retention.

    The margin is for cursor streams only: a report's retention is counted in whole days, and a vendor whose
    limit can be lifted leaves older records out instead of refusing the call.
    """
    within = RETENTION_MARGIN if stream.kind == "cursor" and stream.lift is None else timedelta()
    return now - (stream.retention or timedelta()) + within


def history_start(stream: Stream, account: Account, day: date, now: datetime) -> datetime:
    """Where a first load that runs for business day `day` begins."""
    if stream.from_beginning:
        return BEGINNING
    first = account.start or min(day, now.astimezone(account.zone).date()) - timedelta(
        days=account.history_days
    )
    first = min(first, day)
    return days_window(first, first, account.zone).start


def sliced(stream: Stream, account: Account, wanted: Window) -> Iterator[Window]:
    """The windows of the landing partitions: one per business day, or as the stream's facts say."""
    if stream.kind == "cursor":
        is_long = stream.long_from is not None and wanted.span >= stream.long_from
        for piece in wanted.cut(stream.long_slice if is_long else None):
            if stream.slice is None or (stream.long_from is not None and piece.span >= stream.long_from):
                yield piece
            else:
                yield from cut_by_day(piece, account.zone)
    elif stream.kind == "report" and stream.widest is not None:
        days = wanted.dates(account.zone)
        step = max(1, stream.widest.days)
        begin = 0
        while begin < len(days):
            end = min(begin + step, len(days))
            if end < len(days):
                # Never cut within a week or month: the second part would replace the first.
                whole = (period_bounds(stream.period, days[end])[0] - days[0]).days
                end = whole if whole > begin else end
            yield days_window(days[begin], days[end - 1], account.zone)
            begin = end
    elif wanted:
        yield wanted


def pieces(stream: Stream, window: Window) -> Iterable[Window]:
    """A slice, cut into the windows it is read in.

    A report's slice is not cut: `sliced` already limits it to `widest`. Cutting it by hours would read its
    last day twice when the clocks go back.
    """
    return [window] if stream.kind == "report" else window.cut(stream.stride or stream.widest)


def report_dates(stream: Stream, window: Window, account: Account) -> list[date]:
    """The report dates a partition replaces: its days, or the first days of its weeks or months."""
    days = window.dates(account.zone)
    return sorted({period_bounds(stream.period, day)[0] for day in days})
