"""What every experiment may use: the counts' share, the seed, and a notebook whose findings go to the page."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator

import pytest

from prove.record import ROOT, note

# Experiments are built from the pieces that the tests made: one bench, one world, one set of small marts.
sys.path[:0] = [str(ROOT / "tests" / part) for part in ("contract", "warehouse", "e2e", "files")]
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

from prove.world import warm, world  # noqa: E402, F401  fixtures

SEED = int(os.environ.get("PROVE_SEED", "1"))
SHARE = float(os.environ.get("PROVE_SHARE", "1"))


def count(full: int, least: int = 1) -> int:
    """How many of `full` are to be done at the chosen share."""
    return max(least, round(full * SHARE))


def seeds(full: int, least: int = 1) -> range:
    """The seeds of `full` draws: a stretch of its own for each --seed."""
    return range(SEED * 1000, SEED * 1000 + count(full, least))


class Notebook:
    """Counts what an experiment did. Only what ran whole, with nothing failed, reaches the page."""

    def __init__(self) -> None:
        self.found: dict[str, dict[str, object]] = {}
        self.began: dict[str, float] = {}
        self.spent: dict[str, float] = {}

    def add(self, experiment: str, what: str, number: int = 1) -> None:
        entry = self.found.setdefault(experiment, {})
        entry[what] = int(str(entry.get(what, 0))) + number

    def most(self, experiment: str, what: str, value: float) -> None:
        entry = self.found.setdefault(experiment, {})
        entry[what] = max(float(str(entry.get(what, 0.0))), value)

    def say(self, experiment: str, what: str, value: object) -> None:
        self.found.setdefault(experiment, {})[what] = value


_notebook = Notebook()
_failed: set[str] = set()
_seconds: dict[str, float] = {}
_titles: dict[str, str] = {}


@pytest.fixture(scope="session")
def notebook() -> Notebook:
    return _notebook


@pytest.fixture(autouse=True)
def _timed(request: pytest.FixtureRequest) -> Iterator[None]:
    began = time.monotonic()
    yield
    name = request.module.__name__.rsplit(".", 1)[-1]
    _seconds[name] = _seconds.get(name, 0.0) + time.monotonic() - began
    _titles[name] = request.module.EXPERIMENT


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.failed:
        _failed.add(report.nodeid.split("::")[0].rsplit("/", 1)[-1].removesuffix(".py"))


def pytest_sessionfinish(session: pytest.Session) -> None:
    chosen = bool(session.config.getoption("keyword") or session.config.getoption("markexpr"))
    for module, title in _titles.items():
        found = _notebook.found.get(title)
        if not found:
            continue
        print(f"\n{title}: " + "; ".join(f"{what} {value}" for what, value in found.items()))
        if SHARE >= 1 and not chosen and module not in _failed and not session.shouldstop:
            note("proofs", title, {"found": found, "seed": SEED, "seconds": round(_seconds[module], 1)})
