"""`daybook doctor`: finds now what would stop tonight's run, and says what to do about it."""

from __future__ import annotations

import os
from collections.abc import Iterator

from daybook import steps
from daybook.doctor.account import one_account
from daybook.doctor.configuration import doubtful, listed, meant, renamed, twins
from daybook.doctor.finding import Finding
from daybook.doctor.machine import messengers, ports, room, values, variables
from daybook.names import counted
from daybook.settings import Settings
from extractors.accounts import Account
from extractors.errors import ConfigError
from extractors.files.lists import LISTS


def examine(settings: Settings, known: list[Account], accounts: list[Account]) -> Iterator[Finding]:
    """Check everything, the quick checks first.

    known: all accounts of accounts.yml. accounts: those to call. Credentials come from wherever Airflow
    looks.
    """
    yield Finding("ok", "accounts.yml", f"{counted(len(known), 'account')}, business days in {settings.zone}")
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
    fed = [one.account for one in LISTS if steps.inbox_of(settings, one.account).is_dir()]
    for account in [*accounts, *fed]:
        yield from one_account(settings, account)
    yield from twins(known)
