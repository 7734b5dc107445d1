"""`transform_marts`: raw to published marts when every platform is in; `breakfast`: or at a set hour."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, AssetAll, CronTriggerTimetable, task
from airflow.sdk.exceptions import AirflowSkipException

from daybook import clock, notify, steps
from daybook.names import BREAKFAST_DAG, ONE_NIGHT, TRANSFORM_DAG, WRITER_POOL
from daybook.schedule import RETRY_POLICY, breakfast_asset, raw_asset
from daybook.settings import Settings
from daybook.tasks import telling

DOC = """### Build, audit and publish the marts

Starts when every platform has emitted its asset, or when the DAG `breakfast` says so at {breakfast} ({zone})
with whoever came: a late platform shows as stale in the marts and does not hold up breakfast.

* `dbt_build`: loads what landed of accounts whose platform still reads, then one `dbt build` as a subprocess;
  prints what each model and test did. When it fails nothing is published, readers keep the marts they have.
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
    # Not AssetOrTimeSchedule: its time leg leaves the events of the platforms that did come in the queue, and
    # from then on every night would start before its last platform. A run by any asset empties the queue.
    schedule=AssetAll(*(raw_asset(platform) for platform in steps.platforms_of(steps.accounts(_settings))))
    | breakfast_asset(),
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
        """Load what landed and waits, then run dbt over everything loaded."""
        with telling():
            settings = Settings.from_environment()
            steps.load_who_came(settings)
            return steps.build_marts(settings)

    @task(execution_timeout=timedelta(hours=1))
    def audit_and_publish() -> dict[str, Any]:
        """Verify what was built and let readers have it."""
        with telling():
            return steps.publish_marts(Settings.from_environment())

    dbt_build() >> audit_and_publish()


with DAG(
    dag_id=BREAKFAST_DAG,
    dag_display_name="Breakfast",
    description="The hour at which the marts are built with whoever came",
    doc_md=f"""### The marts wait no longer

At {clock.BREAKFAST_AT:%H:%M} ({_settings.zone}) emits the asset `breakfast`, which starts `transform_marts`
with whoever came: yesterday's numbers are out in the morning also when a platform is late or failed.
""",
    schedule=CronTriggerTimetable(clock.cron(clock.BREAKFAST_AT), timezone=_settings.zone),
    catchup=False,
    max_active_runs=1,
    tags=["transform"],
    default_args={"owner": "data-platform", "retries": 1, "on_failure_callback": notify.on_failure},
):

    @task(outlets=[breakfast_asset()])
    def whoever_came() -> None:
        """Start the transform."""
        if os.environ.get(ONE_NIGHT):
            raise AirflowSkipException("`daybook night` starts the transform itself")

    whoever_came()
