"""`daybook import`: puts files into an account's inbox and loads them."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("import")
@click.argument("account")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--load/--no-load", default=True, help="Also load what landed into the warehouse.")
def command(account: str, files: tuple[Path, ...], load: bool) -> int:
    """Copy FILES into the inbox of ACCOUNT and read everything that waits there.

    Importing a file twice changes nothing, and what two files share is counted once. A row that cannot be
    read goes to the quarantine with file, line and reason; a file that cannot be read goes to refused/ with
    the reason beside it.

    Exit status: 0 all read; 1 a file was refused (the others are in); 2 no such account, or a wrong mapping.

    \b
    Examples:
      daybook import files__online_retail ~/Downloads/online_retail_II.parquet
      daybook import files__online_retail            # what was dropped into the inbox by hand
      daybook import fx_rates ~/rates.csv            # currency rates: currency,rate_date,units_per_usd
      daybook import unit_costs ~/costs.csv          # what goods cost (mappings/README.md)
      daybook import targets ~/targets.csv           # targets: store_id,metric,month,target
    """
    from daybook import errors, steps
    from daybook.names import counted
    from daybook.settings import Settings
    from extractors.errors import ConfigError, DaybookError
    from extractors.files.folder import is_passed_over, put

    settings = Settings.from_environment()
    found = steps.account_named(settings, account)
    if not steps.fed_by_files(found.platform):
        raise ConfigError(
            f"{account} is read from its platform's API, not from files",
            advice=f"`daybook extract {account}`, or an account of the platform `files`",
        )
    inbox = steps.inbox_of(settings, found)
    for file in files:
        if is_passed_over(file.name):
            raise ConfigError(
                f"{file.name} is named like a file that is still being written",
                advice="give it another name and import it again",
            )
    for file in files:
        put(file, inbox)
    refused: DaybookError | None = None
    try:
        result = steps.read_account(settings, found, None, say=click.echo)
        click.echo(f"✓ {counted(result['partitions'], 'table')} landed, {counted(result['rows'], 'row')}")
    except DaybookError as error:
        if isinstance(error, ConfigError):
            raise
        refused = error
    if load:
        done = steps.load_platform(settings, found.platform, say=click.echo)
        click.echo(f"✓ loaded {counted(done['rows'], 'row')}, {done['rows_new']} of them new")
    if refused:
        errors.show(refused)
    return errors.FAILED if refused else 0
