"""dbt as a child process, on a project of three models."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pytest
import warm
from warehouse_helpers import rows

import warehouse.child
from warehouse.build import STATE, build, read_state
from warehouse.connection import attached
from warehouse.errors import BuildError, RefusedError, StorageError, WarehouseError
from warehouse.publish import publish

PROFILES = """
tiny:
  target: duckdb
  outputs:
    duckdb:
      type: duckdb
      path: "{{ env_var('DAYBOOK_BUILD') }}/warehouse.duckdb"
      threads: 2
      attach: [{path: "{{ env_var('DAYBOOK_BUILD') }}/daybook.duckdb", alias: daybook}]
"""
SLOW = "select count(*) as n from range(100000) as a(i), range(400000) as b(j) where (i * j) % 7 = 3"


@pytest.fixture(scope="module")
def shared_project(tmp_path_factory) -> Path:
    """One project for the module: dbt parses it once and then only what changed."""
    project = tmp_path_factory.mktemp("tiny")
    (project / "models").mkdir()
    (project / "dbt_project.yml").write_text(
        "name: tiny\nprofile: tiny\nversion: '1.0.0'\nflags: {send_anonymous_usage_stats: false}\n"
        "models: {+database: daybook, +materialized: table}\n"
    )
    (project / "profiles.yml").write_text(PROFILES)
    (project / "models" / "schema.yml").write_text(
        "models:\n- name: base\n  columns: [{name: id, data_tests: [not_null, unique]}]\n"
    )
    return project


@pytest.fixture
def project(shared_project: Path) -> Path:
    models = shared_project / "models"
    (models / "base.sql").write_text("select i as id from range({{ env_var('HOW_MANY', '10') }}) as t(i)")
    (models / "total.sql").write_text("select count(*) as n from {{ ref('base') }}")
    (models / "slow.sql").write_text("select 1 as n")
    return shared_project


@pytest.fixture
def warm_dbt(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a build makes of dbt's results needs no start of dbt of its own; one that is stopped gets its own."""
    child = warehouse.child.run

    def run(*given: Any) -> tuple[int, list[str]]:
        return (child if given[-1] else warm.instead_of_a_child)(*given)

    monkeypatch.setattr(warehouse.child, "run", run)


@pytest.fixture(scope="module")
def built(shared_project: Path, tmp_path_factory) -> Callable[[Path], None]:
    """Leaves in a folder what a whole build of the project, as it stands, leaves there; each is made once."""
    made: dict[tuple[str, ...], Path] = {}

    def leave(folder: Path) -> None:
        models = tuple(path.read_text() for path in sorted((shared_project / "models").glob("*.sql")))
        if models not in made:
            made[models] = tmp_path_factory.mktemp("built")
            build(shared_project, made[models])
        shutil.copytree(made[models], folder, dirs_exist_ok=True)

    return leave


@pytest.fixture
def build_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "build"
    folder.mkdir()
    return folder


RESULTS = "select status, count(*) from raw_daybook.dbt_results group by all order by all"


def test_a_build_streams_its_log_and_keeps_a_row_per_node(project, build_dir, monkeypatch):
    said: list[str] = []
    child, left = warehouse.child.run, []

    def run(*given: Any) -> tuple[int, list[str]]:
        ended = child(*given)
        left.extend(build_dir.glob("*.wal"))
        return ended

    monkeypatch.setattr(warehouse.child, "run", run)
    results = build(project, build_dir, log=said.append, env={"HOW_MANY": "12"})
    assert {r.name: r.status for r in results if r.resource_type == "model"} == {
        "base": "success", "slow": "success", "total": "success"
    }  # fmt: skip
    assert any("Completed successfully" in line for line in said)
    assert not any("\x1b" in line for line in said)
    assert not left  # dbt let go of both before it ended
    assert rows(build_dir / "daybook.duckdb", "select n from total") == [(12,)]
    assert rows(build_dir / "warehouse.duckdb", RESULTS) == [("pass", 2), ("success", 3)]
    stored = "select count(distinct run_id), count(*) filter (where finished_at > now() - interval 5 minutes)"
    assert rows(build_dir / "warehouse.duckdb", f"{stored} from raw_daybook.dbt_results") == [(1, 5)]
    state = read_state(build_dir)
    assert state is not None and state["status"] == "passed" and state["run_id"] == results[0].run_id


def test_the_marts_are_in_the_form_that_every_duckdb_reads_and_the_warehouse_in_one_that_costs_less(
    project, build_dir, built
):
    built(build_dir)
    with attached({name: build_dir / f"{name}.duckdb" for name in ("warehouse", "daybook")}) as con:
        forms = dict(
            con.execute("select database_name, tags['storage_version'] from duckdb_databases()").fetchall()
        )
    assert (forms["daybook"], forms["warehouse"]) == ("v1.0.0+", "v1.3.0+")


@pytest.mark.usefixtures("warm_dbt")
def test_what_no_model_makes_any_more_goes_with_the_build_that_makes_all_anew(project, build_dir, built):
    built(build_dir)
    with duckdb.connect(str(build_dir / "daybook.duckdb")) as con:
        con.execute(
            "create schema notes; create table notes.mine as select 1; create table restatement_log as select 1"
        )
    (project / "models" / "slow.sql").unlink()
    (project / "models" / "base.sql").write_text("{{ config(materialized='view') }} select 1 as id")
    said: list[str] = []
    build(project, build_dir, select=["base"], log=said.append)
    names = "select table_name from information_schema.tables where table_schema <> 'built' order by all"
    assert ("slow",) in rows(build_dir / "daybook.duckdb", names), "a part says nothing of the rest"
    build(project, build_dir, log=said.append)
    assert rows(build_dir / "daybook.duckdb", names) == [
        ("base",),
        ("mine",),
        ("restatement_log",),
        ("total",),
    ]
    assert [line for line in said if line.startswith("Dropped")] == [
        "Dropped daybook.main.slow, which no model makes any more"
    ]


@pytest.mark.usefixtures("warm_dbt")
def test_a_failed_test_is_named_with_its_message_and_a_part_that_passes_does_not_clear_it(project, build_dir):
    (project / "models" / "base.sql").write_text("select 1 as id union all select 1")
    with pytest.raises(BuildError) as caught:
        build(project, build_dir)
    assert [one.name for one in caught.value.failures] == ["unique_base_id"]
    assert "unique_base_id" in str(caught.value) and "Got 1 result" in str(caught.value)
    assert "unique_field=1, n_records=2" in str(caught.value), "the rows it found are shown"
    assert "compiled" in str(caught.value)
    assert ("skipped", 1) in rows(build_dir / "warehouse.duckdb", RESULTS)
    build(project, build_dir, select=["slow"])
    state = read_state(build_dir)
    assert state is not None and state["status"] == "failed"


@pytest.mark.usefixtures("warm_dbt")
def test_a_part_does_not_vouch_for_a_build_whose_state_cannot_be_read(project, build_dir, built):
    built(build_dir)
    (build_dir / STATE).write_text('{"status": "pas')
    for select, expected in ((["slow"], "failed"), ([], "passed")):
        build(project, build_dir, select=select)
        state = read_state(build_dir)
        assert state is not None and state["status"] == expected


@pytest.mark.usefixtures("warm_dbt")
def test_a_part_does_not_vouch_for_a_warehouse_that_was_never_built(project, build_dir):
    build(project, build_dir, select=["slow"])
    state = read_state(build_dir)
    assert state is not None and state["status"] == "failed"


@pytest.mark.usefixtures("warm_dbt")
def test_a_part_does_not_vouch_for_marts_whose_state_is_gone(project, build_dir, built):
    built(build_dir)
    (build_dir / STATE).unlink()
    build(project, build_dir, select=["slow"])
    state = read_state(build_dir)
    assert state is not None and state["status"] == "failed"


@pytest.mark.usefixtures("warm_dbt")
def test_a_part_that_no_model_is_named_like_is_an_error_and_changes_nothing(project, build_dir, built):
    built(build_dir)
    with pytest.raises(BuildError, match=r"nothing is selected by totl(?s:.*)→ name models as the files"):
        build(project, build_dir, select=["totl"])
    state = read_state(build_dir)
    assert state is not None and state["status"] == "passed"


@pytest.mark.usefixtures("warm_dbt")
def test_a_build_that_goes_on_makes_no_view_and_nothing_settled_again_and_judges_what_is_seen(
    project, build_dir
):
    seen = {
        "seen.sql": "{{ config(materialized='view') }} select id from {{ ref('base') }}",
        "seen.yml": "models: [{name: seen, columns: [{name: id, data_tests: [not_null]}]}]\n",
        "said.sql": "{{ config(tags='settled') }} select 1 as id",
    }
    for name, text in seen.items():
        (project / "models" / name).write_text(text)
    try:
        first, night = build(project, build_dir), build(project, build_dir)
    finally:
        for name in seen:
            (project / "models" / name).unlink()
    assert {one.name for one in first} - {one.name for one in night} == {"seen", "said"}
    assert "not_null_seen_id" in {one.name for one in night}


@pytest.mark.usefixtures("warm_dbt")
@pytest.mark.parametrize(
    ("came", "first"),
    [
        pytest.param("none", [], id="none-whole"),
        pytest.param("none", ["slow"], id="none-a part first", marks=pytest.mark.thorough),
        pytest.param("of the build before", [], id="of the build before-whole", marks=pytest.mark.thorough),
        pytest.param("of the build before", ["slow"], id="of the build before-a part first"),
        pytest.param("of a killed build", [], id="of a killed build-whole"),
        pytest.param(
            "of a killed build", ["slow"], id="of a killed build-a part first", marks=pytest.mark.thorough
        ),
    ],
)
def test_marts_that_are_not_those_of_the_last_build_are_made_anew_whole(
    project, build_dir, built, came, first
):
    models, said, marts = project / "models", [], build_dir / "daybook.duckdb"
    (models / "seen.sql").write_text("{{ config(materialized='view') }} select id from {{ ref('base') }}")
    (models / "total.sql").write_text("select count(*) as n from {{ ref('seen') }}")
    try:
        built(build_dir)
        backup = marts.rename(build_dir / "backup")
        if came != "none":
            shutil.copy(backup, marts)
            with pytest.raises(BuildError) if came == "of a killed build" else contextlib.nullcontext():
                build(project, build_dir, timeout=1 if came == "of a killed build" else None)
            backup.replace(marts)
            with pytest.raises(RefusedError, match=r"not of one build|was interrupted|build failed"):
                publish(build_dir, build_dir.parent / "published")
        if first:
            build(project, build_dir, select=first)
        build(project, build_dir, log=said.append)
    finally:
        (models / "seen.sql").unlink()
    assert any("Making everything anew" in line for line in said)
    assert rows(marts, "select n from total") == [(10,)]


@pytest.mark.usefixtures("warm_dbt")
def test_after_a_part_made_of_other_sql_all_is_made_anew_though_the_sql_is_the_old_again(
    project, build_dir, built
):
    total, said = project / "models" / "total.sql", []
    old = total.read_text()
    built(build_dir)
    total.write_text("select 0 as n")
    build(project, build_dir, select=["total"])
    total.write_text(old)
    build(project, build_dir, log=said.append)
    assert any("Making everything anew" in line for line in said)


@pytest.mark.usefixtures("warm_dbt")
def test_sql_that_does_not_compile_is_told_with_dbts_own_words(project, build_dir):
    (project / "models" / "total.sql").write_text("select count(*) as n from {{ ref('nowhere') }}")
    with pytest.raises(BuildError, match=r"(?s)exit status 2.*nowhere"):
        build(project, build_dir)
    (project / "models" / "total.sql").write_text("select n from {{ ref('again') }}")
    (project / "models" / "again.sql").write_text("select n from {{ ref('total') }}")
    with pytest.raises(BuildError, match=r"(?s)exit status 2.*Found a cycle: model\.\w+\.\w+ --> model"):
        build(project, build_dir)


def test_a_build_that_takes_too_long_is_stopped_with_its_children_and_the_next_is_fine(project, build_dir):
    (project / "models" / "slow.sql").write_text(SLOW)
    began = time.monotonic()
    with pytest.raises(BuildError, match=r"stopped after 3\.5 seconds"):
        build(project, build_dir, timeout=3.5)
    assert time.monotonic() - began < 20
    state = read_state(build_dir)
    assert state is not None and state["status"] == "failed"
    (project / "models" / "slow.sql").write_text("select 2 as n")
    build(project, build_dir, select=["slow"])  # the database is free again, at once
    assert rows(build_dir / "daybook.duckdb", "select n from slow") == [(2,)]


RUNNER = """
import sys
from warehouse.build import build
build(sys.argv[1], sys.argv[2], log=lambda line: print(line, flush=True))
"""


def test_dbt_dies_with_the_process_that_started_it(project, build_dir):
    (project / "models" / "slow.sql").write_text(SLOW)
    parent = subprocess.Popen(
        [sys.executable, "-c", RUNNER, str(project), str(build_dir)], stdout=subprocess.PIPE, text=True
    )
    for line in parent.stdout:
        if "START" in line and "slow" in line:
            break
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    state = read_state(build_dir)
    assert state is not None and state["status"] == "running"
    (project / "models" / "slow.sql").write_text("select 3 as n")
    build(project, build_dir)
    assert rows(build_dir / "daybook.duckdb", "select n from slow") == [(3,)]
    state = read_state(build_dir)
    assert state is not None and state["status"] == "passed"


def test_dbt_does_not_begin_when_the_process_that_started_it_is_gone_already():
    """Linux tells of no death that came before it was asked to."""
    for parent, status in ((os.getpid(), 0), (os.getppid(), 1)):
        begin = partial(warehouse.child._die_with_parent, parent)
        assert subprocess.run(["true"], preexec_fn=begin).returncode == status


def test_the_log_of_a_database_that_is_gone_is_refused(project, build_dir):
    con = duckdb.connect(str(build_dir / "daybook.duckdb"))
    con.execute("set checkpoint_threshold = '1TB'")
    con.execute("create table old as select 1 as i")
    os.link(build_dir / "daybook.duckdb.wal", build_dir / "kept")
    con.close()
    (build_dir / "daybook.duckdb").unlink()
    (build_dir / "kept").rename(build_dir / "daybook.duckdb.wal")
    with pytest.raises(WarehouseError, match=r"daybook\.duckdb\.wal"):
        build(project, build_dir)


def test_a_build_that_may_not_write_is_told_as_trouble_of_the_disk(project, build_dir, tmp_path):
    target = tmp_path / "full"
    models = target / "compiled" / "tiny" / "models"
    models.mkdir(parents=True)
    # The kernel's own full disk: whatever dbt writes there fails with "No space left on device".
    (models / "base.sql").symlink_to("/dev/full")
    with pytest.raises(StorageError) as told:
        build(project, build_dir, target_path=target, env={"DBT_LOG_PATH": str(tmp_path / "logs")})
    assert "make room" in str(told.value) and "Traceback" not in str(told.value)
    assert (read_state(build_dir) or {})["status"] != "passed"
