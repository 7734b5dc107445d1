"""`daybook build`: raw → marts, not yet published."""

from __future__ import annotations

import click


@click.command("build")
@click.option("--select", multiple=True, help="Only these models, in dbt's selection syntax; default: all.")
@click.option("--full-refresh", is_flag=True, help="Rebuild all tables from raw, not only what changed.")
def command(select: tuple[str, ...], full_refresh: bool) -> None:
    """Run dbt over what is loaded. Readers see the result only after `daybook publish`.

    Exit status: 0 built and tested; 1 a model or test failed, or another process writes.

    \b
    Examples:
      daybook build
      daybook build --select store_daily+
      daybook build --full-refresh
    """
    from daybook import steps
    from daybook.settings import Settings

    result = steps.build_marts(
        Settings.from_environment(), select=select, full_refresh=full_refresh, say=click.echo
    )
    click.echo(f"✓ {result['models']} models, {result['tests']} tests, {result['seconds']} s")
