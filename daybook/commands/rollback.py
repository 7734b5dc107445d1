"""`daybook rollback`: make an earlier release current again."""

from __future__ import annotations

import click


@click.command("rollback")
@click.argument("release", required=False)
@click.option("--list", "only_list", is_flag=True, help="Only list the releases that are kept.")
def command(release: str | None, only_list: bool) -> None:
    """Make an earlier release current: the one before the present one, or RELEASE (the beginning of its id).

    The next successful night publishes a new release, so mend the cause before it runs.

    Exit status: 0 done; 1 no such release.

    \b
    Examples:
      daybook rollback --list
      daybook rollback
      daybook rollback 20261121
    """
    from daybook.days import reach
    from daybook.settings import Settings
    from warehouse.publish import releases, rollback

    settings = Settings.from_environment()
    if only_list:
        found = releases(settings.published)
        for one in found:
            mark = "→" if one.is_current else " "
            click.echo(f"{mark} {one.id}  {reach(one.data_through, settings.tz)}  {one.bytes / 2**20:.1f} MB")
        if not found:
            click.echo("no release yet; `daybook publish` makes one")
        return
    target = rollback(settings.published, release)
    click.echo(f"✓ readers now get {target.id} ({reach(target.data_through, settings.tz)})")
