"""The read loop: takes a window, writes each record of it exactly once, and checks the vendor's own total."""

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

READ_ATTEMPTS = 3  # times that a read is made when what came back is not consistent
# Pages in a row without a new record after which the read fails. Nothing else ends the read of a vendor that
# gives a new page token with every page.
MAX_FRUITLESS_PAGES = 100


class Refused(Exception):
    """A record without a primary key or with a time that cannot be read. It is kept as evidence, and the
    window fails."""

    def __init__(self, reason: str, record: Record) -> None:
        super().__init__(reason)
        self.reason = reason
        self.record = record


class WindowReader:
    """Reads windows of one stream and writes each record once, as a landing line.

    write: takes one landing line (JSON, without a newline).
    jobs: remembers the asynchronous reports that were requested (default: in this process only).

    Cursor streams: a record seen twice (overlapping pages, a repeated read) is written once; if it differs,
    both versions are written. Windows may be read in parallel.
    Report streams: rows are written when their read is complete, because a row that landed twice would be
    counted twice. Windows must be read one after the other.
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
        """Read one window, in halves when the vendor cannot answer for all of it at once.

        A read that is not consistent (its records do not add up to the vendor's total, for example) is
        repeated, READ_ATTEMPTS times in all.

        Raises:
            ContractError: the last attempt failed, too; the window does not count as read.
            TooMuchError: the vendor cannot answer even for a single day (reports) or second.
            Refused: a record has no primary key or no readable time.
        """
        try:
            self._read_whole(window)
        except (TooDeep, TooMuchError) as error:
            parts = self._parts(window)
            if not parts:
                if isinstance(error, TooMuchError):
                    raise
                raise self._too_dense() from None
            for part in parts:
                self.read(part)

    def _read_whole(self, window: Window) -> None:
        days = window.dates(self._session.account.zone) if self._stream.kind == "report" else []
        self._dates = {period_bounds(self._stream.period, day)[0].isoformat() for day in days}
        reads = list(self._stream.reads(self._session.account, window))
        if len(reads) > 1:  # start all asynchronous jobs first: the vendor works on them in parallel
            for read in reads:
                self._begin(read)
        for read in reads:
            self._read_one(read)

    def _read_one(self, read: Read) -> None:
        try:
            self._read_with_repeats(read)
        except TooDeep:
            if read.halves is None:
                raise
            halves = list(read.halves())
            if not halves:
                raise self._too_dense() from None
            for half in halves:
                self._read_one(half)

    def _too_dense(self) -> ContractError:
        least = "second" if self._stream.kind == "cursor" else "day"
        return ContractError(f"one {least} holds more records than the vendor lets one page through")

    def _read_with_repeats(self, read: Read) -> None:
        for attempt in range(1, READ_ATTEMPTS + 1):
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
                if attempt == READ_ATTEMPTS:
                    raise

    def _parts(self, window: Window) -> list[Window]:
        """The window's halves, a report's cut at a midnight. Empty when it cannot be halved."""
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
            # A page whose records `finish` all removed is progress, too: orders without any refund.
            fruitless = 0 if fresh or (page.records and not records) else fruitless + 1
            if fruitless > MAX_FRUITLESS_PAGES:
                raise ContractError(
                    f"{read.request.name} sent {fruitless} pages in a row without a new record: "
                    "the read would never end"
                )
            # Two report rows with one key: only one would be kept, and its figures would be too low.
            if self._stream.kind == "report" and len(fresh) < len(records):
                raise ContractError(f"{read.request.name} sent two rows with the same key")
            if page.total is not None:
                total = page.total
            self._details([record for _, record in fresh])
            lines = [(key, self._line(key, record)) for key, record in fresh]
            with self._guard:
                for key, line in lines:
                    self._keep(key, line)
            # Free this page before the next one is decoded: the next then reuses memory that is still in the
            # processor's cache (a tenth of the CPU time). The paging classes `del` their pages for the same
            # reason.
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
                # Loading would refuse such a row, but only after the window was marked as read.
                if moment not in self._dates:
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
        """Write the rows of a report's read that is complete. Raises ContractError when an earlier read of
        this window brought a row with the same key and other figures."""
        for key, line in self._held.items():
            mark = hash(line)
            if key not in self._written:
                self._written[key] = mark
                self._write(line)
            elif self._written[key] != mark:
                raise ContractError(f"{read.request.name} sent another version of a row already read")
