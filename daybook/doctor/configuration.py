"""Checks accounts.yml, the settings of the marts and the merchant's lists for mistakes."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

from daybook import meanings
from daybook.connections import outside_airflow
from daybook.doctor.finding import Finding
from daybook.settings import Settings
from extractors.accounts import CALLS_PER_SECOND, Account
from extractors.credentials import Credentials
from extractors.errors import ConfigError
from extractors.registry import platform as find_platform
from extractors.registry import streams_read


def meant(settings: Settings, accounts: list[Account]) -> Iterator[Finding]:
    """Invalid settings of the marts (see `daybook.meanings`)."""
    try:
        for slip in meanings.slips(settings.dbt_project / "dbt_project.yml", accounts):
            yield Finding(
                "bad" if slip.stops else "warn", "marts", f"{slip.place} {slip.said}", "mend that line"
            )
    except ConfigError as error:
        yield Finding("bad", "marts", error.message, error.advice)


def renamed(settings: Settings, accounts: list[Account]) -> Iterator[Finding]:
    """An account that got another id, which the next load would refuse."""
    from warehouse.status import renamed_account as told

    error = told(settings.warehouse, accounts)
    if error is not None:
        yield Finding("bad", error.account or "accounts.yml", error.message, error.advice)


def doubtful(settings: Settings, accounts: list[Account]) -> Iterator[Finding]:
    """Valid but suspicious lines of an account: a `start` in the future, a currency without a rate, a store
    whose name is almost that of a shop."""
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
                f"its store is {account.store_id}, which no shop has (did you mean {meant[0]}?)",
                "mend `store` in accounts.yml: what ads cost and who visits would stand beside no sales",
            )
        if account.start is not None and account.start > datetime.now(account.zone).date():
            yield Finding(
                "warn",
                account.id,
                f"begins on {account.start}, which is in the future: nothing is read until then",
                "mend `start` in accounts.yml if the year is wrong",
            )
        if account.currency not in rated:
            yield Finding(
                "warn",
                account.id,
                f"{account.currency}: no rate of this currency is known, and amounts in it stop the night",
                f"check its spelling (CNY, not RMB), or drop its rates into {settings.inbox / 'fx_rates'}",
            )


def listed(settings: Settings, accounts: list[Account]) -> Iterator[Finding]:
    """Lists (costs, targets, …) that name a store of no account: they are used in no figure, without an
    error. And rates that make every figure of a currency a multiple of itself."""
    from warehouse.status import rates_far_from_ours, stores_in_lists

    known = {account.store_id for account in accounts}
    for store, place in stores_in_lists(settings.warehouse, settings.dbt_project).items():
        if store not in known:
            meant = difflib.get_close_matches(store, known, n=1)
            yield Finding(
                "warn",
                "lists",
                f"{place} names the store {store}, which no account has"
                + (f" (did you mean {meant[0]}?)" if meant else ""),
                "mend the name there, because no figure uses it; drop a dropped file again under its name",
            )
    for said in rates_far_from_ours(settings.warehouse, settings.dbt_project):
        yield Finding(
            "warn",
            "lists",
            said,
            "tell how many units of the currency one dollar buys, and drop the file again under its name",
        )


def twins(accounts: list[Account]) -> Iterator[Finding]:
    """Accounts with the same connection and options: their ad costs and visits would silently count twice."""
    first: dict[str, list[tuple[Account, Credentials]]] = {}
    for account in accounts:
        platform = find_platform(account.platform)
        if platform.protocol is None:
            continue
        with suppress(ConfigError):  # reported by `one_account`
            own = outside_airflow(account.id)
            for other, theirs in first.setdefault(platform.name, []):
                shared = set(streams_read(account)) & set(streams_read(other))
                if shared and own == theirs and _options(account) == _options(other):
                    yield Finding(
                        "bad",
                        account.id,
                        f"has the connection and options of {other.id}: what both read would count twice",
                        "take one of them out, or give each the credentials or options of its own",
                    )
            first[platform.name].append((account, own))


def _options(account: Account) -> dict[str, object]:
    return {name: value for name, value in account.options.items() if name != CALLS_PER_SECOND}
