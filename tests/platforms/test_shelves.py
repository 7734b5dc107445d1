"""Catalogues told shelf by shelf: what sold out, or was taken off by the platform, is on none that is read unasked."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from extractors.accounts import Account
from extractors.credentials import Credentials
from extractors.extract import extract
from extractors.landing import Landing
from extractors.sandbox import running
from extractors.sandbox.truth import shop_of


@pytest.mark.parametrize(
    ("platform", "seed", "noon"),
    [
        ("taobao", 20260908, datetime(2026, 9, 25, 12, tzinfo=UTC)),
        ("youzan", 7, datetime(2026, 10, 22, 12, tzinfo=UTC)),
    ],
)
def test_an_item_that_sold_out_is_read_off_its_shelf(
    platform: str, seed: int, noon: datetime, tmp_path: Path
) -> None:
    account_id = f"{platform}__lantern"
    shop = shop_of(account_id)
    with running(seed, first_day=date(2026, 9, 8), now=noon) as box:
        given: Any = box.connections()[account_id]
        landed = extract(
            Account(account_id, platform, "x", shop.store, "Asia/Shanghai", "CNY"),
            Credentials(given["host"], given["login"], given["password"], given.get("extra") or {}),
            Landing(tmp_path / "landing"),
            hash_key=b"x",
            token_dir=tmp_path / "tokens",
            streams=("products",),
            now=noon,
            sleep=lambda seconds: None,
        )
        views = box.sandbox.world.products(shop.store, int(noon.timestamp()))
    assert any(not view.is_on_sale for view in views)
    assert sum(manifest.rows for manifest in landed) == len(views)
