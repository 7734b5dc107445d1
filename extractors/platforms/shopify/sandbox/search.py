"""Searches and global ids."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from extractors.sandbox.graphql import Wrong


def number_of(gid: Any, of: str) -> int:
    found = re.fullmatch(rf"gid://shopify/{of}/(\d{{1,19}})", str(gid))
    if found is None:
        raise Wrong("argumentLiteralsIncompatible", f"Invalid global id '{gid}'")
    return int(found.group(1))


def window_of(search: str) -> tuple[int, int]:
    """[start, end) of a search by ``updated_at``. An unquoted time is read to its first colon: as a day."""
    start, end, place = 0, 2**40, 0
    for found in re.finditer(r"\s*(\w+):(>=|<=|>|<)?('[^']*'|\S+)", search):
        name, comparator, value = found.groups()
        place = found.end()
        if name != "updated_at":
            raise Wrong("sandbox", f"the sandbox searches by updated_at, not by {name}")
        at = instant(value.strip("'")) if value.startswith("'") else instant(value.split(":")[0][:10])
        if comparator in (">=", ">"):  # the vendor treats both as inclusive
            start = max(start, at)
        elif comparator in ("<", "<="):
            end = min(end, at if comparator == "<" else at + 1)
        else:
            start, end = max(start, at), min(end, at + 86_400)
    if search[place:].strip():
        raise Wrong("sandbox", f"a search that cannot be read: {search!r}")
    return start, end


def instant(text: str) -> int:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Wrong("sandbox", f"{text!r} is no time") from None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())
