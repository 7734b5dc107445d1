"""`daybook backfill`: past days again, through Airflow."""

from __future__ import annotations

from datetime import datetime

import click

from daybook.days import Day


@click.command("backfill")
@click.argument("start", metavar="FROM", type=Day())
@click.argument("end", metavar="TO", type=Day())
@click.option(
    "--platform", "platforms", multiple=True, help="Only this platform; may be given several times."
)
def command(start: datetime, end: datetime, platforms: tuple[str, ...]) -> int:
    """Read the business days FROM to TO again, both included, through Airflow; then build and publish.

    Days that ran before run again. Reading a day again only adds what was missing, so the marts end the same
    in whatever order and however often days are read. Uses the Airflow of `daybook up` if it is running, else
    starts one.

    Exit status: 0 all days in and published; 1 a day failed; 2 misconfigured.

    \b
    Examples:
      daybook backfill 2026-11-01 2026-11-07
      daybook backfill 2026-11-20 2026-11-20 --platform taobao
    """
    from daybook import errors, report
    from daybook.backfill import run_backfill
    from daybook.progress import Progress
    from daybook.settings import Settings

    if end < start:
        raise click.UsageError("TO is before FROM")
    settings = Settings.from_environment()
    with Progress() as progress:
        outcome = run_backfill(settings, progress, start.date(), end.date(), platforms)
    report.runs(outcome, progress.seconds)
    if outcome.problems:
        errors.show_problems(outcome.problems)
    return errors.FAILED if outcome.problems or not outcome.published else 0
