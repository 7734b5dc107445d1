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
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from extractors.errors import TransientError
from extractors.files.catalogue import OWN
from extractors.files.refusal import FileRefused

_UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".download", ".filepart")
_LOCK = ".lock"
SETTLE = 60.0  # seconds: the pause of a copy that is believed in, where nobody can be seen writing
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

    @property
    def is_young(self) -> bool:
        """Whether someone wrote to it a moment ago."""
        return abs(time.time() - self.mtime_ns / 1e9) < SETTLE


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


def put(file: Path, folder: Path) -> Path:
    """Copy a whole file into an inbox; returns where it is. It comes at once and is old enough to be read."""
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{file.name}.part"
    shutil.copyfile(file, draft)
    os.utime(draft, times=(time.time(), time.time() - SETTLE))
    return draft.replace(free_name(folder / file.name))


def being_written(folder: Path) -> set[str]:
    """The names of the folder's files that a process has open for writing.

    Linux tells, of this machine's processes that we may look at; of others none is known.
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
    """Whether a process's handle is one to write with: `flags: 0100001`, octal, as of open(2)."""
    flags = next(line for line in facts.read_text().splitlines() if line.startswith("flags:"))
    return int(flags.split()[1], 8) & os.O_ACCMODE != os.O_RDONLY


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
        """Move a file to refused/ with its reason beside it (the reason first: no file without one)."""
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
        """A free name in done/ or refused/; an older file of that name is never overwritten."""
        folder = self.folder / where
        folder.mkdir(exist_ok=True)
        return free_name(folder / path.name)
