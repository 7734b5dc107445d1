"""`daybook status`: the state of reading, loading, building and publishing."""

from __future__ import annotations

import click


@click.command("status")
def command() -> None:
    """Show how far everything is read, what waits to be loaded, how the last build went, what is published.

    It answers at once, also while a night is running.

    \b
    Examples:
      daybook status
    """
    from rich.markup import escape
    from rich.table import Table

    from daybook import errors, steps
    from daybook.days import reach
    from daybook.engine import service
    from daybook.names import counted
    from daybook.progress import wide_console
    from daybook.settings import Settings
    from extractors.errors import DaybookError, LandingError
    from extractors.landing import Landing
    from extractors.registry import streams_read
    from warehouse.status import status

    settings = Settings.from_environment()
    accounts = steps.accounts(settings)
    landing = Landing(settings.landing)
    damaged: list[DaybookError] = []
    waiting: dict[tuple[str, str], int] = {}
    for manifest in landing.pending(damaged=damaged.append):
        key = manifest.account_id, manifest.stream
        waiting[key] = waiting.get(key, 0) + 1
    found = status(settings.build, settings.published)
    rows = {(stream.account_id, stream.stream): stream.rows for stream in found.streams}

    console = wide_console()
    table = Table("account", "stream", "read up to", box=None, pad_edge=False, header_style="bold")
    table.add_column("in raw", justify="right")
    table.add_column("waits to load")
    for account in accounts:
        for stream in streams_read(account):
            try:
                mark = landing.mark(account.platform, account.id, stream)
                until = mark.astimezone(account.zone).strftime("%Y-%m-%d %H:%M %Z") if mark else "never read"
            except LandingError as error:
                damaged.append(error)
                until = "unknown"
            count = waiting.get((account.id, stream), 0)
            held = f"{rows[account.id, stream]:,}" if (account.id, stream) in rows else ""
            table.add_row(account.id, stream, until, held, counted(count, "partition") if count else "")
    console.print(table)
    console.print()
    if found.busy:
        console.print(f"warehouse   {escape(found.busy)}")
    for account_id, count in found.quarantine.items():
        console.print(f"quarantine  {account_id}: {counted(count, 'row')}, see raw_files.quarantine")
    if found.build:
        nodes = ", ".join(f"{count} {state}" for state, count in found.build.nodes.items())
        when = f"{found.build.at.astimezone(settings.tz):%Y-%m-%d %H:%M}" if found.build.at else ""
        console.print(f"last build  {found.build.status} {when} {f'({nodes})' if nodes else ''}")
        for node, message in found.build.failures:
            console.print(f"            [red]✗[/] {escape(node)}: {escape(message.splitlines()[0])}")
    else:
        console.print("last build  none yet")
    current = found.current
    console.print(
        f"published   {current.id}, {reach(current.data_through, settings.tz)}"
        if current
        else "published   nothing yet"
    )
    other = service.running(settings)
    console.print(f"Airflow     {f'{other.verb}, {other.url}' if other else 'not running'}")
    for one in damaged:
        errors.show(one)
