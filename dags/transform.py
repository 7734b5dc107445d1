"""The DAG `transform_marts`.

Raw to published marts, when every platform is in or at breakfast with whoever came.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, AssetAll, AssetOrTimeSchedule, CronTriggerTimetable, task

from daybook import clock, notify, steps
from daybook.names import TRANSFORM_DAG, WRITER_POOL
from daybook.schedule import RETRY_POLICY, raw_asset
from daybook.settings import Settings
from daybook.tasks import telling

DOC = """### Build, audit and publish the marts

Starts when every platform has emitted its asset, or at {breakfast} ({zone}) with whoever came: a late
platform shows as stale in the marts and does not hold up breakfast.

* `dbt_build`: one `dbt build` as a subprocess; prints what each model and test did. When it fails nothing is
  published, readers keep the marts they have.
* `audit_and_publish`: copies the built marts to a new release, verifies it, flips `data/published/current`.
  When it fails the link stays where it was.

Readers are never blocked. `daybook rollback` points them to an earlier release.
"""

_settings = Settings.from_environment()

with DAG(
    dag_id=TRANSFORM_DAG,
    dag_display_name="Build and publish marts",
    description="dbt build, audit and publish",
    doc_md=DOC.format(breakfast=clock.BREAKFAST_AT.strftime("%H:%M"), zone=_settings.zone),
    schedule=AssetOrTimeSchedule(
        assets=AssetAll(*(raw_asset(platform) for platform in steps.platforms_of(steps.accounts(_settings)))),
        timetable=CronTriggerTimetable(clock.cron(clock.BREAKFAST_AT), timezone=_settings.zone),
    ),
    catchup=False,
    max_active_runs=1,
    tags=["transform", "marts"],
    default_args={
        "owner": "data-platform",
        "pool": WRITER_POOL,
        "retries": 1,
        "retry_delay": timedelta(seconds=30),
        "retry_policy": RETRY_POLICY,
        "on_failure_callback": notify.on_failure,
    },
) as dag:

    @task(execution_timeout=timedelta(hours=2))
    def dbt_build() -> dict[str, Any]:
        """Run dbt over everything loaded."""
        with telling():
            return steps.build_marts(Settings.from_environment())

    @task(execution_timeout=timedelta(hours=1))
    def audit_and_publish() -> dict[str, Any]:
        """Verify what was built and let readers have it."""
        with telling():
            return steps.publish_marts(Settings.from_environment())

    dbt_build() >> audit_and_publish()
