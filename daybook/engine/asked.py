"""An Airflow that was asked for runs: the one of `daybook up`, or our own for as long as they take."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from daybook.engine import service
from daybook.engine.follow import Watch
from daybook.names import ONE_NIGHT
from daybook.processes import children
from daybook.progress import Progress
from daybook.sandbox import connections_for, start_sandbox
from daybook.settings import Settings
from extractors.accounts import Account


@contextlib.contextmanager
def asked(
    settings: Settings, accounts: Sequence[Account], progress: Progress, verb: str, words: Sequence[str]
) -> Iterator[Watch]:
    """Ask for the runs that `words` name (daybook.engine.ask), and stop at the end what was started for them.

    Args:
        accounts: those that are configured; the demo's get the sandbox where Airflow is our own.
        verb: the command that asks, as another one is told that finds this home's Airflow in use.

    Raises ConfigError where it is in use, DaybookError where it does not start or cannot be asked.
    """
    began = datetime.now(UTC)
    other = service.staying(settings)
    if other:
        progress.line(f"using the Airflow that {other.verb} started, {other.url}")
        api = service.attach(settings, other)
        service.ask(settings, other, words)
        yield Watch(api, began)
        return
    with service.only_one(settings, verb) as port, children(settings.airflow_home / "logs") as kids:
        connections = connections_for(settings, accounts)
        if connections.sandboxed:
            start_sandbox(kids, connections, progress)
        environment = {**connections.environment, ONE_NIGHT: "1"}
        api = service.start(settings, kids, port, environment, progress, whole=False, asking=words)
        yield Watch(api, began, kids.check)
        progress.doing("Stopping Airflow")
