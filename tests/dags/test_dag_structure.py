"""The exact shape of the DAGs: ids, tasks, pools, schedules, retries, assets and docs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
import yaml

from daybook import steps
from extractors.core.window import Window
from extractors.landing import Landing

PLATFORMS = ["taobao", "woocommerce", "doudian", "tiktok_shop", "ocean_engine", "google_ads", "ga4", "files"]


@pytest.fixture(params=PLATFORMS)
def ingest(request, bag):  # type: ignore[no-untyped-def]
    return request.param, bag.dags[f"ingest_{request.param}"]


def test_the_dag_files_are_read_without_an_error(bag):
    assert bag.import_errors == {}


def test_there_is_one_ingest_dag_for_each_configured_platform_one_transform_and_breakfast(bag):
    assert set(bag.dags) == {f"ingest_{platform}" for platform in PLATFORMS} | {
        "transform_marts",
        "breakfast",
    }


def test_an_ingest_reads_loads_and_then_says_whether_all_are_in(ingest):
    _, dag = ingest
    assert {task.task_id: task.downstream_task_ids for task in dag.tasks} == {
        "extract": {"load"},
        "load": {"ready"},
        "ready": set(),
    }


def test_extract_is_mapped_over_the_accounts_of_the_platform(ingest, project_root):
    platform, dag = ingest
    listed = yaml.safe_load((project_root / "accounts.yml").read_text())["accounts"]
    wanted = [account["id"] for account in listed if account["id"].startswith(f"{platform}__")]
    extract = dag.get_task("extract")
    assert extract.is_mapped
    assert extract.op_kwargs_expand_input.value == {"account": wanted}
    assert extract.map_index_template == "{{ task.op_kwargs['account'] }}"


def test_reads_share_the_platforms_pool_and_loads_the_one_writer(ingest):
    platform, dag = ingest
    pools = {task.task_id: task.pool for task in dag.tasks}
    assert pools == {
        "extract": f"extract_{platform}",
        "load": "warehouse_writer",
        "ready": "default_pool",
    }


def test_a_failed_account_neither_stops_the_load_nor_lets_the_run_end_green(ingest):
    _, dag = ingest
    rules = {task.task_id: task.trigger_rule.value for task in dag.tasks}
    assert rules == {"extract": "all_success", "load": "all_done", "ready": "all_done"}
    assert [task.task_id for task in dag.tasks if not task.downstream_task_ids] == ["ready"]


def test_only_the_last_task_emits_the_platforms_asset(ingest):
    platform, dag = ingest
    outlets = {task.task_id: [asset.name for asset in getattr(task, "outlets", [])] for task in dag.tasks}
    assert outlets["ready"] == [f"raw_{platform}"]
    assert dag.get_task("load").outlets == []
    assert not dag.get_task("extract").partial_kwargs.get("outlets")


def test_an_ingest_runs_daily_at_half_past_one_of_the_business_zone_without_catching_up(ingest):
    _, dag = ingest
    from airflow.sdk import CronDataIntervalTimetable

    assert isinstance(dag.timetable, CronDataIntervalTimetable)
    assert dag.timetable == CronDataIntervalTimetable("30 1 * * *", timezone="Asia/Shanghai")
    assert dag.catchup is False
    assert dag.max_active_runs == 1


def test_every_dag_has_docs_tags_and_an_owner(bag):
    for dag in bag.dags.values():
        assert dag.doc_md.startswith("### "), dag.dag_id
        assert len(dag.doc_md) > 200, dag.dag_id
        assert dag.tags, dag.dag_id
        assert {task.owner for task in dag.tasks} == {"data-platform"}, dag.dag_id
        assert dag.description, dag.dag_id


def test_somebody_is_told_when_a_night_fails(bag):
    from daybook import notify

    def called(task):  # type: ignore[no-untyped-def]
        found = task.on_failure_callback
        return list(found) if isinstance(found, list | tuple) else [found]

    for dag_id, dag in bag.dags.items():
        leaves = [task for task in dag.tasks if not task.downstream_task_ids]
        for leaf in leaves:
            assert notify.on_failure in called(leaf), dag_id
    assert notify.on_failure in called(bag.dags["transform_marts"].get_task("dbt_build"))


def test_the_transform_waits_for_all_platforms_or_for_breakfast(bag):
    from airflow.sdk import AssetAll, AssetAny

    condition = bag.dags["transform_marts"].timetable.asset_condition
    assert isinstance(condition, AssetAny)
    together, breakfast = condition.objects
    assert isinstance(together, AssetAll)
    assert {asset.name for asset in together.objects} == {f"raw_{one}" for one in PLATFORMS}
    assert breakfast.name == "breakfast"


def test_breakfast_is_at_half_past_five_of_the_business_zone(bag):
    from airflow.sdk import CronTriggerTimetable

    dag = bag.dags["breakfast"]
    assert dag.timetable == CronTriggerTimetable("30 5 * * *", timezone="Asia/Shanghai")
    assert dag.catchup is False
    (task,) = dag.tasks
    assert task.task_id == "whoever_came"
    assert [asset.name for asset in task.outlets] == ["breakfast"]


def test_the_transform_builds_then_audits_and_publishes_as_the_one_writer(bag):
    dag = bag.dags["transform_marts"]
    assert {task.task_id: task.downstream_task_ids for task in dag.tasks} == {
        "dbt_build": {"audit_and_publish"},
        "audit_and_publish": set(),
    }
    assert {task.pool for task in dag.tasks} == {"warehouse_writer"}
    assert dag.max_active_runs == 1
    assert dag.get_task("dbt_build").execution_timeout == timedelta(hours=2)


@pytest.mark.parametrize("damaged", [False, True])
def test_breakfast_has_who_landed_while_another_account_of_the_platform_still_reads(
    bag, tmp_path, monkeypatch, damaged
):
    monkeypatch.setenv("DAYBOOK_DATA", str(tmp_path))
    window = Window(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC))
    for account in ("taobao__lantern", "taobao__plum"):
        with Landing(tmp_path / "landing").partition(
            "taobao", account, "orders", "cursor", window, datetime(2026, 11, 2, 1, tzinfo=UTC)
        ) as partition:
            partition.write(b'{"key":"1","cursor_at":"2026-11-01T01:00:00Z","payload":{"tid":1}}')
            partition.commit()
    if damaged:
        (manifest,) = (tmp_path / "landing/taobao/taobao__plum").rglob("manifest.json")
        manifest.unlink()

    def found(settings):
        with duckdb.connect(str(settings.warehouse), read_only=True) as con:
            return {name for (name,) in con.execute("select account_id from raw_taobao.orders").fetchall()}

    monkeypatch.setattr(steps, "build_marts", found)  # what dbt would find
    built = bag.dags["transform_marts"].get_task("dbt_build").python_callable()
    assert built == {"taobao__lantern"} | (set() if damaged else {"taobao__plum"})


def test_reads_are_retried_with_growing_pauses(ingest):
    _, dag = ingest
    partial = dag.get_task("extract").partial_kwargs
    assert partial["retries"] == 3
    assert partial["retry_delay"] == timedelta(seconds=30)
    assert partial["retry_exponential_backoff"] == 2.0
    assert dag.get_task("ready").retries == 0


@pytest.mark.parametrize("kind", ["AuthError", "ConfigError", "ContractError"])
def test_a_hopeless_error_fails_at_the_first_try(kind):
    from airflow.sdk import RetryAction

    from daybook.problems import HopelessErrors
    from daybook.schedule import RETRY_POLICY
    from extractors import errors

    inner = getattr(errors, kind)("no")
    assert RETRY_POLICY.evaluate(inner, 1, 4).action is RetryAction.FAIL
    assert RETRY_POLICY.evaluate(HopelessErrors([inner]), 1, 4).action is RetryAction.FAIL


def test_a_hiccup_is_retried_and_a_vendor_that_said_wait_is_given_time():
    from airflow.sdk import RetryAction

    from daybook.schedule import RETRY_POLICY
    from extractors.errors import AuthError, ExtractErrors, RateLimitedError, TransientError

    assert RETRY_POLICY.evaluate(TransientError("gone"), 1, 4).action is RetryAction.RETRY
    limited = RETRY_POLICY.evaluate(RateLimitedError("slow down"), 1, 4)
    assert (limited.action, limited.retry_delay) == (RetryAction.RETRY, timedelta(minutes=10))
    mixed = ExtractErrors([AuthError("no"), TransientError("gone")])
    assert RETRY_POLICY.evaluate(mixed, 1, 4).action is not RetryAction.FAIL


def test_every_dag_survives_serialisation(bag):
    from airflow.serialization.serialized_objects import DagSerialization

    for dag in bag.dags.values():
        stored = DagSerialization.to_dict(dag)
        assert {task["__var"]["task_id"] for task in stored["dag"]["tasks"]} == set(dag.task_ids)


def test_a_broken_accounts_file_becomes_an_import_error_that_names_the_line(
    tmp_path, monkeypatch, project_root
):
    from airflow.dag_processing.dagbag import DagBag

    broken = tmp_path / "accounts.yml"
    broken.write_text(
        "accounts:\n  - id: tabao__x\n    name: X\n    store: x\n    time_zone: Asia/Shanghai\n    currency: CNY\n"
    )
    monkeypatch.setenv("DAYBOOK_ACCOUNTS", str(broken))
    found = DagBag(str(project_root / "dags"))
    text = "\n".join(found.import_errors.values())
    assert found.dags == {}
    assert "accounts.yml:2" in text
    assert "did you mean 'taobao'" in text


def test_airflow_cfg_holds_only_what_differs_from_the_default_and_each_line_has_its_reason(project_root):
    import configparser

    import airflow

    path = project_root / "airflow.cfg"
    templates = Path(airflow.__file__).parent / "config_templates" / "config.yml"
    known = yaml.safe_load(templates.read_text())
    ours = configparser.ConfigParser(interpolation=None)
    ours.read(path)
    settings = [(section, key, value) for section in ours.sections() for key, value in ours[section].items()]
    assert len(settings) > 5
    for section, key, value in settings:
        assert str(known[section]["options"][key]["default"]) != value, f"{section}.{key} is the default"
    lines = path.read_text().splitlines()
    for number, line in enumerate(lines):
        if "=" in line and not line.startswith("#"):
            assert lines[number - 1].startswith("#"), line


def test_airflow_listens_on_loopback_with_a_login(project_root):
    from airflow.configuration import conf

    assert conf.get("api", "host") == "127.0.0.1"
    assert conf.get("core", "auth_manager").endswith("SimpleAuthManager")
    assert conf.getboolean("core", "simple_auth_manager_all_admins") is False
