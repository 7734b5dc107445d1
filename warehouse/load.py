"""Landing → raw: loads pending partitions into DuckDB, many in one transaction.

A partition is in raw if and only if its manifest's id is in raw_daybook.ledger: one transaction writes both.
A kill at any point leaves the partition either pending or loaded, and loading it again changes nothing.
"""

# ruff: noqa: S608  (names in SQL come from our own lists or are checked by raw.table)
from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from extractors.errors import LandingError
from extractors.files.lists import LISTS
from extractors.landing import LISTS_ALL, Landing, Manifest
from warehouse import books, raw
from warehouse.books import LoadedPartition
from warehouse.connection import Resources, connect, explain, is_storage_trouble, literal
from warehouse.errors import LoadErrors, StorageError, WarehouseError
from warehouse.lock import writer_lock
from warehouse.parts import data_error, local_files, stage, stage_more, told_by, trouble
from warehouse.reports import replace_dates
from warehouse.versions import insert_versions, note_gone

# Compressed landing bytes per transaction. The JSON is some ten times as large. This limits the memory that a
# batch needs and the work that a kill undoes.
BATCH_BYTES = 48 * 2**20
# From this many rows on, a batch is written to its place in the database file directly. By way of the
# write-ahead log it would be written twice.
LARGE_BATCH_ROWS = 20_000
# More threads mostly wait for each other, and each holds records in memory.
RESOURCES = Resources(threads=1)
# Memory limits, tried one after the other when a batch does not fit: DuckDB holds 2,048 records at a time,
# however long they are. File drops start with the second, because their SQL cannot spill to disk. The last is
# what a build may use.
MEMORY_LIMITS = ("500MB", "1GB", "3GB")
Progress = Callable[[str], None]


def load_pending(
    landing: Landing,
    warehouse_path: Path | str,
    platforms: Mapping[str, Any],
    accounts: Iterable[Any],
    platform: str | None = None,
    *,
    account_ids: Collection[str] | None = None,
    stream: str | None = None,
    progress: Progress = lambda message: None,
    wait: float = 60.0,
) -> list[LoadedPartition]:
    """Load every pending partition, oldest read first.

    Args:
        landing: where the partitions are.
        warehouse_path: build/warehouse.duckdb; created when it is missing.
        platforms: the registry: name → Platform.
        accounts: all accounts of accounts.yml.
        platform, account_ids, stream: load only these.
        progress: is told a line per batch.
        wait: seconds to wait for another writer.
    Returns: the partitions that were loaded now (those already in the ledger are not among them).
    Raises:
        LoadErrors: some partitions are missing, damaged, of an unknown account or not what their manifest
            says, or a stream's mark cannot be read; all others are loaded.
        LockedError, StorageError, WarehouseError: loading stopped; what was committed before stays.
    """
    warehouse_path = Path(warehouse_path)
    accounts = list(accounts)
    with writer_lock(warehouse_path.parent, "daybook load", wait=wait):
        con = connect(warehouse_path, wait=wait, resources=RESOURCES)
        try:
            raw.prepare(con, platforms, accounts)
            in_ledger = books.loaded_ids(con)
            _requeue_if_behind(in_ledger, landing, progress)
            damaged: list[LandingError] = []
            waiting = landing.pending(platform, damaged.append)

            def asked_for(account_id: str | None, name: str | None) -> bool:
                return (account_ids is None or account_id in account_ids) and stream in (None, name)

            return _Loader(con, landing, {a.id: a.time_zone for a in accounts}, progress).load(
                in_ledger,
                [manifest for manifest in waiting if asked_for(manifest.account_id, manifest.stream)],
                [error for error in damaged if asked_for(error.account, error.stream)],
            )
        except duckdb.Error as error:
            raise explain(error, warehouse_path) from error
        finally:
            con.close()


def _requeue_if_behind(in_ledger: Collection[str], landing: Landing, progress: Progress) -> None:
    """Mark every partition as pending when the warehouse lacks the one that was loaded last: it is new or was
    restored from a backup, and what was loaded since is no longer pending."""
    last = landing.loaded_last()
    if last is not None and last not in in_ledger:
        found = landing.requeue_all()
        progress(f"the warehouse is older than what was loaded: {found} partitions are checked again")


def insert_cursor_versions(
    con: duckdb.DuckDBPyConnection,
    relation_sql: str,
    platform: str,
    stream: str,
    manifest: Manifest,
    load_id: int,
) -> tuple[int, int]:
    """Add records to `raw_<platform>.<stream>` inside the caller's transaction, keeping only new versions.

    Args:
        relation_sql: a table's name, or a SELECT; with columns account_id (the manifest's), record_key,
            cursor_at (timestamptz, null for none), payload (JSON text), in the order in which the records
            were seen.
        manifest: gives window and read time.
    Returns: (rows in the relation, rows added).
    Raises:
        WarehouseError: a row without key or payload, or of another account.
    """
    name = raw.table(platform, stream)
    source = relation_sql if relation_sql.lstrip().lower().startswith(("select", "with", "from")) else None
    con.execute(f"""
        create or replace temp table _arriving as
        select
            'relation' as filename, nullif(account_id, {literal(manifest.account_id)}) as stranger,
            record_key::varchar as record_key, cursor_at::timestamptz::varchar as dated,
            payload::varchar as payload, md5(payload::varchar) as payload_hash
        from ({source or f"select * from {relation_sql}"})
    """)
    rows, whole, strangers = con.execute("""
        select
            count(*), count(*) filter (where record_key is not null and payload is not null),
            count(stranger)
        from _arriving
    """).fetchall()[0]
    if rows != whole or strangers:
        raise trouble(
            manifest, f"of {rows} records {rows - whole} lack key or payload, {strangers} are of others"
        )
    _write_reads(con, [("relation", 0, manifest, None)])
    return rows, insert_versions(con, name, load_id).get(0, 0)


def _unknown_account(platform: str, account: str, waiting: int) -> WarehouseError:
    return WarehouseError(
        f"{waiting} partition(s) wait, and neither accounts.yml nor the warehouse knows the account",
        account=account,
        advice="add the account to accounts.yml; if it is not wanted, remove its markers "
        f"(_pending/{platform}~{account}~*) and its folder ({platform}/{account}) from landing",
    )


class _Loader:
    """One run over pending partitions: loads them in batches, and one by one when a batch fails."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, landing: Landing, zones: dict[str, str], progress: Progress
    ) -> None:
        self.con = con
        self.landing = landing
        self.progress = progress
        known = con.execute("select account_id, time_zone from raw_daybook.accounts").fetchall()
        self.zones = dict(known) | zones | {own.account.id: own.account.time_zone for own in LISTS}
        self.done: list[LoadedPartition] = []
        self.errors: list[tuple[Manifest | None, WarehouseError]] = []  # None: not about one partition

    def load(
        self, in_ledger: Collection[str], manifests: Sequence[Manifest], damaged: Sequence[LandingError]
    ) -> list[LoadedPartition]:
        """Load the manifests that are not in raw yet.

        in_ledger: ids of those that are. damaged: errors of pending partitions without a usable manifest.
        Raises LoadErrors for partitions that did not load, after all others did.
        """
        for error in damaged:
            self._note_damage(error, in_ledger)
        fresh, strangers = [], Counter[tuple[str, str]]()
        for manifest in manifests:
            if manifest.id in in_ledger:  # a load was killed after its commit, before it removed the marker
                self.landing.loaded(manifest)
            elif manifest.account_id not in self.zones:
                strangers[manifest.platform, manifest.account_id] += 1
            else:
                fresh.append(manifest)
        for batch in _batches(fresh):
            self._load_batch(batch)
        for (platform, account), waiting in strangers.items():
            self.errors.append((None, _unknown_account(platform, account, waiting)))
        failed = [error for manifest, error in self.errors if not self._is_superseded(manifest, error)]
        if failed:
            raise LoadErrors(failed, self.done)
        return self.done

    def _load_batch(self, batch: list[Manifest]) -> None:
        try:
            mark = self._mark(batch[0])
        except LandingError as error:  # without its mark nobody knows how far the stream is read: skip it
            self.errors.append((None, told_by(error)))
            return
        sound: list[tuple[Manifest, list[Path]]] = []
        with ExitStack() as files:
            for manifest in batch:
                try:
                    sound.append((manifest, files.enter_context(local_files(manifest))))
                except WarehouseError as error:
                    self.errors.append((manifest, error))
            if not sound:
                return
            try:
                self._commit(sound, mark)
            except (duckdb.Error, WarehouseError) as error:
                _stop_if_hopeless(error, sound[0][0])
                if len(sound) == 1:
                    self._note(sound[0][0], error)
                    return
                for one in sound:  # load them one by one, so that only the faulty one is left out
                    try:
                        self._commit([one], mark)
                    except (duckdb.Error, WarehouseError) as single:
                        _stop_if_hopeless(single, one[0])
                        self._note(one[0], single)

    def _commit(self, sound: list[tuple[Manifest, list[Path]]], mark: datetime | None) -> None:
        """Commit a batch in one transaction, with more memory if the first limit is too low."""
        *less, most = MEMORY_LIMITS[1:] if sound[0][0].platform == raw.FILES else MEMORY_LIMITS
        for memory in less:
            self.con.execute(f"set memory_limit = '{memory}'")
            try:
                return self._commit_once(sound, mark)
            except (duckdb.OutOfMemoryException, duckdb.TransactionException):  # the latter: at the commit
                continue
        self.con.execute(f"set memory_limit = '{most}'")
        self._commit_once(sound, mark)

    def _commit_once(self, sound: list[tuple[Manifest, list[Path]]], mark: datetime | None) -> None:
        """One transaction: the rows and a ledger row per partition. Then the pending markers are removed."""
        first = sound[0][0]
        # DuckDB estimates the log's size with 16 bytes per text, whatever its length. With the default it
        # would write large batches to the log first, and then again to the file.
        is_large = sum(manifest.rows for manifest, _ in sound) >= LARGE_BATCH_ROWS
        self.con.execute(f"set checkpoint_threshold = '{'1MB' if is_large else '16MB'}'")
        self.con.execute("begin")
        try:
            load_id = books.next_load_id(self.con)
            raw.ensure_stream(self.con, first.platform, first.stream, first.kind)
            if first.platform == raw.FILES:
                counts = self._file_drop(first, load_id)
            else:
                self._stage(sound)
                name = raw.table(first.platform, first.stream)
                if first.kind == "cursor":
                    note_gone(self.con, name, _complete_lists([manifest for manifest, _ in sound]))
                    note_gone(self.con, name, self._replay_later_reads(sound), is_second_look=True)
                    added = insert_versions(self.con, name, load_id)
                else:
                    added = replace_dates(self.con, name, first.platform, first.stream, load_id)
                counts = [(manifest.rows, added.get(no, 0)) for no, (manifest, _) in enumerate(sound)]
            loaded = [
                books.write(self.con, manifest, load_id, rows, rows_new, mark)
                for (manifest, _), (rows, rows_new) in zip(sound, counts, strict=True)
            ]
            self.con.execute("commit")
        except BaseException:
            _rollback(self.con)
            raise
        self.landing.note_loaded(first.id)
        for manifest, _ in sound:
            self.landing.loaded(manifest)
        self.done += loaded
        rows, rows_new = sum(part.rows for part in loaded), sum(part.rows_new for part in loaded)
        self.progress(
            f"{first.account_id} {first.stream}: loaded {len(loaded)} partition(s), "
            f"{rows:,} rows, {rows_new:,} new"
        )

    def _mark(self, manifest: Manifest) -> datetime | None:
        """How far landing has read the stream without a gap; None for files, which have no mark."""
        if manifest.platform == raw.FILES:
            return None
        return self.landing.mark(manifest.platform, manifest.account_id, manifest.stream)

    def _file_drop(self, manifest: Manifest, load_id: int) -> list[tuple[int, int]]:
        from warehouse import files  # the file-drop reader builds on insert_cursor_versions above

        if manifest.kind == "cursor":
            return [files.load_partition(self.con, manifest, load_id)]
        # A dropped report is loaded like an API's report; its rejected rows are in a file beside it.
        with local_files(manifest) as paths:
            aside = next((path for path in paths if path.name == files.QUARANTINE), None)
            lines = [file for file in manifest.files if file["name"] != files.QUARANTINE]
            self._stage([(replace(manifest, files=lines), [path for path in paths if path != aside])])
            name = raw.table(manifest.platform, manifest.stream)
            added = replace_dates(self.con, name, manifest.platform, manifest.stream, load_id)
            files.write_quarantine(self.con, manifest, load_id, aside)
        return [(manifest.rows, added.get(0, 0))]

    def _stage(self, sound: list[tuple[Manifest, list[Path]]]) -> None:
        """Fill `_arriving`, `_reads` and (reports) `_dates`, and check the lines against the manifests."""
        stage(self.con, [path for _, paths in sound for path in paths])
        _hold_to_manifests(self.con, sound)
        _write_reads(
            self.con,
            [
                (str(path), no, manifest, self._as_of(manifest))
                for no, (manifest, paths) in enumerate(sound)
                for path in paths or [Path("no file")]
            ],
        )
        if sound[0][0].kind == "report":
            _write_dates(self.con, [manifest for manifest, _ in sound])

    def _as_of(self, manifest: Manifest) -> str | None:
        if manifest.kind == "cursor":
            return None
        return manifest.read_at.astimezone(ZoneInfo(self.zones[manifest.account_id])).date().isoformat()

    def _replay_later_reads(self, sound: list[tuple[Manifest, list[Path]]]) -> list[int]:
        """Stage again the reads that were made after these, for the records of these only.

        Suppose reads 1 and 3 are loaded and say the same, so that read 3 added no version. When read 2 is
        loaded late and says something else, read 3 is a change again, and only its files in landing know.

        Returns: the numbers of those later reads that were complete lists.
        """
        first = sound[0][0]
        earliest = min(manifest.read_at for manifest, _ in sound)
        later = books.loaded_later(self.con, first, earliest)
        lists: list[int] = []
        for no, name in enumerate(later, start=len(sound)):
            try:
                manifest = self.landing.manifest(name)
                if manifest is None:  # pruned
                    continue
                with local_files(manifest) as paths:
                    stage_more(self.con, paths)
                    _write_reads(self.con, [(str(path), no, manifest, None) for path in paths], fresh=False)
                lists += _complete_lists([manifest], no)
            except (WarehouseError, LandingError) as error:  # it is loaded; only this comparison is lost
                self.progress(f"{error.place}: cannot be compared again: {error.message}")
        return lists

    def _note(self, manifest: Manifest, error: Exception) -> None:
        self.errors.append(
            (
                manifest,
                data_error(manifest, error) if isinstance(error, duckdb.Error) else _placed(error, manifest),
            )
        )

    def _note_damage(self, error: LandingError, in_ledger: Collection[str]) -> None:
        """Report a damaged partition: a message when it is in raw already, an error when it is not."""
        manifest = error.partition
        if manifest is not None and manifest.id in in_ledger:
            self.landing.loaded(manifest)
            self.progress(f"{error.place}: is loaded, but can no longer be loaded again: {error.message}")
        else:
            self.errors.append((manifest, told_by(error)))

    def _is_superseded(self, manifest: Manifest | None, error: WarehouseError) -> bool:
        """Whether a later read of the same window is in raw, so that a damaged partition is not needed. Its
        marker is then removed, and progress says so."""
        if manifest is None or manifest.platform == raw.FILES:
            return False
        covered = books.is_covered(self.con, manifest)
        if covered:
            self.landing.loaded(manifest)
            self.progress(
                f"{error.place}: set aside, a later read of this window is loaded ({error.message})"
            )
        return covered


def _batches(manifests: Sequence[Manifest]) -> Iterator[list[Manifest]]:
    """Partitions of one account and stream, at most BATCH_BYTES per batch; every dropped file by itself."""
    streams = sorted(manifests, key=lambda m: (m.platform, m.account_id, m.stream, m.kind, m.read_at, m.id))
    for (platform, *_), group in groupby(streams, key=lambda m: (m.platform, m.account_id, m.stream, m.kind)):
        batch: list[Manifest] = []
        size = 0
        for manifest in group:
            bytes_ = sum(file["bytes"] for file in manifest.files)
            if batch and (platform == raw.FILES or size + bytes_ > BATCH_BYTES):
                yield batch
                batch, size = [], 0
            batch.append(manifest)
            size += bytes_
        yield batch


def _complete_lists(manifests: Sequence[Manifest], first: int = 0) -> list[int]:
    """The numbers, counted from `first`, of the manifests that are complete lists.

    An empty list does not count: a vendor that wrongly answers with nothing is more likely than a shop that
    has deleted all its products.
    """
    return [
        no
        for no, manifest in enumerate(manifests, start=first)
        if manifest.rows and manifest.extra.get(LISTS_ALL)
    ]


def _hold_to_manifests(con: duckdb.DuckDBPyConnection, sound: list[tuple[Manifest, list[Path]]]) -> None:
    """Raises WarehouseError unless every file has the rows its manifest says, each with key and payload and,
    in a report, with a date that the manifest covers."""
    found = {
        name: (rows, keys, payloads, dates)
        for name, rows, keys, payloads, dates in con.execute("""
            select filename, count(*), count(record_key), count(payload), list(distinct dated)
            from _arriving group by filename
        """).fetchall()
    }
    for manifest, paths in sound:
        if manifest.rows != sum(file["rows"] for file in manifest.files):
            raise trouble(manifest, f"the manifest's {manifest.rows} rows are not the sum of its files")
        for path, file in zip(paths, manifest.files, strict=True):
            rows, keys, payloads, dates = found.get(str(path), (0, 0, 0, []))
            if rows != file["rows"]:
                raise trouble(manifest, f"{path} has {rows} rows, its manifest says {file['rows']}")
            if keys != rows or payloads != rows:
                raise trouble(
                    manifest, f"{path} has {rows - min(keys, payloads)} lines without key or payload"
                )
            if manifest.kind == "report" and (strange := set(dates) - set(manifest.dates)):
                named = ", ".join(sorted(str(day) for day in strange))
                raise trouble(manifest, f"{path} has rows of {named}, which the manifest does not cover")


def _write_reads(
    con: duckdb.DuckDBPyConnection,
    files: Sequence[tuple[str, int, Manifest, str | None]],
    *,
    fresh: bool = True,
) -> None:
    """Fill `_reads`: for each file the number of its read, the manifest's times and a report's as-of day."""
    if fresh:
        con.execute("""
            create or replace temp table _reads (
                filename varchar, read_no integer, account_id varchar, as_of_date date,
                window_start timestamptz, window_end timestamptz, read_at timestamptz)
        """)
    rows = [
        (name, no, manifest.account_id, as_of, manifest.window_start, manifest.window_end, manifest.read_at)
        for name, no, manifest, as_of in files
    ]
    if rows:
        con.executemany("insert into _reads values (?, ?, ?, ?, ?, ?, ?)", rows)


def _write_dates(con: duckdb.DuckDBPyConnection, manifests: Sequence[Manifest]) -> None:
    con.execute("create or replace temp table _dates (read_no integer, report_date date)")
    rows = [(no, day) for no, manifest in enumerate(manifests) for day in sorted(set(manifest.dates))]
    if rows:
        con.executemany("insert into _dates values (?, ?)", rows)


def _placed(error: Exception, manifest: Manifest) -> WarehouseError:
    if isinstance(error, WarehouseError):
        error.at(account=manifest.account_id, stream=manifest.stream, window=manifest.window)
        return error
    return trouble(manifest, str(error))


def _stop_if_hopeless(error: Exception, manifest: Manifest) -> None:
    """Raise errors that every partition would meet (a full disk, a damaged database, wrong SQL) instead of
    blaming this one."""
    if isinstance(error, StorageError):
        raise error
    if isinstance(error, duckdb.FatalException | duckdb.InternalException):
        raise explain(error, "the warehouse") from error
    if isinstance(error, duckdb.ParserException | duckdb.BinderException | duckdb.CatalogException):
        raise error  # our SQL is wrong, or the tables are of another version
    if isinstance(error, duckdb.Error) and is_storage_trouble(error):
        raise data_error(manifest, error) from error


def _rollback(con: duckdb.DuckDBPyConnection) -> None:
    try:
        con.execute("rollback")
    except duckdb.Error:  # after a fatal error there is no transaction any more
        return
