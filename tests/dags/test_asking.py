"""What is asked of an Airflow is made in its own database: runs of the day that was asked for, and pools."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from daybook import clock
from daybook.engine import ask, edited, service
from daybook.progress import Progress
from daybook.settings import Settings

ZONE = "Asia/Shanghai"
PLATFORM = "taobao"


@pytest.fixture(scope="module")
def database() -> Path:
    """Airflow's database in the tests' home, with the DAGs of accounts.yml in it."""
    for words in (("db", "migrate"), ("dags", "reserialize")):
        subprocess.run([sys.executable, "-m", "airflow", *words], check=True, capture_output=True)
    return Path(os.environ["AIRFLOW_HOME"]) / "airflow.db"


@pytest.mark.parametrize("back", [1, pytest.param(2, marks=pytest.mark.thorough), 9])
def test_a_night_of_an_earlier_day_reads_that_day(database: Path, back: int) -> None:
    day = clock.last_closed_day(datetime.now(UTC), ZONE) - timedelta(days=back)
    subprocess.run(
        [sys.executable, "-m", "daybook.engine.ask", "night", day.isoformat(), PLATFORM],
        check=True,
        capture_output=True,
    )
    with sqlite3.connect(database) as con:
        rows = con.execute(
            "select data_interval_start from dag_run where dag_id = 'ingest_taobao' and run_type = 'manual'"
            " order by id"
        ).fetchall()
    begins = datetime.fromisoformat(rows[-1][0]).replace(tzinfo=UTC)
    assert clock.business_day(begins, ZONE) == day


def test_a_night_that_is_asked_for_twice_at_once_is_one_run(database: Path) -> None:
    """Both saw none under way, and the second was told that the database might be out of reach: Airflow cuts a run's
    moment to the second, and takes each once."""
    day = clock.last_closed_day(datetime.now(UTC), ZONE) - timedelta(days=20)
    words = [sys.executable, "-m", "daybook.engine.ask", "night", day.isoformat(), PLATFORM]
    both = [subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for _ in range(2)]
    said = [one.communicate()[0].decode() for one in both]
    assert [one.returncode for one in both] == [0, 0], said
    with sqlite3.connect(database) as con:
        begins = con.execute("select data_interval_start from dag_run where run_type = 'manual'").fetchall()
    days = [clock.business_day(datetime.fromisoformat(one).replace(tzinfo=UTC), ZONE) for (one,) in begins]
    assert days.count(day) == 1


@pytest.mark.parametrize(
    "state", ["is_paused = 1", "next_dagrun_data_interval_start = :begins, next_dagrun_create_after = :due"]
)
def test_a_paused_platform_or_one_whose_run_is_due_gets_none_and_a_pool_keeps_its_size(
    database: Path, state: str
) -> None:
    day = clock.last_closed_day(datetime.now(UTC), ZONE) - timedelta(days=30)
    begins, due = (f"{one:%F %T.%f}" for one in clock.interval_of(day, ZONE))
    columns = "is_paused, next_dagrun_data_interval_start, next_dagrun_create_after"
    settings = Settings.from_environment()
    ask.ask(settings, [])
    with sqlite3.connect(database) as con:
        con.execute("update slot_pool set slots = 7 where pool = 'extract_taobao'")
        before = con.execute(f"select {columns} from dag where dag_id = 'ingest_taobao'").fetchone()
        con.execute(
            f"update dag set {state} where dag_id = 'ingest_taobao'",
            {"begins": begins, "due": due},
        )
    ask.ask(settings, ["night", day.isoformat(), PLATFORM])
    with sqlite3.connect(database) as con:
        runs = con.execute("select 1 from dag_run where data_interval_start = ?", [begins]).fetchall()
        slots = con.execute("select slots from slot_pool where pool = 'extract_taobao'").fetchall()
        con.execute(f"update dag set ({columns}) = (?, ?, ?) where dag_id = 'ingest_taobao'", before)
    assert (runs, slots) == ([], [(7,)])


ENTRY = "  - {{id: {0}__new, name: New, store: new, time_zone: Asia/Shanghai, currency: CNY}}\n"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What a chat is told."""
    found: list[str] = []

    class Chat(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Chat)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("DAYBOOK_NOTIFY_WEBHOOK", f"http://127.0.0.1:{server.server_port}/hook")
    yield found
    server.shutdown()


def test_an_edited_list_of_accounts_gets_its_pools_or_is_told_with_its_line(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: list[str]
) -> None:
    path = tmp_path / "accounts.yml"
    monkeypatch.setenv("DAYBOOK_ACCOUNTS", str(path))
    monkeypatch.setenv("DAYBOOK_AIRFLOW_HOME", str(database.parent))
    settings, other = Settings.from_environment(), service.Running(os.getpid(), service.UP, "http://h:8080")

    def pools() -> set[str]:
        with sqlite3.connect(database) as con:
            return {name for (name,) in con.execute("select pool from slot_pool")}

    assert "extract_kaola" not in pools()
    path.write_text("accounts:\n" + ENTRY.format("kaola"))
    assert not edited.take(settings, other, Progress(), is_told=True)
    assert {"extract_kaola", "warehouse_writer"} <= pools() and told == []

    path.write_text("accounts:\n" + ENTRY.format("kaola") + ENTRY.format("tabao"))
    assert edited.take(settings, other, Progress(), is_told=False)
    assert edited.take(settings, other, Progress(), is_told=True)
    (text,) = told
    assert "no night runs until accounts.yml is mended" in text and "accounts.yml:3 unknown platform" in text

    path.unlink()
    path.mkdir()  # what cannot be read, and an Airflow that does not answer, end no `daybook up`
    assert edited.take(settings, other, Progress(), is_told=False)
    assert "cannot be read: Is a directory" in told[-1]
    path.rmdir()
    path.write_text("accounts:\n" + ENTRY.format("kaola"))
    monkeypatch.setattr(service, "START_TIMEOUT", 0.01)
    assert not edited.take(settings, other, Progress(), is_told=False)
    assert len(told) == 2


def test_an_edit_is_told_once_when_the_file_has_settled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edited, "SETTLE_SECONDS", 0.2)
    path = tmp_path / "accounts.yml"
    path.write_text("a")
    edit = edited.Edited(path)
    for change in (lambda: path.write_text("ab"), path.unlink):
        assert not edit.has_settled()
        change()
        assert not edit.has_settled()
        time.sleep(0.3)
        assert edit.has_settled()
    assert not edit.has_settled()
