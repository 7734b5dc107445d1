"""The published numbers at a glance: per store, its last complete day with the week and month of that day."""

# ruff: noqa: S608  (names in SQL come from our own lists or are checked by raw.table)
from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.table import Table

from warehouse.connection import connect, identifier
from warehouse.releases import DATABASE

ALL = "ALL"
_GRAINS = {"day": "store_daily", "week": "store_weekly", "month": "store_monthly"}


@dataclass(frozen=True)
class Figures:
    """One store in one period. Money is in the reporting currency, `currency`. None means unknown, not
    zero."""

    period_start: date | None = None
    period_end: date | None = None
    is_complete: bool | None = None
    currency: str | None = None
    orders_paid: int | None = None
    paid_amount: Decimal | None = None
    refund_amount: Decimal | None = None
    visitors: int | None = None
    pay_conversion: float | None = None
    ad_spend: Decimal | None = None
    blended_roas: float | None = None
    mer_pct: float | None = None


@dataclass(frozen=True)
class StoreSummary:
    """One store. day: the day that is shown. is_behind: other stores have a later complete day.

    figures: keys day, week and month: the periods that contain `day`; week and month may still be running.
    """

    store_id: str
    day: date
    is_behind: bool
    figures: dict[str, Figures]


def summarise(published_dir: Path | str, day: date | None = None) -> list[StoreSummary]:
    """The summary of the current release, sorted by store, ALL last.

    Args:
        day: the day to show (default: each store's last complete day). A store without data up to it is
            shown for its own last complete day.
    Raises:
        WarehouseError: nothing is published yet.
    """
    con = connect(Path(published_dir) / "current" / DATABASE, read_only=True)
    try:
        days: list[tuple[str, date]] = con.execute(
            """
            select store_id, max(period_start) from marts.store_daily
            where is_complete and period_start <= coalesce($day::date, period_start) group by store_id
            """,
            {"day": day},
        ).fetchall()
        rows = {grain: _figures(con, table) for grain, table in _GRAINS.items()}
    finally:
        con.close()
    latest = day or max((last for store, last in days if store != ALL), default=None)
    return [
        StoreSummary(
            store_id=store,
            day=last,
            is_behind=latest is not None and last < latest,
            figures={grain: _holding(found.get(store, []), last) for grain, found in rows.items()},
        )
        for store, last in sorted(days, key=lambda one: (one[0] == ALL, one[0]))
    ]


def render(published_dir: Path | str, day: date | None = None) -> Table:
    """`summarise` as a rich table. Raises as `summarise`."""
    stores = summarise(published_dir, day)
    currency = next((f.currency for s in stores for f in s.figures.values() if f.currency), None)
    money = f" ({currency})" if currency else ""
    table = Table(title=f"What the stores did{money}", title_justify="left", box=None, header_style="bold")
    for head in ("store", "period"):
        table.add_column(head)
    for head in ("orders", "paid", "refunds", "visitors", "conversion", "ad spend", "ROAS"):
        table.add_column(head, justify="right", no_wrap=True)
    if not stores:
        table.caption = "No store has a complete day yet; daybook status shows what is read and what waits."
        table.caption_justify = "left"
    for store in stores:
        for number, (grain, found) in enumerate(store.figures.items()):
            name = "" if number else f"[bold]{store.store_id}[/]"
            table.add_row(name, _period(grain, store, found), *_cells(found), end_section=grain == "month")
    return table


def _figures(con: Any, table: str) -> dict[str, list[Figures]]:
    have = {row[0] for row in con.execute(f"select * from (describe marts.{table})").fetchall()}
    names = [field.name for field in fields(Figures)]
    picked = ", ".join(identifier(n) if n in have else f"null as {identifier(n)}" for n in names)
    found: dict[str, list[Figures]] = {}
    for store, *values in con.execute(f"select store_id, {picked} from marts.{table}").fetchall():
        found.setdefault(store, []).append(Figures(**dict(zip(names, values, strict=True))))
    return found


def _holding(periods: list[Figures], day: date) -> Figures:
    """The period that contains `day`: the last one that starts on or before it."""
    before = [one for one in periods if one.period_start is not None and one.period_start <= day]
    return max(before, key=lambda one: one.period_start or date.min, default=Figures())


def _period(grain: str, store: StoreSummary, found: Figures) -> str:
    start = found.period_start
    if start is None:
        return grain
    if grain == "day":
        return f"{start:%a %Y-%m-%d}" + (" (its last)" if store.is_behind else "")
    running = "" if found.is_complete else ", so far"
    return f"week of {start:%Y-%m-%d}{running}" if grain == "week" else f"{start:%B %Y}{running}"


def _cells(found: Figures) -> list[str]:
    return [
        _number(found.orders_paid, ","),
        _number(found.paid_amount, ",.2f"),
        _number(found.refund_amount, ",.2f"),
        _number(found.visitors, ","),
        _number(found.pay_conversion, ".2%"),
        _number(found.ad_spend, ",.2f"),
        _number(found.blended_roas, ".2f"),
    ]


def _number(value: Any, form: str) -> str:
    return "–" if value is None else format(value, form)
