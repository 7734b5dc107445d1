"""Xiaohongshu beyond the contract suite: money that goes back after the after-sale changed for the last time."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import zstandard

from extractors.accounts import Account
from extractors.credentials import Credentials
from extractors.extract import extract
from extractors.landing import Landing
from extractors.sandbox import Running, running
from extractors.sandbox.halves import half

NOON = datetime(2026, 11, 11, 12, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
HOUR = timedelta(hours=1)


def refunds(box: Running, folder: Path) -> list[dict[str, Any]]:
    """What one night reads, from where the last one ended."""
    given: Any = box.connections()["xiaohongshu__lantern"]
    landed = extract(
        Account(
            "xiaohongshu__lantern", "xiaohongshu", "x", "lantern_xhs", "Asia/Shanghai", "CNY",
            options={"calls_per_second": 100_000},
        ),
        Credentials(given["host"], given["login"], given["password"], given["extra"]),
        Landing(folder / "landing"),
        hash_key=b"x",
        token_dir=folder / "tokens",
        streams=("refunds",),
        now=datetime.fromtimestamp(box.control.now(), UTC),
        sleep=lambda seconds: None,
    )  # fmt: skip
    rows = []
    for manifest in landed:
        for path in manifest.paths:
            with Path(path).open("rb") as file:
                lines = zstandard.ZstdDecompressor().stream_reader(file).read().splitlines()
            rows += [json.loads(line) for line in lines]
    return rows


def given_back(rows: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(row["key"], row["cursor_at"]) for row in rows if row["payload"]["detail"]["refundStatus"] == 2}


def test_money_that_goes_back_after_the_last_change_is_read_the_night_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def on_its_way(*found: Any) -> dict[str, Any]:
        return {**detail(*found), "refundStatus": 1, "refundAmountYuan": 0}

    market = half("xiaohongshu")
    detail = market._detail
    with running(first_day=date(2026, 11, 1), now=NOON) as box:
        landing = Landing(tmp_path / "landing")
        landing.move_mark("xiaohongshu", "xiaohongshu__lantern", "refunds", NOON - 10 * HOUR)
        monkeypatch.setattr(market, "_detail", on_its_way)
        first = refunds(box, tmp_path)
        assert first and not given_back(first)
        done = {
            (row["key"], row["cursor_at"])
            for row in first
            if row["payload"]["status"] == 4
            and row["cursor_at"] > f"{(NOON - 10 * HOUR).astimezone(UTC):%FT%T}"
        }
        monkeypatch.setattr(market, "_detail", detail)
        box.control.advance(12 * 3_600)
        later = refunds(box, tmp_path)
    assert done and done <= given_back(later)
