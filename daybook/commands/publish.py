"""`daybook publish`: make what was built the current release."""

from __future__ import annotations

import click


@click.command("publish")
@click.option(
    "--force", is_flag=True, help="Publish despite the audit's doubts; they are noted in the release."
)
@click.option(
    "--keep", default=3, show_default=True, type=click.IntRange(1), help="How many releases to keep."
)
def command(force: bool, keep: int) -> None:
    """Audit what was built and make it the release that readers get.

    Copies the marts to a new release, verifies the copy, and points data/published/current at it in one step.
    Readers that have the old release open keep it.

    Exit status: 0 published; 1 refused by the audit or not built.

    \b
    Examples:
      daybook publish
      daybook publish --force
    """
    from daybook import steps
    from daybook.settings import Settings

    result = steps.publish_marts(Settings.from_environment(), force=force, keep=keep, say=click.echo)
    click.echo(f"✓ published {result['release']}: {result['tables']} tables, {result['megabytes']} MB")
