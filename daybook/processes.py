"""Child processes that never outlive us: each in a group of its own, all stopped whatever happens."""

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

GRACE = 12.0  # seconds; Airflow needs 3 to 5


@dataclass
class Children:
    """Processes started here, in the order in which they are stopped last to first.

    grace: seconds between asking and insisting.
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
        """Wait for one process to end by itself and return its status."""
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
        """Stop all, and all that they have started; nothing of it is left when this returns."""
        roots: list[psutil.Process] = []
        for child in self.running.values():
            if child.poll() is None:
                roots.append(psutil.Process(child.pid))
            else:  # killed from outside, perhaps: whom it had started has another parent now
                roots += left_by(child.pid)
        stop_trees(roots, self.grace)
        for child in self.running.values():
            child.wait()
        self.running.clear()


def stop_trees(roots: Sequence[psutil.Process], grace: float) -> None:
    """Stop these processes and all their descendants.

    The leaders are asked, and after `grace` seconds whoever is left is killed. Descendants with a session of
    their own (dbt) are asked first: whoever waits for them ends sooner, and notes how they ended.
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
    """The processes of a session whose leader, of this id, is gone."""
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
    """Children that are stopped when the block ends, by an error or SIGINT, SIGTERM, SIGHUP too."""
    # A command that is killed outright stops nothing; the guard notices that its input has ended, and does.
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
            signal.signal(each, signal.SIG_IGN)  # a second Ctrl-C must not cut the stopping short
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
