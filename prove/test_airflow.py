"""Airflow for real: its scheduler killed, triggers that overlap, backfills in any order, a platform down for three nights.

The sandbox's clock stands still, so that every way through the same days has to end in the same marts.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import requests
from contract_bench import connection

from daybook.clock import last_closed_day
from extractors.sandbox.control import Fault
from prove.conftest import Notebook
from prove.home import Home, accounts_text, words_of
from prove.record import ROOT
from prove.world import World

EXPERIMENT = "Airflow for real"
ACCOUNTS = ("taobao__lantern", "woocommerce__lantern", "ocean_engine__lantern")
HISTORY = 6  # days: all that the experiments read again lies within
PATIENCE = 1800.0  # seconds for one night on a busy machine; a minute on a quiet one
FOREVER = 10**9
# It tells of the runs themselves: which published number changed, and when.
OF_RUNS = ("marts.restatement_log",)
# How far a period that goes on is read: the moment of the reading, which no two runs share.
UNTIL = {"data_through_at"}


def home_of(world: World, day: date) -> Home:
    """A fresh home on the stage, whose history begins on one day whatever night comes first."""
    chosen = [world.accounts[one] for one in ACCOUNTS]
    given = {one: connection(world.box.base_url, one) for one in ACCOUNTS}
    home = Home(world.clear_stage(), accounts_text(chosen, day - timedelta(days=HISTORY)), given)
    world.remind(home)
    return home


def marts(home: Home) -> dict[str, tuple[int, int]]:
    return {name: found for name, found in home.published(UNTIL).items() if name not in OF_RUNS}


def differing(found: dict[str, tuple[int, int]], expected: dict[str, tuple[int, int]]) -> list[str]:
    """The tables that are not what they should be."""
    return sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))


def night(home: Home, day: date, *, good: bool = True) -> str:
    code, said = home.run("night", "--day", day.isoformat())
    assert (code == 0) == good, said[-4000:]
    assert "Traceback" not in said, said[-4000:]
    home.wait_for_quiet(60)
    return said


@pytest.fixture(scope="module")
def day() -> date:
    return last_closed_day(datetime.now(UTC), "Asia/Shanghai")


@pytest.fixture(scope="module")
def expected(world: World, day: date) -> dict[str, tuple[int, int]]:
    """What one undisturbed night ends in."""
    home = home_of(world, day)
    night(home, day)
    world.remember(home)
    found = marts(home)
    assert found["marts.fct_orders"][0] > 50 and found["marts.fct_ads"][0] > 0
    return found


def when(true: Callable[[], object], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert process.poll() is None, "it ended before that"
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.05)


def pids_of(home: Home, word: str) -> list[int]:
    lines = {pid: words_of(pid) for pid in home.processes()}
    return [pid for pid, line in lines.items() if f" {word}" in line and "airflow" in line]


@pytest.mark.parametrize("moment", ["reading", "building"])
def test_a_night_whose_scheduler_was_killed_is_red_and_the_next_one_mends_it(
    world: World, day: date, expected: dict[str, tuple[int, int]], moment: str, notebook: Notebook
) -> None:
    home = home_of(world, day)
    process = home.start("night", "--day", day.isoformat())
    sign = {"reading": "landing/*/*/*/*/*/manifest.json", "building": "build/build_state.json"}[moment]
    when(lambda: any(home.data.glob(sign)), process)
    victims = pids_of(home, "scheduler")
    assert victims, "no scheduler to kill"
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode != 0 and "→" in said, said[-3000:]
    home.wait_for_quiet(60)
    assert home.held_locks() == []
    night(home, day)
    assert differing(marts(home), expected) == []
    notebook.add("schedulers killed mid-run")


def test_three_nights_without_a_platform_and_its_return_end_the_same(
    world: World, day: date, expected: dict[str, tuple[int, int]], notebook: Notebook
) -> None:
    home = home_of(world, day)
    world.box.control.faults.append(Fault("http_503", "taobao", times=FOREVER))
    try:
        for back in (2, 1, 0):
            said = night(home, day - timedelta(days=back), good=False)
            failed = [line for line in said.splitlines() if line.lstrip().startswith("✗")]
            assert any("taobao__lantern" in line for line in failed), said[-3000:]
            assert not any("woocommerce" in line or "ocean_engine" in line for line in failed), failed
    finally:
        world.box.control.faults.clear()
    night(home, day)
    assert differing(marts(home), expected) == []
    notebook.say("nights a platform was down", 3)


@contextmanager
def up(home: Home) -> Iterator[str]:
    """`daybook up` while the block runs; gives its address."""
    log = home.root / "up.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "daybook", "up", "--no-sandbox"], cwd=ROOT, env=home.env, stdout=out, stderr=out
        )  # fmt: skip
    try:
        deadline = time.monotonic() + PATIENCE
        while "Ctrl-C stops" not in log.read_text():
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()[-3000:]
            time.sleep(0.2)
        (url,) = {word for word in log.read_text().split() if word.startswith("http://127.0.0.1:")}
        yield url
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=120)
        home.wait_for_quiet(60)


def listening(home: Home) -> list[str]:
    """The addresses (hexadecimal, as the kernel writes them) that processes of this home listen on."""
    sockets = set()
    for pid in home.processes():
        for handle in Path(f"/proc/{pid}/fd").glob("*"):
            try:
                sockets.add(str(handle.readlink()))
            except OSError:
                continue
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            parts = line.split()
            if parts[3] == "0A" and f"socket:[{parts[9]}]" in sockets:
                found.append(parts[1].rsplit(":", 1)[0])
    return found


LOOPBACK = {"0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"}
PAGES = (
    "/", "/api/v2/dags", "/api/v2/dags/~/dagRuns", "/api/v2/dags/~/dagRuns/~/taskInstances", "/api/v2/connections",
    "/api/v2/variables", "/api/v2/config", "/api/v2/eventLogs", "/api/v2/assets/events", "/api/v2/importErrors",
    "/api/v2/plugins", "/api/v2/monitor/health", "/api/v2/version",
)  # fmt: skip


def test_overlapping_triggers_and_backfills_in_any_order_end_the_same_and_the_ui_keeps_its_secrets(
    world: World, day: date, expected: dict[str, tuple[int, int]], notebook: Notebook
) -> None:
    home = home_of(world, day)
    with up(home) as url:
        both = [home.start("night", "--day", day.isoformat()), home.start("night", "--day", day.isoformat())]
        for one in both:
            said, _ = one.communicate(timeout=PATIENCE)
            assert one.returncode == 0, said[-4000:]
        assert differing(marts(home), expected) == []
        days = [(1, 1), (3, 2), (1, 1), (0, 0)]
        for first, last in days:
            span = [(day - timedelta(days=back)).isoformat() for back in (first, last)]
            home.good("backfill", *span)
        assert differing(marts(home), expected) == []
        notebook.say("nights triggered at once", 2)
        notebook.say("backfills out of order and repeated", len(days))
        secrets = [
            v for given in home.connections.values() for v in (given["password"], *given["extra"].values())
        ]
        pages = _ui(home, url, [str(value) for value in secrets if len(str(value)) > 9])
        notebook.say("pages and logs of the UI searched for secrets", pages)
        assert set(listening(home)) <= LOOPBACK and listening(home)


def _ui(home: Home, url: str, secrets: list[str]) -> int:
    """How many pages were read as the logged-in user; none may hold a secret, none may open without the login."""
    kept = home.root / "airflow" / "passwords.json"
    assert kept.stat().st_mode & 0o077 == 0
    password = json.loads(kept.read_text())["admin"]
    for guess in ("admin", "password", "airflow", ""):
        told = requests.post(f"{url}/auth/token", json={"username": "admin", "password": guess}, timeout=60)
        assert told.status_code >= 400, f"admin may log in with {guess!r}"
    for page in PAGES[1:-2]:
        assert requests.get(f"{url}{page}", timeout=60).status_code in (401, 403), (
            f"{page} opens without a login"
        )
    token = requests.post(f"{url}/auth/token", json={"username": "admin", "password": password}, timeout=60)
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token.json()['access_token']}"
    texts = [session.get(f"{url}{page}", timeout=60).text for page in PAGES]
    tasks = session.get(
        f"{url}/api/v2/dags/~/dagRuns/~/taskInstances", params={"limit": 100}, timeout=60
    ).json()
    for task in tasks["task_instances"]:
        place = (
            f"{url}/api/v2/dags/{task['dag_id']}/dagRuns/{task['dag_run_id']}/taskInstances/{task['task_id']}"
        )
        index = {"map_index": task["map_index"]}
        texts.append(session.get(f"{place}/logs/{max(1, task['try_number'])}", params=index, timeout=60).text)
        if task["map_index"] < 0:
            texts.append(session.get(f"{place}/xcomEntries", timeout=60).text)
    texts += [path.read_text(errors="replace") for path in (home.root / "airflow" / "logs").rglob("*.log")]
    for text in texts:
        for secret in (*secrets, password):
            assert secret not in text, f"a page holds {secret[:6]}…: {text[:200]}"
    return len(texts)
