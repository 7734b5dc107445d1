"""`daybook load`: landing → raw."""

from __future__ import annotations

import click


@click.command("load")
@click.option("--platform", help="Only what landed of this platform.")
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Load everything in landing, not only what waits; with an empty warehouse this rebuilds raw.",
)
@click.option(
    "--prune",
    type=click.IntRange(min=1),
    metavar="DAYS",
    help="Afterwards remove partitions from landing that are loaded and were read more than DAYS before the "
    "newest read.",
)
def command(platform: str | None, everything: bool, prune: int | None) -> None:
    """Load what landed into the warehouse. Loading twice changes nothing.

    Exit status: 0 loaded; 1 a partition is damaged (the others are loaded) or another process writes; 2
    misconfigured.

    \b
    Examples:
      daybook load
      daybook load --platform taobao
      daybook load --all                 # after the warehouse file was lost
      daybook load --prune 400
    """
    from daybook import steps
    from daybook.names import counted
    from daybook.settings import Settings

    settings = Settings.from_environment()
    if platform is not None:
        steps.platform_title(platform)
    if everything:
        found = steps.landing_of(settings).requeue_all(platform)
        click.echo(f"{counted(found, 'partition')} of landing to check again")
    result = steps.load_platform(settings, platform, say=click.echo)
    read, rows = counted(result["partitions"], "partition"), counted(result["rows"], "row")
    click.echo(f"✓ {read}, {rows}, {result['rows_new']} of them new")
    if prune is not None:
        click.echo(f"✓ {counted(steps.prune(settings, prune), 'old partition')} removed from landing")
