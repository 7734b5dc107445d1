"""The `daybook` command. Each verb is a file in commands/ that is imported only when the verb is used."""

from __future__ import annotations

import importlib
import sys
import traceback

import click

from daybook.stopping import Stopped

VERBS = {
    "night": "Run one night through Airflow: read, load, build, publish (what `make run` does).",
    "up": "Keep Airflow running on its schedule, with its UI (what `make up` does).",
    "doctor": "Check configuration, credentials, clock and reachability, account by account.",
    "status": "Show how far everything is read, what waits and what is published.",
    "summary": "Show the published numbers: yesterday, this week, this month.",
    "extract": "Read accounts to landing, all or those named, without Airflow.",
    "load": "Load what landed into the warehouse.",
    "build": "Run dbt over what is loaded.",
    "publish": "Audit what was built and make it the release that readers get.",
    "rollback": "Make an earlier release current again.",
    "backfill": "Read past days again, through Airflow.",
    "import": "Put files into an account's inbox and load them.",
    "sandbox": "Run the sandbox, which simulates the platforms on this machine.",
    "env": "Print the environment that the `airflow` command needs.",
}


class Verbs(click.Group):
    """Finds `daybook <verb>` in commands/<verb>.py, so that help does not import Airflow, dbt or DuckDB."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module = "import_files" if cmd_name == "import" else cmd_name
        return importlib.import_module(f"daybook.commands.{module}").command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(package_name="daybook", message="%(prog)s %(version)s")
def cli(debug: bool) -> None:
    """Daybook: the operations warehouse of a merchant who sells on many platforms.

    `daybook VERB --help` explains a verb.

    \b
    Examples:
      daybook night                          refresh everything up to yesterday
      daybook doctor                         is everything configured and reachable?
      daybook backfill 2026-11-01 2026-11-07
    """


def main() -> None:
    """Entry point. Exit status: 0 success, 1 something failed, 2 misconfigured or misused, 130
    interrupted."""
    debug = "--debug" in sys.argv
    if debug:  # accepted anywhere on the command line, also behind the verb
        sys.argv.remove("--debug")
    try:
        sys.exit(cli(standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except Exception as error:
        if debug and not isinstance(error, Stopped):
            traceback.print_exc()
        sys.exit(_report(error))


def _report(error: Exception) -> int:
    """Print an error for the user; returns the exit status."""
    from daybook import errors
    from extractors.errors import DaybookError

    if isinstance(error, Stopped):
        click.echo(f"\nStopped by {error}; nothing is left running.", err=True)
        return errors.INTERRUPTED
    if isinstance(error, DaybookError):
        errors.show(error)
        return errors.exit_status(error)
    if isinstance(error, OSError):
        click.echo(
            f"✗ {error}\n  → look at the file or disk it names; --debug shows where it happened", err=True
        )
    else:
        click.echo(
            f"✗ a bug in Daybook: {type(error).__name__}: {error}\n  → --debug shows where; please report it",
            err=True,
        )
    return errors.FAILED
