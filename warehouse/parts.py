"""Checks landed files against their manifest and stages them in DuckDB, without reading rows in Python."""

# ruff: noqa: S608  (names in SQL come from our own lists or are checked by raw.table)
from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from extractors.errors import LandingError
from extractors.landing import Manifest
from warehouse import raw
from warehouse.connection import first_line, is_storage_trouble, literal
from warehouse.errors import StorageError, WarehouseError

_MAX_RECORD_BYTES = 32 * 2**20  # an order with thousands of lines is well below one megabyte
_REREAD = "read that window again (daybook extract); when the new read covers this one it replaces it"
_REDROP = "drop the file again (it lies in done/ of the account's inbox)"


@contextmanager
def local_files(manifest: Manifest) -> Iterator[list[Path]]:
    """The partition's data files as local paths; they are downloaded first if landing is an object store.

    Raises:
        WarehouseError: a file is missing or cannot be read, or its SHA-256 differs from the manifest's.
    """
    with (
        tempfile.TemporaryDirectory(prefix="daybook-load-")
        if "://" in manifest.root
        else _no_folder() as scratch
    ):
        paths = []
        for file, address in zip(manifest.files, manifest.paths, strict=True):
            path = _fetch(address, Path(scratch) / file["name"], manifest) if scratch else Path(address)
            _check(path, file, manifest)
            paths.append(path)
        yield paths


def trouble(manifest: Manifest, message: str, advice: str | None = None) -> WarehouseError:
    """An error that names the partition. advice: by default, how to read or drop it again."""
    return WarehouseError(
        message,
        account=manifest.account_id,
        stream=manifest.stream,
        window=manifest.window,
        advice=advice or (_REDROP if manifest.platform == raw.FILES else _REREAD),
    )


def told_by(error: LandingError) -> WarehouseError:
    """A LandingError as a WarehouseError, with advice on how to get the partition again."""
    if error.partition is None:
        return WarehouseError(error.message, account=error.account, stream=error.stream, advice=error.advice)
    manifest: Manifest = error.partition
    if manifest.platform != raw.FILES:
        return trouble(manifest, error.message)
    # Without its manifest nobody knows which file this was, so dropping the file again does not replace it.
    places = f"{manifest.root}/{manifest.id} and {manifest.root}/{manifest.marker}"
    return trouble(manifest, error.message, f"{_REDROP}, then remove {places}")


def stage(con: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> None:
    """Read landing lines into temp table `_arriving` (filename, record_key, dated, payload, payload_hash).

    rowid is the order of files and lines. payload is the text exactly as landed: DuckDB's JSON reader would
    rewrite numbers (1.10 becomes 1.1, long decimals are rounded), so each line is read as text and cut where
    `core.read` writes `,"payload":`. dated is the line's cursor_at or report_date as text. A line of another
    shape, or without a key, gets a null record_key.

    Raises:
        duckdb.Error: a file is not zstd or not JSON.
    """
    con.execute(f"create or replace temp table _arriving as {_lines(files)}")


def stage_more(con: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> None:
    """Add lines of further files to `_arriving`, but only of records that it already has."""
    con.execute(f"""
        insert into _arriving
        select * from ({_lines(files)}) where record_key in (select record_key from _arriving)
    """)


def _lines(files: Sequence[Path]) -> str:
    names = ", ".join(literal(str(path)) for path in files)
    source = (
        f"read_ndjson_objects([{names}], filename = true, maximum_object_size = {_MAX_RECORD_BYTES})"
        if files
        else "(select null::json as json, null::varchar as filename limit 0)"
    )
    return f"""
        select
            filename, head.key as record_key, coalesce(head.cursor_at, head.report_date) as dated,
            payload, md5(payload) as payload_hash
        from (
            select
                -- Slices are faster than substr with a length, which counts the line's characters again.
                filename, nullif(line[cut + 11 : -2], 'null') as payload,
                case
                    when cut > 0 and json_valid(substr(line, 1, cut - 1) || '}}')
                    then from_json(
                        substr(line, 1, cut - 1) || '}}',
                        '{{"key": "VARCHAR", "cursor_at": "VARCHAR", "report_date": "VARCHAR"}}')
                end as head
            from (
                select filename, line, instr(line, ',"payload":') as cut
                from (
                    select
                        filename,
                        case
                            when suffix(json::varchar, '}}') then json::varchar else rtrim(json::varchar)
                        end as line
                    from {source}
                )
            )
        )"""


@contextmanager
def _no_folder() -> Iterator[None]:
    yield None


def _fetch(address: str, target: Path, manifest: Manifest) -> Path:
    import fsspec  # heavy, and only needed when landing is an object store

    try:
        with fsspec.open(address, "rb") as source, target.open("wb") as out:
            shutil.copyfileobj(source, out, 2**20)
    except FileNotFoundError:
        raise trouble(manifest, f"{address} is missing") from None
    except OSError as error:
        raise trouble(manifest, f"{address} cannot be read: {error}", "run the load again") from error
    return target


def _check(path: Path, file: dict[str, object], manifest: Manifest) -> None:
    try:
        with path.open("rb") as data:
            found = hashlib.file_digest(data, "sha256").hexdigest()
    except FileNotFoundError:
        raise trouble(manifest, f"{path} is missing") from None
    except OSError as error:
        raise trouble(manifest, f"{path} cannot be read: {error}") from error
    if found != file["sha256"]:
        size = path.stat().st_size
        raise trouble(
            manifest,
            f"{path} is not the file that landed: {size} bytes, sha256 {found[:12]}…; "
            f"the manifest says {file['bytes']} bytes, {str(file['sha256'])[:12]}…",
        )


def data_error(manifest: Manifest, error: duckdb.Error) -> WarehouseError:
    """DuckDB's error as one about this partition, or a StorageError when the disk is to blame."""
    if is_storage_trouble(error):
        return StorageError(first_line(str(error)), advice="make room, then run the same command again")
    return trouble(manifest, f"{', '.join(manifest.paths)} cannot be read: {first_line(str(error))}")
