"""One sandbox with its clock stopped, an account of every platform, and a Daybook built from two of them.

Homes that build stand on one stage, one after the other, for the room they take, and bring along what dbt has parsed.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from contract_bench import ACCOUNTS, SPOKEN, TESTED, account_of, connection

from extractors.accounts import Account
from extractors.sandbox import Running, running
from prove.home import Home, accounts_text

# The last day that is over in every zone: yesterday of UTC still runs in New York while it is night in London.
YESTERDAY = datetime.now(timezone(-timedelta(hours=12))).date() - timedelta(days=1)
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
        return Home(self.folder / name, accounts_text(chosen, YESTERDAY), given)

    @property
    def stage(self) -> Path:
        """Where homes stand that build."""
        return self.folder / "stage" / "home"

    def clear_stage(self) -> Path:
        """The stage, empty."""
        shutil.rmtree(self.stage, ignore_errors=True)
        return self.stage

    def remember(self, home: Home) -> None:
        """Keep what dbt knows of its project after a build on the stage."""
        self._remembered.mkdir(exist_ok=True)
        for path in (home.data / "build" / "dbt").glob("*.msgpack"):
            shutil.copy(path, self._remembered)

    def remind(self, home: Home) -> None:
        """Give a home what dbt knows already."""
        if self._remembered.exists():
            shutil.copytree(self._remembered, home.data / "build" / "dbt", dirs_exist_ok=True)

    @property
    def _remembered(self) -> Path:
        return self.folder / "dbt"


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    # Reads end some minutes behind now: of a world standing still at this moment the first would bring less.
    with running(now=datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=15)) as box:
        accounts = {}
        for platform in TESTED:
            one = ACCOUNTS[platform][0]
            accounts[one] = account_of(SPOKEN[platform], one, connection(box.base_url, one))
        yield World(box, tmp_path_factory.mktemp("kills"), accounts)


@pytest.fixture(scope="session")
def warm(world: World) -> tuple[Home, Home]:
    """A shop and an advertiser: loaded and not built; the same, built. dbt knows its project in both."""
    loaded = world.home("loaded", BUILT)
    loaded.good("extract")
    loaded.good("load")
    staged = loaded.twin(world.clear_stage())
    staged.good("build")
    world.remember(staged)
    world.remind(loaded)
    return loaded, staged.twin(world.folder / "built")
