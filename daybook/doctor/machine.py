"""Checks of this machine: environment variables, disk space, Airflow's port, where failures are sent."""

from __future__ import annotations

import os
import shutil
import socket
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing
from urllib.parse import urlsplit

from daybook import notify
from daybook.doctor.finding import Finding, Level
from daybook.engine import service
from daybook.engine.home import DEFAULT_PORT
from daybook.settings import Settings, check_memory, port_asked_for
from extractors.accounts import Account
from extractors.credentials import variable
from extractors.errors import ConfigError

DISK_BAD_BELOW, DISK_WARN_BELOW = 1 << 30, 5 << 30  # bytes free
# A full build needs free space of twice the size of the build files (measured with ten million orders: 25 GB
# beside files of 13 GB).
FULL_BUILD_FACTOR = 2
VARIABLES = [  # docs/operations.md says what each is for
    "DAYBOOK_HOME",
    "DAYBOOK_DATA",
    "DAYBOOK_ACCOUNTS",
    "DAYBOOK_LANDING",
    "DAYBOOK_ZONE",
    "DAYBOOK_HASH_KEY",
    "DAYBOOK_AIRFLOW_HOME",
    "DAYBOOK_PORT",
    "DAYBOOK_NOTIFY_WEBHOOK",
    "DAYBOOK_NOTIFY_EMAIL",
    "DAYBOOK_SMTP",
    "DAYBOOK_BUILD",
    "DAYBOOK_MEMORY",
]


def variables(accounts: list[Account], environment: Mapping[str, str]) -> Iterator[Finding]:
    """Variables that look like Daybook's but are unknown: a misspelt one would otherwise be ignored
    silently."""
    for name in sorted(environment):
        if name.startswith("DAYBOOK_") and name not in VARIABLES:
            yield Finding("warn", name, "is set, and Daybook knows no such variable", "check its spelling")
    known = {variable(account.id) for account in accounts}
    platforms = {f"AIRFLOW_CONN_{account.platform.upper()}__" for account in accounts}
    for name in sorted(environment):
        if name not in known and any(name.startswith(prefix) for prefix in platforms):
            yield Finding(
                "warn",
                name,
                "is set, and accounts.yml has no such account",
                "check its spelling, or add the account",
            )


def values(settings: Settings) -> Iterator[Finding]:
    """Values of variables that a night would refuse."""
    try:
        settings.hash_key()
    except ConfigError as error:
        yield Finding("bad", "key of buyers", error.message, error.advice)
    except OSError as error:
        yield Finding("bad", "key of buyers", str(error), "mend its owner or its permissions")
    try:
        check_memory()
    except ConfigError as error:
        yield Finding("bad", "memory", error.message, error.advice)


def room(settings: Settings) -> Iterator[Finding]:
    """Free disk space in the data folder, and whether it can be written."""
    place = settings.data
    while not place.exists():
        place = place.parent
    if not os.access(place, os.W_OK):
        yield Finding("bad", "data folder", f"{place} cannot be written", "mend its owner or its permissions")
        return
    free = shutil.disk_usage(place).free
    built = sum(path.stat().st_size for path in settings.build.glob("*.duckdb"))
    wished = max(DISK_WARN_BELOW, FULL_BUILD_FACTOR * built)
    level: Level = "ok" if free >= wished else "warn" if free >= DISK_BAD_BELOW else "bad"
    advice = (
        None
        if level == "ok"
        else f"make room, {wished / 2**30:.0f} GB for a full build: a full disk stops the night"
        " (nothing is lost or half published)"
    )
    yield Finding(level, "disk", f"{free / 2**30:.1f} GB free in {place}", advice)


def ports(settings: Settings) -> Iterator[Finding]:
    """Whether the port on which Airflow would listen is free."""
    other = service.running(settings)
    if other:
        yield Finding("ok", "Airflow", f"{other.verb} runs it (process {other.pid}) at {other.url}")
        return
    try:
        asked = port_asked_for()
    except ConfigError as error:
        yield Finding("bad", "Airflow", error.message, error.advice)
        return
    port = asked or DEFAULT_PORT
    with closing(socket.socket()) as probe:
        taken = probe.connect_ex(("127.0.0.1", port)) == 0
    if not taken:
        yield Finding("ok", "Airflow", f"not running; port {port} is free")
    elif asked:
        yield Finding(
            "bad",
            "Airflow",
            f"port {port} (DAYBOOK_PORT) is in use",
            "stop what listens there, or choose another",
        )
    else:
        yield Finding("ok", "Airflow", f"not running; port {port} is in use, so it will take another one")


def messengers(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Whether notifications would reach their servers. Sends none, and shows host names only, because
    addresses may contain a token."""
    hook, mail = environment.get("DAYBOOK_NOTIFY_WEBHOOK"), environment.get("DAYBOOK_NOTIFY_EMAIL")
    if not hook and not mail:
        said = "are shown in Airflow only; set DAYBOOK_NOTIFY_WEBHOOK or DAYBOOK_NOTIFY_EMAIL to be notified"
        yield Finding("ok", "failures", said)
    if hook:
        yield _messenger("DAYBOOK_NOTIFY_WEBHOOK", hook, {"https": 443, "http": 80})
    if mail:
        server = environment.get("DAYBOOK_SMTP", notify.SMTP)
        yield _messenger("DAYBOOK_SMTP", server, {"smtps": 465, "smtp": 25})


def _messenger(variable: str, address: str, schemes: Mapping[str, int]) -> Finding:
    try:
        parts = urlsplit(address.strip())
        usual = schemes[parts.scheme]
        host, port = parts.hostname, parts.port or usual
    except (ValueError, KeyError):
        host, port = None, 0
    if not host:
        return Finding("bad", variable, "is no address", f"write it like {next(iter(schemes))}://host/…")
    if urllib.request.getproxies().get(parts.scheme) and not urllib.request.proxy_bypass(host):
        return Finding("ok", variable, f"{host} is told through your proxy, which is not tried here")
    try:
        socket.create_connection((host, port), 5).close()
    except (OSError, UnicodeError) as error:  # UnicodeError: a part of the host name is empty or too long
        said = f"{host} cannot be reached ({type(error).__name__}): nobody would be told of a failure"
        return Finding("warn", variable, said, "check its spelling, the network and a firewall")
    return Finding("ok", variable, f"{host} can be reached")
