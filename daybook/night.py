"""The nightly refresh through Airflow.

Start it, run yesterday for every platform, build, publish, stop everything.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from daybook import clock, steps
from daybook.engine import service
from daybook.engine.api import AirflowApi
from daybook.engine.follow import ENDED, Run, follow
from daybook.processes import children
from daybook.progress import Progress
from daybook.sandbox import bundled_files, connections_for, start_sandbox
from daybook.settings import Settings
from daybook.steps import Problem
from extractors.accounts import Account

TRANSFORM = "transform_marts"
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


def run_night(settings: Settings, progress: Progress, day: date | None = None) -> Outcome:
    """Run one night in an Airflow of our own, or in the one `daybook up` started.

    Args:
        day: the business day to read up to; by default the last closed one.
    """
    accounts = steps.accounts(settings)
    settings.hash_key()
    bundled_files(settings, accounts, progress)
    other = service.running(settings)
    if other:
        progress.line(f"using the Airflow that {other.verb} started, {other.url}")
        return through(service.attach(settings, other), settings, accounts, progress, day)
    with (
        service.only_one(settings, "daybook night") as port,
        children(settings.airflow_home / "logs") as kids,
    ):
        connections = connections_for(settings, accounts)
        if connections.sandboxed:
            start_sandbox(kids, connections, progress)
        api = service.start(settings, kids, port, connections.environment, progress, whole=False)
        outcome = through(api, settings, accounts, progress, day, kids.check)
        progress.doing("Stopping Airflow")
    return outcome


def through(
    api: AirflowApi,
    settings: Settings,
    accounts: list[Account],
    progress: Progress,
    day: date | None,
    alive: Callable[[], None] = lambda: None,
) -> Outcome:
    """One night in a running Airflow."""
    wanted = day or clock.last_closed_day(datetime.now(UTC), settings.zone)
    outcome = Outcome(wanted)
    groups = steps.platforms_of(accounts)
    progress.doing(f"Reading up to {wanted:%A %d %B %Y}: {len(accounts)} accounts on {len(groups)} platforms")
    for platform in groups:
        run = _ingest_run(api, settings, platform, wanted, day is not None, alive)
        if run:
            outcome.ingests.append(run)
        else:
            outcome.paused.append(platform)
            progress.line(f"{platform} is paused in Airflow and was left out", "bad")
    follow(api, outcome.ingests, progress, alive)
    progress.doing("Building the marts")
    outcome.transform = _transform_run(api, outcome, alive)
    follow(api, [outcome.transform], progress, alive)
    return outcome


def _ingest_run(
    api: AirflowApi, settings: Settings, platform: str, day: date, asked: bool, alive: Callable[[], None]
) -> Run | None:
    """The run that reads `day`: the one under way or owed by the scheduler, else a new one.

    None when paused.
    """
    dag_id = f"ingest_{platform}"
    dag = api.dag(dag_id)
    if dag["is_paused"]:
        return None

    def under_way() -> dict[str, Any] | None:
        for run in api.runs([dag_id]):
            begins = run["data_interval_start"]
            if run["state"] in ENDED or not begins:
                continue
            if clock.business_day(datetime.fromisoformat(begins), settings.zone) == day:
                return run
        return None

    # A scheduler that starts after 01:30 owes yesterday's run and makes it within a second or two. One more
    # by hand would read everything twice.
    owes = not asked and datetime.fromisoformat(dag["next_dagrun_run_after"]) <= datetime.now(UTC)
    found = _appears(under_way, alive, OWED if owes else 0.0)
    found = found or api.trigger(
        dag_id, clock.interval_of(day, settings.zone), "asked for by `daybook night`"
    )
    return Run(platform, dag_id, found["dag_run_id"])


def _transform_run(api: AirflowApi, outcome: Outcome, alive: Callable[[], None]) -> Run:
    """The transform that started after the last platform came in.

    The scheduler starts it by the assets when every platform emitted one. When one did not, we start it with
    whoever came; by itself it would run at breakfast.
    """

    def by_assets() -> dict[str, Any] | None:
        for run in api.runs([TRANSFORM]):
            if run["run_type"] == "asset_triggered" and datetime.fromisoformat(run["queued_at"]) >= complete:
                return run
        return None

    found = None
    if outcome.ingests and not outcome.paused and all(run.state == "success" for run in outcome.ingests):
        complete = max(
            datetime.fromisoformat(run.last_task_ended or run.ended or "") for run in outcome.ingests
        )
        found = _appears(by_assets, alive, BY_ASSETS)
    found = found or api.trigger(TRANSFORM, None, "asked for by `daybook night`, with whoever came")
    return Run("marts", TRANSFORM, found["dag_run_id"])


def _appears(
    look: Callable[[], dict[str, Any] | None], alive: Callable[[], None], patience: float
) -> dict[str, Any] | None:
    """What `look` finds, asking again for `patience` seconds."""
    deadline = time.monotonic() + patience
    while True:
        alive()
        found = look()
        if found or time.monotonic() > deadline:
            return found
        time.sleep(0.5)
