"""`daybook doctor`: what would stop tonight's run, found now, each with what to do."""

from __future__ import annotations

import difflib
import os
import re
import shutil
import socket
import time
import urllib.request
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import urlsplit

import requests

from daybook import expiry, meanings, notify, steps
from daybook.connections import outside_airflow
from daybook.engine import service
from daybook.engine.home import DEFAULT_PORT
from daybook.settings import Settings, port_asked_for
from daybook.steps import inbox_of
from extractors.accounts import PACE, Account
from extractors.core.model import Stream
from extractors.core.session import Session
from extractors.core.window import Window, days_window
from extractors.credentials import Credentials, shown, variable
from extractors.errors import MISFITS, ConfigError, DaybookError, LandingError, TooMuchError, misfit
from extractors.extract import check_options, pieces, unseen_of
from extractors.files.folder import Inbox
from extractors.files.lists import LISTS
from extractors.landing import Landing
from extractors.protocols.http_status import http_date
from extractors.registry import platform as find_platform
from extractors.tokens import TokenFile

Level = Literal["ok", "warn", "bad"]
LOST = "export it by hand and drop the files (mappings/README.md), or let the account begin later"
# Seconds. TikTok Shop refuses a time 30 seconds ahead, but the date of a cached page may be older than that.
SKEW = 120.0
ROOM_NEEDED, ROOM_WISHED = 1 << 30, 5 << 30  # bytes: below the first a night may fail, below the second soon
ROOM_FOR_A_FULL_BUILD = 2  # times what is built: of ten million orders, 25 GB of working space beside 13 GB
_MEMORY = re.compile(r"\d+(\.\d+)? *([kmgt]i?b?|b|bytes?)", re.IGNORECASE)  # what DuckDB takes for a size
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


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `advice` says what to do when level is not ok."""

    level: Level
    what: str
    said: str
    advice: str | None = None


def examine(settings: Settings, known: list[Account], accounts: list[Account]) -> Iterator[Finding]:
    """Look at everything, cheap things first, and at these accounts of all that are known. Credentials come
    from wherever Airflow looks."""
    yield Finding("ok", "accounts.yml", f"{len(known)} accounts, business days in {settings.zone}")
    yield from variables(known, os.environ)
    yield from values(settings)
    yield from meant(settings, known)
    yield from renamed(settings, known)
    yield from doubtful(settings, known)
    yield from listed(settings, known)
    yield from room(settings)
    yield from ports(settings)
    yield from messengers(os.environ)
    try:
        steps.landing_of(settings)
    except ConfigError as error:
        yield Finding("bad", "landing", error.message, error.advice)
        return
    fed = [one.account for one in LISTS if inbox_of(settings, one.account).is_dir()]
    for account in [*accounts, *fed]:
        yield from one_account(settings, account)
    yield from twins(known)


def variables(accounts: list[Account], environment: Mapping[str, str]) -> Iterator[Finding]:
    """Names that look like ours and mean nothing: a misspelt variable is silent otherwise."""
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
    """What is set, and would be refused in the middle of the night."""
    try:
        settings.hash_key()
    except ConfigError as error:
        yield Finding("bad", "key of buyers", error.message, error.advice)
    except OSError as error:
        yield Finding("bad", "key of buyers", str(error), "mend its owner or its permissions")
    memory = os.environ.get("DAYBOOK_MEMORY")
    if memory and not _MEMORY.fullmatch(memory.strip()):
        yield Finding("bad", "DAYBOOK_MEMORY", f"{memory} is no size", "write it like 3GB")


def meant(settings: Settings, accounts: list[Account]) -> Iterator[Finding]:
    """Settings of the marts that nobody can mean."""
    try:
        for slip in meanings.slips(settings.dbt_project / "dbt_project.yml", accounts):
            yield Finding(
                "bad" if slip.stops else "warn", "marts", f"{slip.place} {slip.said}", "mend that line"
            )
    except ConfigError as error:
        yield Finding("bad", "marts", error.message, error.advice)


def renamed(settings: Settings, accounts: list[Account]) -> Iterator[Finding]:
    """An account under another id, as the next load would find it."""
    from warehouse.status import renamed as told

    error = told(settings.warehouse, accounts)
    if error is not None:
        yield Finding("bad", error.account or "accounts.yml", error.message, error.advice)


def doubtful(settings: Settings, accounts: list[Account]) -> Iterator[Finding]:
    """What an account may say and nobody means: a start to come, a currency that no rate is known of, a
    store that is almost another's."""
    from warehouse.status import currencies_with_rates

    rated = currencies_with_rates(settings.warehouse, settings.dbt_project)
    sell = [account for account in accounts if "orders" in find_platform(account.platform).stream_names]
    stores = {account.store_id for account in sell}
    for account in accounts:
        meant = difflib.get_close_matches(account.store_id, stores, n=1, cutoff=0.8)
        if account.store_id not in stores and meant:
            yield Finding(
                "warn",
                account.id,
                f"works for {account.store_id}, and no shop is of that store (did you mean {meant[0]}?)",
                "mend `store` in accounts.yml: what ads cost and who visits would stand beside no sales",
            )
        if account.start is not None and account.start > datetime.now(account.zone).date():
            yield Finding(
                "warn",
                account.id,
                f"begins on {account.start}, a day to come: nothing is read until then",
                "mend `start` in accounts.yml, should it be another year",
            )
        if account.currency not in rated:
            yield Finding(
                "warn",
                account.id,
                f"{account.currency}: no rate of this currency is known, and amounts in it stop the night",
                f"check its spelling (CNY, not RMB), or drop its rates into {settings.inbox / 'fx_rates'}",
            )


def listed(settings: Settings, accounts: list[Account]) -> Iterator[Finding]:
    """Costs, targets and the like of a store that nobody has: in no figure, and no error."""
    from warehouse.status import stores_in_lists

    known = {account.store_id for account in accounts}
    for store, place in stores_in_lists(settings.warehouse, settings.dbt_project).items():
        if store not in known:
            meant = difflib.get_close_matches(store, known, n=1)
            yield Finding(
                "warn",
                "lists",
                f"{place} tells of {store}, and no account is of that store"
                + (f" (did you mean {meant[0]}?)" if meant else ""),
                "mend the name there: it is in no figure; a dropped file is dropped again under its name",
            )


def room(settings: Settings) -> Iterator[Finding]:
    """Disk space where the data is."""
    place = settings.data
    while not place.exists():
        place = place.parent
    if not os.access(place, os.W_OK):
        yield Finding("bad", "data folder", f"{place} cannot be written", "mend its owner or its permissions")
        return
    free = shutil.disk_usage(place).free
    built = sum(path.stat().st_size for path in settings.build.glob("*.duckdb"))
    wished = max(ROOM_WISHED, ROOM_FOR_A_FULL_BUILD * built)
    level: Level = "ok" if free >= wished else "warn" if free >= ROOM_NEEDED else "bad"
    advice = (
        None
        if level == "ok"
        else f"make room, {wished / 2**30:.0f} GB for a full build: a full disk stops the night"
        " (nothing is lost or half published)"
    )
    yield Finding(level, "disk", f"{free / 2**30:.1f} GB free in {place}", advice)


def ports(settings: Settings) -> Iterator[Finding]:
    """Whether Airflow can listen where it would."""
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
    """Whether failures would reach somebody. Sends nothing, and shows no address: some hold a token."""
    hook, mail = environment.get("DAYBOOK_NOTIFY_WEBHOOK"), environment.get("DAYBOOK_NOTIFY_EMAIL")
    if not hook and not mail:
        said = "stand in Airflow alone; DAYBOOK_NOTIFY_WEBHOOK or DAYBOOK_NOTIFY_EMAIL says whom to tell"
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
    except (OSError, UnicodeError) as error:  # the latter of a part of the name that is empty or too long
        said = f"{host} cannot be reached ({type(error).__name__}): nobody would be told of a failure"
        return Finding("warn", variable, said, "check its spelling, the network and a firewall")
    return Finding("ok", variable, f"{host} can be reached")


def one_account(settings: Settings, account: Account) -> Iterator[Finding]:
    """Credentials, clock, reachability and a first call of one account."""
    platform = find_platform(account.platform)
    yield from marks(settings, account)
    if platform.protocol is None:
        folder = inbox_of(settings, account)
        waiting = len(Inbox(folder).waiting()) if folder.is_dir() else 0
        refused = folder / "refused"
        bad = [path for path in refused.iterdir() if path.suffix != ".txt"] if refused.is_dir() else []
        if bad:
            yield Finding(
                "warn", account.id, f"{len(bad)} refused files", f"read the reasons beside them in {refused}"
            )
        else:
            yield Finding("ok", account.id, f"reads files from {folder} ({waiting} waiting)")
        return
    try:
        check_options(account)
        credentials = outside_airflow(account.id)
    except ConfigError as error:
        yield Finding("bad", account.id, error.message, error.advice)
        return
    address = credentials.host or platform.base_url
    if not address.startswith(("http://", "https://")):
        told = (
            f"the connection's host is {shown(address)}, without https://"
            if address
            else "the connection has no host"
        )
        advice = (
            f"give the whole address, as in https://shop.example.com, on the Airflow connection {account.id}"
        )
        yield Finding("bad", account.id, told, f"{advice} ({variable(account.id)})")
        return
    skewed = yield from clock_and_reach(account.id, address)
    if skewed:
        return
    try:
        calls, unseen = first_call(settings, account, credentials)
    except DaybookError as error:
        yield Finding("bad", account.id, error.message, error.advice or "see the platform's README")
        return
    yield Finding("ok", account.id, f"{shown(address)}: credentials accepted ({calls})")
    for said in unseen:
        yield Finding("warn", account.id, said, "afterwards read what was missed: `daybook backfill FROM TO`")
    for said in steps.out_of_reach(settings, account):
        yield Finding("warn", account.id, said, LOST)
    problem = expiry.ending(settings, account, credentials)
    if problem is not None:
        yield Finding("warn", account.id, problem.cause, problem.advice)


def twins(accounts: list[Account]) -> Iterator[Finding]:
    """Accounts that read one and the same: what ads cost and who visits would count twice without a word."""
    first: dict[str, list[tuple[Account, Credentials]]] = {}
    for account in accounts:
        platform = find_platform(account.platform)
        if platform.protocol is None:
            continue
        with suppress(ConfigError):  # told before
            own = outside_airflow(account.id)
            for other, theirs in first.setdefault(platform.name, []):
                shared = set(_streams(account)) & set(_streams(other))
                if shared and own == theirs and _options(account) == _options(other):
                    yield Finding(
                        "bad",
                        account.id,
                        f"has the connection and options of {other.id}: what both read would count twice",
                        "take one of them out, or give each the credentials or options of its own",
                    )
            first[platform.name].append((account, own))


def _streams(account: Account) -> tuple[str, ...]:
    return account.streams or find_platform(account.platform).stream_names


def _options(account: Account) -> dict[str, object]:
    return {name: value for name, value in account.options.items() if name != PACE}


def marks(settings: Settings, account: Account) -> Iterator[Finding]:
    """Whether it is known how far each stream has been read."""
    landing = Landing(settings.landing)
    for name in _streams(account):
        try:
            landing.mark(account.platform, account.id, name)
        except LandingError as error:
            yield Finding("bad", account.id, f"{name}: {error.message}", error.advice)


def clock_and_reach(name: str, address: str) -> Generator[Finding, None, bool]:
    """Ask the host for its date. Returns True when unreachable or the clock is off: no need to try on."""
    began = time.time()
    try:
        answer = requests.get(address, timeout=(10, 20), allow_redirects=False, stream=True)
        answer.close()
    except requests.RequestException as error:
        yield Finding(
            "bad",
            name,
            f"{shown(address)} cannot be reached ({type(error).__name__})",
            "check the network, a firewall, and the host of the connection",
        )
        return True
    stated = http_date(answer.headers.get("Date", ""))
    if stated is not None:
        skew = (began + time.time()) / 2 - stated.timestamp()
        if abs(skew) > SKEW:
            side = "ahead of" if skew > 0 else "behind"
            yield Finding(
                "bad",
                name,
                f"this machine's clock is {abs(skew) / 60:.0f} minutes {side} {shown(address)}",
                "set the clock (NTP): signed calls are refused, and windows would end at the wrong moment",
            )
            return True
    return False


def first_call(settings: Settings, account: Account, credentials: Credentials) -> tuple[str, list[str]]:
    """Ask for the first page of each stream, over yesterday or as much of it as a call may ask for; gives the
    streams' names, and what the vendor keeps from this account every night.

    Raises DaybookError when one is refused.
    """
    platform = find_platform(account.platform)
    yesterday = (datetime.now(UTC).astimezone(account.zone) - timedelta(days=1)).date()
    window = days_window(yesterday, yesterday, account.zone)
    tokens = TokenFile(settings.tokens, account.id, credentials)
    # A person waits: no long pauses between tries.
    session = Session(
        platform, account, credentials, tokens, sleep=lambda seconds: time.sleep(min(seconds, 0.5))
    )
    names = _streams(account)
    unseen = []
    try:
        for name in names:
            stream = platform.stream(name)
            try:
                _first_page(stream, session, window)
                unseen.append(unseen_of(stream, session))
            except MISFITS as error:
                raise misfit(name, error) from None
    finally:
        session.close()
    return ", ".join(names), [said for said in unseen if said is not None]


def _first_page(stream: Stream, session: Session, day: Window) -> None:
    """Ask as a night would: no other question tells whether the vendor would answer a night's."""
    read = next(iter(stream.reads(session.account, next(iter(pieces(stream, day))))), None)
    if read is None:
        return
    if read.job is not None:  # the report itself may take an hour; that it is accepted is enough
        session.call(read.request)
        return
    with suppress(TooMuchError):  # an answer, too: a night would ask for it in halves
        next(iter(read.paging.pages(session.call, read.request)), None)
