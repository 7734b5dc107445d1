"""Names of what a process works on, from which others can tell whether that process still runs."""

from __future__ import annotations

import os
import socket
import time
import uuid
from pathlib import Path

_HOST = socket.gethostname()
_ABANDONED_AFTER = 2 * 86_400.0  # seconds


def own_name() -> str:
    """A new name, with this process and machine in it."""
    return f"{os.getpid()}-{_HOST}-{uuid.uuid4().hex}"


def is_left(name: str, written: float) -> bool:
    """Whether nobody writes any more what comes from the scratch folder of this name; `written` is the epoch
    second of the last sign of life."""
    pid, _, rest = name.partition("-")
    if rest.rpartition("-")[0] in ("", _HOST):
        return pid.isdigit() and not _alive(int(pid))
    return pid.isdigit() and time.time() - written > _ABANDONED_AFTER


def last_written(folder: Path) -> float:
    try:
        return max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
    except OSError:  # renamed meanwhile: its partition has just been committed
        return time.time()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
