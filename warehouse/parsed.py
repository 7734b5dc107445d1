"""dbt's reading of the project, begun before it is needed: half a minute of one core, the first time."""

from __future__ import annotations

import fcntl
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from warehouse.child import die_with_parent, stop

PARSED = "partial_parse.msgpack"  # dbt's own name for it
_LOCK = "parse.lock"
_PATIENCE = 300.0  # seconds: a parse that takes longer is stuck, and the build does it itself


@contextmanager
def parsing_ahead(
    command: Sequence[str], folder: Path, env: Mapping[str, str], target: Path
) -> Iterator[None]:
    """Run `dbt parse` beside what the block does, at the lowest priority, where nothing is parsed yet.

    command: dbt's whole command line, whose --target-path is `target`. folder: where it stands. A child that
    is still at it when the block is left is stopped.
    """
    lock = None if (target / PARSED).exists() else _take(target)
    if lock is None:  # parsed, or somebody is at it
        yield
        return
    child = subprocess.Popen(
        ["nice", "-n", "19", *command], cwd=folder, env=dict(env), pass_fds=[lock], start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        preexec_fn=die_with_parent,
    )  # fmt: skip
    os.close(lock)  # the child holds it now, and lets go of it however it ends
    try:
        yield
    finally:
        stop(child)


@contextmanager
def parsed_by_now(target: Path) -> Iterator[None]:
    """Hold the target folder while the block runs dbt in it; a parse that is under way there ends first."""
    deadline = time.monotonic() + _PATIENCE
    while (lock := _take(target)) is None and time.monotonic() < deadline:
        time.sleep(0.1)
    try:
        yield
    finally:
        if lock is not None:
            os.close(lock)


def _take(target: Path) -> int | None:
    target.mkdir(parents=True, exist_ok=True)
    handle = os.open(target / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle
