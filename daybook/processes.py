"""Child processes that never outlive us: each in a group of its own, all stopped whatever happens."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from daybook.stopping import Stopped
from extractors.errors import ConfigError, DaybookError

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def _die_with_parent() -> None:
    """In the child: be told to stop when the parent is killed in a way it cannot catch (Linux)."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass
class Children:
    """Processes started here, in the order in which they are stopped last to first."""

    logs: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, argv: Sequence[str], env: Mapping[str, str], cwd: Path | None = None) -> None:
        """Start a process in its own group, its output appended to `<logs>/<name>.log`."""
        self.logs.mkdir(parents=True, exist_ok=True)
        with self.log(name).open("ab") as log:
            self.running[name] = subprocess.Popen(
                list(argv),
                env=dict(env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def check(self) -> None:
        """Raise DaybookError, with the end of its log, when a process has ended by itself."""
        for name, child in self.running.items():
            code = child.poll()
            if code is not None:
                raise DaybookError(
                    f"{name} ended with status {code}\n{self.tail(name)}",
                    advice=f"the whole log: {self.log(name)}",
                )

    def wait(self, name: str, timeout: float) -> int:
        """Wait for one process to end by itself and return its status."""
        code = self.running[name].wait(timeout)
        del self.running[name]
        return code

    def tail(self, name: str, lines: int = 15) -> str:
        try:
            text = self.log(name).read_text(errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(f"  {line}" for line in text.splitlines()[-lines:])

    def stop(self, grace: float = 12.0) -> None:
        """TERM to all, and after `grace` seconds KILL to the groups of those that are left."""
        for child in reversed(self.running.values()):
            _signal(child, signal.SIGTERM)
        deadline = time.monotonic() + grace
        for child in self.running.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(max(0.0, deadline - time.monotonic()))
        for child in self.running.values():
            _signal_group(child, signal.SIGKILL)  # what the leader left behind, too
            child.wait()
        self.running.clear()


def _signal(child: subprocess.Popen[bytes], number: int) -> None:
    if child.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            child.send_signal(number)


def _signal_group(child: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)


@contextlib.contextmanager
def children(logs: Path) -> Iterator[Children]:
    """Children that are stopped when the block ends, by an error or SIGINT, SIGTERM, SIGHUP too."""
    own = Children(logs)

    def stop(number: int, _frame: FrameType | None) -> None:
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)  # a second Ctrl-C must not cut the stopping short
        raise Stopped(signal.Signals(number).name)

    before = {each: signal.signal(each, stop) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield own
    finally:
        try:
            own.stop()
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)


def free_port(preferred: int, *, fixed: bool = False) -> int:
    """`preferred` when nothing listens there, else one the system picks.

    Raises ConfigError when `fixed` (somebody asked for that one) and it is taken.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", preferred))
        except OSError as error:
            if fixed:
                raise ConfigError(
                    f"port {preferred} on 127.0.0.1 is in use ({error.strerror})",
                    advice="stop what listens there, or choose another port",
                ) from None
            probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
