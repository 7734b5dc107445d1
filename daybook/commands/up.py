"""`daybook up`: Airflow on its schedule, with its UI, until Ctrl-C."""

from __future__ import annotations

import os
import time

import click


@click.command("up")
@click.option(
    "--sandbox/--no-sandbox", default=True, help="Start the sandbox for demo accounts without credentials."
)
def command(sandbox: bool) -> None:
    """Keep Airflow running on its schedule, with its UI on loopback. Ctrl-C stops it.

    Prints the address, the user and the generated password. Nightly reads start at 01:30. The marts are built
    when all platforms are in, or at 05:30 without those that are not (times of DAYBOOK_ZONE, by default
    Asia/Shanghai). DAYBOOK_PORT chooses the port; without it, 8080 or another free one. An edited
    accounts.yml is read while it runs; connections (AIRFLOW_CONN_…) are taken from the environment in which
    it is started.

    \b
    Examples:
      daybook up
      DAYBOOK_PORT=9090 daybook up --no-sandbox
    """
    from daybook import steps
    from daybook.engine import edited, service
    from daybook.engine.home import USER, password, passwords_file
    from daybook.processes import children
    from daybook.progress import Progress
    from daybook.sandbox import Connections, bundled_files, connections_for, start_sandbox
    from daybook.settings import Settings

    settings = Settings.from_environment()
    accounts = steps.accounts(settings)
    with (
        Progress() as progress,
        service.only_one(settings, service.UP) as port,
        children(settings.airflow_home / "logs") as kids,
    ):
        edit = edited.Edited(settings.accounts_file)
        bundled_files(settings, accounts, progress)
        connections = connections_for(accounts) if sandbox else Connections(0)
        if connections.sandboxed:
            start_sandbox(kids, connections, progress)
        api = service.start(settings, kids, port, connections.environment, progress, whole=True)
        progress.line(f"Airflow is up: {api.url}", "ok")
        click.echo(f"\n  {api.url}\n  user      {USER}\n  password  {password(settings)}")
        click.echo(f"            (kept in {passwords_file(settings)})\n\n  Ctrl-C stops everything.\n")
        progress.doing("running; logs are in " + str(kids.logs))
        this, is_told = service.Running(os.getpid(), service.UP, api.url), False
        while True:
            kids.check()
            if edit.has_settled():
                is_told = edited.take(settings, this, progress, is_told=is_told)
            time.sleep(1)
