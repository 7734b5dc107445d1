"""Child processes that never outlive the command: each has its own session, and all are always stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import psutil

from daybook.stopping import Stopped
from extractors.errors import ConfigError, DaybookError

GRACE = 12.0  # seconds between asking a process to stop and killing it; Airflow needs 3 to 5


@dataclass
class Children:
    """The processes that a command has started, by name.

    logs: folder of their logs. guard: the process that stops them if the command itself is killed. grace:
    seconds between asking a process to stop and killing it.
    """

    logs: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    guard: subprocess.Popen[bytes] | None = None
    grace: float = GRACE

    def start(self, name: str, argv: Sequence[str], env: Mapping[str, str], cwd: Path | None = None) -> None:
        """Start a process in its own group, its output appended to `<logs>/<name>.log`."""
        self.logs.mkdir(parents=True, exist_ok=True)
        with self.log(name).open("ab") as log:
            child = subprocess.Popen(
                list(argv),
                env=dict(env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.running[name] = child
        if self.guard and self.guard.stdin:
            with contextlib.suppress(psutil.Error):
                self.guard.stdin.write(f"{child.pid} {psutil.Process(child.pid).create_time()}\n".encode())
                self.guard.stdin.flush()

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
        """Wait for a process to end by itself; returns its exit status. timeout: seconds."""
        code = self.running[name].wait(timeout)
        del self.running[name]
        return code

    def tail(self, name: str) -> str:
        """The last lines of its log."""
        try:
            text = self.log(name).read_text(errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(f"  {line}" for line in text.splitlines()[-15:])

    def stop(self) -> None:
        """Stop all processes and all that they have started. None is left when this returns."""
        roots: list[psutil.Process] = []
        for child in self.running.values():
            if child.poll() is None:
                roots.append(psutil.Process(child.pid))
            else:  # it may have been killed; what it had started now has another parent
                roots += left_by(child.pid)
        stop_trees(roots, self.grace)
        for child in self.running.values():
            child.wait()
        self.running.clear()


def stop_trees(roots: Sequence[psutil.Process], grace: float) -> None:
    """Stop these processes and all their descendants.

    They are asked to stop, and those still there after `grace` seconds are killed. Descendants with a session
    of their own (dbt) are asked first, so that the process that waits for them can record how they ended.
    """
    family = _family(roots)
    for process in family:
        if process not in roots and _leads_a_session(process):
            _quietly(process.terminate)
    for root in reversed(roots):
        _quietly(root.terminate)
    psutil.wait_procs(roots, timeout=grace)
    left = [process for process in {*family, *_family(roots)} if process.is_running()]
    _, left = psutil.wait_procs(left, timeout=min(1.0, grace))
    for process in left:
        _quietly(process.kill)
    psutil.wait_procs(left, timeout=5.0)


def _family(roots: Sequence[psutil.Process]) -> list[psutil.Process]:
    found = list(roots)
    for root in roots:
        with contextlib.suppress(psutil.Error):
            found += root.children(recursive=True)
    return found


def left_by(leader: int) -> list[psutil.Process]:
    """The remaining processes of a session whose leader, process `leader`, has ended."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(OSError):
            if os.getsid(process.pid) == leader:
                found.append(process)
    return found


def _leads_a_session(process: psutil.Process) -> bool:
    try:
        return os.getsid(process.pid) == process.pid
    except OSError:
        return False


def _quietly(act: Callable[[], None]) -> None:
    with contextlib.suppress(psutil.Error):
        act()


@contextlib.contextmanager
def children(logs: Path) -> Iterator[Children]:
    """Children that are stopped when the block ends, also by an error, SIGINT, SIGTERM or SIGHUP.

    These signals raise Stopped inside the block. logs: folder of the children's logs.
    """
    # A command that is killed with SIGKILL cannot stop anything. The guard then notices that its standard
    # input has ended, and stops the children.
    guard = subprocess.Popen(
        [sys.executable, "-m", "daybook.guard"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    own = Children(logs, guard=guard)

    def stop(number: int, _frame: FrameType | None) -> None:
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)  # a second Ctrl-C must not interrupt the stopping
        raise Stopped(signal.Signals(number).name)

    before = {each: signal.signal(each, stop) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield own
    finally:
        try:
            own.stop()
            guard.kill()
            guard.wait()
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)


def free_port(preferred: int, *, fixed: bool = False) -> int:
    """The port `preferred` if nothing listens there, else a free one.

    fixed: the user asked for that port; raises ConfigError when it is in use.
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
