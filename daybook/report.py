"""What a night prints at its end: the numbers, how the runs went, and what to try next."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta

from rich.console import Console
from rich.markup import escape

from daybook.clock import last_closed_day
from daybook.night import Outcome
from daybook.progress import wide_console
from daybook.settings import Settings


def night(settings: Settings, outcome: Outcome, seconds: float) -> None:
    """Print the end of `daybook night`. seconds: how long it took."""
    if outcome.published:
        summary(settings)
    runs(outcome, seconds)
    if outcome.published and not outcome.problems:
        _next(settings)


def runs(outcome: Outcome, seconds: float) -> None:
    """Print one line on how the runs went. seconds: how long they took."""
    good = [run.name for run in outcome.ingests if run.state == "success"]
    bad = [run.name for run in outcome.ingests if run.state != "success"] + outcome.paused
    console = _console()
    console.print()
    if outcome.published and not bad:
        console.print(
            f"[green]✓[/] {len(good)} of {len(good)} reads are in; marts published, {seconds:.0f} s"
        )
    elif outcome.published:
        console.print(
            f"[red]✗[/] {len(bad)} of {len(good) + len(bad)} reads are incomplete "
            f"({escape(', '.join(bad))}); the rest is in, and the marts are published, {seconds:.0f} s"
        )
    else:
        console.print(f"[red]✗[/] the marts were not published; readers keep what they had, {seconds:.0f} s")


def summary(settings: Settings) -> None:
    """The published numbers by store: yesterday, this week, this month."""
    from warehouse.summary import render

    console = wide_console()
    console.print()
    console.print(render(settings.published))


def _next(settings: Settings) -> None:
    current = settings.published / "current" / "daybook.duckdb"
    daybook = "daybook" if shutil.which("daybook") else ".venv/bin/daybook"
    console = _console()
    console.print(f"\nThe marts are in {escape(str(current))}, schema marts. Try next:")
    for command, why in (
        ("make run", "again: only what is new"),
        ("make up", "Airflow on its schedule, with its UI"),
        (f"{daybook} status", "what is read up to when, and what is published"),
        (f"{daybook} doctor", "check accounts, credentials, clock and reachability"),
        (f"{daybook} backfill {' '.join(_last_week(settings))}", "read past days again"),
    ):
        console.print(f"  [bold]{escape(command)}[/]{' ' * max(1, 52 - len(command))}{escape(why)}")


def _last_week(settings: Settings) -> tuple[str, str]:
    """The first and last of the seven days that have ended, as an example to copy."""
    last = last_closed_day(datetime.now(UTC), settings.zone)
    return (last - timedelta(days=6)).isoformat(), last.isoformat()


def _console() -> Console:
    return Console(highlight=False, soft_wrap=True)
