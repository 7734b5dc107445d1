"""`daybook extract`: read one account, or all, to landing."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from daybook.days import Day


@click.command("extract")
@click.argument("accounts", nargs=-1, metavar="[ACCOUNT]...")
@click.option("--stream", "streams", multiple=True, help="Only this stream; may be given several times.")
@click.option("--day", type=Day(), help="Read up to this business day instead of yesterday.")
@click.option("--from", "start", type=Day(), help="Read exactly the days from this one …")
@click.option("--to", "end", type=Day(), help="… to this one, both included.")
def command(
    accounts: tuple[str, ...],
    streams: tuple[str, ...],
    day: datetime | None,
    start: datetime | None,
    end: datetime | None,
) -> int:
    """Read accounts to landing, without Airflow. No ACCOUNT means all.

    Without --from, a read continues where the last one ended: orders, refunds and products are read up to
    now, reports to the end of yesterday. `daybook load` then loads what landed into the warehouse.

    The demo's accounts have no credentials of their own: `daybook sandbox --help` shows how to give them the
    sandbox's.

    Exit status: 0 all read; 1 an account failed (the others were read); 2 misconfigured.

    \b
    Examples:
      daybook extract
      daybook extract taobao__lantern --stream refunds
      daybook extract taobao__lantern --from 2026-11-01 --to 2026-11-07
    """
    from daybook import clock, errors, steps
    from daybook.connections import outside_airflow
    from daybook.names import counted
    from daybook.settings import Settings
    from extractors.core.window import days_window
    from extractors.errors import ConfigError, DaybookError

    if (start is None) != (end is None):
        raise click.UsageError("--from and --to belong together: give both or neither")
    if start and end and end < start:
        raise click.UsageError("--to is before --from")
    settings = Settings.from_environment()
    known = steps.accounts(settings)
    chosen = [steps.account_named(settings, name) for name in accounts] or known
    own = {account.id: steps.streams_wanted(account, streams) for account in chosen}
    for name in streams:
        if not any(name in names for names in own.values()):
            raise ConfigError(
                f"no stream {name!r} in {', '.join(own)}",
                advice="daybook status lists the streams of each account",
            )
    until = day.date() if day else clock.last_closed_day(datetime.now(UTC), settings.zone)
    worst = 0
    for account in chosen:
        if streams and not own[account.id]:
            click.echo(f"{account.id}: has no such stream, skipped")
            continue
        window = days_window(start.date(), end.date(), account.zone) if start and end else None
        try:
            credentials = None if steps.fed_by_files(account.platform) else outside_airflow(account.id)
            result = steps.read_account(
                settings,
                account,
                credentials,
                day=until,
                window=window,
                streams=own[account.id],
                say=click.echo,
            )
        except DaybookError as error:
            errors.show(error)
            worst = max(worst, errors.FAILED if not isinstance(error, ConfigError) else errors.MISCONFIGURED)
            continue
        told = f"{counted(result['rows'], 'record')} in {counted(result['partitions'], 'partition')}"
        click.echo(f"✓ {account.id}: {told}")
    return worst
