"""The pretend credentials of those who measure the merchants' sites and apps: what each vendor asks for."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable

from .merchants import SITES, Site

Tokens = Callable[[str, str, str], dict[str, str]]
Entry = tuple[str, str, str, dict[str, object]]
"""Path below the sandbox, login, password, extra."""


def _digits(text: str, length: int) -> str:
    return hashlib.sha256(f"sandbox {text}".encode()).hexdigest()[:length]


PLAUSIBLE_KEYS = {site.store: _digits(f"plausible {site.domain}", 64) for site in SITES}
"""The API key of each site's owner."""


def _plausible(site: Site, variant: str, tokens: Tokens) -> Entry:
    return "plausible", "", PLAUSIBLE_KEYS[site.store], {"site_id": site.domain}


MATOMO_TOKENS = {site.store: _digits(f"matomo {site.domain}", 32) for site in SITES}
"""The token of each site's reader."""


def _matomo(site: Site, variant: str, tokens: Tokens) -> Entry:
    return "matomo", "", MATOMO_TOKENS[site.store], {"site_id": str(site.number)}


UMAMI_SITES = {s.store: str(uuid.uuid5(uuid.NAMESPACE_DNS, s.domain)) for s in SITES}
"""Umami's number of each site."""
UMAMI_USERS = {site.store: (f"daybook-{site.store}", "sandbox-umami-password") for site in SITES}
"""A user of a self-hosted Umami, for each site."""


def _umami(site: Site, variant: str, tokens: Tokens) -> Entry:
    user, secret = UMAMI_USERS[site.store]
    extra: dict[str, object] = {
        "access_token": tokens("umami", site.store, variant)["access_token"],
        "website_id": UMAMI_SITES[site.store],
    }
    return "umami/api", user, f"{secret}-gone" if variant == "revoked" else secret, extra


UMENG_KEY, UMENG_SECRET = "1002031", "sandbox-umeng-security"
"""The merchant's key and security of Umeng's gateway."""
UMENG_APPS = {site.store: _digits(f"umeng {site.domain}", 24) for site in SITES}
"""Umeng's key of each app."""


def _umeng(site: Site, variant: str, tokens: Tokens) -> Entry:
    return "umeng", UMENG_KEY, UMENG_SECRET, {"appkey": UMENG_APPS[site.store]}


_MADE: dict[str, Callable[[Site, str, Tokens], Entry]] = {
    "matomo": _matomo,
    "plausible": _plausible,
    "umami": _umami,
    "umeng": _umeng,
}


def site_connections(variant: str, tokens: Tokens) -> dict[str, Entry]:
    """Account id → what ``connections`` adds for it."""
    return {
        f"{platform}__{site.store.split('_')[0]}": made(site, variant, tokens)
        for platform, made in _MADE.items()
        for site in SITES
    }
