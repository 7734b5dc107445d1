"""`python -m daybook.guard`: stops the processes whose ids it was told when whoever told it is gone."""

from __future__ import annotations

import contextlib
import signal
import sys

import psutil

from daybook.processes import GRACE, left_by, stop_trees


def main() -> None:
    """Read process ids and their starting times from standard input, one a line, and stop them at its end.

    The starting time tells a process from a later one of the same id.
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
