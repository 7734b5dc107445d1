"""Creates pools and DAG runs, in its own process: `python -m daybook.engine.ask [night|backfill DAY… NAME…]`

Without arguments it creates the pools only: a task whose pool does not exist waits for ever without an error.

The REST API is not used for this: each of its writing calls adds an audit log from the server's event loop.
On SQLite that write may wait for the lock of a task's request, which itself waits for the event loop, until
the lock times out.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from daybook import clock, steps
from daybook.names import WRITER_POOL, ingest_dag, platform_pool
from daybook.settings import Settings
from extractors.locks import locked

READ_AT_ONCE = 4
"""Accounts of one platform that are read at once. A change of the pool in Airflow is kept."""


def airflow(*words: str) -> None:
    """Run one command of Airflow's own command line in this process."""
    from airflow.cli.cli_parser import get_parser

    arguments = get_parser().parse_args(words)
    arguments.func(arguments)


def ask(settings: Settings, words: Sequence[str]) -> None:
    """Do what the command line of this module says, one asker after the other: each finds the last one's."""
    settings.airflow_home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with locked(settings.airflow_home / "ask.lock", wait=None, mode=0o600):
        _ask(settings, words)


def _ask(settings: Settings, words: Sequence[str]) -> None:
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
    """Create the writer's pool and one per platform. Existing pools are not changed."""
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
    """Create a run of `day` for each platform, unless one is under way or the scheduler will create it.

    A scheduler that starts after 01:30 creates yesterday's run by itself; a second run would read everything
    twice.
    """
    from airflow.api.common.trigger_dag import trigger_dag
    from airflow.utils.types import DagRunTriggeredByType

    for platform in platforms:
        dag_id = ingest_dag(platform)
        if _under_way(settings, dag_id, day):
            continue
        # A manual run gets the last complete data interval before its `run_after`, which Airflow's command
        # line cannot set. Its logical date must differ from that of all other runs.
        moment = clock.unique_instant_after(day, settings.zone, datetime.now(UTC))
        trigger_dag(dag_id, triggered_by=DagRunTriggeredByType.CLI, run_after=moment, logical_date=moment)


def backfill(settings: Settings, first: date, last: date, platforms: Sequence[str]) -> None:
    """Airflow backfills of the days first to last; days that ran run again, one at a time, oldest first."""
    # Airflow creates the runs whose interval starts between the two dates, both included. Two hours more on
    # either side reach no other day's run, and cover the night on which 01:30 happens twice.
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
    """Whether a run of that day is queued, running or about to be created by the scheduler. Also True for a
    paused DAG, which is to get no run."""
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
