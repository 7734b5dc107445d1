"""The only place that opens DuckDB: session time zone UTC, limited memory, errors that say what to do."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import duckdb

from warehouse.errors import LockedError, StorageError, WarehouseError

T = TypeVar("T")
_PID = re.compile(r"PID (\d+)")
_RETRY_EVERY = 0.1  # seconds
# The file format of databases that only Daybook opens: cheaper to write than the format of DuckDB 1.0.
_STORAGE = "v1.3.0"


@dataclass(frozen=True)
class Resources:
    """How much of the machine one connection may use. Beyond `memory`, DuckDB spills to the disk."""

    memory: str = "1GB"
    threads: int | None = None


DEFAULT = Resources()


def connect(
    path: Path | str,
    *,
    read_only: bool = False,
    create: bool = True,
    for_all: bool = False,
    wait: float = 10.0,
    resources: Resources = DEFAULT,
) -> duckdb.DuckDBPyConnection:
    """Open a database file; instants are shown in UTC whatever the machine's zone.

    Args:
        path: the .duckdb file.
        read_only: open for reading. Note that an open reader also keeps writers out.
        create: create the file when it is missing (never with read_only).
        for_all: create it in the format of DuckDB 1.0, which BI tools with an older DuckDB can read.
        wait: seconds to wait for another process that has the file open.
    Raises:
        LockedError: another process still has it open after `wait`; its pid is named when DuckDB tells it.
        StorageError: disk full, no permission.
        WarehouseError: no such file, not a DuckDB file, written by a newer DuckDB, or damaged.
    """
    path = Path(path)
    if read_only or not create:
        _refuse_missing(path)
    elif not path.exists():
        refuse_orphan_wal(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not for_all:
            _retry_while_locked(lambda: _create(path), path, wait)
    con = _retry_while_locked(lambda: duckdb.connect(str(path), read_only=read_only), path, wait)
    if read_only:  # DuckDB's default is a folder beside the file, which may be inside a published release
        con.execute(f"set temp_directory = {literal(tempfile.gettempdir())}")
    return _set_up(con, resources)


def _create(path: Path) -> None:
    with duckdb.connect() as con:
        con.execute(f"attach {literal(str(path))} as made (storage_version '{_STORAGE}')")


def in_memory() -> duckdb.DuckDBPyConnection:
    """A connection without a file of its own, for reading other files through ATTACH."""
    con = duckdb.connect()
    con.execute(f"set temp_directory = {literal(tempfile.gettempdir())}")  # the default would be ./.tmp
    return _set_up(con, DEFAULT)


@contextmanager
def attached(files: Mapping[str, Path | str], *, wait: float = 10.0) -> Iterator[duckdb.DuckDBPyConnection]:
    """An in-memory connection with every given file attached read-only under its name.

    Raises: as `connect`.
    """
    con = in_memory()
    try:
        for name, path in files.items():
            attach(con, name, path, wait=wait)
        yield con
    finally:
        con.close()


def attach(con: duckdb.DuckDBPyConnection, name: str, path: Path | str, *, wait: float = 10.0) -> None:
    """ATTACH one file under `name` for reading. Raises as `connect`."""
    path = Path(path)
    _refuse_missing(path)
    attaching = f"attach {literal(str(path))} as {identifier(name)} (read_only)"
    _retry_while_locked(lambda: con.execute(attaching), path, wait)


def _refuse_missing(path: Path) -> None:
    if not path.exists():
        raise WarehouseError(
            f"{path} does not exist",
            advice="make it first: daybook extract, daybook load, daybook build, daybook publish",
        )


def _retry_while_locked(open_it: Callable[[], T], path: Path, wait: float) -> T:
    """Open a file; while another process has it open, try again for `wait` seconds. Raises as `connect`."""
    deadline = time.monotonic() + wait
    while True:
        try:
            return open_it()
        except duckdb.Error as error:
            told = explain(error, path)
            if not isinstance(told, LockedError) or time.monotonic() >= deadline:
                raise told from error
            time.sleep(_RETRY_EVERY)


def refuse_orphan_wal(path: Path) -> None:
    """Raises WarehouseError when there is a write-ahead log without its database: DuckDB would replay it into
    the next database of that name."""
    wal = path.with_name(path.name + ".wal")
    if wal.exists() and not path.exists():
        raise WarehouseError(
            f"{wal} is the log of a database that is no longer there; DuckDB would replay it into a new "
            f"{path.name}",
            advice=f"restore {path.name} from a backup, or move {wal.name} away",
        )


def explain(error: duckdb.Error, path: Path | str) -> WarehouseError:
    """DuckDB's error about `path` as a WarehouseError (or subclass), in words for the person on call."""
    text = str(error)
    low = text.lower()
    if "could not set lock" in low:
        match = _PID.search(text)
        pid = int(match.group(1)) if match else None
        who = f"process {pid}" if pid else "another process"
        return LockedError(
            f"{path} is open in {who}",
            pid=pid,
            advice="wait for it to end, or stop it; for queries open the published file, which is free",
        )
    if "different configuration" in low:
        return LockedError(
            f"{path} is already open in this process in another mode", advice="close that connection first"
        )
    if is_storage_trouble(error):
        return StorageError(
            f"{path}: {first_line(text)}",
            advice="make room or give rights on the disk, then run the same command again: nothing was lost",
        )
    if "not a valid duckdb database" in low or "not a duckdb" in low:
        return WarehouseError(
            f"{path} is not a DuckDB database", advice="move the file away; it is made again"
        )
    if "version number" in low or "newer version" in low or "storage version" in low:
        return WarehouseError(
            f"{path} was written by a newer DuckDB than {duckdb.__version__}: {first_line(text)}",
            advice="use the DuckDB version that this project locks (requirements/run.lock)",
        )
    if (
        isinstance(error, duckdb.FatalException | duckdb.InternalException)
        or "checksum" in low
        or "corrupt" in low
    ):
        return WarehouseError(
            f"{path} is damaged: {first_line(text)}",
            advice="move it away and load again: landing keeps what was read",
        )
    return WarehouseError(f"{path}: {first_line(text)}", advice="see DuckDB's message")


def is_storage_trouble(error: BaseException | str) -> bool:
    """Whether an error is about the disk (full, not writable, gone) or about memory."""
    low = str(error).lower()
    signs = (
        "no space left", "file too large", "disk quota", "permission denied", "read-only file system",
        "input/output error", "could not write", "max_temp_directory_size", "out of memory",
        "increasing the memory limit",
    )  # fmt: skip
    return any(sign in low for sign in signs)


def first_line(text: str) -> str:
    """The first line of an error's text; DuckDB appends a copy of the statement to it."""
    return text.strip().splitlines()[0] if text.strip() else "no message"


def literal(value: str) -> str:
    """A SQL string literal."""
    return "'" + value.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _set_up(con: duckdb.DuckDBPyConnection, resources: Resources) -> duckdb.DuckDBPyConnection:
    con.execute("set TimeZone = 'UTC'")
    con.execute(f"set memory_limit = {literal(resources.memory)}")
    if resources.threads:
        con.execute(f"set threads = {int(resources.threads)}")
    return con
