"""The nightly refresh through Airflow.

Start it, run yesterday for every platform, build, publish, stop everything.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

from daybook import clock, steps
from daybook.engine.asked import asked
from daybook.engine.follow import Run, Watch, follow
from daybook.names import BREAKFAST_ASSET, TRANSFORM_DAG, counted, ingest_dag
from daybook.problems import Problem
from daybook.progress import Progress
from daybook.sandbox import bundled_files
from daybook.settings import Settings
from extractors.accounts import Account
from extractors.errors import ConfigError, DaybookError

RUN_APPEARS_WITHIN = 30.0  # seconds that the scheduler may take to create a due run; it looks every second
ASSETS_START_WITHIN = 10.0  # seconds that it may take to start the transform after the last asset


@dataclass
class Outcome:
    """How a night went: the ingest runs, the transform (None: not reached) and the platforms left out because
    they are paused in Airflow."""

    day: date
    ingests: list[Run] = field(default_factory=list)
    transform: Run | None = None
    paused: list[str] = field(default_factory=list)

    @property
    def problems(self) -> list[Problem]:
        runs = [*self.ingests, *([self.transform] if self.transform else [])]
        return [problem for run in runs for problem in run.problems]

    @property
    def published(self) -> bool:
        return self.transform is not None and self.transform.state == "success"


def closed_day(settings: Settings, day: date | None = None) -> date:
    """`day`, or by default the last closed day. Raises ConfigError when `day` has not ended: Airflow would
    not start its runs before."""
    newest = clock.last_closed_day(datetime.now(UTC), settings.zone)
    if day is not None and day > newest:
        raise ConfigError(
            f"{day} has not ended: the last whole business day in {settings.zone} is {newest}",
            advice=f"ask for days up to {newest}",
        )
    return day or newest


def run_night(settings: Settings, progress: Progress, day: date | None = None) -> Outcome:
    """Run one night in an Airflow of our own, or in the one `daybook up` started.

    Args:
        day: the business day to read up to; by default the last closed one.
    Raises ConfigError when the day has not ended.
    """
    wanted = closed_day(settings, day)
    accounts = steps.accounts(settings)
    settings.hash_key()
    bundled_files(settings, accounts, progress)
    for account in accounts:
        for said in steps.out_of_reach(settings, account):
            progress.line(f"{account.id} · {said}", "bad")
    asking = ["night", wanted.isoformat(), *steps.platforms_of(accounts)]
    with asked(settings, accounts, progress, "daybook night", asking) as watch:
        return _run_platforms(watch, settings, accounts, progress, wanted)


def _run_platforms(
    watch: Watch, settings: Settings, accounts: list[Account], progress: Progress, day: date
) -> Outcome:
    outcome = Outcome(day)
    groups = steps.platforms_of(accounts)
    read = f"{counted(len(accounts), 'account')} on {counted(len(groups), 'platform')}"
    progress.doing(f"Reading up to {day:%A %d %B %Y}: {read}")
    for platform in groups:
        if watch.api.dag(ingest_dag(platform))["is_paused"]:
            outcome.paused.append(platform)
            progress.line(f"{platform} is paused in Airflow and was left out", "bad")
            continue
        run = _wait_for_run(
            watch, partial(_is_ingest_of_day, ingest_dag(platform), day, settings.zone), RUN_APPEARS_WITHIN
        )
        if run is None:
            raise DaybookError(
                f"Airflow made no run of {ingest_dag(platform)} for {day}",
                advice=f"look at scheduler.log in {settings.airflow_home / 'logs'}",
            )
        outcome.ingests.append(Run(platform, run["dag_id"], run["dag_run_id"]))
    finish(watch, outcome, progress)
    return outcome


def finish(watch: Watch, outcome: Outcome, progress: Progress) -> None:
    """Follow the ingest runs to their end, then the transform."""
    follow(watch, outcome.ingests, progress)
    progress.doing("Building the marts")
    outcome.transform = _transform_run(watch, outcome)
    follow(watch, [outcome.transform], progress, counting="dbt_build")


def _is_ingest_of_day(dag_id: str, day: date, zone: str, run: dict[str, Any]) -> bool:
    """Whether a run belongs to this DAG and business day, and to no backfill."""
    begins = run["data_interval_start"]
    return (
        run["dag_id"] == dag_id
        and run["run_type"] != "backfill"
        and begins is not None
        and clock.business_day(datetime.fromisoformat(begins), zone) == day
    )


def _transform_run(watch: Watch, outcome: Outcome) -> Run:
    """The transform run that started after the last platform was in.

    The scheduler starts it when every platform has emitted its asset. If one has not, we emit the asset
    `breakfast`, which starts it without the missing platforms.
    """
    found = None
    if outcome.ingests and not outcome.paused and all(run.emitted for run in outcome.ingests):
        complete = max(
            datetime.fromisoformat(run.last_task_ended or run.ended or "") for run in outcome.ingests
        )
        found = _wait_for_run(watch, partial(_is_transform_since, complete), ASSETS_START_WITHIN)
    if found is None:
        now = datetime.now(UTC)
        watch.api.emit(BREAKFAST_ASSET)
        # One transform runs at a time: while another one is under way, ours is not created yet.
        busy = partial(watch.api.is_active, TRANSFORM_DAG)
        found = _wait_for_run(watch, partial(_is_transform_since, now), RUN_APPEARS_WITHIN, busy)
    if found is None:
        raise DaybookError(f"Airflow did not start {TRANSFORM_DAG}", advice="is it paused? Look at its page")
    return Run("marts", TRANSFORM_DAG, found["dag_run_id"])


def _is_transform_since(since: datetime, run: dict[str, Any]) -> bool:
    """Whether a run is a transform that was queued at `since` or later, so that it includes what was loaded
    before."""
    return (
        run["dag_id"] == TRANSFORM_DAG
        and run["run_type"] == "asset_triggered"
        and datetime.fromisoformat(run["queued_at"]) >= since
    )


def _wait_for_run(
    watch: Watch,
    is_it: Callable[[dict[str, Any]], bool],
    patience: float,
    is_busy: Callable[[], bool] = lambda: False,
) -> dict[str, Any] | None:
    """Wait for a run for which `is_it` is true; returns the newest, or None after `patience` seconds.

    While `is_busy` is true, the time does not run out.
    """
    deadline = time.monotonic() + patience
    while True:
        watch.look()
        found = [run for run in watch.runs.values() if is_it(run)]
        if found:
            return max(found, key=lambda run: run["queued_at"] or "")
        if time.monotonic() > deadline:
            if not is_busy():
                return None
            deadline = time.monotonic() + patience
        time.sleep(0.5)
