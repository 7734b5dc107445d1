"""dbt that has read the project: every run is a fork of this process, so that loading and parsing are paid once.

`python dbt_server.py FOLDER` parses into FOLDER, or takes over what is parsed there. Then each line on its standard
input orders a run: {"folder": where to stand, "arguments": dbt's, "said": file for what it says}; its exit status is
the answer. The fork runs what `daybook build` runs, and lets go of the database files when it ends.
"""

from __future__ import annotations

import gc
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import dbt_known
from dbt import compilation
from dbt.adapters.base.relation import BaseRelation
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.adapters.duckdb.impl import DuckDBAdapter
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from dbt_common.exceptions import DbtRuntimeError
from dbt_runs import PARSED, PROJECT
from warm import die_with_parent, in_fork

from warehouse.run_dbt import main

PLACES = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]

_inject = compilation.inject_ctes_into_sql
_WITH = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/)*with(?:\s+recursive)?\b\s*", re.IGNORECASE | re.DOTALL)


def inject(sql: str, ctes: list[compilation.InjectedCTE]) -> str:
    """A unit test's rows put before its model, as dbt does it: behind the first `with`. To find that, dbt has all of
    the SQL taken apart into phrases, which was half the time of a unit test."""
    begins = _WITH.match(sql)
    if begins is None or not ctes:
        return _inject(sql, ctes)
    return f"{begins[0]}{', '.join(cte.sql for cte in ctes)}, {sql[begins.end() :]}"


compilation.inject_ctes_into_sql = inject


def columns(self: DuckDBAdapter, relation: BaseRelation) -> list[Any]:
    """What dbt asks by a macro of DESCRIBE, for every table that a unit test stands in for."""
    try:
        _, cursor = self.connections.add_query(
            f"select column_name, column_type from (describe {relation.render()})"
        )
    except DbtRuntimeError as error:
        if "does not exist" in str(error).lower():
            return []
        raise
    return [self.Column(name, kind, None, None, None) for name, kind in cursor.fetchall()]


DuckDBAdapter.get_columns_in_relation = columns


def parse(folder: Path) -> Manifest:
    """What dbt makes of the project; the next to parse into this folder finds it there.

    Parsed in a fork first and taken over from there: the threads of dbt's parser would be missing in every later
    fork, and one that has to parse anew would wait for them for ever.
    """
    quiet = ["--log-level", "none", "--log-level-file", "none"]
    command = [*quiet, "--no-write-json", "parse", *PLACES, "--target-path", str(folder)]
    learned = folder / "templates.code"
    if not (folder / PARSED).exists():
        child = os.fork()
        if child == 0:
            dbtRunner().invoke(command)
            dbt_known.tell(learned)
            os._exit(0)
        os.waitpid(child, 0)
    dbt_known.hear(learned)
    parsed = dbtRunner().invoke(command)
    if not isinstance(parsed.result, Manifest):
        raise SystemExit(f"dbt cannot parse the project: {parsed.exception}")
    return parsed.result


def run(manifest: Manifest, order: dict[str, Any]) -> int:
    """dbt in a fork, with its output in a file. 3 is neither passed nor failed: it did not get to an end."""

    def dbt() -> int:
        try:
            verb, *rest = order["arguments"]
            return main([verb, *PLACES, *rest], None if "--project-dir" in rest else manifest)
        finally:
            DuckDBConnectionManager.close_all_connections()

    return in_fork(dbt, order["folder"], order["said"], order["said"], broken=3)


if __name__ == "__main__":
    die_with_parent()
    known = parse(Path(sys.argv[1]))
    gc.collect()
    gc.freeze()  # a fork has no need to look through all of the project again and again
    print("ready", flush=True)
    for line in sys.stdin:
        print(run(known, json.loads(line)), flush=True)
