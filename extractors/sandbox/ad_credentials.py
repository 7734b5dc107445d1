"""The pretend credentials of advertisers and of analytics beside the first two: what each vendor asks for."""

from __future__ import annotations

from collections.abc import Callable

from .merchants import AD_ACCOUNTS, Advertiser

Tokens = Callable[[str, str, str], dict[str, str]]
Entry = tuple[str, str, str, dict[str, object]]
"""Path below the sandbox, login, password, extra."""

APPS: dict[str, tuple[str, str]] = {}
"""App key and secret of each of these platforms whose accounts belong to one app."""


def _static(platform: str, subject: str, variant: str, tokens: Tokens) -> str:
    """A token that does not run out: an expired one is nothing its vendor knows."""
    return tokens(platform, subject, "revoked" if variant == "revoked" else "valid")["access_token"]


def _uc_huichuan(account: Advertiser, variant: str, tokens: Tokens) -> Entry:
    extra = {"access_token": _static("uc_huichuan", str(account.advertiser_id), variant, tokens)}
    return "uc_huichuan", f"{account.store}@uc", "sandbox-uc-password", dict(extra)


_MADE: dict[str, Callable[[Advertiser, str, Tokens], Entry]] = {"uc_huichuan": _uc_huichuan}


def ad_connections(variant: str, tokens: Tokens) -> dict[str, Entry]:
    """Account id → what ``connections`` adds for it."""
    return {a.account: _MADE[a.platform](a, variant, tokens) for a in AD_ACCOUNTS if a.platform in _MADE}
