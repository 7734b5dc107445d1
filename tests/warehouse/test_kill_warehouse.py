"""kill -9 while loading and publishing, at random lines and at random moments; then the same command again.

DAYBOOK_KILLS=200 tries more seeds than the default few. A failure names its seed in the test's id.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
from killed import ROOT
from marts_helpers import build_marts
from warehouse_helpers import ACCOUNTS, PLATFORMS, at, land, line, report_line, rows, window

from extractors.landing import Landing
from warehouse.load import load_pending
from warehouse.publish import publish, releases

SEEDS = range(int(os.environ.get("DAYBOOK_KILLS", "3")))
MOMENTS = range(max(2, len(SEEDS) // 3))
CHILD = Path(__file__).with_name("killed.py")

RAW = (
    "select account_id, record_key, cursor_at, payload::varchar, read_at from raw_shop.orders order by all",
    "select * exclude (load_id, loaded_at) from raw_ads.report order by all",
    "select * exclude (load_id, loaded_at) from raw_daybook.ledger order by all",
    "select * exclude (load_id) from raw_daybook.report_reads order by all",
    "select * from raw_daybook.stream_status order by all",
)


def content(warehouse: Path) -> list:
    return [rows(warehouse, sql) for sql in RAW]


def child(die_at: int, command: str, first: Path, second: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(CHILD), str(die_at), command, str(first), str(second)],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def lines_of(command: str, first: Path, second: Path) -> int:
    out, _ = child(0, command, first, second).communicate()
    return int(out.split()[1])


@pytest.fixture(scope="module")
def night(tmp_path_factory) -> tuple[Path, list, int]:
    """A landing with three loads' worth of partitions, what raw says after it, and the lines that loading takes."""
    home = tmp_path_factory.mktemp("night")
    landing = Landing(home / "landing")
    chance = random.Random(1)
    for read in range(4):
        lines = [line(f"o{n}", at(n % 20), {"v": chance.randrange(3)}) for n in range(300)]
        land(landing, lines, span=window(0), read_at=at(26 + read))
        land(landing, lines[:50], account="shop__two", span=window(1), read_at=at(50 + read))
        spends = [report_line(f"2026-11-20|{n}", "2026-11-20", {"spend": chance.random()}) for n in range(20)]
        land(
            landing, spends, account="ads__one", stream="report", dates=["2026-11-20", "2026-11-21"],
            read_at=at(26 + read),
        )  # fmt: skip
    shutil.copytree(home / "landing", home / "copy")
    total = lines_of("load", home / "copy", home / "build" / "warehouse.duckdb")
    return home / "landing", content(home / "build" / "warehouse.duckdb"), total


def finish_load(home: Path, expected: list) -> None:
    landing = Landing(home / "landing")
    load_pending(landing, home / "build" / "warehouse.duckdb", PLATFORMS, ACCOUNTS)
    assert landing.pending() == []
    assert content(home / "build" / "warehouse.duckdb") == expected
    assert len(expected[0]) > 300 and len(expected[2]) == 12


@pytest.mark.parametrize("seed", SEEDS)
def test_a_load_killed_at_any_line_and_run_again_gives_the_same_raw(night, tmp_path, seed):
    source, expected, total = night
    shutil.copytree(source, tmp_path / "landing")
    chance = random.Random(seed)
    for _ in range(2):
        victim = child(
            chance.randrange(1, total), "load", tmp_path / "landing", tmp_path / "build" / "warehouse.duckdb"
        )
        victim.communicate()
        assert victim.returncode in (-9, 0)  # 0: the second try had less left to do
    finish_load(tmp_path, expected)


@pytest.mark.parametrize("seed", MOMENTS)
def test_a_load_killed_at_any_moment_and_run_again_gives_the_same_raw(night, tmp_path, seed):
    source, expected, _ = night
    shutil.copytree(source, tmp_path / "landing")
    victim = child(0, "load", tmp_path / "landing", tmp_path / "build" / "warehouse.duckdb")
    victim.stdout.readline()
    time.sleep(random.Random(seed).random() * 0.3)
    victim.kill()
    victim.communicate()
    finish_load(tmp_path, expected)


def whole(published: Path) -> int:
    """The version that readers see; every table of it must be of that version, and the Parquet files, too."""
    con = duckdb.connect(str(published / "current" / "daybook.duckdb"), read_only=True)
    try:
        found = con.execute("""
            select version from marts.dim_store union select version from marts.fct_sales
            union select version from marts.store_daily union select version from marts.store_monthly
        """).fetchall()
        parquet = con.execute(f"select distinct version from '{published}/current/parquet/fct_sales.parquet'")
        assert found == parquet.fetchall() and len(found) == 1
        return int(found[0][0])
    finally:
        con.close()


@pytest.fixture(scope="module")
def shelf(tmp_path_factory) -> tuple[Path, int]:
    """A home with two releases out and a third version built, and the lines that publishing it takes."""
    home = tmp_path_factory.mktemp("shelf")
    for version in (1, 2):
        build_marts(home / "build", version=version)
        publish(home / "build", home / "published")
    # One closed month was restated, so that the log has something to lose or to double.
    build_marts(home / "build", version=3, amount=101)
    shutil.copytree(home, home.with_name("counted"), symlinks=True)
    counted = home.with_name("counted")
    return home, lines_of("publish", counted / "build", counted / "published")


LOG = "select mart, key, period_start, metric, first_reported, previous, current from marts.restatement_log order by all"


def finish_publish(home: Path) -> None:
    assert whole(home / "published") in (2, 3)
    release = publish(home / "build", home / "published", keep=2)
    assert whole(home / "published") == 3
    names = [release.id for release in releases(home / "published")]
    assert len(names) == 2 and names[0] == release.id
    assert sorted(path.name for path in (home / "published" / "releases").iterdir()) == sorted(names)
    assert {path.name for path in (home / "published").iterdir()} == {"current", "releases", "writer.lock"}
    log = rows(home / "published" / "current" / "daybook.duckdb", LOG)
    assert len(log) == len(set(log)) == 61 * 2 + 8 * 2 + 2 * 2  # days, whole weeks and months of two stores
    assert {(row[4], row[5]) for row in log if row[0] == "store_daily"} == {(100, 100)}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_publish_killed_at_any_line_leaves_a_whole_release_and_the_next_one_cleans_up(
    shelf, tmp_path, seed
):
    source, total = shelf
    home = tmp_path / "home"
    shutil.copytree(source, home, symlinks=True)
    victim = child(random.Random(seed).randrange(1, total), "publish", home / "build", home / "published")
    victim.communicate()
    assert victim.returncode == -9
    finish_publish(home)


@pytest.mark.parametrize("seed", MOMENTS)
def test_a_publish_killed_at_any_moment_leaves_a_whole_release(shelf, tmp_path, seed):
    source, _ = shelf
    home = tmp_path / "home"
    shutil.copytree(source, home, symlinks=True)
    victim = child(0, "publish", home / "build", home / "published")
    victim.stdout.readline()
    time.sleep(random.Random(seed).random() * 0.2)
    victim.kill()
    victim.communicate()
    finish_publish(home)
