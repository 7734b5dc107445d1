"""`daybook env`: what env.sh evaluates."""

from __future__ import annotations

import shlex

import click


@click.command("env")
def command() -> None:
    """Print the environment that the `airflow` command needs, as shell exports. Contains secrets.

    \b
    Examples:
      eval "$(daybook env)" && airflow dags list
      . ./env.sh            # the same
    """
    from daybook.engine.home import environment
    from daybook.engine.service import running
    from daybook.settings import Settings

    settings = Settings.from_environment()
    other = running(settings)
    port = int(other.url.rsplit(":", 1)[1]) if other and other.url else 8080
    for name, value in environment(settings, port).items():
        click.echo(f"export {name}={shlex.quote(value)}")
    click.echo("unset PYTHONDONTWRITEBYTECODE")
