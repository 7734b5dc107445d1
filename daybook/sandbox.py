"""The demo: the sandbox for accounts without credentials, and the bundled files of a real retailer."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from daybook import steps
from daybook.connections import MissingCredentials, outside_airflow
from daybook.names import counted
from daybook.processes import Children, free_port
from daybook.progress import Progress
from daybook.settings import Settings
from extractors.accounts import Account
from extractors.credentials import variable
from extractors.errors import ConfigError, DaybookError
from extractors.files.folder import put

DEFAULT_PORT = 8765
START_TIMEOUT = 60.0  # seconds; it takes one on an idle machine
BUNDLED = {"files__online_retail": "examples/uci_online_retail"}
"""Account → the folder of files that ship with the project."""
DEMO_COSTS = "examples/demo_costs/unit_costs.csv"
DEMO_SHOPS = (
    "taobao__lantern",
    "taobao__plum",
    "woocommerce__lantern",
    "woocommerce__harbor",
    "doudian__lantern",
    "tiktok_shop__harbor",
)
"""The shops for whose products DEMO_COSTS has costs."""


@dataclass(frozen=True)
class Connections:
    """The sandbox's port, the AIRFLOW_CONN_… variables for the tasks, and the accounts that they send
    there."""

    port: int
    environment: dict[str, str] = field(default_factory=dict)
    sandboxed: tuple[str, ...] = ()


def connections_for(accounts: Sequence[Account]) -> Connections:
    """Connections to the sandbox for demo accounts without credentials in any place where Airflow looks.

    An account that the sandbox does not know gets none: its read fails and says what to set.
    """
    from extractors.sandbox.credentials import connections

    port = free_port(DEFAULT_PORT)
    offered = connections(f"http://127.0.0.1:{port}")
    wanted: dict[str, str] = {}
    sandboxed = []
    for account in accounts:
        if account.id in offered and not _has_credentials(account.id):
            wanted[variable(account.id)] = json.dumps(offered[account.id])
            sandboxed.append(account.id)
    return Connections(port, wanted, tuple(sandboxed))


def start_sandbox(kids: Children, connections: Connections, progress: Progress) -> None:
    """Start the sandbox on loopback and wait until it listens.

    Raises DaybookError with the end of its log.
    """
    kids.start(
        "sandbox",
        [sys.executable, "-m", "extractors.sandbox", "--port", str(connections.port)],
        dict(os.environ),
    )
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        kids.check()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", connections.port)) == 0:
                progress.line(
                    f"sandbox on 127.0.0.1:{connections.port} stands in for the "
                    f"{counted(len(connections.sandboxed), 'account')} without credentials"
                )
                return
        time.sleep(0.1)
    raise DaybookError("the sandbox did not start", advice=f"look at {kids.log('sandbox')}")


def bundled_files(settings: Settings, accounts: Sequence[Account], progress: Progress) -> None:
    """Drop the bundled files into the inbox of their account, and the demo's costs, if not there yet."""
    for account in accounts:
        if account.id not in BUNDLED or not steps.fed_by_files(account.platform):
            continue
        for source in sorted((settings.home / BUNDLED[account.id]).glob("*.parquet")):
            _drop(source, settings.inbox / account.id, progress)
    if any(account.id in DEMO_SHOPS for account in accounts):
        _drop(settings.home / DEMO_COSTS, settings.inbox / "unit_costs", progress)


def _drop(source: Path, inbox: Path, progress: Progress) -> None:
    if any((folder / source.name).exists() for folder in (inbox, inbox / "done", inbox / "refused")):
        return
    put(source, inbox)
    progress.line(f"dropped {source.name} into the inbox {inbox.name}")


def _has_credentials(account_id: str) -> bool:
    try:
        outside_airflow(account_id)
    except MissingCredentials:
        return False
    except ConfigError:
        return True  # there are some, but they are wrong: the read will say so
    return True
