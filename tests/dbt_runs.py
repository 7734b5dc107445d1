"""Real dbt on the project with databases and a target folder of the test's own; the project is parsed once a session.

Parsing the models, tests and unit tests of every platform takes longer than building most of them. What is parsed
holds where files, profile and environment are the same, so every run here gets the same environment: it stands in its
build folder and names it `.`, as `daybook build` does.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from warehouse.failures import compiled_sql, found_by

PROJECT = Path(__file__).resolve().parents[1] / "dbt_project"
PASSED = ("success", "pass")
PARSED = "partial_parse.msgpack"
_shared: list[Path] = []
_servers: list[subprocess.Popen[str]] = []


@dataclass(frozen=True)
class Ran:
    """What dbt said, what became of each node (unique id → (status, message)), and the rows that failed tests found
    (short name → first rows)."""

    output: str
    nodes: dict[str, tuple[str, str]]
    found: dict[str, list[str]]

    @property
    def statuses(self) -> dict[str, str]:
        return {node: status for node, (status, _) in self.nodes.items()}

    @property
    def failures(self) -> dict[str, str]:
        """Nodes that did not pass, by their short name, with dbt's message."""
        bad = {node: message for node, (status, message) in self.nodes.items() if status not in PASSED}
        return {node.split(".")[2]: message for node, message in bad.items()}

    def passed(self, kind: str) -> set[str]:
        """Nodes of a kind (model, test, unit_test) that passed."""
        return {n for n, (status, _) in self.nodes.items() if n.startswith(f"{kind}.") and status in PASSED}


def share(folder: Path) -> None:
    """Where the session's one parse is kept: a folder that all workers see."""
    _shared[:] = [folder / "dbt_parse"]


def dbt(build_dir: Path, target_dir: Path, *arguments: str) -> Ran:
    """Run dbt in a process of its own, so that it lets go of the files. Another `--project-dir` is parsed anew."""
    build_dir.mkdir(parents=True, exist_ok=True)
    target_dir.mkdir(parents=True, exist_ok=True)
    results = target_dir / "run_results.json"
    results.unlink(missing_ok=True)  # or a run that never began would show the last one's
    output = _run(build_dir, target_dir, *arguments)
    assert not list(build_dir.glob("*.wal")), "dbt has not let go of its files"
    found = json.loads(results.read_text())["results"] if results.exists() else []
    nodes = {node["unique_id"]: (node["status"], str(node["message"])) for node in found}
    failed = [node.split(".")[2] for node, (status, _) in nodes.items() if status == "fail"]
    sql = {name: compiled_sql(target_dir, name) for name in failed}
    return Ran(output, nodes, {name: found_by(path, build_dir) for name, path in sql.items() if path})


def remind(target_dir: Path) -> None:
    """Give a target folder the session's one parse: `daybook build` goes on from it."""
    target_dir.mkdir(parents=True, exist_ok=True)
    if _shared and not (target_dir / PARSED).exists():
        _server()
        shutil.copy(_shared[0] / PARSED, target_dir / PARSED)


def build_staging(build_dir: Path, target_dir: Path, names: Iterable[str]) -> Ran:
    """Staging of these platforms with its tests on data; the unit tests of every platform run in tests/staging."""
    select = [f"staging.{name}" for name in names]
    return dbt(build_dir, target_dir, "build", "--exclude-resource-type", "unit_test", "--select", *select)


def stop() -> None:
    """End this worker's dbt, if it had one."""
    while _servers:
        _servers.pop().communicate()


def _server() -> subprocess.Popen[str]:
    """This worker's dbt (dbt_server.py). The first of all workers parses, the others wait and take it over."""
    if _servers:
        return _servers[0]
    folder = _shared[0]
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        server = subprocess.Popen(
            [
                sys.executable,
                "-W",
                "ignore::UserWarning:multiprocessing.resource_tracker",  # the forks end without handing locks back
                Path(__file__).with_name("dbt_server.py"),
                folder,
            ],
            cwd=folder,
            env={
                **os.environ,
                "DAYBOOK_BUILD": ".",
                "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
                "DBT_LOG_PATH": str(folder),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            process_group=0,
        )
        _servers.append(server)
        _answer(server)
    return server


def _answer(server: subprocess.Popen[str]) -> str:
    answer = server.stdout.readline() if server.stdout else ""
    assert answer, f"dbt's process ended with {server.wait()}"
    return answer


def _run(build_dir: Path, target_dir: Path, *arguments: str) -> str:
    said = target_dir / "said.txt"
    server = _server()
    # One thread: the cores have a worker each, and two threads of one Python mostly wait for each other.
    order = {
        "folder": str(build_dir),
        "arguments": [*arguments, "--threads", "1", "--target-path", str(target_dir)],
        "said": str(said),
    }
    assert server.stdin
    server.stdin.write(json.dumps(order) + "\n")
    server.stdin.flush()
    try:
        _answer(server)
    except BaseException:  # a test's time is up: its answer must not be taken for the next run's
        os.killpg(server.pid, signal.SIGKILL)  # and its fork not run beside the next
        _servers.clear()
        raise
    return said.read_text(encoding="utf-8")
