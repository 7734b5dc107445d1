"""`extract`: read everything an account owes for a business day, and land it."""

from __future__ import annotations

import gc
import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from extractors.accounts import PACE, Account
from extractors.core.decode import dumps
from extractors.core.jobs import Jobs
from extractors.core.model import Platform, Stream
from extractors.core.read import Refused, WindowReader
from extractors.core.session import LONGEST_WAIT, Session
from extractors.core.window import BEGINNING, Window, cut_by_day, days_window, period_bounds
from extractors.credentials import Credentials
from extractors.errors import (
    MISFITS,
    AuthError,
    ConfigError,
    ContractError,
    DaybookError,
    ExtractErrors,
    RateLimitedError,
    misfit,
)
from extractors.landing import LISTS_ALL, Landing, Manifest
from extractors.personal import Scrubber
from extractors.registry import platform as find_platform
from extractors.registry import streams_read
from extractors.tokens import TokenFile

# Three months are 89 days at their shortest, and a vendor counts back from when a call arrives: one for the
# very edge would be refused, and its stream with it.
WITHIN_RETENTION = timedelta(days=1, hours=1)
# A store on one's own server, or a contract with higher limits, may be read faster or must be read slower.
COMMON_OPTIONS = frozenset({PACE})
# A first load takes hours of a shop's two years, and its stream tells what it read when all is read.
TELL_EVERY = 30.0
Progress = Callable[[str], None]


def check_options(account: Account) -> None:
    """Raises ConfigError for an option that the account's platform does not know."""
    platform = find_platform(account.platform)
    unknown = set(account.options) - platform.options - COMMON_OPTIONS
    if unknown:
        raise ConfigError(
            f"unknown option {', '.join(sorted(unknown))}",
            account=account.id,
            advice=f"{platform.name} knows: {', '.join(sorted(platform.options | COMMON_OPTIONS))}",
        )


def extract(
    account: Account,
    credentials: Credentials,
    landing: Landing,
    *,
    hash_key: bytes,
    token_dir: Path,
    day: date | None = None,
    window: Window | None = None,
    streams: tuple[str, ...] = (),
    now: datetime | Callable[[], datetime] | None = None,
    progress: Progress = lambda line: None,
    sleep: Callable[[float], None] = time.sleep,
) -> list[Manifest]:
    """Read an account's streams and land what they hold.

    Args:
        day: a business day of the account's zone. Reads from each stream's mark (first time: from the start
            of the account's history) to the end of that day; a day already read is read again whole.
        window: read exactly this stretch instead, leaving the marks alone unless it continues them.
        streams: only these (default: the account's, or all the platform has).
        hash_key: the secret under which buyers become `buyer_key`.
        token_dir: where refreshed tokens are kept.
        now: the present, for tests, or what tells it; sleep: how a retry or a turn is waited for, for tests.
    Returns:
        The manifests of what landed, whatever else failed.
    Raises:
        ExtractErrors: after every stream had its turn, naming account, stream, window, cause and advice.
        ConfigError: the account cannot be read at all.
    """
    platform = find_platform(account.platform)
    if platform.protocol is None:
        raise ConfigError("this account is fed by files", account=account.id, advice="use `daybook import`")
    check_options(account)
    clock = now if callable(now) else lambda: now or datetime.now(UTC)
    wanted = [platform.stream(name) for name in streams or streams_read(account)]
    landing.sweep()
    session = Session(platform, account, credentials, TokenFile(token_dir, account.id, credentials), sleep)
    landed: list[Manifest] = []
    errors: list[DaybookError] = []
    try:
        with _rare_collections():
            for stream in wanted:
                try:
                    reader = _StreamReader(stream, session, landing, hash_key, clock, progress)
                    landed += reader.run(day, window)
                except (DaybookError, *MISFITS) as trouble:
                    error = trouble if isinstance(trouble, DaybookError) else misfit(stream.name, trouble)
                    errors.append(error.at(account=account.id, stream=stream.name))
                    progress(f"{account.id} · {stream.name}: failed: {error.message}")
                    if isinstance(error, AuthError) or _is_spent(error):
                        break  # credential and quota are the account's: the next stream is refused, too
    finally:
        session.close()
    if errors:
        raise ExtractErrors(errors, account=account.id)
    return landed


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Records are trees: counting references frees them. By default Python looks for cycles every 700 new
    objects, which is every few orders, and finds none; a third of the decoding went into that."""
    before = gc.get_threshold()
    gc.set_threshold(200_000, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _is_spent(error: DaybookError) -> bool:
    """Whether the vendor will answer nothing more for longer than a run waits."""
    return isinstance(error, RateLimitedError) and (error.retry_after or 0) > LONGEST_WAIT


class _StreamReader:
    def __init__(
        self,
        stream: Stream,
        session: Session,
        landing: Landing,
        hash_key: bytes,
        clock: Callable[[], datetime],
        progress: Progress,
    ) -> None:
        self._stream = stream
        self._session = session
        self._account = session.account
        self._platform: Platform = session.platform
        self._landing = landing
        # One for all slices: what it judged of a field's name holds for each.
        self._scrubber = Scrubber(stream.personal, self._platform.name, hash_key)
        # Vendors are asked by the second: the tenths left over behind a day or an hour would be a window that
        # ends with the second it began in, and is refused.
        self._clock = clock
        self._now = clock().replace(microsecond=0)
        self._progress = progress

    def run(self, day: date | None, window: Window | None) -> list[Manifest]:
        stream, account = self._stream, self._account
        mark = self._landing.mark(self._platform.name, account.id, stream.name)
        day = day or self._today()
        yesterday = self._today() - timedelta(days=1)
        if window is None and mark is None and account.start and account.start > max(day, yesterday):
            # Begun now, its history would begin now: a mended start is heeded by a first load only.
            self._progress(f"{account.id} · {stream.name}: begins on {account.start}, nothing to read yet")
            return []
        looked = self._landing.mark(self._platform.name, account.id, _far(stream)) or mark
        is_far = window is None and owes_far_look(stream, looked, day, account.zone)
        wanted = window or plan(stream, account, mark, day, self._now, is_far=is_far)
        # A stretch asked for by hand must not hide a gap before it.
        continues = window is None or (mark is not None and window.start <= mark)
        wanted = self._within_retention(self._over(wanted))
        slices = list(_slices(stream, account, wanted))
        if not slices:
            self._progress(
                f"{account.id} · {stream.name}: nothing to read before {wanted.end:%Y-%m-%d %H:%M}Z"
            )
            return []
        # Only from a list of all there is has left whoever is missing in it.
        is_whole = stream.kind == "cursor" and (stream.cursor is None or is_far)
        unseen = unseen_of(stream, self._session) if window is None else None
        if unseen is not None:
            self._progress(f"{account.id} · {unseen}")
        landed: list[Manifest] = []
        told = time.monotonic()
        width = self._platform.width
        with (
            ThreadPoolExecutor(width) as self._readers,
            ThreadPoolExecutor(min(width, len(slices))) as pool,
        ):
            futures: list[Future[Manifest]] = [pool.submit(self._slice, piece, is_whole) for piece in slices]
            try:
                # The mark follows in order: a slice that landed behind a failed one is kept, not counted.
                for piece, future in zip(slices, futures, strict=True):
                    landed.append(future.result())
                    if continues:
                        self._landing.move_mark(self._platform.name, account.id, stream.name, piece.end)
                    if piece is not slices[-1] and time.monotonic() - told >= TELL_EVERY:
                        told = time.monotonic()
                        self._progress(
                            f"{account.id} · {stream.name}: at {piece.end:%Y-%m-%d %H:%M}Z, "
                            f"{len(landed)} of {len(slices)} stretches"
                        )
            except BaseException:
                for future in futures:
                    future.cancel()
                raise
        if is_far:  # killed before this, the next night looks as far once more
            self._landing.move_mark(self._platform.name, account.id, _far(stream), wanted.end)
        rows = sum(manifest.rows for manifest in landed)
        self._progress(
            f"{account.id} · {stream.name}: {rows} records, "
            f"{wanted.start:%Y-%m-%d %H:%M}Z … {wanted.end:%Y-%m-%d %H:%M}Z"
        )
        return landed

    def _slice(self, window: Window, is_whole: bool) -> Manifest:
        stream = self._stream
        where = (self._platform.name, self._account.id, stream.name)
        dates = _report_dates(stream, window, self._account) if stream.kind == "report" else []
        try:
            with self._landing.partition(*where, stream.kind, window, datetime.now(UTC)) as partition:
                jobs = Jobs(self._landing.store, "/".join(where), self._session.wait)
                reader = WindowReader(stream, self._session, self._scrubber, partition.write, jobs)
                self._read(reader, list(pieces(stream, window)))
                if is_whole and stream.cursor is not None:
                    # What changed meanwhile left the window, or moved from a shelf to one read before.
                    since = Window(window.end, max(window.end, self._clock().replace(microsecond=0)))
                    self._read(reader, [since] if since else [])
                manifest = partition.commit(dates=dates, extra={LISTS_ALL: True} if is_whole else None)
                jobs.landed()
                return manifest
        except Refused as refusal:
            body = dumps({"reason": refusal.reason, "record": self._scrubber.scrub(refusal.record)}).decode()
            kept = self._landing.keep_evidence(
                *where, f"{window}-{hashlib.sha256(body.encode()).hexdigest()[:12]}.json", body
            )
            raise ContractError(
                refusal.reason, window=str(window), advice=f"the record is kept at {kept}"
            ) from None
        except OSError as error:
            raise ConfigError(
                f"cannot write to landing: {error.strerror}",
                window=str(window),
                advice=f"free space or mend the permissions of {self._landing.root}, then run again",
            ) from None
        except DaybookError as error:
            raise error.at(window=str(window)) from None

    def _read(self, reader: WindowReader, pieces: list[Window]) -> None:
        """Reads the pieces of a slice side by side: a night has but one slice or two."""
        futures = [self._readers.submit(reader.read, piece) for piece in pieces]
        try:
            for future in futures:
                future.result()
        finally:  # nothing may still write when the partition is closed
            for future in futures:
                future.cancel()
            wait(futures)

    def _over(self, wanted: Window) -> Window:
        """The part of a window that is over and listed: a mark beyond it would hide what is listed later, and
        some vendors refuse a window that ends now."""
        if self._stream.kind == "report":
            over = days_window(self._today(), self._today(), self._account.zone).start
        else:
            over = self._now - self._stream.settle
        if wanted.end <= over:
            return wanted
        return Window(min(wanted.start, over), over)

    def _within_retention(self, wanted: Window) -> Window:
        stream = self._stream
        said = out_of_reach(stream, wanted.start, self._now)
        if said is None or (stream.lift is not None and stream.lift.asked(self._session)):
            return wanted
        self._progress(f"{self._account.id} · {said}")
        oldest = oldest_of(stream, self._now)
        return Window(oldest, max(oldest, wanted.end))

    def _today(self) -> date:
        return self._now.astimezone(self._account.zone).date()


def plan(
    stream: Stream,
    account: Account,
    mark: datetime | None,
    day: date,
    now: datetime,
    *,
    is_far: bool = False,
) -> Window:
    """The window a run for business day `day` has to read.

    From the stream's mark, less its overlap, as near to now as the vendor's index allows: a record lists
    under its latest change only, so a sale of yesterday that was shipped this morning stands in this
    morning's window and nowhere else. An older day that lies behind the mark is read again whole, and only
    that.
    A far look at a stream of records is of all there is, up to now.
    Reports start `lookback_days` earlier (`weekly_lookback_days` where the week's far look is owed), always
    on a day of the account's zone, and end with the day.
    Neither reaches back behind the account's `start`: what changed again before it belongs to no history.
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
        # A week or a month is asked for whole, as far as its days are over: a part of it would replace more.
        yesterday = now.astimezone(zone).date() - timedelta(days=1)
        last = max(day, min(period_bounds(stream.period, day)[1], yesterday))
        return days_window(period_bounds(stream.period, first)[0], last, zone)
    is_old = day < now.astimezone(zone).date() - timedelta(days=1)
    behind = mark is not None and today.end <= mark and is_old and not is_whole
    end = today.end if behind else now - stream.settle
    return Window(min(start, end), end)


def owes_far_look(stream: Stream, looked: datetime | None, day: date, zone: ZoneInfo) -> bool:
    """Whether the run for `day` is the one of its week that reads `weekly_lookback_days`, or all, again.

    looked: the end of the latest run that did and landed whole (before the first of them, of what was read).
    It has a mark of its own: that of the stream also follows a stretch read by hand, and would call the far
    look done.
    """
    looks = stream.weekly_whole or stream.weekly_lookback_days > 0
    if not looks or looked is None:
        return looks
    return (looked - timedelta(microseconds=1)).astimezone(zone).date() < period_bounds("week", day)[0]


def _far(stream: Stream) -> str:
    """The name under which landing keeps the mark of a stream's far looks."""
    return f"{stream.name}.far"


def out_of_reach(stream: Stream, start: datetime, now: datetime) -> str | None:
    """What can no longer be had of a stream that is to be read from `start` on; None when all can."""
    if stream.retention is None or start >= oldest_of(stream, now):
        return None
    said = (
        f"{stream.name}: the vendor answers for the last {stream.retention.days} days only; what changed "
        f"before {oldest_of(stream, now):%Y-%m-%d} can no longer be had from the API"
    )
    return f"{said}, unless {stream.lift.advice}" if stream.lift is not None else said


def unseen_of(stream: Stream, session: Session) -> str | None:
    """What the vendor keeps from this account every night; None when nothing, as far as it was asked."""
    if stream.lift is None or stream.lift.asked(session):
        return None
    return f"{stream.name}: {stream.lift.unseen} are not shown, unless {stream.lift.advice}"


def oldest_of(stream: Stream, now: datetime) -> datetime:
    """The oldest instant that a run which began at `now` asks for.

    A report's facts count whole days; a vendor that lifts its limit for some leaves older records out and
    refuses nothing.
    """
    within = WITHIN_RETENTION if stream.kind == "cursor" and stream.lift is None else timedelta()
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


def _slices(stream: Stream, account: Account, wanted: Window) -> Iterator[Window]:
    """Landing partitions: a business day each, or the whole window cut to what the vendor allows."""
    if stream.kind == "cursor" and stream.slice == "day":
        least = stream.long_from
        for piece in wanted.cut(stream.long_slice if least is not None and wanted.span >= least else None):
            if least is not None and piece.span >= least:
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
                # A week or month cut in two would be replaced by its second half.
                whole = (period_bounds(stream.period, days[end])[0] - days[0]).days
                end = whole if whole > begin else end
            yield days_window(days[begin], days[end - 1], account.zone)
            begin = end
    elif wanted:
        yield wanted


def pieces(stream: Stream, window: Window) -> Iterable[Window]:
    """A slice, cut to the windows it is read in. One of a report is no more days than that already; cut by
    the clock, its last day would be read twice where an hour comes twice."""
    return [window] if stream.kind == "report" else window.cut(stream.stride or stream.widest)


def _report_dates(stream: Stream, window: Window, account: Account) -> list[date]:
    """The report dates a partition replaces: its days, or the first days of its weeks or months."""
    days = window.dates(account.zone)
    return sorted({period_bounds(stream.period, day)[0] for day in days})
