"""`extract`: read what an account still has to deliver up to a business day, and land it."""

from __future__ import annotations

import gc
import hashlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from extractors.accounts import CALLS_PER_SECOND, Account
from extractors.core.decode import dumps
from extractors.core.jobs import Jobs
from extractors.core.model import OVERLAP, Platform, Stream
from extractors.core.read import Refused, WindowReader
from extractors.core.session import LONGEST_WAIT, Session
from extractors.core.window import Window, days_window
from extractors.credentials import Credentials
from extractors.errors import (
    MISFITS,
    OTHER_STREAMS,
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
from extractors.plan import (
    oldest_of,
    out_of_reach,
    owes_far_look,
    pieces,
    plan,
    report_dates,
    sliced,
)
from extractors.registry import platform as find_platform
from extractors.registry import streams_read
from extractors.tokens import TokenFile

# Options of every platform. Calls per second: a store on the merchant's own server, or a contract with other
# limits, may allow more calls than usual, or fewer.
COMMON_OPTIONS = frozenset({CALLS_PER_SECOND})
# A read that took longer is followed by one of what changed meanwhile: a list of changes names a record under
# its last change alone, so an order that was shipped while the read went on is in none of its windows.
LONG_READ = timedelta(minutes=1)
# Seconds between two progress lines of one stream: a first load may take hours.
PROGRESS_SECONDS = 30.0
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
    """Read an account's streams and land their records.

    Args:
        hash_key: the secret key of the hash that turns buyers into `buyer_key`.
        token_dir: where renewed tokens are kept.
        day: a business day in the account's zone (default: today). Each stream is read from its mark (first
            time: from the start of the account's history) on; see `plan`. A day before the mark is read
            again whole.
        window: read exactly this window instead. The marks move only if it begins at or before them.
        streams: read only these (default: those the account names, or all of its platform).
        now, sleep: replace the clock and the waiting in tests.
        progress: is told a line about each stream.
    Returns:
        The manifests of the partitions that landed.
    Raises:
        ExtractErrors: some streams failed; the others have landed. Each error names account, stream,
            window, cause and what to do. After an AuthError or a used-up quota the remaining streams are
            not tried.
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
    refused: list[DaybookError] = []
    try:
        with _rare_collections():
            for stream in wanted:
                try:
                    parts = (stream, session, landing, hash_key, clock, progress)
                    reader = _StreamReader(*parts)
                    landed += reader.run(day, window)
                    if window is None and (meanwhile := reader.meanwhile()):
                        landed += _StreamReader(*parts).run(None, meanwhile)
                except (DaybookError, OSError, *MISFITS) as trouble:
                    error = _told(trouble, stream, landing)
                    if isinstance(error, AuthError | ConfigError) and error.is_vendors:
                        refused.append(error)
                    errors.append(error.at(account=account.id, stream=stream.name))
                    progress(f"{account.id} · {stream.name}: failed: {error.message}")
                    if isinstance(error, AuthError) or _is_quota_used_up(error):
                        break  # credential and quota belong to the account: every stream would be refused
    finally:
        session.close()
    if errors:
        for error in refused if landed else ():
            _name_other_streams(error)
        raise ExtractErrors(errors, account=account.id)
    return landed


def _told(trouble: Exception, stream: Stream, landing: Landing) -> DaybookError:
    if isinstance(trouble, DaybookError):
        return trouble
    if isinstance(trouble, OSError):
        return landing.trouble(trouble)
    return misfit(stream.name, trouble)


def _name_other_streams(error: DaybookError) -> None:
    """Add to a vendor's refusal how to go on without its stream. Other streams were read with the same
    credential, so it may be this one's permission that is missing, whatever the vendor calls it."""
    if OTHER_STREAMS not in (error.advice or ""):
        mend = f"{error.advice}; " if error.advice else ""
        error.advice = f"{mend}if it refuses this stream alone, {OTHER_STREAMS}"


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Run Python's garbage collector less often inside this block.

    Records contain no reference cycles, so counting references is enough to free them. By default Python
    searches for cycles every 700 new objects, which is every few orders; that took a third of the decoding
    time and found nothing.
    """
    before = gc.get_threshold()
    gc.set_threshold(200_000, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _is_quota_used_up(error: DaybookError) -> bool:
    """Whether the vendor refuses all calls for longer than a run waits."""
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
        # Shared by all slices, because it caches its decision about each field name.
        self._scrubber = Scrubber(stream.personal, self._platform.name, hash_key)
        # Whole seconds, as requests carry them: a fraction of a second behind the last full day would become
        # a window that starts and ends in the same second, which vendors refuse.
        self._clock = clock
        self._now = clock().replace(microsecond=0)
        self._is_whole = False
        self._progress = progress

    def run(self, day: date | None, window: Window | None) -> list[Manifest]:
        stream, account = self._stream, self._account
        mark = self._landing.mark(self._platform.name, account.id, stream.name)
        day = day or self._today()
        yesterday = self._today() - timedelta(days=1)
        if window is None and mark is None and account.start and account.start > max(day, yesterday):
            # Do not set a mark yet: `start` counts for a first load only, so an earlier date written later
            # would have no effect.
            self._progress(f"{account.id} · {stream.name}: begins on {account.start}, nothing to read yet")
            return []
        looked = self._landing.mark(self._platform.name, account.id, _far_look(stream)) or mark
        is_far = window is None and owes_far_look(stream, looked, day, account.zone)
        wanted = window or plan(stream, account, mark, day, self._now, is_far=is_far)
        # A window given by hand moves the mark only if it leaves no gap behind the mark.
        continues = window is None or (mark is not None and window.start <= mark)
        wanted = self._within_retention(self._ended_part(wanted))
        slices = list(sliced(stream, account, wanted))
        if not slices:
            self._progress(
                f"{account.id} · {stream.name}: nothing to read before {wanted.end:%Y-%m-%d %H:%M}Z"
            )
            return []
        # Records may be taken as deleted only when a complete list does not name them.
        is_whole = self._is_whole = stream.kind == "cursor" and (stream.cursor is None or is_far)
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
                # The mark moves in order of time. A slice behind a failed one stays landed, but the mark
                # stops before the failed one.
                for piece, future in zip(slices, futures, strict=True):
                    landed.append(future.result())
                    if continues:
                        self._landing.move_mark(self._platform.name, account.id, stream.name, piece.end)
                    if piece is not slices[-1] and time.monotonic() - told >= PROGRESS_SECONDS:
                        told = time.monotonic()
                        self._progress(
                            f"{account.id} · {stream.name}: at {piece.end:%Y-%m-%d %H:%M}Z, "
                            f"{len(landed)} of {len(slices)} stretches"
                        )
            except BaseException:
                for future in futures:
                    future.cancel()
                raise
        if is_far:  # after all slices: if the run is killed before this, the next night repeats the far look
            self._landing.move_mark(self._platform.name, account.id, _far_look(stream), wanted.end)
        rows = sum(manifest.rows for manifest in landed)
        self._progress(f"{account.id} · {stream.name}: {rows} records, {wanted.told}")
        return landed

    def meanwhile(self) -> Window | None:
        """What to read behind a long read of changes; None when it was short, ended before now, or was of all
        there is, which is read up to its end anyway."""
        stream = self._stream
        end = self._now - stream.settle
        mark = self._landing.mark(self._platform.name, self._account.id, stream.name)
        if stream.kind != "cursor" or self._is_whole or mark != end:
            return None
        until = self._clock().replace(microsecond=0) - stream.settle
        # The next night looks behind `until` for what the vendor lists late. An overlap longer than the usual
        # one reaches behind `end`, too, and need not be read twice in a night.
        return Window(end - min(stream.overlap, OVERLAP), until) if until - end >= LONG_READ else None

    def _slice(self, window: Window, is_whole: bool) -> Manifest:
        stream = self._stream
        where = (self._platform.name, self._account.id, stream.name)
        dates = report_dates(stream, window, self._account) if stream.kind == "report" else []
        try:
            with self._landing.partition(*where, stream.kind, window, datetime.now(UTC)) as partition:
                jobs = Jobs(self._landing.store, "/".join(where), self._session.wait)
                reader = WindowReader(stream, self._session, self._scrubber, partition.write, jobs)
                self._read(reader, list(pieces(stream, window)))
                if is_whole and stream.cursor is not None:
                    # While the list was read, a record may have changed and left the window, or moved to a
                    # status whose list had been read already: read the changes since, too.
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
                refusal.reason, window=window, advice=f"the record is kept at {kept}"
            ) from None
        except OSError as error:
            raise self._landing.trouble(error).at(window=window) from None
        except DaybookError as error:
            raise error.at(window=window) from None

    def _read(self, reader: WindowReader, pieces: list[Window]) -> None:
        """Read the pieces of a slice in parallel: a night has only one or two slices."""
        futures = [self._readers.submit(reader.read, piece) for piece in pieces]
        try:
            for future in futures:
                future.result()
        finally:  # no thread may still write when the partition is closed
            for future in futures:
                future.cancel()
            wait(futures)

    def _ended_part(self, wanted: Window) -> Window:
        """The part of a window that is complete: `settle` before now, or up to today for reports.

        With a mark beyond it, records that the vendor lists late would never be read. Some vendors also
        refuse a window that ends now.
        """
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


def _far_look(stream: Stream) -> str:
    """The name under which landing keeps the mark of a stream's far looks."""
    return f"{stream.name}.far"


def unseen_of(stream: Stream, session: Session) -> str | None:
    """A sentence on the records that the vendor hides from this account for lack of a permission; None when
    it hides none. Asks the vendor."""
    if stream.lift is None or stream.lift.asked(session):
        return None
    return f"{stream.name}: {stream.lift.unseen} are not shown, unless {stream.lift.advice}"
