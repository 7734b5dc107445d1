"""The pretend credentials of those who measure the merchants' sites and apps: what each vendor asks for."""

from __future__ import annotations

import hashlib
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


_MADE: dict[str, Callable[[Site, str, Tokens], Entry]] = {
    "plausible": _plausible,
}


def site_connections(variant: str, tokens: Tokens) -> dict[str, Entry]:
    """Account id → what ``connections`` adds for it."""
    return {
        f"{platform}__{site.store.split('_')[0]}": made(site, variant, tokens)
        for platform, made in _MADE.items()
        for site in SITES
    }
