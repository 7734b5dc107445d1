"""Builds of the marts without dbt's own time: the SQL that dbt compiled, run model by model in the order of the manifest.

A real build takes half a minute, this one a second, so hundreds of random histories can be built night by night. What is
run is dbt's: the compiled SELECTs of a full build and of one that goes on, and the project's own pre-hooks.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import duckdb
import jinja2

from warehouse import built

_LISTS = re.compile(
    r"int_changed_|int_affected_|int_.*_to_write$"
)  # what a night writes anew: not what it comes to
_BOOKKEEPING = {"load_id", "since_build"}


@dataclass(frozen=True)
class Model:
    """One model: its relation, how it is kept, its two SELECTs and what it forgets before it goes on."""

    name: str
    made_of: frozenset[str]
    relation: str
    materialized: str
    whole: str
    going_on: str
    forgets: tuple[str, ...]


@cache  # many models forget by the same words
def _template(text: str) -> jinja2.Template:
    return jinja2.Environment(extensions=["jinja2.ext.do"]).from_string(text)


@dataclass(frozen=True)
class Project:
    """The models after staging, in an order in which they can be built.

    whole, going_on: target folders of a full dbt run and of one that went on from it.
    """

    project_dir: Path
    whole: Path
    going_on: Path

    @cached_property
    def models(self) -> list[Model]:
        manifest = json.loads((self.going_on / "manifest.json").read_text())
        nodes = {
            key: node
            for key, node in manifest["nodes"].items()
            if node["resource_type"] == "model" and node["fqn"][1] in ("intermediate", "marts")
        }
        macros = (self.project_dir / "macros" / "incremental.sql").read_text()
        ordered: list[str] = []
        waiting = dict(nodes)
        while waiting:
            ready = [k for k, n in waiting.items() if not any(d in waiting for d in n["depends_on"]["nodes"])]
            assert ready
            ordered += sorted(ready)
            for key in ready:
                del waiting[key]
        return [self._model(nodes[key], manifest, macros) for key in ordered]

    def up_to(self, tables: Collection[str]) -> list[Model]:
        """These models and all that they are made of."""
        wanted = set(tables)
        for model in reversed(self.models):
            if model.name in wanted:
                wanted |= model.made_of
        return [model for model in self.models if model.name in wanted]

    def _model(self, node: dict[str, Any], manifest: dict[str, Any], macros: str) -> Model:
        relations = {
            n["name"]: n["relation_name"] for n in manifest["nodes"].values() if n.get("relation_name")
        }
        sources = {(n["source_name"], n["name"]): n["relation_name"] for n in manifest["sources"].values()}
        hooks = tuple(
            _template(macros + hook["sql"])
            .render(
                ref=relations.__getitem__,
                source=lambda group, name: sources[group, name],
                this=node["relation_name"],
                execute=False,
                # dbt's own: a macro's value. Here it is printed, and any text is true.
                **{"return": lambda value: value},
            )
            .strip()
            for hook in node["config"].get("pre-hook", ())
        )
        path = Path("compiled") / "daybook" / node["original_file_path"]
        return Model(
            node["name"],
            frozenset(
                name.split(".")[2] for name in node["depends_on"]["nodes"] if name.startswith("model.")
            ),
            node["relation_name"],
            node["config"]["materialized"],
            (self.whole / path).read_text(),
            (self.going_on / path).read_text(),
            hooks,
        )


class Replay:
    """The two database files of one build folder, opened for building."""

    def __init__(self, project: Project, build_dir: Path) -> None:
        self.project = project
        self.folder = build_dir
        self.con = duckdb.connect(str(build_dir / "warehouse.duckdb"))
        self.con.execute(f"attach '{build_dir / 'daybook.duckdb'}' as daybook")
        self.con.execute("set TimeZone = 'UTC'; set preserve_insertion_order = false; set threads = 1")
        # What is written goes to the log, until `save`: checkpoints in between cost a third of a build of so few rows.
        self.con.execute("set checkpoint_threshold = '4GB'; pragma disable_checkpoint_on_shutdown")

    def save(self) -> None:
        """All of it into the two files, which can be copied then."""
        self.con.execute("checkpoint; checkpoint daybook")

    def close(self) -> None:
        self.save()
        self.con.close()

    def build(self, *of: str, whole: bool = False, models: int | None = None) -> None:
        """Build all models (those alone that the tables `of` come from; the first `models` only: the process was killed
        after them); remember a build of all."""
        through = built.last_load(self.con)
        if whole:
            built.forget(self.con)
        for model in self.project.up_to(of) if of else self.project.models[:models]:
            if whole or model.materialized != "incremental":
                kind = "view" if model.materialized == "view" else "table"
                self.con.execute(
                    f"create or replace {kind} {model.relation} as {model.whole if whole else model.going_on}"
                )
                continue
            self.con.execute("begin")
            for forgotten in model.forgets:
                self.con.execute(forgotten)
            self.con.execute(f"insert into {model.relation} by name {model.going_on}")
            self.con.execute("commit")
        if models is None and not of:
            self.remember(through)

    def remember(self, through: int | None = None) -> None:
        """What is there now is a whole build."""
        built.remember(self.con, "the same", built.last_load(self.con) if through is None else through)

    def tables(self) -> dict[str, list[str]]:
        """Relation → columns of everything that was built, but for the lists of what to write anew."""
        rows = self.con.execute("""
            select format('"{}"."{}"."{}"', database_name, schema_name, table_name), list(column_name order by column_name)
            from duckdb_columns() join duckdb_tables() using (database_name, schema_name, table_name)
            where schema_name in ('intermediate', 'marts') group by all""").fetchall()
        return {
            name: [column for column in columns if column not in _BOOKKEEPING]
            for name, columns in rows
            if not _LISTS.match(name.split('"')[-2]) and not name.endswith('"restatement_log"')
        }

    def prints(self) -> dict[str, tuple[int, int]]:
        """Relation → number of rows, and the sum of a hash of each: equal where the tables are, whatever their order."""
        return {
            name: self.con.execute(
                f"select count(*), sum(hash({', '.join(columns)})::hugeint) from {name}"
            ).fetchall()[0]
            for name, columns in self.tables().items()
        }


def differences(one: Replay, other: Replay) -> dict[str, int]:
    """Relation → rows that only one of two builds has, for every table that is not the same in both, row for row."""
    tables, mine, theirs = one.tables(), one.prints(), other.prints()
    assert mine.keys() == theirs.keys()
    found = {}
    for name in (name for name in mine if mine[name] != theirs[name]):
        rows = f"select {', '.join(tables[name])} from {name}"
        one.con.register("theirs", other.con.execute(rows).to_arrow_table())
        found[name] = one.con.execute(
            f"select count(*) from ((({rows}) except all from theirs) union all ((from theirs) except all ({rows})))"
        ).fetchall()[0][0]
    return found


def copied(build_dir: Path, to: Path) -> Path:
    """A copy of the database files of a build folder."""
    to.mkdir(parents=True)
    for name in ("warehouse.duckdb", "daybook.duckdb"):
        shutil.copyfile(build_dir / name, to / name)
    return to
