"""Airflow in a folder of its own: its paths are fixed when it is first imported, so they are set here."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest

_HOME = Path(tempfile.mkdtemp(prefix="daybook-dags-"))
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)
ROOT = Path(__file__).resolve().parents[2]

os.environ["AIRFLOW_HOME"] = str(_HOME)
os.environ["AIRFLOW_CONFIG"] = str(ROOT / "airflow.cfg")
os.environ["PROJECT_ROOT"] = str(ROOT)
os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = f"sqlite:///{_HOME}/airflow.db"


@pytest.fixture(scope="session")
def bag():  # type: ignore[no-untyped-def]
    """The DAGs of accounts.yml as it ships, read as Airflow reads them; needs no database."""
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(str(ROOT / "dags"))
