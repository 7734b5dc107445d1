"""Shops of several platforms, all of the sandbox's one world, read over HTTP, loaded and staged."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import zstandard
from dbt_runs import build_staging

from extractors.accounts import Account
from extractors.credentials import Credentials
from extractors.extract import extract
from extractors.landing import Landing
from extractors.registry import platforms
from extractors.sandbox import Running, running
from warehouse.load import load_pending

FIRST_DAY = date(2026, 9, 8)  # of the world
# The orders of a platform, each with what its lines come to.
MONEY = """
    select o.*, l.* from staging.stg_{0}__orders as o
    join (
        select order_id as id, sum(list_amount) as list_amount, sum(line_platform_subsidy) as subsidy,
            sum(line_amount) as goods, count(*) as lines, sum(quantity) as units
        from staging.stg_{0}__order_lines group by 1
    ) as l on o.order_id = l.id
"""


@dataclass
class Staged:
    """What was read, loaded and built, and the world it came from."""

    box: Running
    home: Path
    output: str
    statuses: dict[str, str]

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """What a query of the warehouse answers, by name."""
        return self._answer(sql)[0]

    def tuples(self, sql: str) -> list[tuple[Any, ...]]:
        """The same by place."""
        return self._answer(sql)[1]

    def searched_for(self, text: str) -> dict[Path, bool]:
        """Every file that was written, and whether it holds that text when it is unpacked."""

        def holds(path: Path) -> bool:
            body = path.read_bytes()
            if path.suffix == ".zst":
                body = zstandard.ZstdDecompressor().decompressobj().decompress(body)
            return text.encode() in body

        return {path: holds(path) for path in self.home.rglob("*") if path.is_file()}

    def _answer(self, sql: str) -> tuple[list[dict[str, Any]], list[tuple[Any, ...]]]:
        with duckdb.connect(str(self.home / "build" / "warehouse.duckdb"), read_only=True) as con:
            con.execute("set TimeZone = 'UTC'")
            cursor = con.execute(sql)
            names = [column[0] for column in cursor.description or []]
            found = cursor.fetchall()
        return [dict(zip(names, row, strict=True)) for row in found], found


Night = TypeVar("Night", bound=Staged)


@contextmanager
def staged(
    kind: type[Night],
    home: Path,
    accounts: Mapping[str, Account],
    now: datetime,
    later: timedelta,
    day: date | None = None,
) -> Iterator[Night]:
    """Read these accounts (platform → account) of a world that stands still at `now`, by a clock that is `later`:
    reads end some minutes behind it. `day` is the last one that reports are asked for, the world's own unless it
    is given. Credentials and what the platform takes as options are what the sandbox offers; nothing sleeps."""
    landing = Landing(home / "landing")
    with running(first_day=FIRST_DAY, now=now) as box:
        offered: dict[str, Any] = box.connections()
        for name, account in accounts.items():
            told = offered[account.id].get("extra") or {}
            options = {option: told[option] for option in platforms()[name].options if option in told}
            extract(
                replace(account, options={**options, **account.options}),
                Credentials.from_airflow(json.dumps(offered[account.id]), account.id),
                landing,
                hash_key=b"k" * 32,
                token_dir=home / "tokens",
                day=day or now.date(),
                now=now + later,
                sleep=lambda seconds: None,
            )
        load_pending(landing, home / "build" / "warehouse.duckdb", platforms(), accounts.values())
        ran = build_staging(home / "build", home / "target", accounts)
        yield kind(box, home, ran.output, ran.statuses)


def at(moment: int | None) -> datetime | None:
    """Epoch seconds as an instant."""
    return None if moment is None else datetime.fromtimestamp(moment, UTC)


def yuan(fen: int) -> Decimal:
    """Fen as yuan."""
    return Decimal(fen) / 100
