"""What dbt works out anew in every process, known before a fork: what one fork learns, the next ones know.

dbt compiles a template wherever it meets it (its own macros in every run, a model in each of its unit tests) and makes
the schema of whatever it reads from its classes: together half of a small run. Jinja's code depends on nothing but the
kind of environment and the template's text.
"""

from __future__ import annotations

import inspect
import marshal
from pathlib import Path
from types import CodeType
from typing import Any

import jinja2
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.contracts.project import Configuration, PackageConfig, ProfileConfig, Project, ProjectFlags
from dbt.contracts.selection import SelectorFile

for kind in (
    Configuration,
    DuckDBCredentials,
    PackageConfig,
    ProfileConfig,
    Project,
    ProjectFlags,
    SelectorFile,
):
    kind.json_schema()  # it is kept with the class
inspect.stack()  # dbt asks where it stands, and Python remembers which file is which module's

_compile = jinja2.Environment.compile
_known: dict[tuple[str, str], CodeType] = {}
_learned: dict[tuple[str, str], CodeType] = {}


def compiled(self: jinja2.Environment, source: Any, *where: Any, **how: Any) -> Any:
    if where or how or not isinstance(source, str):
        return _compile(self, source, *where, **how)
    place = (type(self).__name__, source)
    if place not in _known:
        _known[place] = _learned[place] = _compile(self, source)
    return _known[place]


jinja2.Environment.compile = compiled  # type: ignore[method-assign]


def tell(path: Path) -> None:
    """Write down which templates this process has compiled: all of them or, when it is killed, nothing."""
    if _learned:
        draft = path.with_name(f"{path.name}.part")
        draft.write_bytes(marshal.dumps(_learned))
        draft.replace(path)


def hear(path: Path) -> None:
    """Know what another process has told there, if it has."""
    if path.exists():
        _known.update(marshal.loads(path.read_bytes()))
