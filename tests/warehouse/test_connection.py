from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
from killed import ROOT
from warehouse_helpers import ACCOUNTS, PLATFORMS, at, land, line, rows

from warehouse.connection import Resources, attached, connect, in_memory
from warehouse.errors import LockedError, StorageError, WarehouseError
from warehouse.load import load_pending
from warehouse.lock import writer_lock

HOLD = "import duckdb, time; c = duckdb.connect({path!r}); print('open', flush=True); time.sleep({seconds})"


def holder(path: Path, seconds: float) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD.format(path=str(path), seconds=seconds)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "open\n"
    return process


def test_instants_are_shown_in_utc_whatever_the_machines_zone(tmp_path, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    try:
        for con in (connect(tmp_path / "a.duckdb"), in_memory()):
            assert con.execute("select timestamptz '2026-11-20 16:00:00+00'::varchar").fetchone() == (
                "2026-11-20 16:00:00+00",
            )
            con.close()
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()


def test_memory_and_threads_are_what_was_asked_for(tmp_path):
    con = connect(tmp_path / "a.duckdb", resources=Resources("512MiB", 1))
    assert con.execute("select current_setting('memory_limit'), current_setting('threads')").fetchone() == (
        "512.0 MiB",
        1,
    )
    con.close()


def test_a_file_that_is_open_elsewhere_is_named_with_the_process_that_has_it(tmp_path):
    process = holder(tmp_path / "a.duckdb", 30)
    with pytest.raises(LockedError) as caught:
        connect(tmp_path / "a.duckdb", wait=0.2)
    process.kill()
    process.communicate()
    assert caught.value.pid == process.pid and f"process {process.pid}" in str(caught.value)


def test_a_file_that_is_soon_free_is_waited_for(tmp_path):
    process = holder(tmp_path / "a.duckdb", 0.5)
    connect(tmp_path / "a.duckdb", wait=10).close()
    process.communicate()


def test_a_file_that_is_no_database_is_called_that(tmp_path):
    (tmp_path / "a.duckdb").write_text("order,amount\n1,2\n" * 1000)
    with pytest.raises(WarehouseError, match="is not a DuckDB database"):
        connect(tmp_path / "a.duckdb")


def test_a_damaged_database_is_called_that(tmp_path):
    duckdb.connect(str(tmp_path / "a.duckdb")).close()
    data = bytearray((tmp_path / "a.duckdb").read_bytes())
    data[4096:12288] = os.urandom(8192)
    (tmp_path / "a.duckdb").write_bytes(data)
    with pytest.raises(WarehouseError, match=r"is damaged.*landing keeps"):
        connect(tmp_path / "a.duckdb")


def test_a_database_of_a_newer_duckdb_is_told_apart():
    from warehouse.connection import explain

    text = (
        "Serialization Error: Failed to deserialize: Trying to read a database file with version number 99, but we "
        "can only read versions between 64 and 67."
    )
    assert "written by a newer DuckDB" in str(explain(duckdb.Error(text), "a.duckdb"))


def test_reading_what_is_not_there_makes_no_file(tmp_path):
    with pytest.raises(WarehouseError, match="does not exist"):
        connect(tmp_path / "a.duckdb", read_only=True)
    with pytest.raises(WarehouseError, match="does not exist"), attached({"a": tmp_path / "a.duckdb"}):
        pytest.fail("attached a file that is not there")
    assert list(tmp_path.iterdir()) == []


def test_attached_files_cannot_be_written(tmp_path):
    connect(tmp_path / "a.duckdb").close()
    with attached({"a": tmp_path / "a.duckdb"}) as con, pytest.raises(duckdb.Error, match="read-only"):
        con.execute("create table a.t (i int)")


def test_the_writers_lock_ends_with_its_holder(tmp_path):
    code = (
        "import sys, time; from warehouse.lock import writer_lock\n"
        "with writer_lock(sys.argv[1], 'daybook load'): print('held', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    with pytest.raises(LockedError) as caught, writer_lock(tmp_path, "daybook publish"):
        pytest.fail("two writers at once")
    assert f"process {process.pid} (daybook load since" in str(caught.value)
    assert caught.value.pid == process.pid
    process.kill()
    process.communicate()
    with writer_lock(tmp_path, "daybook publish", wait=5):
        assert "daybook publish" in (tmp_path / "writer.lock").read_text()


LIMITED = """
import resource, sys
from extractors.landing import Landing
from warehouse.errors import StorageError
from warehouse.load import load_pending
from killed import ROOT
from warehouse_helpers import ACCOUNTS, PLATFORMS
limit = int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    load_pending(Landing(sys.argv[1]), sys.argv[2], PLATFORMS, ACCOUNTS)
except StorageError as error:
    print(type(error).__name__, error)
"""


def test_a_disk_that_fills_up_while_loading_stops_the_load_and_loses_nothing(tmp_path, landing, warehouse):
    """A file size limit is a disk that is full at a chosen byte."""
    import random

    chance = random.Random(5)
    lines = [line(str(n), at(1), {"v": chance.randbytes(600).hex()}) for n in range(6000)]
    manifest = land(landing, lines)
    load_pending(landing, warehouse, PLATFORMS, ACCOUNTS, platform="ads")  # the tables are there
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path / "landing"), str(warehouse), str(4 * 2**20)],
        capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), str(ROOT)])},
    )  # fmt: skip
    assert done.stdout.startswith(StorageError.__name__) and "make room" in done.stdout, (
        done.stdout + done.stderr
    )
    assert [one.id for one in landing.pending()] == [manifest.id]
    (part,) = load_pending(landing, warehouse, PLATFORMS, ACCOUNTS)
    assert part.rows_new == 6000
    assert rows(warehouse, "select count(*) from raw_shop.orders") == [(6000,)]
