"""One sandbox over real HTTP for the whole contract suite, and a bench for each stream."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from contract_bench import ACCOUNTS, BUSY_NOW, FIRST_DAY, SPOKEN, Bench, account_of, connection

from extractors.credentials import Credentials
from extractors.sandbox import Running, running


@pytest.fixture(scope="session")
def served_contract() -> Iterator[Running]:
    with running(first_day=FIRST_DAY, now=BUSY_NOW) as sandbox:
        yield sandbox


@pytest.fixture(autouse=True)
def no_disk_flushes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Power cuts are the business of tests/core; here a thousand runs need not wait for the disk."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


@pytest.fixture
def sandbox(served_contract: Running) -> Iterator[Running]:
    """The sandbox with nothing ordered, its clock on the morning after the busiest day."""
    served_contract.control.reset()
    served_contract.control.set_clock(BUSY_NOW)
    yield served_contract


@pytest.fixture
def bench(sandbox: Running, tmp_path: Path) -> Callable[..., Bench]:
    """Makes the bench of a stream: (platform, stream, account id, variant of the tokens, the world's clock)."""
    made = 0

    def make(
        platform: str,
        stream: str,
        account_id: str | None = None,
        variant: str = "valid",
        now: datetime = BUSY_NOW,
    ) -> Bench:
        nonlocal made
        made += 1
        sandbox.control.set_clock(now)
        account_id = account_id or ACCOUNTS[platform][0]
        given = connection(sandbox.base_url, account_id, variant)
        facts = SPOKEN[platform]
        return Bench(
            sandbox,
            facts,
            facts.stream(stream),
            account_of(facts, account_id, given),
            Credentials(given["host"], given["login"], given["password"], given["extra"]),
            tmp_path / str(made),
        )

    return make
