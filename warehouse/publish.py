"""Write–audit–publish: from the tested build to what readers open, in one rename.

If the process is killed at any point, `published/current` still points to a complete release, and the next
publish removes what was left.
"""

from __future__ import annotations

import contextlib
import shutil
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from extractors import durable
from warehouse import built, restatements
from warehouse.audit import Facts, inspect, suspicions
from warehouse.build import STATE, read_state
from warehouse.connection import attached, connect, explain, identifier, is_storage_trouble, literal
from warehouse.errors import LockedError, PublishError, RefusedError
from warehouse.lock import writer_lock
from warehouse.releases import DATABASE, Release, Shelf

KEEP = 3
_CATALOG = "daybook"
WAREHOUSE = "warehouse.duckdb"
_FREE_SPACE_FACTOR = 1.5  # free disk space needed, as a multiple of the marts file: copy, Parquet, reserve


def publish(
    build_dir: Path | str,
    published_dir: Path | str,
    *,
    keep: int = KEEP,
    force: bool = False,
    now: datetime | None = None,
    progress: Callable[[str], None] = lambda message: None,
    wait: float = 60.0,
) -> Release:
    """Audit build/daybook.duckdb and make it the release that readers get.

    Args:
        build_dir: where warehouse.duckdb and daybook.duckdb are.
        published_dir: published/; `published/current/daybook.duckdb` is the readers' address.
        keep: releases to keep, the new one included (at least 1; the current one is never removed).
        force: publish despite the audit's doubts, which are then written to release.json.
        wait: seconds to wait for another writer.
    Returns: the new release.
    Raises:
        RefusedError: the last build did not pass, or the audit has doubts; says how to override.
        PublishError: no build, disk full, or the copy is not what was built.
        LockedError: somebody has the build files or the writer's lock.
    """
    if keep < 1:
        raise PublishError(f"keep = {keep} would keep no release", advice="keep at least 1")
    build_dir, shelf = Path(build_dir).absolute(), Shelf(published_dir)
    database = build_dir / DATABASE
    now = now or datetime.now(UTC)
    with writer_lock(build_dir, "daybook publish", wait=wait), writer_lock(shelf.root, "daybook publish"):
        shelf.sweep()
        if not database.is_file():
            raise PublishError(f"{database} does not exist", advice="build first: daybook build")
        doubts = _build_doubts(build_dir, wait)
        _refuse(doubts, force)
        current = shelf.current()
        release_id = shelf.new_id(now)
        try:
            _checkpoint(build_dir / WAREHOUSE, wait)
            recipe = _ask_file(built.known_recipe, build_dir / WAREHOUSE, wait)
            restated = restatements.record(
                database,
                current.database if current else None,
                release_id,
                now,
                is_same_recipe=current is None or recipe == current.recipe,
                wait=wait,
            )
            _checkpoint(database, wait)
            # While the file is open for reading, no process can write to it: it is copied unchanged.
            with attached({_CATALOG: database}, wait=wait) as held:
                facts = _inspect(held, database)
                doubts += suspicions(facts, _facts_of(current))
                _refuse(doubts, force)
                _make_room(shelf, database.stat().st_size, keep, progress)
                draft = _write(shelf, release_id, database, facts, progress)
            size = (draft / DATABASE).stat().st_size
            shelf.place(draft, _release_json(release_id, now, facts, size, restated, recipe, doubts, current))
            shelf.point(release_id)
        except BaseException as error:
            with contextlib.suppress(OSError):
                shelf.sweep()
            if isinstance(error, LockedError) and current and str(current.database) in error.message:
                raise LockedError(
                    f"somebody has the published release open for writing: {error.message}",
                    pid=error.pid,
                    advice="set read-only in that tool, close its connection and publish again",
                ) from error
            if isinstance(error, OSError) or (isinstance(error, duckdb.Error) and is_storage_trouble(error)):
                raise _write_error(error, shelf) from error
            if isinstance(error, duckdb.Error):
                raise explain(error, database) from error
            raise
        try:
            gone = shelf.prune(keep)
        except OSError as error:  # readers have the new release all the same
            progress(
                f"published {release_id}; old releases wait for the next publish to remove them: {error}"
            )
        else:
            progress(f"published {release_id}" + (f", removed {len(gone)} old release(s)" if gone else ""))
    found = shelf.read(release_id)
    if found is None:
        raise PublishError(f"release {release_id} vanished right after it was published")
    return found


def rollback(published_dir: Path | str, to: str | None = None) -> Release:
    """Make an earlier release the current one; the build files are not touched.

    Args:
        to: a release's id or an unambiguous beginning of one; None means the one before the current.
    Returns: the release that is now current.
    Raises:
        PublishError: no such release, or none before the current.
        LockedError: a publish is under way.
    """
    shelf = Shelf(published_dir)
    if not shelf.root.is_dir():
        raise PublishError(f"{shelf.root} does not exist", advice="publish first: daybook publish")
    with writer_lock(shelf.root, "daybook rollback", wait=60.0):
        known = shelf.releases()
        target = _previous_release(shelf, known) if to is None else _release_named(to, known)
        if not target.database.is_file():
            raise PublishError(f"release {target.id} has lost its database", advice=_listing(known))
        shelf.point(target.id)
    found = shelf.read(target.id)
    if found is None:
        raise PublishError(f"release {target.id} vanished")
    return found


def releases(published_dir: Path | str) -> list[Release]:
    """The releases that are kept, newest first; the current one says so."""
    return Shelf(published_dir).releases()


def _build_doubts(build_dir: Path, wait: float) -> list[str]:
    state = read_state(build_dir)
    if state is None or state["status"] == "passed":
        files = [path for name in (WAREHOUSE, DATABASE) if (path := build_dir / name).is_file()]
        if len({_ask_file(built.tie, path, wait) for path in files}) > 1:
            return [f"{WAREHOUSE} and {DATABASE} are not of one build: one of them was replaced"]
        return []
    words = {
        "running": "the last build was interrupted",
        "failed": "the last build failed",
        "unknown": f"{build_dir / STATE} is missing or cannot be read: "
        "it is unknown whether the last build passed",
    }
    return [words.get(state["status"], f"the last build is {state['status']}")]


def _refuse(doubts: list[str], force: bool) -> None:
    if doubts and not force:
        raise RefusedError(
            "not published: " + "; ".join(doubts),
            reasons=doubts,
            advice="readers keep the current release; mend and build again, or accept it with "
            "daybook publish --force",
        )


def _checkpoint(path: Path, wait: float) -> None:
    """Write the write-ahead log into the database file."""
    if path.is_file():
        con = connect(path, create=False, wait=wait)
        try:
            con.execute("checkpoint")
        finally:
            con.close()


def _inspect(con: duckdb.DuckDBPyConnection, path: Path) -> Facts:
    try:
        return inspect(con, _CATALOG)
    except duckdb.Error as error:
        raise PublishError(
            f"{path}: a table or view of schema marts cannot be read: {error}",
            advice="build again: daybook build",
        ) from error


def _facts_of(release: Release | None) -> Facts | None:
    """The facts as written when the release was published; readers may have changed its file since."""
    if release is None:
        return None
    return Facts(release.tables, release.closed_months, release.data_through, release.reported_days)


def _make_room(shelf: Shelf, size: int, keep: int, progress: Callable[[str], None]) -> None:
    """Remove old releases before the new one is written, instead of after, when the disk lacks room for both.

    Raises PublishError when there still is not enough.
    """
    shelf.folder.mkdir(parents=True, exist_ok=True)

    def free() -> int:
        return shutil.disk_usage(shelf.folder).free

    if free() < size * _FREE_SPACE_FACTOR:
        gone = shelf.prune(keep - 1)
        progress(f"the disk is short of room: removed {len(gone)} old release(s) first")
    if (left := free()) < size * _FREE_SPACE_FACTOR:
        raise PublishError(
            f"{shelf.root} has {left:,} bytes free; a release of {size:,} bytes needs 1.5 times its size",
            advice="make room, or keep fewer releases (daybook publish --keep 1), and publish again",
        )


def _write(
    shelf: Shelf, release_id: str, database: Path, facts: Facts, progress: Callable[[str], None]
) -> Path:
    """Make a draft with a verified copy of the database and its Parquet files, all flushed to disk."""
    wal = database.with_name(database.name + ".wal")
    if wal.exists():
        raise PublishError(
            f"{wal} is still there after a checkpoint, so {database.name} alone is incomplete",
            advice="close the program that has the build file open and publish again",
        )
    size = database.stat().st_size
    draft = shelf.draft(release_id)
    copy = draft / DATABASE
    progress(f"copying {size / 2**20:,.1f} MB of marts")
    shutil.copyfile(database, copy)
    durable.fsync(copy)
    copy.chmod(stat.S_IMODE(copy.stat().st_mode) & ~0o222)
    if copy.stat().st_size != size:
        raise PublishError(f"the copy has {copy.stat().st_size} bytes, {database} has {size}")
    progress(f"verifying {len(facts.tables)} tables and writing Parquet")
    _verify_and_export(copy, draft / "parquet", facts)
    return draft


def _verify_and_export(copy: Path, folder: Path, facts: Facts) -> None:
    """Open the copy as a reader would and export every table to Parquet.

    Reading all rows checks DuckDB's block checksums, which counting them would not. Raises PublishError when
    the copy differs from `facts`.
    """
    folder.mkdir()
    con = connect(copy, read_only=True)
    try:
        found = _inspect(con, copy)
        if found != facts:
            raise PublishError(
                f"the copy {copy} is not what was built: {found.tables} against {facts.tables}",
                advice="publish again; if it stays, the disk is failing",
            )
        for table, rows in facts.tables.items():
            path = folder / f"{table}.parquet"
            done = con.execute(
                f"copy (from marts.{identifier(table)}) to {literal(str(path))} "
                "(format parquet, compression zstd)"
            ).fetchone()
            if done is None or done[0] != rows:
                raise PublishError(f"{path} was written with {done} rows, marts.{table} has {rows}")
            durable.fsync(path)
    finally:
        con.close()
    durable.fsync(folder)


def _ask_file(tell: Callable[[duckdb.DuckDBPyConnection], str | None], path: Path, wait: float) -> str | None:
    """What `tell` finds in a database file; None when there is no such file."""
    if not path.is_file():
        return None
    with connect(path, read_only=True, wait=wait) as con:
        return tell(con)


def _release_json(
    release_id: str,
    now: datetime,
    facts: Facts,
    size: int,
    restated: int,
    recipe: str | None,
    doubts: list[str],
    before: Release | None,
) -> dict[str, object]:
    return {
        "id": release_id,
        "created_at": now.astimezone(UTC).isoformat(),
        "data_through": facts.data_through,
        "bytes": size,
        "tables": {name: {"rows": rows} for name, rows in facts.tables.items()},
        "closed_months": {month: str(amount) for month, amount in facts.closed_months.items()},
        "reported_days": facts.reported_days,
        "restated": restated,
        "recipe": recipe,
        "forced": doubts,
        "previous": before.id if before else None,
        "duckdb": duckdb.__version__,
    }


def _write_error(error: Exception, shelf: Shelf) -> PublishError:
    what = "the disk is full" if is_storage_trouble(error) else "the release could not be written"
    return PublishError(
        f"{what}: {error}",
        advice=f"make room or give rights below {shelf.root} and publish again; readers keep what they have",
    )


def _previous_release(shelf: Shelf, known: list[Release]) -> Release:
    current = shelf.current_id()
    older = [release for release in known if current is None or release.id < current]
    if not older:
        raise PublishError("there is no release before the current one", advice=_listing(known))
    return older[0]


def _release_named(to: str, known: list[Release]) -> Release:
    matches = [release for release in known if release.id == to] or [r for r in known if r.id.startswith(to)]
    if len(matches) != 1:
        what = "no release is" if not matches else f"{len(matches)} releases are"
        raise PublishError(f"{what} named {to!r}", advice=_listing(known))
    return matches[0]


def _listing(known: list[Release]) -> str:
    names = ", ".join(release.id + (" (current)" if release.is_current else "") for release in known)
    return f"releases: {names or 'none'}"
