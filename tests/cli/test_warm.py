"""What tests run as forks of a warm process: a killed one spoils nothing and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from test_processes import alive, wait_until

TESTS = Path(__file__).resolve().parents[1]
KILLED_WHILE_IT_TELLS = """
import resource, signal, sys
import dbt_known, jinja2, warm

def learn():
    jinja2.Environment().from_string("{{ word }}" * 500)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))  # the kernel ends it after as many bytes
    return 0

def learn_in_peace():
    jinja2.Environment().from_string("{{ word }}")
    return 0

for job in (learn, learn_in_peace):
    print(warm.in_fork(job, ".", "out", "err"), len(dbt_known._known))
"""
SLOW = "import pathlib, os, time; pathlib.Path('pid').write_text(str(os.getpid())); time.sleep(600)"
ASKS = """
import os, pathlib, warm
server = warm._begin(())
pathlib.Path("server").write_text(str(server.pid))
warm.run((), "slow", folder=pathlib.Path.cwd(), env=dict(os.environ))
"""


def python(text: str, folder: Path) -> subprocess.Popen[str]:
    where = os.pathsep.join((str(TESTS), str(TESTS.parent), str(folder)))
    return subprocess.Popen(
        [sys.executable, "-c", text],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": where},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_fork_killed_while_it_tells_what_it_compiled_has_told_nothing_and_the_next_one_does(tmp_path):
    said, _ = python(KILLED_WHILE_IT_TELLS, tmp_path).communicate(timeout=100)
    assert said.splitlines() == [f"{-signal.SIGXFSZ} 0", "0 1"]


def test_a_killed_worker_takes_its_warm_process_and_that_ones_fork_along(tmp_path):
    (tmp_path / "slow.py").write_text(SLOW)
    worker = python(ASKS, tmp_path)
    found = [tmp_path / "server", tmp_path / "pid"]
    assert wait_until(lambda: all(path.exists() and path.read_text() for path in found))
    pids = [int(path.read_text()) for path in found]
    assert all(map(alive, pids))
    worker.kill()
    worker.communicate()
    assert wait_until(lambda: not any(map(alive, pids)))
