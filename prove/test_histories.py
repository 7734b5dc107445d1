"""Random histories of nights, each against a full build: tests/marts/test_incremental.py at full count.

Runs in a process of its own, because those tests have a conftest of their own. A failure names its seed:
`DAYBOOK_HISTORY=17 make test ARGS=tests/marts/test_incremental.py` replays it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys

from prove.conftest import SEED, Notebook, count
from prove.record import ROOT

EXPERIMENT = "incremental ≡ full over random histories, all marts"
HISTORIES = 200


def test_every_history_ends_as_a_full_build(notebook: Notebook) -> None:
    wanted = count(HISTORIES, 2)
    done = subprocess.run(
        [
            sys.executable, "-m", "pytest", "tests/marts/test_incremental.py", "-q", "-p", "no:cacheprovider",
            "-o", "timeout=7200", "-rf", "-n", str(os.cpu_count() or 1), "--dist", "load",
        ],
        cwd=ROOT,
        env={**os.environ, "DAYBOOK_HISTORIES": str(wanted), "DAYBOOK_FIRST_HISTORY": str((SEED - 1) * 1000)},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    passed = re.search(r"(\d+) passed", done.stdout) or re.search(r"^(\.+) ", done.stdout, re.M)
    assert done.returncode == 0, done.stdout[-4000:]
    assert passed, done.stdout[-2000:]
    notebook.add("histories", wanted)
