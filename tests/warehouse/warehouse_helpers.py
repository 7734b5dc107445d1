"""Small worlds for the warehouse's tests: accounts, a registry of two platforms, partitions on disk."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from extractors.accounts import Account
from extractors.core.window import Window
from extractors.landing import Landing, Manifest

DAY = datetime(2026, 11, 20, 16, tzinfo=UTC)  # midnight in Shanghai


@dataclass(frozen=True)
class FakeStream:
    name: str
    kind: str


@dataclass(frozen=True)
class FakePlatform:
    streams: tuple[FakeStream, ...]


PLATFORMS = {
    "shop": FakePlatform((FakeStream("orders", "cursor"), FakeStream("products", "cursor"))),
    "ads": FakePlatform((FakeStream("report", "report"),)),
    "files": FakePlatform((FakeStream("orders", "cursor"), FakeStream("refunds", "cursor"))),
}
ACCOUNTS = [
    Account("shop__one", "shop", "One", "one", "Asia/Shanghai", "CNY"),
    Account("shop__two", "shop", "Two", "two", "America/New_York", "USD"),
    Account("ads__one", "ads", "One's ads", "one", "Asia/Shanghai", "CNY"),
]


def at(hours: float) -> datetime:
    """An instant, in hours after DAY."""
    return DAY + timedelta(hours=hours)


def window(day: int = 0, days: int = 1) -> Window:
    return Window(DAY + timedelta(days=day), DAY + timedelta(days=day + days))


def line(key: Any, cursor_at: datetime | None, payload: Any) -> str:
    """A landing line of a cursor stream. A str payload is JSON text as it stands."""
    text = payload if isinstance(payload, str) else json.dumps(payload, separators=(",", ":"))
    moment = None if cursor_at is None else cursor_at.isoformat().replace("+00:00", "Z")
    return f'{{"key":{json.dumps(key)},"cursor_at":{json.dumps(moment)},"payload":{text}}}'


def report_line(key: str, day: str, payload: Any) -> str:
    return f'{{"key":{json.dumps(key)},"report_date":"{day}","payload":{json.dumps(payload)}}}'


def land(
    landing: Landing,
    lines: Iterable[str],
    *,
    account: str = "shop__one",
    stream: str = "orders",
    read_at: datetime | None = None,
    span: Window | None = None,
    dates: list[str] | None = None,
    extra: dict[str, Any] | None = None,
) -> Manifest:
    """Land one partition as an extractor would."""
    platform = account.split("__")[0]
    kind = next(found.kind for found in PLATFORMS[platform].streams if found.name == stream)
    with landing.partition(platform, account, stream, kind, span or window(), read_at or at(26)) as part:
        for one in lines:
            part.write(one.encode())
        return part.commit(dates=[date.fromisoformat(day) for day in dates or []], extra=extra)


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    """Ask a database file with a connection of the test's own."""
    con = duckdb.connect(str(path), read_only=True)
    try:
        con.execute("set TimeZone = 'UTC'")
        return con.execute(sql).fetchall()
    finally:
        con.close()


# What raw says, without the numbers of loads and the time of day they ran.
CONTENT = """
select account_id, record_key, cursor_at, payload::varchar, read_at, window_start
from raw_shop.orders order by all
"""
LATEST = """
select account_id, record_key, arg_max(payload::varchar, (cursor_at, read_at, load_id))
from raw_shop.orders group by all order by all
"""
