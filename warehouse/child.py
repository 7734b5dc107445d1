"""A dbt of ours as a child: it dies with us, and is ended with all that it started."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from typing import Any

_GRACE = 10.0  # seconds between asking to stop and killing


def stop(child: subprocess.Popen[Any]) -> None:
    """End the child's whole process group: ask first, then insist."""
    for order, patience in ((signal.SIGTERM, _GRACE), (signal.SIGKILL, _GRACE)):
        if child.poll() is not None:
            break
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, order)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(patience)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)  # what dbt itself may have started


def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


_LIBC = _libc()  # looked up before the fork, where nothing may be loaded any more
_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Ask Linux to end dbt when we are killed outright; otherwise it would hold the database as an orphan."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
