"""The known platforms: every package below `platforms/`. Each defines a PLATFORM."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from extractors import platforms as _folder
from extractors.accounts import Account
from extractors.core.model import Platform
from extractors.errors import ConfigError


@cache
def platforms() -> dict[str, Platform]:
    """All platforms by name, in the order of their names."""
    found = {}
    for module in sorted(pkgutil.iter_modules(_folder.__path__), key=lambda entry: entry.name):
        platform = importlib.import_module(f"{_folder.__name__}.{module.name}").PLATFORM
        found[platform.name] = platform
    return found


def platform(name: str) -> Platform:
    """The platform of that name. Raises ConfigError for an unknown name."""
    try:
        return platforms()[name]
    except KeyError:
        raise ConfigError(
            f"unknown platform {name!r}", advice=f"known platforms: {', '.join(platforms())}"
        ) from None


def streams_of() -> dict[str, tuple[str, ...]]:
    """Platform → names of its streams, as `load_accounts` wants them."""
    return {name: found.stream_names for name, found in platforms().items()}


def streams_read(account: Account) -> tuple[str, ...]:
    """Names of the streams that are read for an account: those it names, or else all of its platform.

    Raises ConfigError for an unknown platform.
    """
    return account.streams or platform(account.platform).stream_names
