"""What a caller sent, judged as the API pages say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from extractors.sandbox.desk import Answer, Refusal
from extractors.sandbox.market import from_wall

from .words import ORDER_FIELDS, TRADE_TYPES

TIMESTAMP_TOLERANCE = 600
HISTORY = timedelta(days=89)  # three months, at their shortest
"""Three months, counted generously: the documents say 3 months and do not say how long a month is."""


def top_error(code: int, msg: str, sub_code: str = "", sub_msg: str = "") -> Answer:
    error: dict[str, Any] = {"code": code, "msg": msg}
    if sub_code:
        error |= {"sub_code": sub_code, "sub_msg": sub_msg}
    return Answer(
        {"error_response": error | {"request_id": "sbx0error"}}, refusal=f"{code} {sub_code or msg}"
    )


def invalid(sub_msg: str) -> Refusal:
    return Refusal(top_error(15, "Remote service error", "isv.invalid-parameter", sub_msg))


def instant(params: Mapping[str, str], name: str, default: int) -> int:
    text = params.get(name)
    if not text:
        return default
    moment = from_wall(text)
    if moment is None:
        raise invalid(f"{name} must look like 2026-01-05 10:00:00")
    return moment


def window_of(params: Mapping[str, str], now: int, first: str, last: str, most: timedelta) -> tuple[int, int]:
    """A window that has to be given and may be no longer than ``most``."""
    start, end = instant(params, first, 0), instant(params, last, 0)
    if end <= start:
        raise invalid(f"{last} must be later than {first}")
    if end - start > most.total_seconds():
        raise invalid(f"{first} and {last} must not be more than a day apart")
    if start < now - HISTORY.total_seconds():
        raise invalid(f"{first} is more than 3 months ago")
    return start, end


def number_of(params: Mapping[str, str], name: str, default: int) -> int:
    text = params.get(name)
    if not text:
        return default
    if not re.fullmatch(r"-?\d{1,9}", text):
        raise invalid(f"{name} must be a number")
    return int(text)


def choice(params: Mapping[str, str], name: str, allowed: frozenset[str]) -> str | None:
    text = params.get(name)
    if text and text not in allowed:
        raise invalid(f"{name} {text} is unknown")
    return text or None


def trade_types(params: Mapping[str, str], default: frozenset[str]) -> frozenset[str]:
    """The trade types asked for. ``guarantee_trade`` is a group that stands for fixed and auction."""
    given = frozenset(t for t in params.get("type", "").split(",") if t)
    unknown = given - TRADE_TYPES
    if unknown:
        raise invalid(f"type {','.join(sorted(unknown))} is unknown")
    chosen = given or default
    return chosen | {"fixed", "auction"} if "guarantee_trade" in chosen else chosen


def fields_asked(text: str, allowed: frozenset[str] | None) -> tuple[frozenset[str], frozenset[str]]:
    """(fields of the record, fields of its sub-orders)."""
    if allowed is None:
        return frozenset(), frozenset()
    names = [name.strip() for name in text.split(",") if name.strip()]
    nested = {name.removeprefix("orders.") for name in names if name.startswith("orders.")}
    plain = {name for name in names if not name.startswith("orders.")}
    unknown = sorted((plain - allowed) | {f"orders.{name}" for name in nested - ORDER_FIELDS})
    if unknown or (nested and "orders" not in allowed):
        raise Refusal(top_error(41, f"Invalid arguments:fields({','.join(unknown)})"))
    if "orders" in plain:
        nested = set(ORDER_FIELDS) | {"undocumented"}
    return frozenset(plain), frozenset(nested)
