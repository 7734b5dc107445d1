"""One writer at a time, outside Airflow too: a file lock that ends with the process that holds it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from extractors.locks import locked
from warehouse.errors import LockedError

NAME = "writer.lock"


@contextmanager
def writer_lock(build_dir: Path | str, what: str, *, wait: float = 0.0) -> Iterator[None]:
    """Hold the writer's lock of a build directory while loading, building or publishing.

    The kernel releases it when the holder ends, however it ends; the file itself stays.

    Args:
        what: what the holder does, for the error of those who find it locked.
        wait: seconds to wait for the present holder.
    Raises:
        LockedError: naming the holder's pid and work.
    """
    path = Path(build_dir) / NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        lock = locked(path, wait=wait)
    except BlockingIOError:
        raise _held(path) from None
    with lock:
        lock.truncate(0)
        lock.write(f"{os.getpid()} {what} since {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}\n")
        lock.flush()
        yield


def _held(path: Path) -> LockedError:
    text = path.read_text(encoding="utf-8", errors="replace").strip()
    match = re.match(r"(\d+) (.+)", text)
    pid = int(match.group(1)) if match else None
    who = f"process {pid} ({match.group(2)})" if match else "another process"
    return LockedError(
        f"{who} is writing to {path.parent}",
        pid=pid,
        advice="wait for it to end, or stop it, and run this again",
    )
