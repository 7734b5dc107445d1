"""Inbox → landing: every waiting file is landed, recognised as one that landed before, or refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from extractors.accounts import Account
from extractors.errors import ConfigError, DaybookError, ExtractErrors, LandingError, TransientError
from extractors.files.catalogue import SHIPPED, mappings_for, recognise
from extractors.files.cells import Cells, clean
from extractors.files.folder import Drop, Inbox, being_written, readable
from extractors.files.lists import PLATFORM
from extractors.files.mapping import Mapping
from extractors.files.partition import land
from extractors.files.refusal import FileRefused
from extractors.files.reports import REPORTS_TOLD_APART, Report, land_report, read_report, told_apart
from extractors.files.sources import is_cut_off, open_tables
from extractors.files.tables import name_of
from extractors.landing import Landing, Manifest
from extractors.personal import buyer_hash

TOLD_BAD = 3  # unreadable rows that a message names

Progress = Callable[[str], None]


@dataclass(frozen=True)
class _Table:
    """A table that was read: new, or one that landed before.

    name: file, or file#sheet. part: the sheet. cells: its rows, if new. known: its partition, if it landed
    before. lost: earlier partitions of it that are damaged; the new or known one replaces them. report: its
    rows, if they are figures of a period. unread: its headers that the mapping does not mention.
    """

    name: str
    part: str
    mapping: Mapping
    cells: Cells | None = None
    known: Manifest | None = None
    lost: Sequence[Manifest] = ()
    report: Report | None = None
    unread: str = ""


def import_files(
    account: Account,
    inbox_dir: Path | str,
    landing: Landing,
    hash_key: str | bytes,
    mappings_dir: Path | str = SHIPPED,
    *,
    progress: Progress = lambda message: None,
) -> list[Manifest]:
    """Read every file in an account's inbox to landing.

    Args:
        account: gives zone and currency where a mapping states none, and `options: {mapping: name}`.
        inbox_dir: data/inbox/<account id>; made when it is not there.
        hash_key: the secret key of the hash that replaces buyers.
        mappings_dir: the shipped mappings.
        progress: is told a line per file.
    Returns: a manifest per table that landed now. Files that landed are moved to done/, as are files that
        landed before (same bytes, same mapping) and land nothing now.
    Raises:
        ConfigError: a mapping file is wrong; nothing was read.
        ExtractErrors: an error per refused file, after all others were read. Refused files are in refused/.
        TransientError: another import has locked the inbox.
    """
    inbox = Inbox(Path(inbox_dir))
    key = hash_key.encode() if isinstance(hash_key, str) else hash_key
    # Buyer ids are those of one shop: customer 13085 of two shops are two people.
    hash_buyer = buyer_hash(key, f"{PLATFORM}:{account.store_id}")
    with inbox.held():
        run = _Run(account, inbox, landing, hash_buyer, progress)
        run.mappings = mappings_for(account, inbox.folder, Path(mappings_dir))
        names = inbox.waiting()
        unfinished = being_written(inbox.folder)  # after listing the files, so that no writer is missed
        for path in names:
            if path.name in unfinished:
                run.leave(path, "is still being written")
            else:
                run.one(path)
        waiting = inbox.refused()
    if len(waiting) > len(run.refused):
        progress(f"{account.id}: {len(waiting)} refused file(s) wait in {inbox.folder / 'refused'}")
    if run.refused:
        raise ExtractErrors(run.refused, account=account.id)
    return run.landed


class _Run:
    def __init__(
        self,
        account: Account,
        inbox: Inbox,
        landing: Landing,
        hash_buyer: Callable[[str], str],
        progress: Progress,
    ) -> None:
        self.account = account
        self.inbox = inbox
        self.landing = landing
        self.hash_buyer = hash_buyer
        self.progress = progress
        self.mappings: Sequence[Mapping] = ()
        self.landed: list[Manifest] = []
        self.refused: list[DaybookError] = []
        self._known: dict[tuple[str, ...], list[Manifest]] | None = None
        self._last: dict[str, Manifest] = {}
        self._read_at = self._started = datetime.now(UTC)

    def one(self, path: Path) -> None:
        """Read one file. Its tables land only after all of them could be read."""
        drop = None
        try:
            if path.is_symlink():
                raise FileRefused(
                    f"{readable(path.name)} is a link, and what it leads to may be none of this inbox's",
                    advice="copy the file itself here, or use `daybook import`",
                )
            drop = self.inbox.look(path)
            if drop.is_young and is_cut_off(path):
                self.leave(path, "ends in the middle, and was written to a moment ago")
                return
            tables = self._read(drop)
        except (ConfigError, TransientError) as error:  # landing fails, not the file
            self.refused.append(error.at(account=self.account.id))
            return
        except Exception as error:
            # Any other error becomes a refusal as well: raised, it would happen again every night, and the
            # files behind this one would never be read.
            if drop is not None and not drop.is_unchanged:
                self.leave(path, "is still being written")
            else:
                self._refuse(path, _refusal(path, error))
            return
        if not drop.is_unchanged:
            self.leave(path, "is still being written")
            return
        try:
            for table in tables:
                self._land(table, drop)
                self._replace(table)
        except (LandingError, OSError) as error:  # the file is good, and stays in the inbox for the next run
            told = self.landing.trouble(error) if isinstance(error, OSError) else error
            self.refused.append(told.at(account=self.account.id))
            return
        if drop.is_unchanged:
            self.inbox.done(drop)

    def leave(self, path: Path, why: str) -> None:
        """Leave a file in the inbox, because it is not complete yet."""
        self.progress(f"{self.account.id} {readable(path.name)}: {why}, left for the next run")

    def _read(self, drop: Drop) -> list[_Table]:
        encodings = [mapping.encoding for mapping in self.mappings if mapping.encoding]
        sources = open_tables(drop.path, encodings)
        tables, strangers = [], []
        for source in sources:
            name = readable(name_of(drop.path, source.part))
            try:
                match = recognise(name, source, self.mappings)
            except FileRefused as why:
                strangers.append(why)
                continue
            try:
                held = self._find_known(drop.sha256, source.part, match.mapping.fingerprint)
                whole = [one for one in held if self.landing.is_whole(one)]
            except OSError as error:
                raise self.landing.trouble(error) from None
            lost = [one for one in held if one not in whole]
            if whole and not self._is_back(name, drop.sha256):
                tables.append(_Table(name, source.part, match.mapping, known=whole[0], lost=lost))
                continue
            if whole:  # the file counts from now on, so it must not take the read time of a damaged partition
                lost = []
            raw = source.read(match.head, match.header_row, match.wanted(), match.mapping.encoding)
            cells = clean(raw, match.mapping, match.header, self.hash_buyer)
            _check_readable(name, cells, match.mapping)
            report = read_report(match.mapping, cells, name) if match.mapping.is_report else None
            unread = ", ".join(match.unread())
            tables.append(
                _Table(name, source.part, match.mapping, cells, lost=lost, report=report, unread=unread)
            )
        if not tables:
            raise strangers[0]
        for stranger in strangers:  # other sheets, such as a cover sheet
            self.progress(f"{self.account.id} passed over: {stranger.message}")
        return tables

    def _land(self, table: _Table, drop: Drop) -> None:
        if table.known is not None:
            self.landing.requeue(table.known)
            self._move_mark(table.known)  # the run that landed it may have ended before its mark
            self.progress(
                f"{self.account.id} {table.name}: known since {table.known.read_at:%Y-%m-%d} "
                f"(as {table.known.extra['file']}), nothing to do"
            )
            return
        cells = table.cells
        if cells is None or (not table.report.rows if table.report else cells.first is None):
            self.progress(f"{self.account.id} {table.name}: has a header and no rows, nothing to do")
            return
        facts: dict[str, Any] = {
            "file": table.lost[0].extra["file"] if table.lost else table.name,
            "part": table.part,
            "file_sha256": drop.sha256,
            "file_bytes": drop.size,
        }
        if table.report:
            self._land_report(table, table.report, cells, facts)
            return
        # Read times differ by at least a microsecond: of two files with the same watermark, the one with the
        # later name counts, even if the clock stands still or is set back.
        self._read_at = max(datetime.now(UTC), self._read_at + timedelta(microseconds=1))
        at = table.lost[0].read_at if table.lost else self._read_at
        manifest = land(self.landing, self.account, table.mapping, cells, at, facts)
        self._keep(manifest, _told(table, cells, _days(table.mapping, cells)))

    def _land_report(self, table: _Table, report: Report, cells: Cells, facts: dict[str, Any]) -> None:
        # The files of one run have nearly the same read time, ordered by how far each reaches (`told_apart`):
        # where they overlap, the one that reaches further counts.
        at = self._started + timedelta(microseconds=min(len(self.landed), REPORTS_TOLD_APART - 1))
        at = table.lost[0].read_at if table.lost else told_apart(report, at)
        manifest = land_report(self.landing, self.account, table.mapping, report, cells, at, facts)
        self._keep(manifest, _told(table, cells, f"{manifest.stream} {report.first} to {report.last}"))
        if table.unread:
            self.progress(
                f"{self.account.id} {table.name}: not stored, for no mapping names them: {table.unread}"
            )

    def _keep(self, manifest: Manifest, told: str) -> None:
        self._move_mark(manifest)
        self.landed.append(manifest)
        if self._known is not None:
            self._remember(manifest)
        self.progress(f"{self.account.id} {told}")

    def _move_mark(self, manifest: Manifest) -> None:
        self.landing.move_mark(PLATFORM, self.account.id, manifest.stream, manifest.window_end)

    def _replace(self, table: _Table) -> None:
        """Remove damaged partitions of a table. The new one has their file name and read time, so that an old
        report does not replace a newer one."""
        for manifest in table.lost:
            self.landing.discard(manifest)
            self.progress(f"{self.account.id} {table.name}: was damaged in landing, and is whole again")

    def _find_known(self, sha256: str, part: str, fingerprint: str) -> list[Manifest]:
        """The partitions of the same content and mapping that landed before, latest first."""
        if self._known is None:
            # A damaged manifest does not say which file it was of; that file lands again when it is dropped.
            before = self.landing.all(f"{PLATFORM}/{self.account.id}", damaged=lambda error: None)
            self._known = {}
            for manifest in sorted(before, key=lambda one: one.read_at):
                self._remember(manifest)
        return self._known.get((sha256, part, fingerprint), [])

    def _is_back(self, name: str, sha256: str) -> bool:
        """Whether the file with that name had other content in between, and has its former content again. It
        must then land again, to count as the latest."""
        last = self._last.get(name)
        return last is not None and last.extra.get("file_sha256") != sha256

    def _remember(self, manifest: Manifest) -> None:
        assert self._known is not None
        self._known.setdefault(_identity(manifest), []).insert(0, manifest)
        self._last[manifest.extra.get("file", "")] = manifest

    def _refuse(self, path: Path, why: FileRefused) -> None:
        where = readable(str(self.inbox.refuse(path, why)))
        error = FileRefused(
            f"refused: {why.message}",
            account=self.account.id,
            advice=f"{why.advice} (now {where})",
        )
        self.refused.append(error)
        self.progress(str(error))


def _refusal(path: Path, error: Exception) -> FileRefused:
    """The refusal for any error that occurred while a file was read."""
    if isinstance(error, FileRefused):
        return error
    if isinstance(error, OSError):
        return FileRefused(f"{readable(path.name)} cannot be read: {error.strerror}", advice="check the file")
    return FileRefused(
        f"{readable(path.name)} cannot be read ({type(error).__name__})",
        advice="save it anew, as CSV in UTF-8, under a plain name",
    )


def _identity(manifest: Manifest) -> tuple[str, ...]:
    # A manifest that lacks one of these matches no file, so its file lands again when it is dropped.
    return tuple(manifest.extra.get(name, "") for name in ("file_sha256", "part", "mapping_fingerprint"))


def _check_readable(name: str, cells: Cells, mapping: Mapping) -> None:
    if cells.unreadable > mapping.max_unreadable:
        worst = _worst(cells)
        rows = cells.table.num_rows + len(cells.bad)
        raise FileRefused(
            f"{name}: {len(cells.bad):,} of {rows:,} rows cannot be read, more than the "
            f"{mapping.max_unreadable:.0%} that {mapping.name} allows{worst}",
            advice="mend the file, or the mapping's formats or encoding, or raise max_unreadable there",
        )


def _days(mapping: Mapping, cells: Cells) -> str:
    """First and last day by the file's own clock: in UTC they are days that the file does not name."""
    zone = ZoneInfo(mapping.time_zone or "UTC")
    first, last = (
        datetime.fromisoformat(at).astimezone(zone).date() for at in (cells.first, cells.last) if at
    )
    return f"{first} to {last}"


def _told(table: _Table, cells: Cells, span: str) -> str:
    aside = ", ".join(
        f"{count:,} {what}"
        for count, what in (
            (len(cells.bad), "quarantined"),
            (cells.remarks, "remarks"),
            (cells.blank, "blank"),
        )
        if count
    )
    rows = f"{cells.table.num_rows:,} rows as {table.mapping.name}"
    return f"{table.name}: {rows}, {span}{f' ({aside})' if aside else ''}{_worst(cells)}"


def _worst(cells: Cells) -> str:
    """The first rows that were put aside: whoever drops the file can mend it at once."""
    told = "; ".join(f"line {row.line}: {row.reason}" for row in cells.bad[:TOLD_BAD])
    return f"; {told}{'; …' if len(cells.bad) > TOLD_BAD else ''}" if told else ""
