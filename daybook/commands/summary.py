"""`daybook summary`: the published numbers at a glance."""

from __future__ import annotations

import click


@click.command("summary")
def command() -> None:
    """Show the published numbers by store: yesterday, this week, this month.

    \b
    Examples:
      daybook summary
    """
    from daybook import report
    from daybook.settings import Settings

    report.summary(Settings.from_environment())
