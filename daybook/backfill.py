"""`daybook backfill FROM TO`: past days again through Airflow's backfills, then the marts once."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime

from daybook import clock, steps
from daybook.engine import service
from daybook.engine.api import AirflowApi
from daybook.engine.follow import Run, Watch, follow
from daybook.names import ONE_NIGHT
from daybook.night import Outcome, transform_run
from daybook.processes import children
from daybook.progress import Progress
from daybook.sandbox import connections_for, start_sandbox
from daybook.settings import Settings
from extractors.errors import ConfigError, DaybookError

APPEAR = 60.0  # seconds in which the runs of a backfill are made
LONGEST = 366  # days; each is a run of every platform, one after the other


def run_backfill(
    settings: Settings, progress: Progress, first: date, last: date, platforms: Sequence[str] = ()
) -> Outcome:
    """Read the business days first to last, both included, again; then build and publish.

    Raises ConfigError when the last day has not ended, there are too many, or a platform is not configured.
    """
    accounts = steps.accounts(settings)
    known = steps.platforms_of(accounts)
    wanted = list(platforms) or list(known)
    for platform in wanted:
        if platform not in known:
            raise ConfigError(
                f"no account of {platform} in {settings.accounts_file}",
                advice=f"configured: {', '.join(known)}",
            )
    newest = clock.last_closed_day(datetime.now(UTC), settings.zone)
    if last > newest:
        raise ConfigError(
            f"{last} has not ended: the last whole business day in {settings.zone} is {newest}",
            advice=f"ask for days up to {newest}",
        )
    days = (last - first).days + 1
    if days > LONGEST:
        raise ConfigError(
            f"{first} to {last} is {days:,} days, and each is a run of its own",
            advice=f"ask for {LONGEST} days or fewer at a time; a whole history is one read of an account: "
            f"daybook extract ACCOUNT --from {first} --to {last}, then daybook load, build and publish",
        )
    for account in accounts:
        if account.platform in wanted:
            for said in steps.out_of_reach(settings, account, first):
                progress.line(f"{account.id} · {said}", "bad")
    settings.hash_key()
    asking = ["backfill", first.isoformat(), last.isoformat(), *wanted]
    began = datetime.now(UTC)
    other = service.staying(settings)
    if other:
        api = service.attach(settings, other)
        service.ask(settings, other, asking)
        return through(api, settings, progress, (first, last), wanted, began)
    with (
        service.only_one(settings, "daybook backfill") as port,
        children(settings.airflow_home / "logs") as kids,
    ):
        connections = connections_for(settings, accounts)
        if connections.sandboxed:
            start_sandbox(kids, connections, progress)
        environment = {**connections.environment, ONE_NIGHT: "1"}
        api = service.start(settings, kids, port, environment, progress, whole=False, asking=asking)
        outcome = through(api, settings, progress, (first, last), wanted, began, kids.check)
        progress.doing("Stopping Airflow")
    return outcome


def through(
    api: AirflowApi,
    settings: Settings,
    progress: Progress,
    span: tuple[date, date],
    platforms: Sequence[str],
    began: datetime,
    alive: Callable[[], None] = lambda: None,
) -> Outcome:
    """The backfill in a running Airflow that was asked for it at `began` or later."""
    first, last = span
    outcome = Outcome(last)
    days = (last - first).days + 1
    watch = Watch(api, began)
    progress.doing(f"Reading {days} day(s) again, {first} to {last}, on {len(platforms)} platform(s)")
    outcome.ingests = _runs(watch, settings, platforms, days, alive)
    follow(watch, api, outcome.ingests, progress, alive)
    progress.doing("Building the marts")
    outcome.transform = transform_run(api, watch, outcome, alive)
    follow(watch, api, [outcome.transform], progress, alive, counting="dbt_build")
    return outcome


def _runs(
    watch: Watch, settings: Settings, platforms: Sequence[str], days: int, alive: Callable[[], None]
) -> list[Run]:
    """The backfill's runs: one for each platform and day. Raises DaybookError when Airflow made fewer."""
    wanted = days * len(platforms)
    deadline = time.monotonic() + APPEAR
    while True:
        alive()
        watch.look()
        found = []
        for (dag_id, run_id), run in watch.runs.items():
            if run["run_type"] == "backfill" and dag_id.removeprefix("ingest_") in platforms:
                day = clock.business_day(datetime.fromisoformat(run["data_interval_start"]), settings.zone)
                found.append(Run(f"{dag_id.removeprefix('ingest_')} {day}", dag_id, run_id))
        if len(found) >= wanted:
            return sorted(found, key=lambda run: run.name)
        if time.monotonic() > deadline:
            raise DaybookError(
                f"Airflow made {len(found)} of the {wanted} runs of this backfill",
                advice="another backfill may be under way: look at Browse → Backfills in Airflow",
            )
        time.sleep(0.5)
