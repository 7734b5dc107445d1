"""`dbt build` from raw to marts: which of them, what became of each as a table, and whether all passed."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from extractors import durable
from warehouse import built, child, raw
from warehouse.connection import connect, first_line, is_storage_trouble, refuse_orphan_wal
from warehouse.errors import BuildError, StorageError
from warehouse.failures import compiled_sql, found_by
from warehouse.leftovers import drop_leftovers
from warehouse.lock import writer_lock
from warehouse.releases import DATABASE

STATE = "build_state.json"  # what publish looks at: did the last build pass?
_FAILED = ("error", "fail", "runtime error", "partial success")
_WAIT = 60.0  # seconds to wait for another writer


@dataclass(frozen=True)
class NodeResult:
    """What became of one model, seed or test. `status` is dbt's word: success, pass, warn, error, fail,
    skipped."""

    run_id: str
    node: str
    resource_type: str
    status: str
    execution_s: float | None
    rows_affected: int | None
    message: str | None
    finished_at: datetime
    compiled_path: Path | None = None
    relation: str | None = None

    @property
    def failed(self) -> bool:
        return self.status in _FAILED

    @property
    def name(self) -> str:
        """The node without dbt's prefixes and a test's hash: `store_daily` of model.daybook.store_daily."""
        parts = self.node.split(".")
        return parts[2] if self.resource_type == "test" else ".".join(parts[2:])


def build(
    project_dir: Path | str,
    build_dir: Path | str,
    *,
    select: Sequence[str] = (),
    full_refresh: bool = False,
    env: Mapping[str, str] | None = None,
    log: Callable[[str], None] = lambda line: None,
    timeout: float | None = None,
    target_path: Path | str | None = None,
) -> list[NodeResult]:
    """Build and test the marts from raw; dbt's unit tests, which test the SQL and no data, are CI's work.

    Args:
        project_dir: dbt_project/, with profiles.yml.
        build_dir: the folder of warehouse.duckdb and daybook.duckdb. dbt stands in it and is told "." as
            DAYBOOK_BUILD: what it has parsed holds for every folder.
        select: dbt node selection; empty builds all.
        full_refresh: make all anew. Without it a build does so where the last whole one was made of
            other SQL, settings or accounts; else it goes on from that one (macros/incremental.sql).
        env: further environment variables for dbt (settings travel this way: other --vars would make dbt
            parse everything anew).
        log: told every line of dbt's output.
        timeout: seconds until dbt is stopped.
        target_path: where dbt puts compiled SQL and results (default: <project>/target).
    Returns: one NodeResult per node; also stored in raw_daybook.dbt_results.
    Raises:
        BuildError: a model or test failed (each named, with message and compiled file), dbt could not start,
            `select` selects nothing, or the timeout passed.
        LockedError: another writer is at work.
    """
    project_dir, build_dir = Path(project_dir).absolute(), Path(build_dir).absolute()
    target = Path(target_path).absolute() if target_path else project_dir / "target"
    command = _command(project_dir, target)
    command += ["--select", *select] if select else []
    whole = not select
    with writer_lock(build_dir, "daybook build", wait=_WAIT):
        for name in ("warehouse.duckdb", "daybook.duckdb"):
            refuse_orphan_wal(build_dir / name)
        used = _platforms(build_dir / "warehouse.duckdb")
        left_out = [f"staging.{name}" for name in _staged(project_dir) if used and name not in used]
        more = {"DAYBOOK_PLATFORMS": ",".join(sorted(used)), **(env or {})}
        start = _begin(build_dir / "warehouse.duckdb", project_dir, more, full_refresh, whole)
        if start.full:
            command += ["--full-refresh"]
            log(start.why)
        elif whole:
            # The last whole build made them of the same SQL and files. Tests of views judge tonight's
            # data, so they stay; settled is what is made of seeds and settings alone.
            left_out += ["config.materialized:view", "path:seeds", "tag:settled"]
            command += ["--indirect-selection", "empty"]
        command += ["--exclude", *left_out] if left_out else []
        (target / "run_results.json").unlink(missing_ok=True)  # or a killed run would show the last one's
        passed_before = (read_state(build_dir) or {}).get("status") == "passed"
        _write_state(build_dir, "running", None)
        status, run_id = "failed", None
        try:
            code, said = child.run(command, build_dir, _environment(more), log, timeout)
            results = [_with_what_was_found(one, build_dir) for one in _results(target)]
            run_id = results[0].run_id if results else None
            _raise_storage_trouble(code, results, said, build_dir)
            _store(build_dir / "warehouse.duckdb", results)
            _raise_failures(code, results, said)
            if whole and start.full:
                for name in drop_leftovers(build_dir, [one.relation for one in results if one.relation]):
                    log(f"Dropped {name}, which no model makes any more")
            if whole:
                _remember(build_dir, start)
            # A part that passes does not vouch for the rest.
            status = "passed" if whole or passed_before else "failed"
        finally:
            # A state that cannot be written stays "running", which nobody publishes.
            with contextlib.suppress(*([] if status == "passed" else [OSError])):
                _write_state(build_dir, status, run_id)
    if select and not results:
        raise BuildError(
            f"nothing is selected by {' '.join(select)}",
            advice="name models as the files below dbt_project/models: store_daily, store_daily+",
        )
    return results


@dataclass(frozen=True)
class _Start:
    """What a build sets out from: the recipe, the loads in raw, whether all is made anew (and why)."""

    recipe: str
    through_load_id: int
    full: bool
    why: str


def _begin(
    warehouse: Path, project_dir: Path, env: Mapping[str, str], full_refresh: bool, whole: bool
) -> _Start:
    """A part of the marts is built as it is asked for; all of them are made anew where the recipe changed."""
    con, marts = connect(warehouse), connect(warehouse.with_name(DATABASE), for_all=True)
    try:
        raw.prepare_books(con)
        now = built.recipe(con, project_dir, env)
        known = built.known_recipe(con)
        # Marts that came from elsewhere, or none: what the warehouse remembers is not of them.
        is_theirs = built.tie(con) is not None and built.tie(con) == built.tie(marts)
        before = known if is_theirs else None
        full = full_refresh or (whole and now != before)
        if full or now != before:  # a part made of other SQL leaves a mixture, which only a full build ends
            built.forget(con)
        built.bind(marts, con)
        why = (
            "Making everything anew, as asked" if full_refresh
            else "Making everything anew: " + (
                "no whole build to go on from" if known is None
                else "the marts are not those of the last build" if before is None
                else "SQL, settings or accounts changed"
            )
        )  # fmt: skip
        return _Start(now, built.last_load(con), full, why)
    finally:
        marts.close()
        con.close()


def _remember(build_dir: Path, start: _Start) -> None:
    con = connect(build_dir / "warehouse.duckdb")
    try:
        built.remember(con, start.recipe, start.through_load_id)
    finally:
        con.close()


def read_state(build_dir: Path | str) -> dict[str, Any] | None:
    """How the last build went: {"status": running | passed | failed | unknown, "run_id", "at"}, or None
    before the first. unknown: the file cannot be read, or is missing beside marts that are built."""
    build_dir = Path(build_dir)
    try:
        state = json.loads((build_dir / STATE).read_text(encoding="utf-8"))
        return {"status": state["status"], "run_id": state["run_id"], "at": state.get("at")}
    except FileNotFoundError:
        # A build writes it first of all: these marts came without theirs, from a copy or a backup.
        return {"status": "unknown", "run_id": None, "at": None} if (build_dir / DATABASE).exists() else None
    except (OSError, ValueError, LookupError, TypeError):
        return {"status": "unknown", "run_id": None, "at": None}


def _platforms(warehouse: Path) -> set[str]:
    """The platforms some account is or was read from; empty when there is no telling. The others' staging is
    left out: nothing is in it."""
    if not warehouse.is_file():
        return set()
    with connect(warehouse, read_only=True) as con:
        known = con.execute(
            "select 1 from information_schema.tables "
            "where table_schema = 'raw_daybook' and table_name = 'accounts'"
        ).fetchone()
        if known is None:
            return set()
        rows = con.execute("select distinct platform from raw_daybook.accounts").fetchall()
        return {row[0] for row in rows}


def _staged(project_dir: Path) -> list[str]:
    folder = project_dir / "models" / "staging"
    return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def _command(project_dir: Path, target: Path) -> list[str]:
    return [
        sys.executable, "-m", "warehouse.run_dbt", "build",
        "--project-dir", str(project_dir), "--profiles-dir", str(project_dir), "--target-path", str(target),
        "--exclude-resource-type", "unit_test",
    ]  # fmt: skip


def _environment(more: Mapping[str, str] | None) -> dict[str, str]:
    return {
        **os.environ,
        "DAYBOOK_BUILD": ".",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "False",
        "DO_NOT_TRACK": "1",
        "PYTHONUNBUFFERED": "1",
        **(more or {}),
    }


def _results(target: Path) -> list[NodeResult]:
    """run_results.json as rows; nothing when dbt ended before it wrote one."""
    try:
        data = json.loads((target / "run_results.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return []
    run_id = data["metadata"]["invocation_id"]
    written = datetime.fromisoformat(data["metadata"]["generated_at"].replace("Z", "+00:00"))
    return [
        NodeResult(
            run_id=run_id,
            node=one["unique_id"],
            resource_type=one["unique_id"].split(".", 1)[0],
            status=one["status"],
            execution_s=one.get("execution_time"),
            rows_affected=_count(one.get("adapter_response", {}).get("rows_affected")),
            message=one.get("message"),
            finished_at=_finished(one, written),
            compiled_path=compiled_sql(target, one["unique_id"].split(".")[2])
            if one["status"] in _FAILED
            else None,
            relation=one.get("relation_name"),
        )
        for one in data["results"]
    ]


def _with_what_was_found(result: NodeResult, build_dir: Path) -> NodeResult:
    """dbt counts the rows a test found; whoever mends them wants to see some."""
    if result.resource_type != "test" or result.status != "fail" or result.compiled_path is None:
        return result
    rows = found_by(result.compiled_path, build_dir)
    return replace(result, message="\n      ".join([(result.message or "").strip(), *rows]))


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and value >= 0 else None  # DuckDB says -1 for "do not know"


def _finished(result: Mapping[str, Any], written: datetime) -> datetime:
    ends = [step["completed_at"] for step in result.get("timing") or [] if step.get("completed_at")]
    return datetime.fromisoformat(ends[-1].replace("Z", "+00:00")).astimezone(UTC) if ends else written


def _store(warehouse: Path, results: Sequence[NodeResult]) -> None:
    if not results:
        return
    con = connect(warehouse)
    try:
        raw.prepare_books(con)
        con.execute("begin")
        con.executemany(
            "insert into raw_daybook.dbt_results values (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (r.run_id, r.node, r.resource_type, r.status, r.execution_s, r.rows_affected, r.message,
                 r.finished_at)
                for r in results
            ],
        )  # fmt: skip
        con.execute("commit")
    finally:
        con.close()


def _raise_storage_trouble(
    code: int, results: Sequence[NodeResult], said: Sequence[str], build_dir: Path
) -> None:
    """A disk that is full or may not be written is nobody's model: told as such, whatever dbt made of it."""
    told = [one.message or "" for one in results if one.failed] or (list(said) if code != 0 else [])
    for text in told:
        if is_storage_trouble(text):
            raise StorageError(
                f"the marts could not be built: {first_line(text)}",
                advice=f"make room or give rights below {build_dir} and build again; readers keep theirs",
            )


def _raise_failures(code: int, results: Sequence[NodeResult], said: Sequence[str]) -> None:
    failures = [result for result in results if result.failed]
    if failures:
        lines = [f"{len(failures)} of {len(results)} dbt nodes failed:"]
        for one in failures:
            where = f" ({one.compiled_path})" if one.compiled_path else ""
            lines.append(f"  {one.resource_type} {one.name}{where}: {(one.message or one.status).strip()}")
        raise BuildError(
            "\n".join(lines),
            failures=failures,
            log="\n".join(said),
            advice="the published marts are untouched; mend the named model or data and build again",
        )
    if code != 0:
        tail = "\n".join(f"  {line}" for line in said[-15:])
        raise BuildError(
            f"dbt ended with exit status {code} before it built anything:\n{tail}",
            log="\n".join(said),
            advice="the published marts are untouched; run daybook build again after mending this",
        )


def _write_state(build_dir: Path, status: str, run_id: str | None) -> None:
    # Durable: after a power cut in a build, the state of the one before would be believed.
    facts = {"status": status, "run_id": run_id, "at": datetime.now(UTC).isoformat()}
    durable.replace(build_dir / STATE, json.dumps(facts))
