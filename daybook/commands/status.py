"""`daybook status`: where everything stands."""

from __future__ import annotations

import click


@click.command("status")
def command() -> None:
    """What is read up to when, what waits to be loaded, and what is published.

    Opens no database, so it works at any time, also while a night runs.

    \b
    Examples:
      daybook status
    """
    from rich.console import Console
    from rich.table import Table

    from daybook import steps
    from daybook.engine import service
    from daybook.settings import Settings
    from extractors.landing import Landing
    from extractors.registry import platform as find_platform
    from warehouse.build import read_state
    from warehouse.publish import releases

    settings = Settings.from_environment()
    accounts = steps.accounts(settings)
    landing = Landing(settings.landing)
    waiting: dict[tuple[str, str], int] = {}
    for manifest in landing.pending():
        waiting[manifest.account_id, manifest.stream] = (
            waiting.get((manifest.account_id, manifest.stream), 0) + 1
        )
    table = Table(
        "account", "stream", "read up to", "waits to load", box=None, pad_edge=False, header_style="bold"
    )
    for account in accounts:
        for stream in account.streams or find_platform(account.platform).stream_names:
            mark = landing.mark(account.platform, account.id, stream)
            until = mark.astimezone(account.zone).strftime("%Y-%m-%d %H:%M %Z") if mark else "never read"
            count = waiting.get((account.id, stream), 0)
            table.add_row(account.id, stream, until, f"{count} partitions" if count else "")
    console = Console(highlight=False)
    console.print(table)
    other = service.running(settings)
    state = read_state(settings.build)
    current = next((one for one in releases(settings.published) if one.is_current), None)
    console.print(f"\nAirflow    {f'{other.verb}, {other.url}' if other else 'not running'}")
    console.print(f"last build {state['status'] + ', ' + state['at'][:19] if state else 'none yet'}")
    console.print(
        f"published  {current.id}, data through {current.data_through}"
        if current
        else "published  nothing yet"
    )
