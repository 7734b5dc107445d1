"""One world, one dbt build of everything after staging, and the same figures computed without dbt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt_runs import PROJECT, dbt
from expected import Books, Rates
from world import World, make_world

_reading: dict[Path, duckdb.DuckDBPyConnection] = {}


@dataclass
class Warehouse:
    """A built warehouse: rows of daybook.marts by SQL, and what became of each node of the dbt run."""

    build_dir: Path
    target_dir: Path
    output: str
    statuses: dict[str, str]

    def rows(self, sql: str) -> list[dict[str, Any]]:
        # To open so many tables takes longer than most of what they are asked.
        if self.build_dir not in _reading:
            con = duckdb.connect(str(self.build_dir / "daybook.duckdb"), read_only=True)
            _reading[self.build_dir] = con.execute("set TimeZone = 'UTC'")
        cursor = _reading[self.build_dir].execute(sql)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def run_dbt(build_dir: Path, target_dir: Path, *args: str) -> Warehouse:
    """Run dbt on the project with its own databases and target folder."""
    if build_dir in _reading:
        _reading.pop(build_dir).close()  # two processes cannot have a file open when one of them writes
    ran = dbt(build_dir, target_dir, *args)
    return Warehouse(build_dir, target_dir, ran.output, ran.statuses)


@pytest.fixture(scope="session")
def world() -> World:
    return make_world()


@pytest.fixture(scope="session")
def books(world: World) -> Books:
    return Books(world, Rates(PROJECT / "seeds" / "fx_rates.csv"))


@pytest.fixture(scope="session")
def built(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """The world's marts: seeds, intermediate, marts and all their tests, unit tests included."""
    folder = tmp_path_factory.mktemp("marts")
    world.write(folder / "build")
    yield run_dbt(
        folder / "build",
        folder / "target",
        "build",
        "--write-json",  # tests read the manifest
        "--select",
        "path:seeds",
        "path:models/intermediate",
        "path:models/marts",
        "path:tests",
    )
