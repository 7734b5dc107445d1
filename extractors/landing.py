"""Landing: what the vendors sent, kept as files. A partition is there whole or not at all.

    <landing>/<platform>/<account>/<stream>/<window>/<read>/part-00000.ndjson.zst + manifest.json
    <landing>/<platform>/<account>/<stream>/mark.json     how far the stream has been read
    <landing>/_pending/<...>.json                         landed and not yet loaded
    <landing>/_loaded.json                                the partition that was loaded last
    <landing>/_arriving/<...>.json             on its way into or out of an object store (extractors/store.py)

The order of three writes makes a kill harmless: partition, then pending marker, then mark. If the process is
killed before the mark moves, the window is read again, and the loader drops what it already has.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import zstandard

from extractors import __version__, durable, scratch
from extractors.core.window import Window
from extractors.errors import ConfigError, DaybookError, LandingError, TransientError
from extractors.store import Store, open_store

MANIFEST = "manifest.json"
LISTS_ALL = "lists_all"  # in a manifest's `extra`: the whole list was read, whatever the window says
_DEPTH = 4  # slashes in a partition's id
_READ_AT = "%Y%m%dT%H%M%S%fZ"
_ZSTD_LEVEL = 3  # zstd's default: 5 times smaller orders at ~300 MB/s a core
# Lines are compressed in chunks. Each call of zstd releases Python's lock; with a call for every line, the
# threads of a read would switch at every record, which costs more than the compression.
_CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True)
class Manifest:
    """What one read of one partition holds. `id` is its folder below landing; `paths` its data files."""

    id: str
    platform: str
    account_id: str
    stream: str
    kind: str  # cursor | report
    window_start: datetime
    window_end: datetime
    read_at: datetime
    rows: int
    files: list[dict[str, Any]]
    dates: list[str] = field(default_factory=list)
    client_version: str = __version__
    extra: dict[str, Any] = field(default_factory=dict)
    root: str = ""

    @property
    def window(self) -> Window:
        return Window(self.window_start, self.window_end)

    @property
    def paths(self) -> list[str]:
        return [f"{self.root}/{self.id}/{file['name']}" for file in self.files]

    @property
    def marker(self) -> str:
        """The path below landing of the file that marks this partition as waiting to be loaded."""
        return f"_pending/{self.id.replace('/', '~')}.json"

    def to_json(self) -> str:
        data = asdict(self)
        del data["root"]
        for name in ("window_start", "window_end", "read_at"):
            data[name] = data[name].astimezone(UTC).isoformat().replace("+00:00", "Z")
        return json.dumps(data, ensure_ascii=False, indent=1)

    @classmethod
    def from_json(cls, text: str, root: str) -> Manifest:
        """The manifest that `to_json` wrote. Raises ValueError, LookupError or TypeError for another text."""
        data = json.loads(text)
        for name in ("window_start", "window_end", "read_at"):
            data[name] = datetime.fromisoformat(data[name])
        for file in data["files"]:
            file["name"], file["sha256"] = str(file["name"]), str(file["sha256"])
            file["rows"], file["bytes"] = int(file["rows"]), int(file["bytes"])
        return cls(**data, root=root)

    @classmethod
    def from_id(cls, id: str, root: str) -> Manifest:
        """A manifest with what the id says: account, stream, window and time of the read, but no files.

        For error messages about a partition whose manifest is lost. Raises ValueError for a text that is no
        partition's id.
        """
        platform, account_id, stream, span, read = id.split("/")
        window = Window.parse(span)
        read_at = datetime.strptime(read.split("-")[0], _READ_AT).replace(tzinfo=UTC)
        return cls(id, platform, account_id, stream, "", window.start, window.end, read_at, 0, [], root=root)


class Partition:
    """A partition being written. Nothing of it is visible before `commit`; leaving the block without a
    commit removes it."""

    def __init__(self, landing: Landing, name: str, facts: dict[str, Any]) -> None:
        self._landing = landing
        self._name = name
        self._facts = facts
        self._folder = landing.store.scratch / scratch.own_name()
        self._folder.mkdir(parents=True)
        self._path = self._folder / "part-00000.ndjson.zst"
        self._file = self._path.open("wb")
        self._zip = zstandard.ZstdCompressor(level=_ZSTD_LEVEL).stream_writer(self._file, closefd=False)
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._extra_files: list[dict[str, Any]] = []
        self.rows = 0

    def __enter__(self) -> Partition:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._file.closed:
            with contextlib.suppress(OSError, zstandard.ZstdError):
                self._zip.close()
            self._file.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def write(self, line: bytes) -> None:
        """One record as one line of JSON, without the newline."""
        self._waiting.append(line)
        self._waiting_bytes += len(line)
        self.rows += 1
        if self._waiting_bytes >= _CHUNK_BYTES:
            self._compress()

    def _compress(self) -> None:
        if self._waiting:
            self._zip.write(b"\n".join((*self._waiting, b"")))
            self._waiting.clear()
            self._waiting_bytes = 0

    def add_file(self, name: str, rows: int) -> Path:
        """The path to which the caller writes a further data file of `rows` rows (file drops)."""
        self._extra_files.append({"name": name, "rows": rows})
        return self._folder / name

    def commit(self, *, dates: list[date] | None = None, extra: dict[str, Any] | None = None) -> Manifest:
        """Make the partition visible: data fsynced, manifest written, folder renamed, pending marker set.

        dates: the report dates that this partition replaces. extra: further facts for the loader.
        """
        self._compress()
        self._zip.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        files: list[dict[str, Any]] = list(self._extra_files)
        if self.rows or not files:
            files.insert(0, {"name": self._path.name, "rows": self.rows})
        else:
            self._path.unlink()
        for file in self._extra_files:
            durable.fsync(self._folder / file["name"])
        for file in files:
            path = self._folder / file["name"]
            file["bytes"] = path.stat().st_size
            file["sha256"] = _sha256(path)
        manifest = Manifest(
            id=self._name,
            rows=sum(file["rows"] for file in files),
            files=files,
            dates=[day.isoformat() for day in dates or []],
            extra=extra or {},
            root=self._landing.root,
            **self._facts,
        )
        durable.write(self._folder / MANIFEST, manifest.to_json())
        self._landing.store.put_folder(self._folder, self._name, last=MANIFEST)
        self._landing.requeue(manifest)
        return manifest


Damaged = Callable[[LandingError], None]


def _raise(error: LandingError) -> None:
    raise error


class Landing:
    """The landing area at `url`: a local path by default, `s3://…` and friends through fsspec."""

    def __init__(self, url: str | Path) -> None:
        self.store: Store = open_store(url)
        self.root = self.store.address("").rstrip("/")

    def __repr__(self) -> str:
        return f"Landing({self.root})"

    def trouble(self, error: OSError) -> DaybookError:
        """An error of the disk or of the object store, as one that says what to do."""
        said = f"cannot read or write landing: {error.strerror or type(error).__name__}"
        # A connection that was cut, or a store that is busy: what a retry helps, as it frees no disk.
        if isinstance(error, ConnectionError | TimeoutError) or error.errno == errno.EBUSY:
            return TransientError(said, advice=f"run again; if it stays so, check the way to {self.root}")
        return ConfigError(said, advice=f"free space or mend the permissions of {self.root}, then run again")

    def partition(
        self, platform: str, account_id: str, stream: str, kind: str, window: Window, read_at: datetime
    ) -> Partition:
        """Begin a partition; use it in a `with` block and `commit` it."""
        read = f"{read_at.astimezone(UTC):{_READ_AT}}-{uuid.uuid4().hex[:6]}"
        facts: dict[str, Any] = {
            "platform": platform,
            "account_id": account_id,
            "stream": stream,
            "kind": kind,
            "window_start": window.start,
            "window_end": window.end,
            "read_at": read_at,
        }
        return Partition(self, f"{platform}/{account_id}/{stream}/{window}/{read}", facts)

    def pending(self, platform: str | None = None, damaged: Damaged = _raise) -> list[Manifest]:
        """Partitions that are landed and not yet loaded, oldest read first.

        damaged: called with the error of each partition whose manifest is missing or cannot be read. Without
            it the first such error is raised.
        """
        # The id is in the marker's name; its content is for people, and not needed.
        ids = [name.removesuffix(".json").replace("~", "/") for name in self.store.names("_pending")]
        found = self._manifests([one for one in ids if platform in (None, one.split("/")[0])], damaged)
        return sorted(found, key=lambda manifest: (manifest.read_at, manifest.id))

    def requeue(self, manifest: Manifest) -> None:
        """Mark a partition as pending. If it was loaded before, loading it again changes nothing."""
        self.store.put_text(manifest.marker, json.dumps({"id": manifest.id}))

    def requeue_all(self, platform: str | None = None) -> int:
        """Mark every partition as pending; returns how many. Damaged ones are marked, too, so that the load
        reports each one that is not in the warehouse."""
        damaged: list[LandingError] = []
        found = list(self.all(platform, damaged.append))
        found += [error.partition for error in damaged if error.partition is not None]
        for manifest in found:
            self.requeue(manifest)
        return len(found)

    def loaded_last(self) -> str | None:
        """The id of the partition that was loaded last, into whichever warehouse; None before the first."""
        try:
            text = self.store.get_text(_LOADED)
            return None if text is None else str(json.loads(text)["id"])
        except (ValueError, LookupError, TypeError):
            return None  # a damaged note: the next load writes it anew

    def note_loaded(self, partition_id: str) -> None:
        """Note which partition was loaded last. A warehouse that does not have it is older than that load (it
        was restored from a backup, or is new), and everything has to be looked at again."""
        self.store.put_text(_LOADED, json.dumps({"id": partition_id}))

    def loaded(self, manifest: Manifest) -> None:
        """Remove a partition's pending marker: the loader has committed it."""
        self.store.remove(manifest.marker)

    def manifest(self, partition_id: str) -> Manifest | None:
        """A partition's manifest; None when it has none. Raises LandingError when it is damaged."""
        try:
            text = self.store.get_text(f"{partition_id}/{MANIFEST}")
            found = Manifest.from_json(text, self.root) if text is not None else None
        except (ValueError, LookupError, TypeError, OSError) as error:
            raise self._damage(partition_id, f"cannot be read ({error})") from None
        if found is not None and found.id != partition_id:
            raise self._damage(partition_id, f"is the one of {found.id}")
        return found

    def is_whole(self, manifest: Manifest) -> bool:
        """Whether all data files still have the checksums of the manifest."""
        return all(
            self.store.sha256(f"{manifest.id}/{file['name']}") == file["sha256"] for file in manifest.files
        )

    def discard(self, manifest: Manifest) -> None:
        """Remove a partition that another one has replaced."""
        self.loaded(manifest)
        self.store.remove_folder(manifest.id, first=MANIFEST)

    def all(self, platform: str | None = None, damaged: Damaged = _raise) -> Iterator[Manifest]:
        """Every partition in landing, loaded or not. `damaged`: see `pending`."""
        files = (name.rsplit("/", 1)[0] for name in self.store.find(platform or ""))
        ids = dict.fromkeys(folder for folder in files if folder.count("/") == _DEPTH)
        # Asked after the list: what has arrived since then has its manifest.
        return self._manifests(ids, damaged, unfinished=self.store.arriving())

    def _manifests(
        self, ids: Iterable[str], damaged: Damaged, unfinished: Container[str] = ()
    ) -> Iterator[Manifest]:
        for partition_id in ids:
            try:
                found = self.manifest(partition_id)
                if found is None and partition_id in unfinished:
                    continue
                if found is None:
                    raise self._damage(partition_id, "is missing")
            except LandingError as error:
                damaged(error)
            else:
                yield found

    def _damage(self, partition_id: str, what: str) -> LandingError:
        """The error for a partition whose manifest cannot be used; `what` says why."""
        path = self.store.address(f"{partition_id}/{MANIFEST}")
        try:
            told = Manifest.from_id(partition_id, self.root)
        except ValueError:
            return LandingError(f"{path} {what}", advice="Daybook did not write it: move it away")
        return LandingError(
            f"{path} {what}",
            partition=told,
            account=told.account_id,
            stream=told.stream,
            window=told.window,
        )

    def mark(self, platform: str, account_id: str, stream: str) -> datetime | None:
        """The instant up to which the stream has been read without a gap, or None before the first read.

        Raises LandingError for a mark that cannot be read: then nobody knows how far the stream was read.
        """
        name = _mark(platform, account_id, stream)
        try:
            text = self.store.get_text(name)
            if text is None:
                return None
            end = datetime.fromisoformat(json.loads(text)["end"])
            if end.tzinfo is None:
                raise ValueError("its end has no time zone")
            return end
        except (ValueError, LookupError, TypeError) as error:
            raise LandingError(
                f"{self.store.address(name)} cannot be read ({error}): it says how far the stream is read",
                account=account_id,
                stream=stream,
                advice="restore it from a backup, or remove it: the stream is then read from the start of "
                "the account's history again, and no record is counted twice",
            ) from None

    def move_mark(self, platform: str, account_id: str, stream: str, end: datetime) -> None:
        """Move the mark to `end`; it never moves back."""
        current = self.mark(platform, account_id, stream)
        if current is None or end > current:
            text = json.dumps({"end": end.astimezone(UTC).isoformat()})
            self.store.put_text(_mark(platform, account_id, stream), text)

    def keep_evidence(self, platform: str, account_id: str, stream: str, name: str, body: str) -> str:
        """Keep what a vendor should not have sent (personal data already removed); returns where."""
        path = f"_evidence/{platform}/{account_id}/{stream}/{name}"
        self.store.put_text(path, body)
        return self.store.address(path)

    def prune(self, before: datetime) -> int:
        """Remove loaded partitions that were read before `before`; returns how many. Pending and damaged ones
        are kept."""
        waiting = {manifest.id for manifest in self.pending(damaged=_ignore)}
        old = [m for m in self.all(damaged=_ignore) if m.read_at < before and m.id not in waiting]
        for manifest in old:
            self.store.remove_folder(manifest.id, first=MANIFEST)
        return len(old)

    def sweep(self) -> None:
        """Remove half-written partitions of processes that no longer run.

        Whether a process of another machine or container that shares the disk still runs cannot be seen from
        here: its folders are removed when nothing was written to them for two days.
        """
        if self.store.scratch.is_dir():
            for folder in self.store.scratch.iterdir():
                if scratch.is_left(folder.name, scratch.last_written(folder)):
                    shutil.rmtree(folder, ignore_errors=True)
        for partition_id, (origin, began) in self.store.arriving().items():
            if scratch.is_left(origin, began):
                if self.store.get_text(f"{partition_id}/{MANIFEST}") is None:
                    self.store.remove_folder(partition_id, first=MANIFEST)
                self.store.arrived(partition_id)


_LOADED = "_loaded.json"


def _mark(platform: str, account_id: str, stream: str) -> str:
    return f"{platform}/{account_id}/{stream}/mark.json"


def _ignore(error: LandingError) -> None:
    """For damaged partitions that `load` will report."""


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
