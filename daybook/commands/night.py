"""`daybook night`: one nightly refresh through Airflow."""

from __future__ import annotations

from datetime import datetime

import click

from daybook.days import Day


@click.command("night")
@click.option("--day", type=Day(), help="Read up to this business day instead of yesterday.")
def command(day: datetime | None) -> int:
    """Run one night through Airflow: read, load, build, audit, publish.

    Starts Airflow on this machine (or uses the one `daybook up` keeps running), reads every account up to
    yesterday, builds and publishes the marts, stops everything and prints the summary. Accounts of the demo
    that have no credentials talk to the sandbox. A second run only does what is new.

    Exit status: 0 all in and published; 1 an account, the build or the audit failed; 2 misconfigured.

    \b
    Examples:
      daybook night
      daybook night --day 2026-11-20
    """
    from daybook import errors, report
    from daybook.night import run_night
    from daybook.progress import Progress
    from daybook.settings import Settings

    settings = Settings.from_environment()
    with Progress() as progress:
        outcome = run_night(settings, progress, day.date() if day else None)
    report.night(settings, outcome, progress.seconds)
    if outcome.problems:
        errors.show_problems(outcome.problems)
    return errors.FAILED if outcome.problems or not outcome.published else 0
