"""Pools and DAG runs, in a process of their own: `python -m daybook.engine.ask [night|backfill DAY… NAME…]`

Without words pools alone: a task whose pool is not there waits for ever, and nobody is told.

Not through the REST API: each of its writing calls logs itself to the database from the server's event loop.
On SQLite that can wait for a task's own request, which waits for the event loop, until the lock's timeout.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from daybook import clock, steps
from daybook.names import WRITER_POOL, ingest_dag, platform_pool
from daybook.settings import Settings

READ_AT_ONCE = 4
"""Accounts of one platform read at once; change it on the pool in Airflow, it is not set back."""


def airflow(*words: str) -> None:
    """Run one command of Airflow's own command line in this process."""
    from airflow.cli.cli_parser import get_parser

    arguments = get_parser().parse_args(words)
    arguments.func(arguments)


def ask(settings: Settings, words: Sequence[str]) -> None:
    """Do what the command line of this module says."""
    make_pools(list(steps.platforms_of(steps.accounts(settings))))
    if not words:
        return
    verb, *rest = words
    if verb == "night":
        night(settings, date.fromisoformat(rest[0]), rest[1:])
    elif verb == "backfill":
        backfill(settings, date.fromisoformat(rest[0]), date.fromisoformat(rest[1]), rest[2:])
    else:
        raise SystemExit(f"unknown request {verb!r}")


def make_pools(platforms: list[str]) -> None:
    """Make the writer's pool and one for each platform. What an operator changed stays."""
    from airflow.models.pool import Pool
    from airflow.utils.session import create_session

    wanted = {WRITER_POOL: (1, "The one writer of the warehouse; more than one slot breaks DuckDB")}
    for platform in platforms:
        wanted[platform_pool(platform)] = (READ_AT_ONCE, f"Accounts of {platform} read at once")
    with create_session() as session:
        there = {pool.pool for pool in Pool.get_pools(session=session)}
        for name, (slots, description) in wanted.items():
            if name not in there:
                Pool.create_or_update_pool(name, slots, description, include_deferred=False, session=session)


def night(settings: Settings, day: date, platforms: Sequence[str]) -> None:
    """A run of `day` for each platform that has none under way and gets none from the scheduler anyway.

    A scheduler that starts after 01:30 owes yesterday's run and makes it by itself; one more would read
    everything twice.
    """
    from airflow.api.common.trigger_dag import trigger_dag
    from airflow.utils.types import DagRunTriggeredByType

    for platform in platforms:
        dag_id = ingest_dag(platform)
        if _under_way(settings, dag_id, day):
            continue
        # A manual run's interval is the last whole one before the moment after which it runs: Airflow's
        # command line cannot tell that. Its logical date must be its own.
        moment = clock.moment_after(day, settings.zone, datetime.now(UTC))
        trigger_dag(dag_id, triggered_by=DagRunTriggeredByType.CLI, run_after=moment, logical_date=moment)


def backfill(settings: Settings, first: date, last: date, platforms: Sequence[str]) -> None:
    """Airflow backfills of the days first to last; days that ran run again, one at a time, oldest first."""
    # Airflow takes the runs whose interval starts between the two, ends included. Two hours on either side
    # reach no other day's tick, and cover the night on which 01:30 comes twice.
    start = clock.interval_of(first, settings.zone)[0] - timedelta(hours=2)
    end = clock.interval_of(last, settings.zone)[0] + timedelta(hours=2)
    for platform in platforms:
        airflow(
            *("backfill", "create", "--dag-id", ingest_dag(platform)),
            *("--from-date", start.isoformat(), "--to-date", end.isoformat()),
            *("--reprocess-behavior", "completed"),
            # Two days of one account at once would share its tokens and its rate limit.
            *("--max-active-runs", "1"),
        )


def _under_way(settings: Settings, dag_id: str, day: date) -> bool:
    """Whether a run of that day is queued, running, or owed by the scheduler; True for a paused DAG, too."""
    from airflow.models import DagModel, DagRun
    from airflow.utils.session import create_session
    from airflow.utils.state import DagRunState
    from sqlalchemy import select

    with create_session() as session:
        dag = session.get(DagModel, dag_id)
        if dag is None:
            raise SystemExit(f"Airflow knows no DAG {dag_id}: is its account in accounts.yml?")
        if dag.is_paused:
            return True
        begins = dag.next_dagrun_data_interval_start
        due = dag.next_dagrun_create_after
        if begins and due and due <= datetime.now(UTC) and clock.business_day(begins, settings.zone) == day:
            return True
        states = (DagRunState.QUEUED, DagRunState.RUNNING)
        found = session.scalars(select(DagRun).where(DagRun.dag_id == dag_id, DagRun.state.in_(states)))
        return any(
            run.data_interval_start and clock.business_day(run.data_interval_start, settings.zone) == day
            for run in found
        )


if __name__ == "__main__":
    ask(Settings.from_environment(), sys.argv[1:])
