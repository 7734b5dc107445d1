"""Files that a reader finds whole or not at all, and that a power cut leaves as they are."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def fsync(path: Path) -> None:
    """Make a file's content, or the names in a folder, survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write(path: Path, text: str, mode: int = 0o666) -> None:
    """Write a file that nobody reads yet. Its content is durable, its name is when its folder is (`fsync`).

    mode: its permissions where it is new, less the umask.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def replace(path: Path, text: str, mode: int = 0o666) -> None:
    """Readers of `path` find the old text until they find the new one. A kill may leave `.<name>.….tmp`."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(3)}.tmp")
    try:
        write(draft, text, mode)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    fsync(path.parent)
