"""`python -m bench [files|run|night]`: what the main jobs cost on this machine.

files   1.07 million real order lines from dropped file to published marts
run     `make run` on an empty folder, without the installation
night   a night of twelve accounts through Airflow: the first with its history, then one with nothing new
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

from bench.measure import ROOT, Cost, daybook, run

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
    """Twelve accounts; the sandbox knows seven, so some names share a shop: the cost is that of twelve."""
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


JOBS = {"files": files, "run": whole_run, "night": night}


def main(names: list[str]) -> None:
    for name in names or list(JOBS):
        if name not in JOBS:
            raise SystemExit(f"no benchmark {name!r}; there are {', '.join(JOBS)}")
        folder = Path(tempfile.mkdtemp(prefix="daybook-bench-"))
        try:
            costs = JOBS[name](folder)
            total = sum(cost.wall for cost in costs)
            print(f"{name + ' in all':<52} {total:7.1f} s wall\n", flush=True)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1:])
