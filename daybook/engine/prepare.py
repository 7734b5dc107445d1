"""`python -m daybook.engine.prepare [night|backfill …]`: prepares the database, pools, DAGs and runs.

It does what `airflow db migrate`, `airflow pools import` (for missing pools) and `airflow dags reserialize`
do, but imports Airflow once instead of three times (3 s each). The runs are those of daybook.engine.ask,
created before the scheduler starts.
"""

from __future__ import annotations

import sys
from pathlib import Path

from daybook.engine.ask import airflow, ask


def migrate(stamp: Path) -> None:
    """Migrate the metadata database, unless `stamp` says that this version of Airflow has done so before."""
    from airflow import __version__
    from airflow.configuration import conf

    state = f"{__version__} {hash_of(conf.get('database', 'sql_alchemy_conn'))}\n"
    if stamp.exists() and stamp.read_text() == state:
        return
    airflow("db", "migrate")
    stamp.write_text(state)


def hash_of(text: str) -> str:
    """A short hash, stored instead of the database's address, which may contain a password."""
    from hashlib import sha256

    return sha256(text.encode()).hexdigest()[:16]


def mark_dead_scheduler() -> None:
    """Mark a killed scheduler as failed, so that the next one takes over its tasks at once.

    Otherwise that happens after minutes without heartbeats. Done for SQLite only: there no other scheduler
    can be alive, because we hold the lock of this Airflow and its database is on this machine.
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
    mark_dead_scheduler()
    airflow("dags", "reserialize")
    ask(settings, sys.argv[1:])


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    main()
