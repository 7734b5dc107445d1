"""Provides an Airflow for a command's runs: that of `daybook up`, or one that is stopped afterwards."""

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
    """Create DAG runs and give a Watch to follow them; at the end, stop what was started for them.

    Args:
        accounts: the configured accounts; demo accounts get the sandbox when this starts its own Airflow.
        verb: the calling command, named to other commands that find Airflow in use.
        words: the arguments of daybook.engine.ask: which runs to create.

    Raises ConfigError when another command is using Airflow, DaybookError when it does not start or answer.
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
        connections = connections_for(accounts)
        if connections.sandboxed:
            start_sandbox(kids, connections, progress)
        environment = {**connections.environment, ONE_NIGHT: "1"}
        api = service.start(settings, kids, port, environment, progress, whole=False, asking=words)
        yield Watch(api, began, kids.check)
        progress.doing("Stopping Airflow")
