"""`daybook doctor`: is everything configured and reachable?"""

from __future__ import annotations

import click


@click.command("doctor")
@click.option("--account", "only", multiple=True, help="Only this account; may be given several times.")
@click.option(
    "--sandbox/--no-sandbox", default=True, help="Start the sandbox for demo accounts while it checks."
)
def command(only: tuple[str, ...], sandbox: bool) -> int:
    """Check the configuration, disk, port, where failures are sent, and for each account its credentials, the
    clock and a first call.

    Changes nothing at the vendors. Demo accounts without credentials are checked against the sandbox.

    Exit status: 0 nothing would stop a night (there may be warnings); 1 something would; 2 accounts.yml is
    wrong.

    \b
    Examples:
      daybook doctor
      daybook doctor --account taobao__lantern --no-sandbox
    """
    import os

    from rich.console import Console
    from rich.markup import escape

    from daybook import errors, steps
    from daybook.doctor import examine
    from daybook.processes import children
    from daybook.progress import Progress
    from daybook.sandbox import connections_for, start_sandbox
    from daybook.settings import Settings

    settings = Settings.from_environment()
    known = steps.accounts(settings)
    accounts = [steps.account_named(settings, name) for name in only] or known
    console = Console(highlight=False, soft_wrap=True)
    marks = {"ok": "[green]✓[/]", "warn": "[yellow]![/]", "bad": "[red]✗[/]"}
    count = {"ok": 0, "warn": 0, "bad": 0}
    with children(settings.airflow_home / "logs") as kids:
        if sandbox:
            connections = connections_for(accounts)
            if connections.sandboxed:
                start_sandbox(kids, connections, Progress(console))
                os.environ.update(connections.environment)
        for finding in examine(settings, known, accounts):
            count[finding.level] += 1
            console.print(f"{marks[finding.level]} {escape(finding.what):<26} {escape(finding.said)}")
            if finding.advice:
                console.print(f"{'':<28} → {escape(finding.advice)}")
    console.print(f"\n{count['ok']} well, {count['warn']} to look at, {count['bad']} to mend")
    return errors.FAILED if count["bad"] else 0
