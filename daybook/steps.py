"""The steps of a night, called by the DAGs and by the command line. Nothing here imports Airflow."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from daybook.problems import HopelessErrors
from daybook.settings import Settings, check_memory
from extractors.accounts import Account, AccountsError, load_accounts
from extractors.credentials import Credentials
from extractors.errors import ConfigError, DaybookError, ExtractErrors, LandingError, TransientError
from extractors.files.lists import LISTS, list_named
from extractors.files.lists import PLATFORM as LISTS_PLATFORM
from extractors.landing import Landing
from extractors.registry import platform as find_platform
from extractors.registry import platforms, streams_of, streams_read

Say = Callable[[str], None]


def accounts(settings: Settings) -> list[Account]:
    """All accounts of accounts.yml, checked against the known platforms and streams.

    Raises AccountsError with file and line, also when there is no account.
    """
    known: dict[str, Collection[str]] = dict(streams_of())
    found = load_accounts(settings.accounts_file, known)
    if not found:
        raise AccountsError(
            f"{settings.accounts_file} lists no account", advice="add one: README, “Add a store”"
        )
    return found


def platforms_of(all_accounts: Sequence[Account]) -> dict[str, list[Account]]:
    """Platform → its accounts, in the order of accounts.yml."""
    grouped: dict[str, list[Account]] = {}
    for account in all_accounts:
        grouped.setdefault(account.platform, []).append(account)
    return grouped


def fed_by_files(platform: str) -> bool:
    """Whether a platform has no API: its accounts read files from their inbox and need no credentials."""
    return find_platform(platform).protocol is None


def streams_wanted(account: Account, streams: Sequence[str]) -> list[str]:
    """Of the given streams, those that the account's platform has."""
    has = find_platform(account.platform).stream_names
    return [name for name in streams if name in has]


def inbox_of(settings: Settings, account: Account) -> Path:
    """The folder from which an account reads files."""
    own = list_named(account.id)
    return settings.inbox / (own.name if own else account.id)


def landing_of(settings: Settings) -> Landing:
    """Landing, checked to be writable. Raises ConfigError when it is not."""
    landing = Landing(settings.landing)
    landing.store.check_writable()
    return landing


def account_named(settings: Settings, account_id: str) -> Account:
    """The account with that id. The merchant's lists (`fx_rates`, `unit_costs`, `targets`) are accounts, too.

    Raises ConfigError that names the existing ones.
    """
    own = list_named(account_id)
    if own:
        return own.account
    known = accounts(settings)
    for account in known:
        if account.id == account_id:
            return account
    raise ConfigError(
        f"accounts.yml has no account {account_id}",
        advice=f"its accounts: {', '.join(account.id for account in known) or 'none'}",
    )


def read_account(
    settings: Settings,
    account: Account,
    credentials: Credentials | None,
    *,
    day: date | None = None,
    window: Any = None,
    streams: Sequence[str] = (),
    say: Say = print,
) -> dict[str, Any]:
    """Read one account to landing: up to the end of `day`, or exactly `window`.

    streams: only these (default: all of the account). say: is told a line of progress.
    Returns {"account", "partitions", "rows", "streams"}.
    Raises ExtractErrors after the account's other streams were read, HopelessErrors if no retry can help.
    """
    landing = landing_of(settings)
    try:
        if fed_by_files(account.platform):
            manifests = _read_files(settings, account, landing, say)
        else:
            from extractors.extract import extract

            manifests = extract(
                account,
                credentials or Credentials(),
                landing,
                day=day,
                window=window,
                hash_key=settings.hash_key(),
                token_dir=settings.tokens,
                progress=say,
                streams=tuple(streams),
            )
    except ExtractErrors as error:
        if error.hopeless:
            raise HopelessErrors(error.errors, account=account.id) from None
        raise
    return {
        "account": account.id,
        "partitions": len(manifests),
        "rows": sum(manifest.rows for manifest in manifests),
        "streams": sorted({manifest.stream for manifest in manifests}),
    }


def _read_files(settings: Settings, account: Account, landing: Landing, say: Say) -> list[Any]:
    from extractors.files.inbox import import_files

    return import_files(
        account,
        inbox_of(settings, account),
        landing,
        hash_key=settings.hash_key(),
        progress=say,
    )


def out_of_reach(settings: Settings, account: Account, first: date | None = None) -> list[str]:
    """For each stream, a line on what the vendor no longer gives of a read that begins with day `first`.

    Without `first`, the account's first load is meant, and streams that already had it are left out.
    """
    from extractors.core.window import days_window
    from extractors.plan import history_start, out_of_reach

    landing, now = Landing(settings.landing), datetime.now(UTC)
    platform, lines = find_platform(account.platform), []
    if platform.protocol is None:
        return []
    for name in streams_read(account):
        stream = platform.stream(name)
        if first is not None:
            start = days_window(first, first, account.zone).start
        elif not _was_read(landing, account, name):
            start = history_start(
                stream, account, now.astimezone(account.zone).date() - timedelta(days=1), now
            )
        else:
            continue
        said = out_of_reach(stream, start, now)
        if said is not None:
            lines.append(said)
    return lines


def _was_read(landing: Landing, account: Account, stream: str) -> bool:
    """Whether a stream has had its first load. A damaged mark counts as one; reading reports the damage."""
    try:
        return landing.mark(account.platform, account.id, stream) is not None
    except LandingError:
        return True


def platform_title(platform: str) -> str:
    """The display name of a platform. Raises ConfigError for an unknown one."""
    return find_platform(platform).title


def load_platform(
    settings: Settings,
    platform: str | None,
    *,
    account_ids: Collection[str] | None = None,
    say: Say = print,
) -> dict[str, Any]:
    """Load what has landed and is not in raw yet.

    platform: only this one (None: all). account_ids: only these accounts (None: all).
    Returns {"partitions", "rows", "rows_new"}. Raises LoadErrors naming each partition that did not load,
    after all others were loaded; LockedError or StorageError when loading could not go on.
    """
    from warehouse.load import load_pending

    settings.build.mkdir(parents=True, exist_ok=True)
    loaded = load_pending(
        landing_of(settings),
        settings.warehouse,
        platforms(),
        accounts(settings),
        platform,
        account_ids=account_ids,
        progress=say,
    )
    return {
        "partitions": len(loaded),
        "rows": sum(partition.rows for partition in loaded),
        "rows_new": sum(partition.rows_new for partition in loaded),
    }


def prune(settings: Settings, days: int) -> int:
    """Remove partitions from landing that are loaded and were read more than `days` before now or, if that is
    earlier, the newest read: by a clock that is far ahead all would be old. Returns how many."""
    landing, now = landing_of(settings), datetime.now(UTC)
    newest = max((one.read_at for one in landing.all(damaged=lambda error: None)), default=now)
    return landing.prune(min(now, newest) - timedelta(days=days))


def take_lists(settings: Settings, *, say: Say = print) -> int:
    """Read and load the files waiting in the inboxes of the merchant's lists; returns the number of new rows.

    A refused file is reported through `say` and does not stop the build; the previous list stays valid.
    """
    for own in LISTS:
        try:
            read_account(settings, own.account, None, say=say)
        except (ExtractErrors, TransientError) as error:
            say(f"{own.title}: {error}")
    loaded = load_platform(settings, LISTS_PLATFORM, account_ids=[own.account.id for own in LISTS], say=say)
    return int(loaded["rows_new"])


def load_who_came(settings: Settings) -> None:
    """Load what has landed of platforms that are still being read: their own `load` task waits for their last
    account, but the marts are built now. Partitions that do not load are reported here and stop nothing;
    that task fails because of them."""
    from warehouse.errors import LockedError, StorageError

    try:
        load_platform(settings, None)
    except (LockedError, StorageError):
        raise
    except DaybookError as error:
        print(error)


def build_marts(
    settings: Settings, *, select: Sequence[str] = (), full_refresh: bool = False, say: Say = print
) -> dict[str, Any]:
    """Load the merchant's waiting lists and run `dbt build`; reports the result of each node through `say`.

    select, full_refresh: as in `warehouse.build.build`.
    Returns {"models", "tests", "seconds"}. Raises BuildError naming the models and tests that failed, and
    ConfigError for invalid settings of the marts or of the memory.
    """
    from daybook import meanings
    from warehouse.build import build

    began = time.monotonic()
    meanings.check(settings.dbt_project / "dbt_project.yml", accounts(settings))
    check_memory()
    take_lists(settings, say=say)
    results = build(
        settings.dbt_project,
        settings.build,
        select=select,
        full_refresh=full_refresh,
        env={"DBT_LOG_PATH": str(settings.build / "logs")},
        log=say,
        target_path=settings.build / "dbt",
    )
    for line in results_table(results):
        say(line)
    return {
        "models": sum(result.resource_type == "model" for result in results),
        "tests": sum(result.resource_type == "test" for result in results),
        "seconds": round(time.monotonic() - began, 1),
    }


def results_table(results: Sequence[Any]) -> list[str]:
    """The results as lines of a table, slowest first. Tests that passed are only counted."""
    rows = sorted(
        (one for one in results if one.resource_type != "test" or one.status != "pass"),
        key=lambda one: -(one.execution_s or 0.0),
    )
    passed = sum(one.resource_type == "test" and one.status == "pass" for one in results)
    lines = [f"{'model':<48} {'status':<10} {'seconds':>8} {'rows':>10}"]
    for one in rows:
        count = "" if one.rows_affected is None else f"{one.rows_affected:,}"
        lines.append(f"{one.name:<48} {one.status:<10} {one.execution_s or 0.0:>8.2f} {count:>10}")
    return [*lines, f"{passed} tests passed"]


def publish_marts(
    settings: Settings, *, force: bool = False, keep: int = 3, say: Say = print
) -> dict[str, Any]:
    """Audit what was built and make it the release that readers get.

    force: publish despite the audit's doubts. keep: releases to keep.
    Returns {"release", "data_through", "tables", "megabytes"}. Raises RefusedError with the audit's doubts.
    """
    from warehouse.publish import publish

    release = publish(settings.build, settings.published, force=force, keep=keep, progress=say)
    return {
        "release": release.id,
        "data_through": release.data_through,
        "tables": len(release.tables),
        "megabytes": round(release.bytes / 2**20, 1),
    }
