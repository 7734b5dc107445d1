"""Drops tables and views of models that no longer exist: nothing would ever update them again."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from warehouse.audit import LOG
from warehouse.connection import connect, identifier

_PARTS = re.compile(r'"([^"]+)"')


def drop_leftovers(build_dir: Path, made: Iterable[str]) -> list[str]:
    """Drop every table and view that a complete build did not make, in the schemas where it made any.

    made: the relations that it made, as dbt names them: `"warehouse"."intermediate"."int_orders"`.
    Returns: what was dropped, as database.schema.name. For a dropped mart the audit refuses to publish
    ("marts.… is gone") until someone confirms with --force.
    """
    kept: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for relation in made:
        database, schema, name = _PARTS.findall(relation)
        kept[database][schema].add(name)
    dropped = []
    for database, schemas in kept.items():
        con = connect(build_dir / f"{database}.duckdb", create=False)
        try:
            found = con.execute("""
                select schema_name, table_name, 'table' from duckdb_tables()
                union all
                select schema_name, view_name, 'view' from duckdb_views() where not internal
                order by all
            """).fetchall()
            for schema, name, kind in found:
                if schema in schemas and name not in schemas[schema] | {LOG}:
                    con.execute(f"drop {kind} {identifier(schema)}.{identifier(name)}")
                    dropped.append(f"{database}.{schema}.{name}")
        finally:
            con.close()
    return dropped
