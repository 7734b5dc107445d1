"""Warns ahead of what ends: authorisations, which only the merchant can renew, and versions of APIs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from daybook.problems import Problem
from daybook.settings import Settings
from extractors.accounts import Account
from extractors.credentials import Credentials
from extractors.registry import platform as find_platform
from extractors.tokens import WARN_AHEAD, TokenFile, authorised_until

VERSION_AHEAD = timedelta(days=60)  # how long before a version ends `doctor` warns of it


def version_ending(account: Account, today: date | None = None) -> Problem | None:
    """The warning for an account whose vendor serves this client's version of its API for VERSION_AHEAD or
    less; None when there is none."""
    platform = find_platform(account.platform)
    ends, today = platform.version_ends, today or datetime.now(UTC).date()
    if ends is None or ends - today > VERSION_AHEAD:
        return None
    said = f"{'ends' if ends > today else 'ended'} on {ends}"
    if platform.is_end_estimated:
        said = f"may end any day from {ends} on (our estimate: its vendor had named no day)"
    return Problem(
        account.id, None, None,
        f"the version of {platform.title}'s API that Daybook speaks {said}",
        "update Daybook: a version that ended is refused, or answered in another one",
    )  # fmt: skip


def ending(
    settings: Settings, account: Account, credentials: Credentials, now: datetime | None = None
) -> Problem | None:
    """The warning for an account whose authorisation ends within WARN_AHEAD (a week); None when there is
    none.

    Vendors with `renew_ahead` do not renew an expired token, so a token of theirs without a known end is a
    problem, too.
    """
    platform = find_platform(account.platform)
    tokens = TokenFile(settings.tokens, account.id, credentials).current()
    now = now or datetime.now(UTC)
    if platform.renew_ahead is not None:
        if tokens.refresh_token and tokens.expires_at is None:
            return Problem(
                account.id, None, None,
                "it is unknown when its token ends, and the vendor renews it only before that",
                "write the end that the vendor gave (`expires_at`) into the connection's extra",
            )  # fmt: skip
        # Every night renews the token early. If it is still this old, renewing has failed, and the account
        # stops working when the token ends.
        until = tokens.expires_at
        if until is not None and until - now >= platform.renew_ahead:
            return None
    else:
        until = authorised_until(tokens, platform.renewal_prolongs)
    if until is None or until - now > WARN_AHEAD:
        return None
    days, when = (until - now).days, f"{until.astimezone(account.zone):%Y-%m-%d %H:%M}"
    said = f"its authorisation ended {when}"
    if until > now:
        said = f"its authorisation ends {f'in {days} days' if days > 1 else 'within two days'} ({when})"
    return Problem(
        account.id, None, None, said,
        f"authorise {platform.title} again and update the connection: "
        f"extractors/platforms/{platform.name}/README.md says how",
    )  # fmt: skip


def is_told_today(settings: Settings, account: Account) -> bool:
    """Whether a warning about this account was sent today."""
    note = _note(settings, account)
    return note.is_file() and note.read_text(encoding="utf-8") == _today(account)


def was_told(settings: Settings, account: Account) -> None:
    """Remember that a warning was sent today. Called after sending: twice is better than never."""
    note = _note(settings, account)
    note.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    note.write_text(_today(account), encoding="utf-8")


def _note(settings: Settings, account: Account) -> Path:
    return settings.tokens / f"{account.id}.told"


def _today(account: Account) -> str:
    return datetime.now(account.zone).date().isoformat()
