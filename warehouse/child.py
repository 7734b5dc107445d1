"""dbt as a child process: watched line by line, and stopped as a whole.

A child, because a dbt inside this process cannot be stopped and would keep the database (stack.md §3).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from warehouse.errors import BuildError

_KEEP_LOG = 40  # lines of dbt's output to show when it ends without results
_GRACE = 10.0  # seconds between asking dbt to stop and killing it
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def run(
    command: Sequence[str],
    folder: Path,
    env: Mapping[str, str],
    log: Callable[[str], None],
    timeout: float | None,
) -> tuple[int, list[str]]:
    """Run dbt to its end and return (exit status, last lines). Whatever ends us ends dbt and its children."""
    said: deque[str] = deque(maxlen=_KEEP_LOG)
    process = subprocess.Popen(
        command, cwd=folder, env=env, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        errors="replace", start_new_session=True, preexec_fn=partial(_die_with_parent, os.getpid()),
    )  # fmt: skip
    late = threading.Event()

    def stop_late() -> None:
        late.set()
        _stop(process)

    timer = threading.Timer(timeout, stop_late) if timeout else None
    try:
        if timer:
            timer.start()
        for text in process.stdout or ():
            line = _COLOURS.sub("", text.rstrip("\n"))
            said.append(line)
            log(line)
        code = process.wait()
    finally:  # also on KeyboardInterrupt and on a scheduler's order to end
        if timer:
            timer.cancel()
        _stop(process)
    if late.is_set():
        raise BuildError(
            f"dbt was stopped after {timeout:g} seconds",
            log="\n".join(said),
            advice="run it again: a stopped build does no harm; if it never gets through, raise the limit",
        )
    return code, list(said)


def _stop(process: subprocess.Popen[str]) -> None:
    """End the child's whole process group: ask first, then insist."""
    for order, patience in ((signal.SIGTERM, _GRACE), (signal.SIGKILL, _GRACE)):
        if process.poll() is not None:
            break
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, order)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)  # what dbt itself may have started


def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


_LIBC = _libc()  # looked up before the fork, where nothing may be loaded any more
_PR_SET_PDEATHSIG = 1


def _die_with_parent(parent: int) -> None:
    """Ask Linux to end dbt when we are killed outright; otherwise it would hold the database as an orphan."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it was killed before Linux was asked
        os._exit(1)
