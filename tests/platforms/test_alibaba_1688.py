"""1688 beyond the contract suite: orders of more than three months ago stand in a table of their own."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import zstandard

from extractors.accounts import Account
from extractors.core.window import Window
from extractors.credentials import Credentials
from extractors.extract import extract
from extractors.landing import Landing, Manifest
from extractors.platforms.alibaba_1688 import sandbox as half
from extractors.sandbox import running

SHANGHAI = ZoneInfo("Asia/Shanghai")
FIRST_DAY = date(2026, 8, 1)


def test_orders_of_more_than_three_months_ago_are_read_too_and_each_once(tmp_path: Path) -> None:
    start = datetime(2026, 8, 10, tzinfo=SHANGHAI)
    # Some of the orders that changed in the window were made before the border, some behind it.
    window = Window(start, start + timedelta(days=6))
    now = start + timedelta(days=94)
    with running(first_day=FIRST_DAY, now=now) as box:
        given: Any = box.connections()["alibaba_1688__lantern"]
        account = Account(
            "alibaba_1688__lantern", "alibaba_1688", "x", "lantern_1688", "Asia/Shanghai", "CNY",
            options={"calls_per_second": 100_000},
        )  # fmt: skip
        landed = extract(
            account,
            Credentials(given["host"], given["login"], given["password"], given["extra"]),
            Landing(tmp_path / "landing"),
            hash_key=b"x",
            token_dir=tmp_path / "tokens",
            streams=("orders",),
            window=window,
            now=now,
            sleep=lambda seconds: None,
        )
        bounds = int(window.start.timestamp()), int(window.end.timestamp())
        truth = half.truth(box.sandbox.world, account.id, "orders", *bounds, int(now.timestamp()))
    for manifest in landed:
        assert len(keys_of(manifest)) == len(set(keys_of(manifest)))
    found = {key for manifest in landed for key in keys_of(manifest)}
    assert len(truth) > 50 and truth <= found


def keys_of(manifest: Manifest) -> list[str]:
    found = []
    for path in manifest.paths:
        with Path(path).open("rb") as file:
            lines = zstandard.ZstdDecompressor().stream_reader(file).read().splitlines()
        found += [str(json.loads(line)["key"]) for line in lines]
    return found
