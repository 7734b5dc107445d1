"""Run a function of the warehouse in a child that kills itself (SIGKILL) at the n-th line it executes.

    python killed.py LINE COMMAND ARGUMENTS…      LINE 0: do not kill, print how many lines there were

Commands: load LANDING WAREHOUSE · publish BUILD PUBLISHED
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parents[2]
WATCHED = (str(ROOT / "warehouse"), str(ROOT / "extractors"))


def main() -> None:
    die_at, command, first, second = int(sys.argv[1]), *sys.argv[2:5]
    from warehouse_helpers import ACCOUNTS, PLATFORMS

    from extractors.landing import Landing
    from warehouse.load import load_pending
    from warehouse.publish import publish

    lines = 0

    def trace(frame: FrameType, event: str, arg: object):
        nonlocal lines
        if not frame.f_code.co_filename.startswith(WATCHED):
            return None
        if event == "line":
            lines += 1
            if lines == die_at:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    print("start", flush=True)
    sys.settrace(trace)
    if command == "load":
        load_pending(Landing(first), second, PLATFORMS, ACCOUNTS)
    else:
        publish(first, second, keep=2)
    sys.settrace(None)
    print(lines, flush=True)


if __name__ == "__main__":
    main()
