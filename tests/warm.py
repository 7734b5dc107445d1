"""Programs run as forks of a process that has imported what they import: a start of Python with dbt or DuckDB is
dearer than most of what it is started for.

`python warm.py MODULE…` imports these modules, of packages all that is in them, and runs none. Then each line on its
standard input orders a run as `python -m` would make it, and its exit status is the answer. What is asked of the
process itself (that it dies with its parent, streams its lines) is asked of a real start.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

DBT = ("dbt_known", "warehouse.run_dbt", "dbt.adapters.duckdb.impl")
DAYBOOK = (
    "daybook.commands",
    "daybook.sandbox",
    "extractors.platforms",
    "warehouse.load",
    "warehouse.status",
)
_servers: dict[tuple[str, ...], subprocess.Popen[str]] = {}
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1


def run(
    imported: tuple[str, ...], *words: str, folder: Path, env: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """`python -m WORDS…` in this folder and environment, by a fork of a process that has imported these modules."""
    with tempfile.TemporaryDirectory() as place:
        said = {name: str(Path(place) / name) for name in ("out", "err")}
        order = {"words": words, "folder": str(folder), "env": dict(env), **said}
        server = _servers.get(imported) or _begin(imported)
        assert server.stdin and server.stdout
        server.stdin.write(json.dumps(order) + "\n")
        server.stdin.flush()
        try:
            status = int(server.stdout.readline())
        except BaseException:  # a test's time is up: its answer must not be taken for the next run's
            os.killpg(_servers.pop(imported).pid, signal.SIGKILL)  # and its fork not run beside the next
            raise
        out, err = (Path(path).read_text(encoding="utf-8") for path in said.values())
        return subprocess.CompletedProcess(words, status, out, err)


def instead_of_a_child(
    command: Sequence[str],
    folder: Path,
    env: Mapping[str, str],
    log: Callable[[str], None],
    timeout: None,
) -> tuple[int, list[str]]:
    """For `warehouse.child.run`, where the test is not about the child: the same program, warm."""
    assert command[:2] == [sys.executable, "-m"]
    done = run(DBT, *command[2:], folder=folder, env=env)
    lines = (done.stdout + done.stderr).splitlines()
    for line in lines:
        log(line)
    return done.returncode, lines


def die_with_parent() -> None:
    """Ask Linux to end this process with the one that started it: a killed worker of tests leaves none behind."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def stop() -> None:
    """End this worker's servers."""
    while _servers:
        _servers.popitem()[1].communicate()


def _begin(imported: tuple[str, ...]) -> subprocess.Popen[str]:
    server = subprocess.Popen(
        [sys.executable, __file__, *imported],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    _servers[imported] = server
    return server


def in_fork(job: Callable[[], int], folder: str, out: str, err: str, broken: int = 1) -> int:
    """The exit status of a job that a fork of this process does, standing in a folder, its output in files.

    broken: the status of one that came to no end of its own.
    """
    learned = Path(f"{out}.code")
    child = os.fork()
    if child:
        ended = os.waitpid(child, 0)[1]
        if jinja := sys.modules.get("dbt_known"):
            jinja.hear(learned)
        return os.waitstatus_to_exitcode(ended)
    die_with_parent()
    status = broken
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for handle, path in ((1, out), (2, err)):
            flags = os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_APPEND  # both may be one file
            os.dup2(os.open(path, flags, 0o600), handle)
        os.chdir(folder)
        status = job()
        if jinja := sys.modules.get("dbt_known"):
            jinja.tell(learned)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        gc.collect()  # what still holds a database in a circle: open, it leaves a .wal beside the file
        # An orderly end would wait for threads of what is imported, which stayed with the parent.
        os._exit(status)


def _module(words: Sequence[str], env: Mapping[str, str]) -> int:
    """`python -m WORDS…`, but for the start."""
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    sys.argv = list(words)
    try:
        runpy.run_module(words[0], run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    finally:
        atexit._run_exitfuncs()
    return 0


def _run(order: dict[str, Any]) -> int:
    return in_fork(lambda: _module(order["words"], order["env"]), order["folder"], order["out"], order["err"])


if __name__ == "__main__":
    die_with_parent()
    for name in sys.argv[1:]:
        module = importlib.import_module(name)
        for below in pkgutil.walk_packages(getattr(module, "__path__", ()), f"{name}."):
            importlib.import_module(below.name)
    for line in sys.stdin:
        print(_run(json.loads(line)), flush=True)
