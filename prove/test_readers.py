"""Twenty readers in five processes, fifty publishes, some of them killed half-way: nobody errs or waits."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from killed import ROOT as TESTS_ROOT
from marts_helpers import build_marts

from prove.conftest import SEED, Notebook, count
from prove.record import ROOT
from warehouse.publish import publish

EXPERIMENT = "twenty readers through fifty publishes"
PROCESSES, THREADS = 5, 4
LINES = """
    create or replace table marts.fct_lines as
    select i as line, i % 2000 as bucket, {version} as version from range(100000) as t(i)
"""
KILLED = TESTS_ROOT / "tests" / "warehouse" / "killed.py"


def read_through(folder: Path, publishes: int, shelf: Path, chance: random.Random | None) -> dict[str, Any]:
    """Build and publish so many times to `shelf` while the readers read folder/published.

    chance: with it every fifth publish is killed at a drawn line before it is done whole.
    """
    (folder / "stop").unlink(missing_ok=True)
    crew = [
        subprocess.Popen(
            [sys.executable, "-m", "prove.reader", str(folder), str(THREADS), str(SEED * 10 + number)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(PROCESSES)
    ]
    killed = 0
    try:
        for version in range(2, publishes + 2):
            build_marts(folder / "build", version=version, extra=LINES.format(version=version))
            if chance is not None and version % 5 == 0:
                die = [str(chance.randrange(1, 1200)), "publish", str(folder / "build"), str(shelf)]
                victim = subprocess.run([sys.executable, str(KILLED), *die], env=env(), capture_output=True)
                assert victim.returncode in (-9, 0), victim.stderr
                killed += victim.returncode == -9
            publish(folder / "build", shelf)
            if shelf == folder / "published":
                (folder / "latest").write_text(str(version))
    finally:
        (folder / "stop").touch()
        told = [json.loads(one.communicate()[0]) for one in crew]
    assert all(one.returncode == 0 for one in crew)
    found: dict[str, Any] = {"killed": killed, "troubles": [text for one in told for text in one["troubles"]]}
    for name in ("opens", "queries", "long looks", "long looks over a publish"):
        found[name] = sum(one["found"].get(name, 0) for one in told)
    found["times"] = sorted(seconds for one in told for seconds in one["opens"])
    return found


def env() -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests' / 'warehouse'}"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("readers")
    build_marts(home / "build", version=1, extra=LINES.format(version=1))
    publish(home / "build", home / "published")
    (home / "latest").write_text("1")
    return home


def test_nobody_errs_waits_or_sees_half_a_refresh(folder: Path, notebook: Notebook) -> None:
    # The same readers beside the same work, published where they do not look: what an open takes by itself.
    quiet = read_through(folder, count(10, 3), folder / "elsewhere", None)
    assert quiet["troubles"] == []
    shutil.rmtree(folder / "elsewhere")
    publishes = count(50, 6)
    found = read_through(folder, publishes, folder / "published", random.Random(SEED))
    assert found["troubles"] == []
    assert found["opens"] > publishes * 5 and found["long looks over a publish"] > 0
    longest, usual = found["times"][-1], quiet["times"][-1]
    assert longest <= 3 * usual + 0.5, (
        f"an open took {longest:.2f} s; without a publish at most {usual:.2f} s"
    )
    notebook.say("publishes", publishes)
    notebook.say("killed half-way first", found["killed"])
    notebook.say("readers in processes", f"{PROCESSES * THREADS} in {PROCESSES}")
    for name in ("opens", "queries", "long looks over a publish"):
        notebook.say(name, found[name])
    notebook.say("errors", 0)
    notebook.say("longest open, s", longest)
    notebook.say("longest beside the same work without a publish, s", usual)
