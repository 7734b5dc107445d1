"""Writing files that readers see whole or not at all, and that survive a power cut."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def fsync(path: Path) -> None:
    """Flush a file's content, or the names in a folder, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write(path: Path, text: str, mode: int = 0o666) -> None:
    """Write a file that nobody reads yet. Its content is flushed to disk; its name is not until its folder is
    (`fsync`).

    mode: the permissions of a new file, less the umask.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def replace(path: Path, text: str, mode: int = 0o666) -> None:
    """Replace a file atomically: readers see the old or the new text, never a part.

    If the process is killed, a draft named `.<name>.….tmp` may stay behind. mode: as for `write`.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(3)}.tmp")
    try:
        write(draft, text, mode)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    fsync(path.parent)
