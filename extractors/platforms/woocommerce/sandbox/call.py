"""An authenticated request, its dates and its order."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from extractors.sandbox.book import OrderBook
from extractors.sandbox.merchants import Shop

from .refusals import invalid
from .words import BEGINNING


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated request."""

    shop: Shop
    book: OrderBook
    query: Mapping[str, str]
    path: Mapping[str, Any]
    url: str
    now: int


class Times:
    """The date filters of a request. Both ends of every filter are exclusive, to the second.

    Without ``dates_are_gmt`` the value is compared with the site-local column, whatever zone is
    appended to it.
    """

    def __init__(self, call: Call) -> None:
        gmt = call.query.get("dates_are_gmt", "false")
        if gmt not in ("true", "false", "1", "0"):
            raise invalid("dates_are_gmt", "dates_are_gmt is not of type boolean.")
        self._call = call
        self._zone = UTC if gmt in ("true", "1") else call.shop.zone
        self.created_from = self._after("after")
        self.created_to = self._before("before", call.now)
        self.modified_from = self._after("modified_after")
        self.modified_to = self._before("modified_before", call.now)

    def _parse(self, name: str) -> int | None:
        text = self._call.query.get(name)
        if text is None:
            return None
        match = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?", text)
        try:
            if match is None:
                raise ValueError(text)
            return int(datetime.fromisoformat(match[1]).replace(tzinfo=self._zone).timestamp())
        except ValueError:
            raise invalid(name, f"{name} Invalid date.") from None

    def _after(self, name: str) -> int:
        at = self._parse(name)
        return BEGINNING if at is None else at + 1

    def _before(self, name: str, default: int) -> int:
        at = self._parse(name)
        return default if at is None else at - 1

    def accepts(self, created: int, modified: int) -> bool:
        """Whether a record of these times passes all filters."""
        return (
            self.created_from <= created <= self.created_to
            and self.modified_from <= modified <= self.modified_to
        )


def whole_number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"-?\d{1,12}", text):
        raise invalid(name, f"{name} is not of type integer.")
    return int(text)


def listed_values(query: Mapping[str, str], name: str) -> list[str]:
    return [part.strip() for part in query.get(name, "").split(",") if part.strip()]


def ordered(
    call: Call, rows: list[Any], keys: Mapping[str, Callable[[Any], Any]], id_of: Callable[[Any], int]
) -> list[Any]:
    by = call.query.get("orderby", "date")
    direction = call.query.get("order", "desc")
    if by not in keys:
        raise invalid("orderby", f"orderby is not one of {', '.join(sorted(keys))}.")
    if direction not in ("asc", "desc"):
        raise invalid("order", "order is not one of asc, desc.")
    include, exclude = listed_values(call.query, "include"), set(listed_values(call.query, "exclude"))
    if include:
        rows = [row for row in rows if str(id_of(row)) in include]
    if exclude:
        rows = [row for row in rows if str(id_of(row)) not in exclude]
    return sorted(rows, key=keys[by], reverse=direction == "desc")
