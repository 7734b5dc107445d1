"""An account's inbox folder: which files wait in it, and where they go when they have been read.

    data/inbox/<account>/            drop files here (write under a temporary name, then rename)
    data/inbox/<account>/mapping.yml the account's own mapping, if it has one
    data/inbox/<account>/done/       landed; Daybook does not read it again, so keep or delete it
    data/inbox/<account>/refused/    not loaded; <file>.reason.txt beside each says why and what to do

A file is moved only after it has landed. If the process is killed before, the next run finds it again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from extractors.errors import TransientError
from extractors.files.catalogue import OWN
from extractors.files.refusal import FileRefused
from extractors.locks import locked

_UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".download", ".filepart")
_LOCK = ".lock"
# Seconds. A file that looks cut off and changed less than this ago may still be being copied (from another
# machine, where its writer cannot be seen); it is left for the next run.
SETTLE = 60.0
LONGEST_NAME = 200  # bytes; leaves room for suffixes within the 255 bytes of a file name


@dataclass(frozen=True)
class Drop:
    """A file in the inbox, as it was when it was first looked at."""

    path: Path
    size: int
    mtime_ns: int
    sha256: str

    @property
    def is_unchanged(self) -> bool:
        """False when the file was written to or removed since, as by a copy that is under way."""
        try:
            now = self.path.stat()
        except FileNotFoundError:
            return False
        return (now.st_size, now.st_mtime_ns) == (self.size, self.mtime_ns)

    @property
    def is_young(self) -> bool:
        """Whether it was written to less than SETTLE seconds ago."""
        return abs(time.time() - self.mtime_ns / 1e9) < SETTLE


def readable(name: str) -> str:
    """A file's name in a form that can be printed: names from foreign archives may not be UTF-8."""
    return name.encode("utf-8", "replace").decode()


def is_passed_over(name: str) -> bool:
    """Whether files with that name are ignored: hidden, or named as files that are still being written."""
    return name.startswith((".", "~$")) or Path(name).suffix.lower() in _UNFINISHED


def free_name(target: Path) -> Path:
    """The path itself, or with the time in its name if that file exists: no file is ever overwritten."""
    if not target.exists():
        return target
    return target.with_name(f"{target.stem}.{datetime.now(UTC):%Y%m%dT%H%M%S%f}{target.suffix}")


def put(file: Path, folder: Path) -> Path:
    """Copy a file into an inbox; returns its path there.

    It appears by a rename, complete, and dated SETTLE seconds back, so that it is read at once.
    """
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{file.name}.part"
    shutil.copyfile(file, draft)
    os.utime(draft, times=(time.time(), time.time() - SETTLE))
    return draft.replace(free_name(folder / file.name))


def being_written(folder: Path) -> set[str]:
    """The names of the folder's files that some process has open for writing.

    Only processes of this machine that we may inspect (Linux, /proc) are seen.
    """
    place = folder.resolve()
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # another user's, or it has just ended
            for handle in (process / "fd").iterdir():
                with contextlib.suppress(OSError, ValueError):
                    file = handle.readlink()
                    if file.parent == place and _writes(process / "fdinfo" / handle.name):
                        found.add(file.name)
    return found


def _writes(facts: Path) -> bool:
    """Whether a file descriptor is open for writing. Its fdinfo has `flags: 0100001`, octal, as in
    open(2)."""
    flags = next(line for line in facts.read_text().splitlines() if line.startswith("flags:"))
    return int(flags.split()[1], 8) & os.O_ACCMODE != os.O_RDONLY


class Inbox:
    """One account's inbox folder. Do everything inside `held()`: two imports at once would disturb each
    other.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Lock the inbox. Raises TransientError when another import has locked it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            lock = locked(self.folder / _LOCK, wait=0)
        except BlockingIOError:
            raise TransientError(
                f"another import is reading {self.folder}",
                advice="run this again in a moment",
            ) from None
        with lock:
            yield

    def waiting(self) -> list[Path]:
        """Files to read, sorted by name, so that the order in which they were dropped does not matter."""
        return sorted(
            path
            for path in self.folder.iterdir()
            if (path.is_file() or (path.is_symlink() and not path.is_dir()))
            and path.name != OWN
            and not is_passed_over(path.name)
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
        """Move a file to refused/. The reason is written beside it first, so that no file lacks one."""
        target = self._place(path, "refused")
        seen = f"\n\n{why.seen}" if why.seen else ""
        note = (
            f"{why.message}{seen}\n\nWhat to do: {why.advice}\nThen move the file back into {self.folder}\n"
        )
        note_name = os.fsdecode(os.fsencode(target.name)[:LONGEST_NAME])
        target.with_name(f"{note_name}.reason.txt").write_text(note, encoding="utf-8")
        path.replace(target)
        return target

    def _move(self, path: Path, where: str) -> Path:
        target = self._place(path, where)
        path.replace(target)
        return target

    def _place(self, path: Path, where: str) -> Path:
        """A free path for a file in done/ or refused/."""
        folder = self.folder / where
        folder.mkdir(exist_ok=True)
        return free_name(folder / path.name)
