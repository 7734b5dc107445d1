"""What every experiment may use: the counts' share, the seed, and a notebook whose findings go to the page."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Generator
from typing import Any

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
    """What one experiment did, in numbers, for its row of the page."""

    def __init__(self) -> None:
        self.found: dict[str, object] = {}

    def add(self, what: str, number: int = 1) -> None:
        self.found[what] = int(str(self.found.get(what, 0))) + number

    def most(self, what: str, value: float) -> None:
        self.found[what] = max(float(str(self.found.get(what, 0.0))), value)

    def say(self, what: str, value: object) -> None:
        self.found[what] = value


_notebooks: dict[str, Notebook] = {}
_spoilt: set[str] = set()  # titles of which something failed or was left out
_seconds: dict[str, float] = {}


def title_of(item: pytest.Item) -> str:
    """The row of the page that a test's findings go to: the function's own, or its module's."""
    assert isinstance(item, pytest.Function)
    return str(getattr(item.function, "experiment", None) or item.module.EXPERIMENT)


def experiment(title: str) -> Callable[[Any], Any]:
    """Give a test a row of its own on the page."""

    def mark(function: Any) -> Any:
        function.experiment = title
        return function

    return mark


@pytest.fixture
def notebook(request: pytest.FixtureRequest) -> Notebook:
    return _notebooks.setdefault(title_of(request.node), Notebook())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    began = time.monotonic()
    try:
        return (yield)
    finally:
        title = title_of(item)
        _seconds[title] = _seconds.get(title, 0.0) + time.monotonic() - began


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if not report.passed:
        _spoilt.add(title_of(item))
    return report


def pytest_deselected(items: list[pytest.Item]) -> None:
    _spoilt.update(title_of(item) for item in items)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Only an experiment of which nothing failed or was left out reaches the page."""
    whole = exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) and not session.shouldfail
    for title, kept in _notebooks.items():
        print(f"\n{title}: " + "; ".join(f"{what} {value}" for what, value in kept.found.items()))
        if kept.found and whole and title not in _spoilt:
            entry = {"found": kept.found, "seed": SEED, "seconds": round(_seconds[title], 1)}
            note("proofs", title, {**entry, **({} if SHARE >= 1 else {"share": SHARE})})
