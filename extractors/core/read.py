"""The read loop: a window in, every record of it exactly once out, held to the vendor's own total."""

from __future__ import annotations

import threading
from collections.abc import Callable

from extractors.core.decode import dumps
from extractors.core.jobs import Forgetful, Jobs
from extractors.core.model import Read, Record, Stream
from extractors.core.paging import TooDeep
from extractors.core.session import Session
from extractors.core.window import Window, days_window, period_bounds
from extractors.errors import MISFITS, AddressExpired, ContractError, TooMuchError, misfit
from extractors.personal import Scrubber

WINDOW_TRIES = 3
FRUITLESS_AT_MOST = 100  # pages; a vendor whose every page names another next one is noticed by this alone


class Refused(Exception):
    """A record the stream's facts do not fit; kept as evidence, then the window fails."""

    def __init__(self, reason: str, record: Record) -> None:
        super().__init__(reason)
        self.reason = reason
        self.record = record


class WindowReader:
    """Reads windows of one stream and writes each record once, as a landing line.

    write: takes a finished line. Records seen twice (overlapping pages, a window read again) are written
    once, unless they differ: then both versions are kept. Of a report each row is written once, when its
    read is complete: two readings of a row in one partition would count it twice. Windows of a cursor may be
    read side by side, those of a report one after the other.
    jobs: where asynchronous reports that were asked for are remembered (default: in this process only).
    """

    def __init__(
        self,
        stream: Stream,
        session: Session,
        scrubber: Scrubber,
        write: Callable[[bytes], None],
        jobs: Jobs | None = None,
    ) -> None:
        self._stream = stream
        self._session = session
        self._jobs = jobs or Jobs(Forgetful(), "", session.wait)
        self._scrubber = scrubber
        self._write = write
        self._written: dict[str, int] = {}
        self._held: dict[str, bytes] = {}
        self._dates: set[str] = set()
        self._guard = threading.Lock()

    def read(self, window: Window) -> None:
        """Read one vendor window whole, in halves where the vendor finds it too much at once.

        A read whose records do not add up to the vendor's total is repeated; after the last repeat it fails.

        Raises:
            ContractError: with what was wrong; nothing of the window counts as read.
            TooMuchError: a single day is too much.
        """
        try:
            self._whole(window)
        except (TooDeep, TooMuchError) as error:
            parts = self._parts(window)
            if not parts:
                if isinstance(error, TooMuchError):
                    raise
                raise self._too_dense() from None
            for part in parts:
                self.read(part)

    def _whole(self, window: Window) -> None:
        days = window.dates(self._session.account.zone) if self._stream.kind == "report" else []
        self._dates = {period_bounds(self._stream.period, day)[0].isoformat() for day in days}
        reads = list(self._stream.reads(self._session.account, window))
        if len(reads) > 1:  # the vendor makes them side by side
            for read in reads:
                self._begin(read)
        for read in reads:
            self._one(read)

    def _one(self, read: Read) -> None:
        try:
            self._repeated(read)
        except TooDeep:
            if read.halves is None:
                raise
            halves = list(read.halves())
            if not halves:
                raise self._too_dense() from None
            for half in halves:
                self._one(half)

    def _too_dense(self) -> ContractError:
        least = "second" if self._stream.kind == "cursor" else "day"
        return ContractError(f"one {least} holds more records than the vendor lets one page through")

    def _repeated(self, read: Read) -> None:
        for attempt in range(1, WINDOW_TRIES + 1):
            self._held.clear()
            try:
                try:
                    self._pages(read)
                except MISFITS as error:
                    raise misfit(read.request.name, error) from error
                self._release(read)
                break
            except ContractError as error:
                if read.job is not None and not isinstance(error, AddressExpired):
                    self._jobs.again(read.request)
                if attempt == WINDOW_TRIES:
                    raise

    def _parts(self, window: Window) -> list[Window]:
        """The window's halves: a report's on the border of a day; none where it has but one."""
        if self._stream.kind == "cursor":
            return list(window.halves()) if window.is_divisible else []
        zone = self._session.account.zone
        days = window.dates(zone) if self._stream.period == "day" else []
        middle = len(days) // 2
        if not middle:
            return []
        return [days_window(days[0], days[middle - 1], zone), days_window(days[middle], days[-1], zone)]

    def _begin(self, read: Read) -> None:
        if read.job is None:
            return
        try:
            self._jobs.begin(self._session.call, read.request, read.job)
        except MISFITS as error:
            raise misfit(read.request.name, error) from error

    def _pages(self, read: Read) -> None:
        seen: set[str] = set()
        total: int | None = None
        fruitless = 0
        request, call = read.request, self._session.call
        if read.job is not None:
            finished = self._jobs.finished(call, request, read.job)
            if finished is None:
                return
            request = finished
        for page in read.paging.pages(call, request):
            records = read.finish(page.records) if read.finish else page.records
            keys = [self._key(record) for record in records]
            fresh = [(key, record) for key, record in zip(keys, records, strict=True) if key not in seen]
            seen.update(keys)
            # Orders without a refund bring none, and are new all the same.
            fruitless = 0 if fresh or (page.records and not records) else fruitless + 1
            if fruitless > FRUITLESS_AT_MOST:
                raise ContractError(
                    f"{read.request.name} sent {fruitless} pages in a row without a new record: "
                    "the read would never end"
                )
            # A report row that comes twice under one key would silently lose one of the two.
            if self._stream.kind == "report" and len(fresh) < len(records):
                raise ContractError(f"{read.request.name} sent two rows with the same key")
            if page.total is not None:
                total = page.total
            self._details([record for _, record in fresh])
            lines = [(key, self._line(key, record)) for key, record in fresh]
            with self._guard:
                for key, line in lines:
                    self._keep(key, line)
            # Gone before the next is decoded, which then comes to lie where this one did, in memory the
            # processor still has at hand. The pagings let go of theirs for the same reason.
            del page, records, fresh, lines
        if total is not None and len(seen) < total:
            raise ContractError(
                f"{read.request.name} says {total} records and sent {len(seen)}",
                advice="the window is not marked as read; run it again, and tell the vendor if it stays so",
            )

    def _key(self, record: Record) -> str:
        key = self._stream.key_of(record)
        if key is None:
            raise Refused(f"a record without its primary key ({', '.join(self._stream.key)})", record)
        return key

    def _details(self, records: list[Record]) -> None:
        stream = self._stream
        detail = stream.detail
        if detail is None:
            return
        if stream.incomplete is not None:
            records = list(filter(stream.incomplete, records))

        self._session.each(lambda record: detail(self._session, record), records)

    def _line(self, key: str, record: Record) -> bytes:
        stream = self._stream
        try:
            if stream.kind == "cursor":
                name, moment = "cursor_at", stream.cursor.of(record) if stream.cursor else None
            else:
                name, moment = "report_date", stream.day_of(record)
                if moment is None:
                    raise Refused(f"a report row without its date ({stream.day})", record)
                if moment not in self._dates:  # loading would refuse the partition, its window marked as read
                    raise ContractError(f"{stream.name} sent a row of {moment}, which was not asked for")
        except (ValueError, TypeError, OverflowError, OSError) as error:
            raise Refused(f"a time that cannot be read: {error}", record) from None
        return dumps({"key": key, name: moment, "payload": self._scrubber.scrub(record)})

    def _keep(self, key: str, line: bytes) -> None:
        if self._stream.kind == "report":
            self._held[key] = line
            return
        mark = hash(line)
        if self._written.get(key) != mark:
            self._written[key] = mark
            self._write(line)

    def _release(self, read: Read) -> None:
        """Write the rows of a report's read, now that it is complete."""
        for key, line in self._held.items():
            mark = hash(line)
            if key not in self._written:
                self._written[key] = mark
                self._write(line)
            elif self._written[key] != mark:
                raise ContractError(f"{read.request.name} sent another version of a row already read")
