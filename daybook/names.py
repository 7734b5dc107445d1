"""What DAGs and pools are called, for those that do not want to import Airflow."""

from __future__ import annotations

WRITER_POOL = "warehouse_writer"
"""One slot: DuckDB has one writer (design §1)."""

TRANSFORM_DAG = "transform_marts"
BREAKFAST_DAG = "breakfast"
BREAKFAST_ASSET = "breakfast"

ONE_NIGHT = "DAYBOOK_ONE_NIGHT"
"""Set in the environment of an Airflow that lives for one night: nobody waits for breakfast there."""


def ingest_dag(platform: str) -> str:
    """The DAG that reads a platform."""
    return f"ingest_{platform}"


def platform_pool(platform: str) -> str:
    """The pool that bounds how many accounts of one platform are read at once."""
    return f"extract_{platform}"
