"""`daybook sandbox`: simulates the platforms on this machine."""

from __future__ import annotations

import os
import sys

import click


@click.command("sandbox")
@click.option("--port", default=8765, show_default=True, type=click.IntRange(1, 65535))
@click.option("--connections", is_flag=True, help="Only print the accounts' connections, as shell exports.")
def command(port: int, connections: bool) -> int:
    """Run the sandbox, which simulates the platforms on loopback. Ctrl-C stops it.

    It refuses what the vendors' documents forbid: wrong signatures, unknown parameters, too long windows,
    expired tokens. `make run` and `make up` start one by themselves.

    \b
    Examples:
      daybook sandbox
      # in another shell, while it runs:
      eval "$(daybook sandbox --connections)" && daybook extract taobao__lantern
    """
    import json
    import shlex

    from daybook.processes import free_port
    from extractors.credentials import variable
    from extractors.sandbox.credentials import connections as offered

    if connections:
        for account, connection in offered(f"http://127.0.0.1:{port}").items():
            click.echo(f"export {variable(account)}={shlex.quote(json.dumps(connection))}")
        return 0
    free_port(port, fixed=True)
    click.echo(f"Sandbox on http://127.0.0.1:{port}; Ctrl-C stops it.")
    argv = [sys.executable, "-m", "extractors.sandbox", "--port", str(port)]
    os.execv(sys.executable, argv)  # noqa: S606 - our own interpreter, so that Ctrl-C reaches it directly
