"""One sandbox with its clock stopped, an account of every platform, and a Daybook built from two of them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from contract_bench import ACCOUNTS, SPOKEN, TESTED, account_of, connection

from extractors.accounts import Account
from extractors.sandbox import Running, running
from prove.home import Home, accounts_text

BUILT = ("woocommerce__lantern", "ocean_engine__lantern")


@dataclass
class World:
    """The sandbox, its clock stopped, and the accounts that stand for all platforms."""

    box: Running
    folder: Path
    accounts: dict[str, Account]

    def home(self, name: str, account_ids: list[str] | tuple[str, ...], variant: str = "valid") -> Home:
        chosen = [self.accounts[one] for one in account_ids]
        given = {one: connection(self.box.base_url, one, variant) for one in account_ids}
        return Home(self.folder / name, accounts_text(chosen), given)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running(now=datetime.now(UTC).replace(microsecond=0)) as box:
        accounts = {}
        for platform in TESTED:
            one = ACCOUNTS[platform][0]
            accounts[one] = account_of(SPOKEN[platform], one, connection(box.base_url, one))
        yield World(box, tmp_path_factory.mktemp("kills"), accounts)


@pytest.fixture(scope="session")
def warm(world: World) -> tuple[Home, Home, float]:
    """A shop and an advertiser: loaded and not built; the same, built; and how long a build takes.

    The first state keeps what dbt remembers of its project: a build then spends its time building.
    """
    home = world.home("loaded", BUILT)
    home.good("extract")
    home.good("load")
    built = home.twin(world.folder / "built")
    began = time.monotonic()
    built.good("build")
    seconds = time.monotonic() - began
    (home.data / "build" / "dbt").mkdir()
    for path in (built.data / "build" / "dbt").glob("*.msgpack"):
        (home.data / "build" / "dbt" / path.name).write_bytes(path.read_bytes())
    return home, built, seconds * 0.7  # the first build also read the project
