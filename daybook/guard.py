"""`python -m daybook.guard`: stops a command's child processes when the command itself has been killed."""

from __future__ import annotations

import contextlib
import signal
import sys

import psutil

from daybook.processes import GRACE, left_by, stop_trees


def main() -> None:
    """Read `pid start_time` lines from standard input, and stop these processes when the input ends.

    The input is a pipe from the command; it ends when the command dies. The start time distinguishes a
    process from a later one that got the same id.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    told = [line.split() for line in sys.stdin]
    found = []
    for pid, created in told:
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(int(pid))
            if process.create_time() == float(created):
                found.append(process)
        if not psutil.pid_exists(int(pid)):
            found += left_by(int(pid))
    stop_trees(found, GRACE)


if __name__ == "__main__":
    main()
