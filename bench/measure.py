"""Runs a command and measures its time and memory."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Cost:
    """wall and cpu in seconds (cpu of the command and all its children), peak in MB (its largest process)."""

    what: str
    wall: float
    cpu: float
    peak_mb: float

    def __str__(self) -> str:
        return f"{self.what:<52} {self.wall:7.1f} s wall {self.cpu:7.1f} s cpu {self.peak_mb:7.0f} MB peak"


def daybook(*arguments: str) -> list[str]:
    """The `daybook` command of this environment."""
    return [sys.executable, "-m", "daybook", *arguments]


def run(what: str, command: Sequence[str], env: Mapping[str, str]) -> Cost:
    """Run a command to its end and print what it cost.

    Raises SystemExit with the end of its output when it fails, because the cost of a failed run says nothing.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    watch = _Peak()
    start = time.monotonic()
    # Without byte code every command compiled Daybook anew, and none of what it is held against.
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(
        command,
        env={**inherited, **env},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    watch.start(process.pid)
    output, _ = process.communicate()
    wall = time.monotonic() - start
    peak = watch.stop()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode != 0:
        raise SystemExit(f"{what} failed with status {process.returncode}:\n" + output[-3000:])
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    cost = Cost(what, wall, cpu, peak)
    print(cost, flush=True)
    return cost


class _Peak(threading.Thread):
    """Samples the resident memory of the largest process of a tree (Linux's /proc)."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._done = threading.Event()
        self._root = 0
        self._peak = 0.0

    def start(self, root: int = 0) -> None:
        self._root = root
        super().start()

    def run(self) -> None:
        while not self._done.wait(0.2):
            for pid in _tree(self._root):
                try:
                    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
                except (OSError, IndexError):
                    continue
                self._peak = max(self._peak, pages * resource.getpagesize() / 1e6)

    def stop(self) -> float:
        self._done.set()
        self.join()
        return self._peak


def _tree(root: int) -> list[int]:
    found, frontier = [root], [root]
    while frontier:
        pid = frontier.pop()
        try:
            threads = list(Path(f"/proc/{pid}/task").iterdir())
            children = [int(c) for t in threads for c in (t / "children").read_text().split()]
        except OSError:
            continue
        found += children
        frontier += children
    return found
