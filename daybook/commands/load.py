"""`daybook load`: landing → raw."""

from __future__ import annotations

import click


@click.command("load")
@click.option("--platform", help="Only this platform's.")
def command(platform: str | None) -> None:
    """Load what landed into the warehouse. Loading twice changes nothing.

    Exit status: 0 loaded; 1 a partition is damaged (the others are loaded) or another process writes; 2
    misconfigured.

    \b
    Examples:
      daybook load
      daybook load --platform taobao
    """
    from daybook import steps
    from daybook.settings import Settings

    settings = Settings.from_environment()
    if platform is not None:
        steps.platform_title(platform)
    result = steps.load_platform(settings, platform, say=click.echo)
    click.echo(
        f"✓ {result['partitions']} partitions, {result['rows']} rows, {result['rows_new']} of them new"
    )
