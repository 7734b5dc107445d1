"""Names of DAGs, pools and assets, for code that should not import Airflow; and how things are counted."""

from __future__ import annotations

WRITER_POOL = "warehouse_writer"
"""The pool of tasks that write to the warehouse. It has one slot, because DuckDB allows one writer."""

TRANSFORM_DAG = "transform_marts"
BREAKFAST_DAG = "breakfast"
BREAKFAST_ASSET = "breakfast"

ONE_NIGHT = "DAYBOOK_ONE_NIGHT"
"""Environment variable of an Airflow that runs for one night only: its `breakfast` does not start the marts,
because `daybook night` does."""


def ingest_dag(platform: str) -> str:
    """The DAG that reads a platform."""
    return f"ingest_{platform}"


def platform_pool(platform: str) -> str:
    """The pool that limits how many accounts of one platform are read at once."""
    return f"extract_{platform}"


def counted(count: int, noun: str) -> str:
    """`1 account`, `2 accounts`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
