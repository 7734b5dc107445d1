"""Where landing is kept: a folder, or any object store that fsspec knows (s3://bucket/prefix).

Two operations must be safe when the process is killed. After `put_text` readers see the old or the new text,
never a part. `put_folder` makes a folder appear whole or not at all. On a disk both are renames after an
fsync. An object store has no rename: there a note says that the folder is arriving, until its last file, the
manifest, is there. What arrives is not in landing yet, and what has no pending marker is not loaded. A folder
that is removed loses its manifest first, and is noted in the same way until its last file is gone.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from extractors import durable, scratch
from extractors.errors import ConfigError

ARRIVING = "_arriving"


class Store(Protocol):
    """Files and folders by name, relative to landing's root.

    scratch: a local folder for what is being written. `get_text` and `sha256` give None for a file that is
    not there; `find` gives all files below a folder, `names` the entries of one; `put_folder` moves a local
    folder in, its file `last` after all others; `remove_folder` removes the file `first` before all others.
    `arriving` gives the folders that are on their way, in or out, or were left on it: the name, who moves it
    (`scratch.own_name`), and the epoch second in which that began.
    """

    scratch: Path

    def put_text(self, name: str, text: str) -> None: ...
    def get_text(self, name: str) -> str | None: ...
    def sha256(self, name: str) -> str | None: ...
    def put_folder(self, folder: Path, name: str, last: str) -> None: ...
    def remove(self, name: str) -> None: ...
    def remove_folder(self, name: str, first: str) -> None: ...
    def arriving(self) -> dict[str, tuple[str, float]]: ...
    def arrived(self, name: str) -> None: ...
    def find(self, folder: str) -> Iterator[str]: ...
    def names(self, folder: str) -> list[str]: ...
    def check_writable(self) -> None: ...
    def address(self, name: str) -> str: ...


class FolderStore:
    """A directory of this machine or of a shared disk."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.scratch = root / ".tmp"

    @property
    def nearest(self) -> Path:
        """The folder itself, or the nearest parent that exists."""
        return next(path for path in (self.root, *self.root.parents) if path.exists())

    def check_writable(self) -> None:
        """Raises ConfigError when nothing can be written here."""
        if not os.access(self.nearest, os.R_OK | os.W_OK | os.X_OK):
            raise _unusable(
                str(self.root), f"{self.nearest} cannot be written", "mend its owner or its permissions, or "
            )

    def put_text(self, name: str, text: str) -> None:
        target = self.root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        durable.replace(target, text)

    def get_text(self, name: str) -> str | None:
        try:
            return (self.root / name).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def sha256(self, name: str) -> str | None:
        try:
            with (self.root / name).open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            return None

    def put_folder(self, folder: Path, name: str, last: str) -> None:
        target = self.root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        durable.fsync(folder)
        folder.rename(target)
        durable.fsync(target.parent)

    def remove(self, name: str) -> None:
        (self.root / name).unlink(missing_ok=True)

    def remove_folder(self, name: str, first: str) -> None:
        # Renamed, then deleted: a kill in between leaves files in scratch only, for `sweep`.
        self.scratch.mkdir(parents=True, exist_ok=True)
        grave = self.scratch / scratch.own_name()
        with contextlib.suppress(FileNotFoundError):
            (self.root / name).rename(grave)
        shutil.rmtree(grave, ignore_errors=True)

    def arriving(self) -> dict[str, tuple[str, float]]:
        """None: a renamed folder is there at once."""
        return {}

    def arrived(self, name: str) -> None:
        """Nothing to strike out."""

    def find(self, folder: str) -> Iterator[str]:
        """Every file below a folder."""
        base = self.root / folder
        if base.is_dir():
            for path in sorted(base.rglob("*")):
                relative = path.relative_to(self.root)
                if not relative.parts[0].startswith(".") and path.is_file():
                    yield relative.as_posix()

    def names(self, folder: str) -> list[str]:
        base = self.root / folder
        return sorted(p.name for p in base.iterdir() if not p.name.startswith(".")) if base.is_dir() else []

    def address(self, name: str) -> str:
        return str(self.root / name)


class ObjectStore:
    """An object store through fsspec; `scratch` stays on the local disk."""

    def __init__(self, url: str, scratch: Path) -> None:
        import fsspec  # heavy, and only needed here

        self.url = url.rstrip("/")
        self.fs, self.root = fsspec.core.url_to_fs(self.url)
        self.scratch = scratch

    def check_writable(self) -> None:
        """Cannot be known beforehand: the object store refuses when something is written."""

    def put_text(self, name: str, text: str) -> None:
        self.fs.pipe_file(f"{self.root}/{name}", text.encode())

    def get_text(self, name: str) -> str | None:
        try:
            return self.fs.cat_file(f"{self.root}/{name}").decode()
        except FileNotFoundError:
            return None

    def sha256(self, name: str) -> str | None:
        try:
            with self.fs.open(f"{self.root}/{name}", "rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            return None

    def put_folder(self, folder: Path, name: str, last: str) -> None:
        self._begin(name, folder.name)
        files = sorted(folder.iterdir(), key=lambda path: path.name == last)
        for path in files:
            self.fs.put_file(str(path), f"{self.root}/{name}/{path.name}")
        self.arrived(name)
        shutil.rmtree(folder)

    def arriving(self) -> dict[str, tuple[str, float]]:
        found = {}
        for entry in self.names(ARRIVING):
            text = self.get_text(f"{ARRIVING}/{entry}")
            if text is not None:  # else it has arrived since
                found[entry.removesuffix(".json").replace("~", "/")] = _origin(text)
        return found

    def arrived(self, name: str) -> None:
        """Strike out the note that a folder is on its way."""
        self.remove(_note(name))

    def _begin(self, name: str, who: str) -> None:
        self.put_text(_note(name), json.dumps({"from": who, "at": time.time()}))

    def remove(self, name: str) -> None:
        path = f"{self.root}/{name}"
        if self.fs.exists(path):
            self.fs.rm(path)

    def remove_folder(self, name: str, first: str) -> None:
        self._begin(name, scratch.own_name())
        self.remove(f"{name}/{first}")
        path = f"{self.root}/{name}"
        if self.fs.exists(path):
            self.fs.rm(path, recursive=True)
        self.arrived(name)

    def find(self, folder: str) -> Iterator[str]:
        base = f"{self.root}/{folder}".rstrip("/")
        if self.fs.exists(base):
            for path in sorted(self.fs.find(base)):
                yield path.removeprefix(self.root).lstrip("/")

    def names(self, folder: str) -> list[str]:
        path = f"{self.root}/{folder}"
        if not self.fs.exists(path):
            return []
        return sorted(entry.rstrip("/").rsplit("/", 1)[1] for entry in self.fs.ls(path, detail=False))

    def address(self, name: str) -> str:
        return f"{self.url}/{name}"


def _note(name: str) -> str:
    return f"{ARRIVING}/{name.replace('/', '~')}.json"


def _origin(text: str) -> tuple[str, float]:
    """What a note says. One that was cut off says nothing, and nothing has been uploaded after it."""
    try:
        note = json.loads(text)
        return str(note["from"]), float(note["at"])
    except (ValueError, LookupError, TypeError):
        return "", 0.0


def open_store(url: str | Path) -> Store:
    """A folder for a plain path, an object store for anything with `://`.

    Raises ConfigError for a path that is not a folder, or a URL that fsspec cannot open.
    """
    text = str(url)
    if "://" not in text:
        store = FolderStore(Path(text).absolute())
        if not store.nearest.is_dir():
            raise _unusable(text, f"{store.nearest} is not a folder")
        return store
    import tempfile

    try:
        return ObjectStore(text, Path(tempfile.gettempdir()) / "daybook-landing")
    except (ImportError, ValueError) as error:
        raise _unusable(text, str(error)) from None


def _unusable(place: str, why: str, first: str = "") -> ConfigError:
    return ConfigError(
        f"landing cannot be at {place}: {why}",
        advice=f"{first}set DAYBOOK_LANDING to a folder that Daybook may write, or to s3://bucket/…",
    )
