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
from daybook.names import BREAKFAST_ASSET, TRANSFORM_DAG, ingest_dag
from daybook.problems import Problem
from daybook.progress import Progress
from daybook.sandbox import bundled_files
from daybook.settings import Settings
from extractors.accounts import Account
from extractors.errors import ConfigError, DaybookError

OWED = 30.0  # seconds in which the scheduler makes the runs it owes; it looks every second
BY_ASSETS = 10.0  # seconds in which it starts the transform after the last asset


@dataclass
class Outcome:
    """How a night went: the ingest runs, the transform (None: not reached) and what was left out."""

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
    """`day`, or the last closed one. Raises ConfigError when it has not ended: runs of it would wait."""
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
        return _through(watch, settings, accounts, progress, wanted)


def _through(
    watch: Watch, settings: Settings, accounts: list[Account], progress: Progress, day: date
) -> Outcome:
    outcome = Outcome(day)
    groups = steps.platforms_of(accounts)
    progress.doing(f"Reading up to {day:%A %d %B %Y}: {len(accounts)} accounts on {len(groups)} platforms")
    for platform in groups:
        if watch.api.dag(ingest_dag(platform))["is_paused"]:
            outcome.paused.append(platform)
            progress.line(f"{platform} is paused in Airflow and was left out", "bad")
            continue
        run = _appears(watch, partial(_reads, ingest_dag(platform), day, settings.zone), OWED)
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


def _reads(dag_id: str, day: date, zone: str, run: dict[str, Any]) -> bool:
    """Whether a run that was seen is one of this DAG and this day."""
    begins = run["data_interval_start"]
    return (
        run["dag_id"] == dag_id
        and run["run_type"] != "backfill"
        and begins is not None
        and clock.business_day(datetime.fromisoformat(begins), zone) == day
    )


def _transform_run(watch: Watch, outcome: Outcome) -> Run:
    """The transform that started after the last platform came in.

    The scheduler starts it by the assets when every platform emitted one. When one did not, we say that it is
    breakfast, which starts it with whoever came.
    """
    found = None
    if outcome.ingests and not outcome.paused and all(run.emitted for run in outcome.ingests):
        complete = max(
            datetime.fromisoformat(run.last_task_ended or run.ended or "") for run in outcome.ingests
        )
        found = _appears(watch, partial(_transforms, complete), BY_ASSETS)
    if found is None:
        now = datetime.now(UTC)
        watch.api.emit(BREAKFAST_ASSET)
        # Runs of the marts come one after the other: another night's, under way, keeps ours from being made.
        busy = partial(watch.api.is_active, TRANSFORM_DAG)
        found = _appears(watch, partial(_transforms, now), OWED, busy)
    if found is None:
        raise DaybookError(f"Airflow did not start {TRANSFORM_DAG}", advice="is it paused? Look at its page")
    return Run("marts", TRANSFORM_DAG, found["dag_run_id"])


def _transforms(since: datetime, run: dict[str, Any]) -> bool:
    """Whether a run that was seen is a transform that knows all that happened before `since`."""
    return (
        run["dag_id"] == TRANSFORM_DAG
        and run["run_type"] == "asset_triggered"
        and datetime.fromisoformat(run["queued_at"]) >= since
    )


def _appears(
    watch: Watch,
    is_it: Callable[[dict[str, Any]], bool],
    patience: float,
    is_busy: Callable[[], bool] = lambda: False,
) -> dict[str, Any] | None:
    """The newest run that is the one, looking again for `patience` seconds since Airflow was last busy."""
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
