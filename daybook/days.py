"""Days on the command line: parsed as people type them, and shown in the business zone."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import click

from extractors.core.window import BEGINNING

LAST_YEAR = 2999  # keeps clear of year 9999, whose last day has no next day for Python to compute


class Day(click.DateTime):
    """A business day, such as 2026-11-20. Years outside 2000 to 2999 are refused as typing errors."""

    def __init__(self) -> None:
        super().__init__(["%Y-%m-%d"])

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        day: datetime = super().convert(value, param, ctx)
        if not BEGINNING.date() <= day.date() or day.year > LAST_YEAR:
            self.fail(f"{day.date()} is not between {BEGINNING.date()} and {LAST_YEAR}-12-31", param, ctx)
        return day


def reach(moment: str | None, zone: ZoneInfo) -> str:
    """How far a release's data goes: an ISO instant, told as local time of `zone`. None: it has no data."""
    if moment is None:
        return "no data yet"
    return f"data through {datetime.fromisoformat(moment).astimezone(zone):%Y-%m-%d %H:%M %Z}"
