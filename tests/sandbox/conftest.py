"""One sandbox over real HTTP for these tests, its clock standing on a Saturday morning in Shanghai."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pytest
import requests
from sandbox_callers import SHANGHAI, Callers

from extractors.sandbox import Running, running
from extractors.sandbox.world import World

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=SHANGHAI)
FIRST_DAY = date(2026, 9, 1)


@pytest.fixture(scope="session")
def served_sandbox() -> Iterator[Running]:
    with running(first_day=FIRST_DAY, now=NOW) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(served_sandbox: Running) -> Iterator[Running]:
    """The running sandbox without orders from earlier tests, its clock on NOW."""
    served_sandbox.sandbox.reset()
    served_sandbox.control.set_clock(NOW)
    yield served_sandbox


@pytest.fixture
def callers(sandbox: Running) -> Callers:
    return Callers(sandbox)


@pytest.fixture(scope="session")
def small_world() -> World:
    """The same world as the served one, in this process."""
    return World(first_day=FIRST_DAY)


@pytest.fixture(scope="session")
def now() -> int:
    return int(NOW.timestamp())


@pytest.fixture
def ask_control(sandbox: Running) -> Any:
    """POSTs to the control surface and gives the answer."""

    def ask(path: str, **body: Any) -> requests.Response:
        return requests.post(f"{sandbox.base_url}/_control/{path}", json=body, timeout=10)

    return ask
