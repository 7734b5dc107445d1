"""An account's inbox folder: what waits in it, and where files go when they have been dealt with.

    data/inbox/<account>/            drop files here (write under a temporary name, then rename)
    data/inbox/<account>/mapping.yml the account's own mapping, if it has one
    data/inbox/<account>/done/       landed; yours to keep or to delete, Daybook does not read it again
    data/inbox/<account>/refused/    not loaded; <file>.reason.txt beside each says why and what to do

A file is moved only after it has landed, so a kill at any point leaves it where it is found again.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from extractors.errors import TransientError
from extractors.files.catalogue import OWN
from extractors.files.refusal import FileRefused

_UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".download", ".filepart")
_LOCK = ".lock"
LONGEST_NAME = 200  # bytes of a name that leave room for what is added to it


@dataclass(frozen=True)
class Drop:
    """A file as it was when it was first looked at."""

    path: Path
    size: int
    mtime_ns: int
    sha256: str

    @property
    def is_unchanged(self) -> bool:
        """False when someone has written to it since (a copy under way): it is left for the next run."""
        try:
            now = self.path.stat()
        except FileNotFoundError:
            return False
        return (now.st_size, now.st_mtime_ns) == (self.size, self.mtime_ns)


def readable(name: str) -> str:
    """A file's name as it can be shown: archives from elsewhere hold names that are no UTF-8."""
    return name.encode("utf-8", "replace").decode()


def is_passed_over(name: str) -> bool:
    """Whether a file of that name is left alone: hidden, or still being written."""
    return name.startswith((".", "~$")) or Path(name).suffix.lower() in _UNFINISHED


def free_name(target: Path) -> Path:
    """The path, or one like it where a file stands there already: none is ever overwritten."""
    if not target.exists():
        return target
    return target.with_name(f"{target.stem}.{datetime.now(UTC):%Y%m%dT%H%M%S%f}{target.suffix}")


class Inbox:
    """One account's folder. Use `held()` around everything: two imports of one inbox would race."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the inbox. Raises TransientError when another import holds it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / _LOCK).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise TransientError(
                    f"another import is reading {self.folder}",
                    advice="it will be done in a moment; run this again",
                ) from None
            yield

    def waiting(self) -> list[Path]:
        """Files to read, by name: the order in which they were dropped must not matter."""
        return sorted(
            path
            for path in self.folder.iterdir()
            if path.is_file() and path.name != OWN and not is_passed_over(path.name)
        )

    def refused(self) -> list[Path]:
        """Files that wait in refused/ for someone to act."""
        folder = self.folder / "refused"
        found = folder.iterdir() if folder.is_dir() else iter(())
        return sorted(path for path in found if not path.name.endswith(".reason.txt"))

    @staticmethod
    def look(path: Path) -> Drop:
        """Size, time and SHA-256 of a file."""
        stat = path.stat()
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Drop(path, stat.st_size, stat.st_mtime_ns, digest)

    def done(self, drop: Drop) -> Path:
        """Move a file that has landed to done/."""
        return self._move(drop.path, "done")

    def refuse(self, path: Path, why: FileRefused) -> Path:
        """Move a file to refused/ with its reason beside it (the reason first: no file without one)."""
        target = self._place(path, "refused")
        note = f"{why.message}\n\nWhat to do: {why.advice}\nThen move the file back into {self.folder}\n"
        note_name = os.fsdecode(os.fsencode(target.name)[:LONGEST_NAME])
        target.with_name(f"{note_name}.reason.txt").write_text(note, encoding="utf-8")
        path.replace(target)
        return target

    def _move(self, path: Path, where: str) -> Path:
        target = self._place(path, where)
        path.replace(target)
        return target

    def _place(self, path: Path, where: str) -> Path:
        """A free name in done/ or refused/; an older file of that name is never overwritten."""
        folder = self.folder / where
        folder.mkdir(exist_ok=True)
        return free_name(folder / path.name)
