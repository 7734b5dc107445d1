"""The `daybook` command in a process that kills itself (SIGKILL) at a chosen statement.

    PROVE_WATCH=extractors/landing.py,warehouse PROVE_DIE=warehouse/load.py:160:3 python -m prove.victim load
    PROVE_WATCH=…                               PROVE_HITS=hits.json              python -m prove.victim load

With PROVE_DIE it dies the third time it comes to line 160 of that file. With PROVE_HITS it runs to its end and
tells how often it came to each line. Statements are drawn evenly, not moments: a commit of five lines is hit as
often as a loop that runs for a second.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

from prove.record import ROOT

WATCHED = tuple(str(ROOT / part) for part in os.environ["PROVE_WATCH"].split(","))


def main() -> int:
    hits: Counter[tuple[str, int]] = Counter()
    guard = threading.Lock()
    wanted = os.environ.get("PROVE_DIE")
    name, line, turn = wanted.rsplit(":", 2) if wanted else ("", "0", "0")
    place, moment = (str(ROOT / name), int(line)), int(turn)

    def local(frame: FrameType, event: str, arg: object) -> Any:
        if event == "line":
            here = (frame.f_code.co_filename, frame.f_lineno)
            if not wanted or here == place:
                with guard:
                    hits[here] += 1
                    if wanted and hits[here] == moment:
                        os.kill(os.getpid(), signal.SIGKILL)
        return local

    def trace(frame: FrameType, event: str, arg: object) -> Any:
        return local if frame.f_code.co_filename.startswith(WATCHED) else None

    from daybook.cli import main as daybook

    sys.argv = ["daybook", *sys.argv[1:]]
    threading.settrace(trace)
    sys.settrace(trace)
    try:
        daybook()
    except SystemExit as end:
        return int(end.code or 0)
    finally:
        sys.settrace(None)
        if "PROVE_HITS" in os.environ:
            told = {f"{Path(file).relative_to(ROOT)}:{number}": n for (file, number), n in hits.items()}
            Path(os.environ["PROVE_HITS"]).write_text(json.dumps(told), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
