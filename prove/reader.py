"""A process of readers who open the published file again and again: `python -m prove.reader FOLDER THREADS SEED`.

FOLDER holds published/, `latest` (the version that is out for certain) and, when it is over, `stop`. Each reader
draws short looks (open, one query, close) and long ones (open, several queries over seconds, close). Every query
counts the versions it sees over tables; a connection may see one only. Prints what it found as JSON. Readers step
back for everybody else on the machine, so that it is never the publisher who waits for them.
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import duckdb

SHORT = """
    select min(v), max(v), sum(n) from (
        select version as v, count(*) as n from marts.dim_store group by 1
        union all select version, count(*) from marts.store_daily group by 1
        union all select version, count(*) from marts.store_weekly group by 1
        union all select version, count(*) from marts.store_monthly group by 1
        union all select version, count(*) from marts.fct_sales group by 1)
"""
LONG = """
    select min(least(a.version, b.version)), max(greatest(a.version, b.version)), count(*)
    from marts.fct_lines as a join marts.fct_lines as b on a.bucket = b.bucket and a.line > b.line
"""


def main(folder: Path, threads: int, seed: int) -> None:
    os.nice(5)
    found: Counter[str] = Counter()
    troubles: list[str] = []
    opens: list[float] = []
    guard = threading.Lock()
    file = folder / "published" / "current" / "daybook.duckdb"

    def versions(con: duckdb.DuckDBPyConnection, sql: str) -> int:
        low, high, rows = con.execute(sql).fetchall()[0]
        if low != high or not rows:
            troubles.append(f"one query saw versions {low} to {high} over {rows} rows")
        return int(low)

    def reader(number: int) -> None:
        chance = random.Random(seed * 100 + number)
        while not (folder / "stop").exists():
            promised = int((folder / "latest").read_text() or 0)
            began = time.monotonic()
            try:
                con = duckdb.connect(str(file), read_only=True, config={"threads": 1})
                opened = time.monotonic() - began
                try:
                    seen = [versions(con, SHORT)]
                    if chance.random() < 0.2:
                        until = time.monotonic() + chance.uniform(1, 8)
                        while time.monotonic() < until:
                            seen.append(versions(con, chance.choice((SHORT, SHORT, LONG))))
                            time.sleep(chance.uniform(0, 0.8))  # people think between two queries
                        found["long looks"] += 1
                        if int((folder / "latest").read_text() or 0) > seen[0]:
                            found["long looks over a publish"] += 1
                finally:
                    con.close()
            except Exception as error:
                troubles.append(f"{type(error).__name__}: {error}")
                continue
            if len(set(seen)) > 1:
                troubles.append(f"one connection saw versions {sorted(set(seen))}")
            if seen[0] < promised:
                troubles.append(f"version {seen[0]} after {promised} was out")
            with guard:
                opens.append(opened)
                found["opens"] += 1
                found["queries"] += len(seen)
            time.sleep(chance.uniform(0.1, 0.6))

    crew = [threading.Thread(target=reader, args=(number,)) for number in range(threads)]
    for one in crew:
        one.start()
    for one in crew:
        one.join()
    print(json.dumps({"found": found, "troubles": troubles[:20], "opens": sorted(opens)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
