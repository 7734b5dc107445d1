"""Checks `vars` of dbt_project.yml: a mistake there is no error in SQL, but gives wrong numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from extractors.accounts import Account
from extractors.errors import ConfigError
from extractors.files.yamltext import line_of, read
from extractors.registry import platforms

Fits = Callable[[Any], bool]


@dataclass(frozen=True)
class Slip:
    """A mistake. place: file and line. said: what is wrong. stops: it would give wrong numbers, so no build
    starts; otherwise it only has no effect."""

    place: str
    said: str
    stops: bool


def _number(least: float, most: float) -> Fits:
    return lambda value: (
        isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most
    )


def _whole(least: int, most: int) -> Fits:
    return lambda value: isinstance(value, int) and _number(least, most)(value)


def _costs(value: Any) -> bool:
    parts = {"share_of_paid": _number(0, 1), "per_order": _number(0, float("inf"))}
    return isinstance(value, dict) and all(
        name in parts and parts[name](part) for name, part in value.items()
    )


def _accounts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, str) for one in value)


_SHARE = "a number from 0 to 1, such as 0.13"
_VALUES: dict[str, tuple[Fits, str]] = {
    "reporting_currency": (
        lambda value: bool(re.fullmatch("[A-Z]{3}", str(value))),
        "a currency such as CNY",
    ),
    "business_zone": (lambda value: str(value) in available_timezones(), "a time zone such as Asia/Shanghai"),
    "when_a_rate_is_missing": (lambda value: value in ("stop", "publish"), "stop or publish"),
    "week_start_day": (_whole(1, 7), "1 (Monday) to 7 (Sunday)"),
    "fiscal_pattern": (lambda value: value in ("4-4-5", "4-5-4", "5-4-4"), "4-4-5, 4-5-4 or 5-4-4"),
    "fiscal_year_start_month": (_whole(1, 12), "a month from 1 to 12"),
    "resaleable_share": (_number(0, 1), _SHARE),
    "margin_from_coverage": (_number(0, 1), _SHARE),
    "stock_out_from_share": (_number(0, 1), _SHARE),
}
# Settings per store or platform: of which of the two, the check of each value, and that check in words.
_TABLES: dict[str, tuple[str, Fits, str]] = {
    "tax_in_prices": ("store", _number(0, 0.99), _SHARE),
    "order_costs": ("store", _costs, "share_of_paid (0 to 1) and per_order (an amount)"),
    "visits_counted_from": ("store", _accounts, "a list of accounts such as [ga4__lantern]"),
    "cod_recognised_on": (
        "platform",
        lambda value: value in ("delivered", "placing"),
        "delivered or placing",
    ),
}


def slips(path: Path, accounts: Sequence[Account]) -> Iterator[Slip]:
    """The mistakes in `vars` of dbt_project.yml. Raises ConfigError when the file is not valid YAML."""
    document, node = read(path)
    said = document.get("vars") or {}
    known = {"store": {account.store_id for account in accounts}, "platform": set(platforms())}

    def at(*names: str) -> str:
        return f"{path}:{line_of(node, ['vars', *names])}"

    for name, (fits, wanted) in _VALUES.items():
        if name in said and not fits(said[name]):
            yield Slip(at(name), f"{name}: {said[name]!r} is not {wanted}", True)
    for name, (of, fits, wanted) in _TABLES.items():
        table = said.get(name, {})
        if not isinstance(table, dict):
            yield Slip(at(name), f"{name}: {table!r} names no {of}: write {{default: …}}, or {{}}", True)
            continue
        for key, value in table.items():
            if not fits(value):
                yield Slip(at(name, key), f"{name}: {value!r} of {key} is not {wanted}", True)
            elif fits is _accounts:
                for unknown in set(value) - {account.id for account in accounts}:
                    yield Slip(at(name, key), f"{name}: there is no account {unknown!r}", False)
            if key != "default" and key not in known[of]:
                yield Slip(at(name, key), f"{name}: there is no {of} {key!r}", False)


def check(path: Path, accounts: Sequence[Account]) -> None:
    """Raises ConfigError naming every mistake that must stop a build."""
    found = [f"{slip.place} {slip.said}" for slip in slips(path, accounts) if slip.stops]
    if found:
        raise ConfigError("; ".join(found), advice="mend it and build again: nothing was built")
