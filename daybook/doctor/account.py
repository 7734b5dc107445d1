"""One account: credentials, clock, reachability and a first call."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import requests

from daybook import expiry, steps
from daybook.connections import outside_airflow
from daybook.doctor.finding import Finding
from daybook.settings import Settings
from daybook.steps import inbox_of
from extractors.accounts import Account
from extractors.core.model import Stream
from extractors.core.session import Session, base_url
from extractors.core.window import Window, days_window
from extractors.credentials import Credentials, shown
from extractors.errors import MISFITS, ConfigError, DaybookError, LandingError, TooMuchError, misfit
from extractors.extract import check_options, unseen_of
from extractors.files.folder import Inbox
from extractors.landing import Landing
from extractors.plan import pieces
from extractors.protocols.http_status import http_date
from extractors.registry import platform as find_platform
from extractors.registry import streams_read
from extractors.tokens import TokenFile

UNREACHABLE_ADVICE = (
    "export it by hand and drop the files (mappings/README.md), or let the account begin later"
)
# Seconds that this machine's clock may differ from a host's `Date` header. Some vendors refuse less (TikTok
# Shop: 30 seconds ahead), but the header itself may be a minute old.
MAX_SKEW = 120.0


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
        address = base_url(platform, account, credentials)
    except ConfigError as error:
        yield Finding("bad", account.id, error.message, error.advice)
        return
    skewed = yield from clock_and_reach(account.id, address)
    if skewed:
        return
    try:
        calls, unseen = first_call(settings, account, credentials)
    except DaybookError as error:
        where = f"{error.stream}: " if error.stream else ""
        said = where + error.message.removeprefix(where)  # where a call and its stream have one name
        yield Finding("bad", account.id, said, error.advice or "see the platform's README")
        return
    yield Finding("ok", account.id, f"{shown(address)}: credentials accepted ({calls})")
    for said in unseen:
        yield Finding("warn", account.id, said, "afterwards read what was missed: `daybook backfill FROM TO`")
    for said in steps.out_of_reach(settings, account):
        yield Finding("warn", account.id, said, UNREACHABLE_ADVICE)
    for problem in (expiry.ending(settings, account, credentials), expiry.version_ending(account)):
        if problem is not None:
            yield Finding("warn", account.id, problem.cause, problem.advice)


def marks(settings: Settings, account: Account) -> Iterator[Finding]:
    """Findings for streams whose mark cannot be read."""
    landing = Landing(settings.landing)
    for name in streams_read(account):
        try:
            landing.mark(account.platform, account.id, name)
        except LandingError as error:
            yield Finding("bad", account.id, f"{name}: {error.message}", error.advice)


def clock_and_reach(name: str, address: str) -> Generator[Finding, None, bool]:
    """Call the host and compare its date with this machine's clock.

    Returns True when it cannot be reached or the clock is wrong, so that a first call is useless. A date that
    comes from a cache (`Age`) is that of an older answer and is not compared.
    """
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
    if stated is not None and "Age" not in answer.headers:
        skew = (began + time.time()) / 2 - stated.timestamp()
        if abs(skew) > MAX_SKEW:
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
    """Read the first page of each stream for yesterday, or for as much of it as one call may ask for.

    Returns: the streams' names, and a sentence per stream on what the vendor hides from this account.
    Raises DaybookError, with the stream, when a call is refused.
    """
    platform = find_platform(account.platform)
    yesterday = (datetime.now(UTC).astimezone(account.zone) - timedelta(days=1)).date()
    window = days_window(yesterday, yesterday, account.zone)
    tokens = TokenFile(settings.tokens, account.id, credentials)
    # Somebody is waiting at the terminal: pauses between retries are half a second at most.
    session = Session(
        platform, account, credentials, tokens, sleep=lambda seconds: time.sleep(min(seconds, 0.5))
    )
    names = streams_read(account)
    unseen = []
    try:
        for name in names:
            stream = platform.stream(name)
            try:
                _first_page(stream, session, window)
                unseen.append(unseen_of(stream, session))
            except DaybookError as error:  # some permissions are those of one stream
                raise error.at(stream=name) from None
            except MISFITS as error:
                raise misfit(name, error) from None
    finally:
        session.close()
    return ", ".join(names), [said for said in unseen if said is not None]


def _first_page(stream: Stream, session: Session, day: Window) -> None:
    """Make the same call as a night does: only that shows whether the vendor will answer it."""
    read = next(iter(stream.reads(session.account, next(iter(pieces(stream, day))))), None)
    if read is None:
        return
    if read.job is not None:  # the report itself may take an hour; it is enough that the job is accepted
        session.call(read.request)
        return
    with suppress(TooMuchError):  # this shows that the credentials work; a night would ask for halves
        next(iter(read.paging.pages(session.call, read.request)), None)
