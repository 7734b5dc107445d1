"""The first rows that a failed dbt test found, for the error message that names the test."""

from __future__ import annotations

from pathlib import Path

import duckdb

from warehouse.connection import attached
from warehouse.errors import WarehouseError

_ROWS = 3  # shown per test
_WIDTH = 400  # characters shown per row


def compiled_sql(target: Path, name: str) -> Path | None:
    """The file with the SQL of a model or test as dbt last ran it, by its short name; None: no such file."""
    return next((target / "compiled").rglob(f"{name}.sql"), None)


def found_by(compiled: Path, build_dir: Path) -> list[str]:
    """The first rows that a failed test returns, each as `column=value, …` (just the value if it has one
    column).

    compiled: the file with the test's SQL as dbt ran it. The list is empty when it cannot be run again.
    """
    sql = compiled.read_text(encoding="utf-8")
    files = {name: build_dir / f"{name}.duckdb" for name in ("warehouse", "daybook")}
    try:
        with attached({name: path for name, path in files.items() if path.is_file()}) as con:
            cursor = con.execute(f"select * from ({sql}\n) as failed limit {_ROWS}")  # noqa: S608
            names = [column[0] for column in cursor.description or ()]
            return [_line(names, row) for row in cursor.fetchall()]
    except (duckdb.Error, WarehouseError):
        return []


def _line(names: list[str], row: tuple[object, ...]) -> str:
    pairs = zip(names, row, strict=True)
    text = str(row[0]) if len(row) == 1 else ", ".join(f"{name}={value}" for name, value in pairs)
    return text if len(text) <= _WIDTH else f"{text[:_WIDTH]} …"
