"""Runs that are asked for are of the day that was asked for, in Airflow's own database."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from daybook import clock

ZONE = "Asia/Shanghai"
PLATFORM = "taobao"


@pytest.fixture(scope="module")
def database() -> Path:
    """Airflow's database in the tests' home, with the DAGs of accounts.yml in it."""
    for words in (("db", "migrate"), ("dags", "reserialize")):
        subprocess.run([sys.executable, "-m", "airflow", *words], check=True, capture_output=True)
    return Path(os.environ["AIRFLOW_HOME"]) / "airflow.db"


@pytest.mark.parametrize("back", [1, 2, 9])
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
