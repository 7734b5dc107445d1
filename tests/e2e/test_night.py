"""One night through a real Airflow, with one shop whose authorisation was revoked; then that day again, mended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import dbt_runs
import duckdb
import pytest

from extractors.sandbox import running
from extractors.sandbox.credentials import connections

ACCOUNTS = """
accounts:
  - {id: taobao__lantern, name: Lantern, store: lantern_tmall, time_zone: Asia/Shanghai, currency: CNY, history_days: 2}
  - {id: taobao__plum, name: Plum, store: plum_taobao, time_zone: Asia/Shanghai, currency: CNY, history_days: 2}
  - id: ocean_engine__lantern
    name: Lantern ads
    store: lantern_web
    time_zone: Asia/Shanghai
    currency: CNY
    history_days: 2
    options: {advertiser_id: "1760000000000000123"}
"""


class Place:
    """A Daybook in folders of its own."""

    def __init__(self, root: Path, project: Path) -> None:
        self.root = root
        self.project = project
        (root / "accounts.yml").write_text(ACCOUNTS)
        clean = {
            name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "DAYBOOK"))
        }
        self.env = {
            **clean,
            "DAYBOOK_DATA": str(root / "data"),
            "DAYBOOK_ACCOUNTS": str(root / "accounts.yml"),
            "DAYBOOK_AIRFLOW_HOME": str(root / "airflow"),
        }
        self.env.pop("PROJECT_ROOT", None)

    def run(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "daybook", *words],
            cwd=self.project,
            env={**self.env, **more},
            capture_output=True,
            text=True,
            timeout=800,
            check=False,
        )

    def marts(self, sql: str) -> list[tuple[object, ...]]:
        con = duckdb.connect(str(self.root / "data/published/current/daybook.duckdb"), read_only=True)
        try:
            return con.execute(sql).fetchall()
        finally:
            con.close()

    def leftovers(self) -> list[str]:
        """Processes whose environment names this place."""
        mark = f"DAYBOOK_AIRFLOW_HOME={self.root / 'airflow'}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdecimal() and mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue
        return found


@pytest.fixture(scope="module")
def place(tmp_path_factory, project_root) -> Place:  # type: ignore[no-untyped-def]
    place = Place(tmp_path_factory.mktemp("night"), project_root)
    dbt_runs.remind(place.root / "data" / "build" / "dbt")
    return place


@pytest.fixture(scope="module")
def first_night(place):  # type: ignore[no-untyped-def]
    """A night in which one of two Taobao shops has a revoked token."""
    with running() as sandbox:
        revoked = json.dumps(connections(sandbox.base_url, "revoked")["taobao__plum"])
        return place.run("night", AIRFLOW_CONN_TAOBAO__PLUM=revoked)


@pytest.fixture(scope="module")
def mended(place, first_night):  # type: ignore[no-untyped-def]
    """The last whole day again, with a good token."""
    from datetime import UTC, datetime

    from daybook.clock import last_closed_day

    day = last_closed_day(datetime.now(UTC), "Asia/Shanghai").isoformat()
    return place.run("backfill", day, day, "--platform", "taobao")


def test_the_night_is_red_and_names_the_account_and_what_to_do(first_night):
    assert first_night.returncode == 1, first_night.stdout + first_night.stderr
    assert "taobao__plum" in first_night.stderr
    assert "→ authorise the shop again" in first_night.stderr
    assert "taobao__lantern" not in first_night.stderr
    assert "Traceback" not in first_night.stdout + first_night.stderr


def test_the_refused_account_is_tried_once_and_the_others_are_read_and_loaded(first_night):
    lines = first_night.stdout.splitlines()
    assert not [line for line in lines if "will try again" in line]
    for done in (
        "extract taobao__lantern",
        "extract ocean_engine__lantern",
        "taobao: load",
        "ocean_engine: ready",
    ):
        assert [line for line in lines if "✓" in line and done in line], done
    assert [line for line in lines if "✗" in line and "taobao: ready: failed" in line]


def test_the_others_are_published_beside_the_shop_that_failed(first_night, place):
    stores = {
        row[0] for row in place.marts("select distinct store_id from marts.store_daily where orders_paid > 0")
    }
    assert "lantern_tmall" in stores
    assert "plum_taobao" not in stores


def test_nothing_is_left_running_after_a_night(first_night, place):
    deadline = time.monotonic() + 10
    while place.leftovers() and time.monotonic() < deadline:
        time.sleep(0.2)
    assert place.leftovers() == []


def test_the_logs_hold_no_secret(first_night, place):
    secrets = json.loads((place.root / "airflow/passwords.json").read_text()).values()
    token = connections("http://127.0.0.1:1", "revoked")["taobao__plum"]["extra"]["access_token"]
    logs = [path for path in (place.root / "airflow/logs").rglob("*.log")]
    assert len(logs) > 8
    text = (
        "".join(path.read_text(errors="replace") for path in logs) + first_night.stdout + first_night.stderr
    )
    for secret in (*secrets, token):
        assert str(secret) not in text


@pytest.mark.thorough
def test_the_day_read_again_brings_the_missing_shop(mended, place):
    assert mended.returncode == 0, mended.stdout + mended.stderr
    stores = {
        row[0] for row in place.marts("select distinct store_id from marts.store_daily where orders_paid > 0")
    }
    assert {"lantern_tmall", "plum_taobao"} <= stores


@pytest.mark.thorough
def test_a_backfill_reads_the_asked_day_of_the_asked_platform_once(mended):
    ready = [line for line in mended.stdout.splitlines() if ": ready" in line]
    assert len(ready) == 1, mended.stdout
    assert "taobao" in ready[0]
    assert "ocean_engine" not in mended.stdout


def test_the_repository_is_left_clean(first_night, project_root):
    answer = subprocess.run(
        ["git", "status", "--porcelain", "--untracked-files=all", "--ignored=no"],
        cwd=project_root,
        capture_output=True,
        text=True,
        check=True,
    )
    generated = [
        line
        for line in answer.stdout.splitlines()
        if any(part in line for part in ("logs/", "target/", ".airflow"))
    ]
    assert generated == []
