"""Pulling and loading orders, beside the least it could cost and beside what one would take instead.

floor     curl fetches every page, DuckDB's own JSON reader makes typed tables of orders and lines
daybook   `daybook extract` and `daybook load`, as the night runs them
dlt       its REST source in an environment of its own, at its defaults and tuned (bench/dlt_pull.py)
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.measure import ROOT, Cost, daybook, run

ACCOUNT = "woocommerce__bench"
FLOOR = """
import sys, duckdb
con = duckdb.connect(sys.argv[2])
con.execute("set memory_limit = '2GB'; set preserve_insertion_order = false")
con.execute(f"create table pages as select * from read_json('{sys.argv[1]}/*.json', maximum_object_size = 33554432)")
con.execute("create table orders as select * exclude (line_items) from pages")
con.execute("create table lines as select id as order_id, unnest(line_items, recursive := true) from pages")
print(con.execute("select count(*) from orders").fetchone()[0])
"""
CHECK = "import sys, duckdb; print(duckdb.connect(sys.argv[1], read_only=True).execute(sys.argv[2]).fetchone()[0])"


@contextlib.contextmanager
def shop(orders: int, latency_ms: float = 0) -> Iterator[str]:
    """A shop of so many orders on loopback; its address."""
    command = [sys.executable, "-m", "bench.shop", str(orders), str(latency_ms)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.terminate()


def added(what: str, parts: list[Cost]) -> Cost:
    return Cost(
        what,
        sum(part.wall for part in parts),
        sum(part.cpu for part in parts),
        max(part.peak_mb for part in parts),
    )


def floor(folder: Path, url: str, orders: int) -> Cost:
    pages = folder / "pages"
    pages.mkdir(parents=True)
    span = f"[1-{-(-orders // 100)}]"
    address = f"{url}/wp-json/wc/v3/orders?status=any&per_page=100&page={span}"
    fetch = ["curl", "-sS", "--fail", address, "-o", str(pages / "#1.json")]
    read = [sys.executable, "-c", FLOOR, str(pages), str(folder / "floor.duckdb")]
    parts = [run(f"floor: curl of {orders:,} orders", fetch, {}), run("floor: DuckDB reads them", read, {})]
    _count(folder / "floor.duckdb", "select count(*) from orders", orders)
    return added("floor", parts)


def environment(folder: Path, url: str, calls_per_second: int) -> dict[str, str]:
    """A Daybook with one account: the shop at `url`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "accounts.yml").write_text(
        f"accounts:\n  - {{id: {ACCOUNT}, name: Bench, store: bench, time_zone: UTC, currency: USD, "
        f"options: {{calls_per_second: {calls_per_second}}}}}\n",
        encoding="utf-8",
    )
    connection = {"conn_type": "http", "host": url, "login": "ck_bench", "password": "cs_bench", "extra": {}}
    return {
        "DAYBOOK_DATA": str(folder / "data"),
        "DAYBOOK_ACCOUNTS": str(folder / "accounts.yml"),
        "DAYBOOK_AIRFLOW_HOME": str(folder / "airflow"),
        f"AIRFLOW_CONN_{ACCOUNT}".upper(): json.dumps(connection),
    }


def product(folder: Path, url: str, orders: int, calls_per_second: int = 10_000) -> Cost:
    env = environment(folder, url, calls_per_second)
    span = ["--from", "2026-10-22", "--to", "2026-10-31", "--stream", "orders"]
    parts = [
        run(f"daybook extract of {orders:,} orders", daybook("extract", ACCOUNT, *span), env),
        run("daybook load", daybook("load"), env),
    ]
    _count(
        folder / "data" / "build" / "warehouse.duckdb", "select count(*) from raw_woocommerce.orders", orders
    )
    return added("daybook", parts)


def dlt(folder: Path, url: str, orders: int, python: Path, tuned: bool) -> Cost:
    name = "dlt, tuned" if tuned else "dlt, defaults"
    words = [
        str(python),
        str(ROOT / "bench" / "dlt_pull.py"),
        url,
        str(folder),
        "tuned" if tuned else "plain",
    ]
    cost = run(f"{name}: {orders:,} orders", words, {"DLT_DATA_DIR": str(folder / "home")})
    _count(folder / "bench.duckdb", "select count(*) from shop.orders", orders)
    _count(folder / "bench.duckdb", f"select count(*) >= {2 * orders} from shop.orders__line_items", True)
    return cost


def dlt_python() -> Path:
    """The Python that has dlt: DAYBOOK_BENCH_DLT, or an environment made once beside ours."""
    given = os.environ.get("DAYBOOK_BENCH_DLT")
    if given:
        return Path(given)
    folder = ROOT / ".venv" / "bench-dlt"
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    wanted = ["dlt[duckdb]==1.31.0", "duckdb==1.5.5", "pyarrow"]
    subprocess.run([str(python), "-m", "pip", "install", "-q", *wanted], check=True)
    return python


def _count(path: Path, sql: str, expected: object) -> None:
    """Stop the benchmark unless all orders were read: an incomplete read costs less."""
    done = subprocess.run([sys.executable, "-c", CHECK, str(path), sql], capture_output=True, text=True)
    if done.stdout.strip() != str(expected):
        raise SystemExit(f"{path}: {sql} gives {done.stdout.strip() or done.stderr[-300:]}, not {expected}")
