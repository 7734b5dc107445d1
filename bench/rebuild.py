"""What the marts cost: made from nothing, and in a night that adds a day and changes some of the old orders."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from bench.history import DAYS, write_history, write_night
from bench.measure import ROOT, Cost, run
from prove.record import note

FIGURES = {
    "wall": "all marts, wall s",
    "cpu": "CPU, s",
    "peak": "peak, MB",
    "again": "made anew once more, when dbt has read the project, wall s",
    "floor": "by hand (store, product, category), CPU s",
    "ratio": "÷ by hand (aim 1.5)",
    "still": "nothing new",
    "night": "a night, CPU s",
    "share": "a night's share of all (aim 1/8 at 1 M, 1/30 at 10 M)",
    "spread": "the same with the changes all over the history",
}

_BUILD = """
import sys
from pathlib import Path
from warehouse.build import build
folder = Path(sys.argv[1])
build(Path("dbt_project"), folder, target_path=folder / "target", full_refresh=len(sys.argv) > 2)
"""


def rebuild(folder: Path) -> list[Cost]:
    """A generated history of DAYBOOK_BENCH_ORDERS orders (a million), three lines each, two years, five shops."""
    orders = int(os.environ.get("DAYBOOK_BENCH_ORDERS", "1000000"))
    folder.mkdir(parents=True, exist_ok=True)
    write_history(folder, orders)
    began = time.monotonic()
    env = {"PYTHONPATH": str(ROOT)}

    def built(what: str, *anew: str) -> Cost:
        return run(what, [sys.executable, "-c", _BUILD, str(folder), *anew], env)

    found: dict[str, float] = {}

    def record(**known: float) -> None:
        """Write each figure as soon as it is measured: with ten million orders the whole takes an hour."""
        found.update({FIGURES[name]: value for name, value in known.items()})
        note(
            "benchmarks",
            f"marts of {orders:,} orders",
            {"found": found, "seconds": round(time.monotonic() - began, 1)},
        )

    whole = built(f"all marts from {orders:,} orders")
    record(wall=round(whole.wall, 1), cpu=round(whole.cpu, 1), peak=round(whole.peak_mb))
    again = built("all of them once more, as --full-refresh does", "anew")
    record(again=round(again.wall, 1))
    floor = run("store, product, category by hand", [sys.executable, "-m", "bench.by_hand", str(folder)], env)
    record(floor=round(floor.cpu, 1), ratio=round(whole.cpu / floor.cpu, 2))
    still = built("a build with nothing new")
    record(still=round(still.cpu / whole.cpu, 3))
    changed = write_night(folder, orders)
    night = built(f"a night: one day more, {changed:,} orders of the last 60 days changed")
    record(night=round(night.cpu, 1), share=round(night.cpu / whole.cpu, 3))
    write_night(folder, orders, oldest=DAYS)
    spread = built(f"a night: one day more, {changed:,} orders of all {DAYS} days changed")
    record(spread=round(spread.cpu / whole.cpu, 3))
    return [whole, again, floor, still, night, spread]
