"""`python -m daybook.engine.prepare [night|backfill …]`: database, pools, DAGs, and the runs asked for.

The same as `airflow db migrate`, `airflow pools import` (of pools that are not there) and `airflow dags
reserialize`, which as three commands would import Airflow three times (3 s each). The runs are those of
daybook.engine.ask, made before the scheduler starts.
"""

from __future__ import annotations

import sys
from pathlib import Path

from daybook.engine.ask import airflow, ask


def migrate(stamp: Path) -> None:
    """Bring the metadata database up to date; skipped when this version of Airflow did it before."""
    from airflow import __version__
    from airflow.configuration import conf

    state = f"{__version__} {hash_of(conf.get('database', 'sql_alchemy_conn'))}\n"
    if stamp.exists() and stamp.read_text() == state:
        return
    airflow("db", "migrate")
    stamp.write_text(state)


def hash_of(text: str) -> str:
    """A fingerprint: the address of a database may hold its password."""
    from hashlib import sha256

    return sha256(text.encode()).hexdigest()[:16]


def bury_dead_scheduler() -> None:
    """Say that a scheduler which was killed is dead, so that the next one takes over its tasks at once.

    It would find out by itself after minutes of missing heartbeats. Only where no other can be alive: we hold
    this home's lock, and SQLite is on this machine.
    """
    from airflow.configuration import conf
    from airflow.jobs.job import Job, JobState
    from airflow.utils.session import create_session
    from sqlalchemy import update

    if not conf.get("database", "sql_alchemy_conn").startswith("sqlite"):
        return
    with create_session() as session:
        session.execute(
            update(Job)
            .where(Job.job_type == "SchedulerJob", Job.state == JobState.RUNNING)
            .values(state=JobState.FAILED)
        )


def main() -> None:
    from daybook.settings import Settings

    settings = Settings.from_environment()
    migrate(settings.airflow_home / "migrated")
    bury_dead_scheduler()
    airflow("dags", "reserialize")
    ask(settings, sys.argv[1:])


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    main()
