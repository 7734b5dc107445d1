"""Locks between processes. The kernel ends one with the process that holds it, however that ends."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from typing import IO


def locked(path: Path, *, wait: float | None, mode: int = 0o666) -> IO[str]:
    """Lock a file, which is made if need be, and open it to read and write. The lock ends when it is closed;
    the file itself stays.

    wait: seconds to wait for the present holder; None: as long as it takes. mode: the permissions of a new
    file, less the umask.
    Raises BlockingIOError when another still holds it, and other OSErrors when the file cannot be opened.
    """
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, mode), "r+", encoding="utf-8")
    try:
        if wait is None:
            fcntl.flock(file, fcntl.LOCK_EX)
            return file
        deadline = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return file
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(0.1)
    except BaseException:
        file.close()
        raise
