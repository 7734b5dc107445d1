"""`transform_marts` builds and publishes the marts when every platform is in. `breakfast` starts it at a set
hour if that has not happened by then."""

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

Starts when every platform has emitted its asset, or when the DAG `breakfast` emits its asset at {breakfast}
({zone}). Then platforms that are not in yet are shown as stale in the marts.

* `dbt_build` loads what has landed of platforms that are still being read, runs `dbt build` as a subprocess
  and prints the result of each model and test. When it fails, nothing is published.
* `audit_and_publish` copies the built marts to a new release, verifies it and points
  `data/published/current` at it. When it fails, the link stays as it was.

Readers are never blocked. `daybook rollback` makes an earlier release current again.
"""

_settings = Settings.from_environment()

with DAG(
    dag_id=TRANSFORM_DAG,
    dag_display_name="Build and publish marts",
    description="dbt build, audit and publish",
    doc_md=DOC.format(breakfast=clock.BREAKFAST_AT.strftime("%H:%M"), zone=_settings.zone),
    # Not AssetOrTimeSchedule: a run that it starts by time leaves the asset events of the platforms that were
    # in, and from then on every night's run would start before its last platform is in. A run that is started
    # by an asset, such as `breakfast`, uses up all events.
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
        """Load what has landed and waits, then run dbt over all that is loaded."""
        with telling():
            settings = Settings.from_environment()
            steps.load_who_came(settings)
            return steps.build_marts(settings)

    @task(execution_timeout=timedelta(hours=1))
    def audit_and_publish() -> dict[str, Any]:
        """Verify what was built and make it the current release."""
        with telling():
            return steps.publish_marts(Settings.from_environment())

    dbt_build() >> audit_and_publish()


with DAG(
    dag_id=BREAKFAST_DAG,
    dag_display_name="Breakfast",
    description="The hour at which the marts are built, even if a platform is missing",
    doc_md=f"""### The marts wait no longer

At {clock.BREAKFAST_AT:%H:%M} ({_settings.zone}) it emits the asset `breakfast`, which starts
`transform_marts`. So yesterday's numbers are published in the morning even if a platform is late or has
failed. """,
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
