"""What publishing a warehouse of a gigabyte costs."""

from __future__ import annotations

import sys
from pathlib import Path

from bench.measure import ROOT, Cost, daybook, run

ROWS = 15_000_000  # of fct_sales-like rows that compress badly: a gigabyte of file
BIG = f"""
    create or replace table marts.fct_lines as
    select i as line, hash(i) as a, hash(i + 1) as b, hash(i + 2) as c, hash(i + 3) as d,
        hash(i + 4) as e, hash(i + 5) as f, hash(i + 6) as g, hash(i + 7) as h, 1 as version
    from range({ROWS}) as t(i)
"""


def publish_a_gigabyte(folder: Path) -> tuple[Cost, float]:
    """The cost, and the file's size in MB."""
    sys.path.insert(0, str(ROOT / "tests" / "warehouse"))
    from marts_helpers import build_marts

    path = build_marts(folder / "data" / "build", extra=BIG)
    size = path.stat().st_size / 1e6
    env = {"DAYBOOK_DATA": str(folder / "data"), "DAYBOOK_AIRFLOW_HOME": str(folder / "airflow")}
    return run(f"publish {size:,.0f} MB", daybook("publish"), env), size
