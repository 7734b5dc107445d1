"""`python -m bench [JOB…]`: what the main jobs cost on this machine, beside their floors.

pull     20,000 and 200,000 orders of 3 KB pulled and loaded, beside curl with DuckDB's JSON reader and beside dlt
limits   every platform's own rate limit on, 50 ms away: the share of the permitted rate that is used
publish  a warehouse of a gigabyte
marts    all marts from a million orders (DAYBOOK_BENCH_ORDERS=10000000 for ten), and a night that changes some
files    1.07 million real order lines from dropped file to published marts
run      `make run` on an empty folder, without the installation
night    a night of twelve accounts through Airflow: the first with its history, then one with nothing new

Results go to docs/results/benchmarks.json and from there into docs/benchmarks.md.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

from bench import pull
from bench.limits import LATENCY_MS, limits
from bench.measure import ROOT, Cost, daybook, run
from bench.publishing import publish_a_gigabyte
from bench.rebuild import rebuild
from prove.record import note

ACCOUNTS = (
    ("taobao", "lantern", {}), ("taobao", "plum", {}), ("taobao", "third", {}),
    ("woocommerce", "lantern", {}), ("woocommerce", "harbor", {}), ("woocommerce", "third", {}),
    ("ocean_engine", "lantern", {"advertiser_id": "1760000000000000123"}),
    ("ocean_engine", "plum", {"advertiser_id": "1760000000000000457"}),
    ("ocean_engine", "third", {"advertiser_id": "1760000000000000123"}),
    ("baidu_tongji", "lantern", {"site_id": "16847648"}), ("baidu_tongji", "third", {"site_id": "16847648"}),
    ("files", "online_retail", {}),
)  # fmt: skip


def environment(folder: Path) -> dict[str, str]:
    return {"DAYBOOK_DATA": str(folder / "data"), "DAYBOOK_AIRFLOW_HOME": str(folder / "airflow")}


def files(folder: Path) -> list[Cost]:
    env = environment(folder)
    parts = [str(path) for path in sorted((ROOT / "examples" / "uci_online_retail").glob("*.parquet"))]
    return [
        run("import 1.07 million order lines", daybook("import", "files__online_retail", *parts), env),
        run("build", daybook("build"), env),
        run("publish", daybook("publish"), env),
    ]


def whole_run(folder: Path) -> list[Cost]:
    return [run("make run, first night", daybook("night"), environment(folder))]


def night(folder: Path) -> list[Cost]:
    """A night of twelve accounts. The sandbox has seven shops and advertisers, so some accounts share one; the
    cost is the same as of twelve different ones."""
    from extractors.sandbox.server import running

    lines = ["accounts:"]
    for platform, name, options in ACCOUNTS:
        currency, zone = ("USD", "America/New_York") if name == "harbor" else ("CNY", "Asia/Shanghai")
        lines += [
            f"  - id: {platform}__{name}",
            f"    name: {name}",
            f"    store: {platform}_{name}",
            f"    time_zone: {zone}",
            f"    currency: {currency}",
            "    history_days: 28",
            f"    options: {json.dumps(options | ({'calls_per_second': 50} if platform != 'files' else {}))}",
        ]
    accounts = folder / "accounts.yml"
    accounts.write_text("\n".join(lines), encoding="utf-8")
    env = environment(folder) | {"DAYBOOK_ACCOUNTS": str(accounts)}
    with running() as box:
        known = box.connections()
        for platform, name, _ in ACCOUNTS:
            twin = known.get(f"{platform}__{name}") or known.get(f"{platform}__lantern")
            if twin:
                env[f"AIRFLOW_CONN_{platform}__{name}".upper()] = json.dumps(twin)
        return [
            run("a first night of twelve accounts, four weeks each", daybook("night"), env),
            run("a night of twelve accounts with nothing new", daybook("night"), env),
        ]


def pulls(folder: Path) -> list[Cost]:
    """Both sizes, each with its floor. dlt is measured with the smaller one only; its cost is linear, too."""
    costs = []
    peaks = {}
    for orders in (20_000, 200_000):
        place = folder / str(orders)
        with pull.shop(orders) as url:
            floor = pull.floor(place / "floor", url, orders)
            ours = pull.product(place / "ours", url, orders)
            found: dict[str, object] = {
                "CPU of pull + load, s": round(ours.cpu, 2),
                "of the floor (curl + DuckDB's JSON reader), s": round(floor.cpu, 2),
                "ratio (aim 1.5)": round(ours.cpu / floor.cpu, 2),
                "wall, s": round(ours.wall, 1),
                "peak, MB": round(ours.peak_mb),
            }
            costs += [floor, ours]
            if orders == 20_000:
                python = pull.dlt_python()
                for tuned in (False, True):
                    cost = pull.dlt(place / f"dlt-{tuned}", url, orders, python, tuned)
                    costs.append(cost)
                    found[f"CPU of dlt {'tuned' if tuned else 'at its defaults'}, s"] = round(cost.cpu, 2)
                found["dlt tuned ÷ ours (aim 5)"] = round(costs[-1].cpu / ours.cpu, 2)
        peaks[orders] = ours.peak_mb
        with pull.shop(orders, LATENCY_MS) as url:
            far = pull.product(place / "far", url, orders, calls_per_second=200)
            costs.append(far)
            found[f"wall {LATENCY_MS} ms away, s"] = round(far.wall, 1)
        note("benchmarks", f"pull {orders:,} orders of 3 KB", {"found": found, "seconds": None})
        shutil.rmtree(place)
    growth = {"peak at 200,000 orders ÷ at 20,000 (aim: flat)": round(peaks[200_000] / peaks[20_000], 2)}
    note("benchmarks", "memory of pull + load", {"found": growth, "seconds": None})
    return costs


def rate_limits(folder: Path) -> list[Cost]:
    began = time.monotonic()
    told = limits()
    shares = told["shares"]
    least = min(shares, key=shares.get)
    found = {
        "platforms": len(shares),
        "least share of the permitted rate (aim 0.95)": f"{shares[least]:.2f} ({least})",
        "at 0.95 or more": sum(share >= 0.95 for share in shares.values()),
        "calls refused": told["refused"],
        "left out": ", ".join(told["left out"]) or "none",
    }
    note(
        "benchmarks",
        f"limits on, {LATENCY_MS} ms away",
        {"found": found, "seconds": time.monotonic() - began},
    )
    return [Cost("limits", time.monotonic() - began, 0.0, 0.0)]


def publishing(folder: Path) -> list[Cost]:
    cost, size = publish_a_gigabyte(folder)
    found = {"MB": round(size), "CPU, s": round(cost.cpu, 1), "wall, s": round(cost.wall, 1)}
    note("benchmarks", "publish", {"found": {**found, "peak, MB": round(cost.peak_mb)}, "seconds": None})
    return [cost]


JOBS = {
    "pull": pulls,
    "limits": rate_limits,
    "publish": publishing,
    "files": files,
    "run": whole_run,
    "night": night,
    "marts": rebuild,
}
NOTED = {"files", "run", "night"}  # the others note figures of their own


def main(names: list[str]) -> None:
    for name in names or list(JOBS):
        if name not in JOBS:
            raise SystemExit(f"no benchmark {name!r}; there are {', '.join(JOBS)}")
        folder = Path(tempfile.mkdtemp(prefix="daybook-bench-"))
        try:
            costs = JOBS[name](folder)
            if name in NOTED:
                for cost in costs:
                    found = {
                        "wall, s": round(cost.wall, 1),
                        "CPU, s": round(cost.cpu, 1),
                        "peak, MB": round(cost.peak_mb),
                    }
                    note("benchmarks", f"{name}: {cost.what}", {"found": found, "seconds": None})
            total = sum(cost.wall for cost in costs)
            print(f"{name + ' in all':<52} {total:7.1f} s wall\n", flush=True)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1:])
