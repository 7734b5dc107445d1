"""Catalogues told shelf by shelf: what sold out, or was taken off by the platform, is on none that is read unasked."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from extractors.accounts import Account
from extractors.core.read import WindowReader
from extractors.core.session import Session
from extractors.core.window import Window
from extractors.credentials import Credentials
from extractors.extract import extract
from extractors.landing import Landing
from extractors.registry import platforms
from extractors.sandbox import Running, running
from extractors.sandbox.merchants import SHOPS
from warehouse.load import load_pending

OPTIONS = {"amazon": {"marketplaces": "ATVPDKIKX0DER", "seller_id": "A2SANDBOXSELLER"}}


def _account(platform: str) -> Account:
    shop = next(shop for shop in SHOPS if shop.platform == platform)
    account_id = f"{platform}__{shop.store.split('_')[0]}"
    return Account(
        account_id, platform, "x", shop.store, "Asia/Shanghai", "CNY", options=OPTIONS.get(platform, {})
    )


def _read(box: Running, account: Account, now: datetime, home: Path) -> int:
    """Reads the catalogue into landing, from `now` to the sandbox's moment; gives how many rows came."""
    begun = iter([now])
    given: Any = box.connections()[account.id]
    landed = extract(
        account,
        Credentials(given["host"], given["login"], given["password"], given.get("extra") or {}),
        Landing(home / "landing"),
        hash_key=b"x",
        token_dir=home / "tokens",
        streams=("products",),
        now=lambda: next(begun, None) or datetime.fromtimestamp(box.control.now(), UTC),
        sleep=lambda seconds: None,
    )
    return sum(manifest.rows for manifest in landed)


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
    account = _account(platform)
    with running(seed, first_day=date(2026, 9, 8), now=noon) as box:
        rows = _read(box, account, noon, tmp_path)
        views = box.sandbox.world.products(account.store_id, int(noon.timestamp()))
    assert any(not view.is_on_sale for view in views)
    assert rows == len(views)


@pytest.mark.parametrize("platform", ["pinduoduo", "kuaishou_shop", "xiaohongshu"])
def test_a_product_that_its_shop_deleted_is_told_to_have_left_the_list_and_to_be_back(
    platform: str, tmp_path: Path
) -> None:
    """No list says so: it is missing from the next one, of all there is."""
    account = _account(platform)
    store, noon = account.store_id, datetime(2026, 9, 25, 12, tzinfo=UTC)
    warehouse = tmp_path / "build" / "warehouse.duckdb"
    found = []
    with running(7, first_day=date(2026, 9, 8), now=noon) as box:
        gone = box.sandbox.world.products(store, int(noon.timestamp()))[0].item.number
        for deleted in (set(), {(store, gone)}, {(store, gone)}, set()):
            box.sandbox.world.deleted = deleted
            _read(box, account, noon + timedelta(days=len(found)), tmp_path)
            load_pending(Landing(tmp_path / "landing"), warehouse, platforms(), [account])
            with duckdb.connect(str(warehouse), read_only=True) as con:
                found += con.execute(f"""
                    select count(*) filter (where is_there), count(*) filter (where not is_there)
                    from (
                        select record_key, arg_max(payload::varchar <> 'null', (cursor_at, read_at)) as is_there
                        from raw_{platform}.products group by all
                    )
                """).fetchall()
    whole, without, still, back = found
    assert whole[1] == 0 and whole[0] > 1
    skus = without[1]
    assert skus >= 1 and without == still == (whole[0] - skus, skus)
    assert back == whole


@pytest.mark.parametrize(
    "platform", ["amazon", "jd", "magento", "shopify", "taobao", "woocommerce", "youzan"]
)
def test_what_was_deleted_where_only_changes_are_listed_has_left_since_the_read_of_all_of_its_week(
    platform: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nightly reads say nothing of it. On Monday the catalogue is read whole, also what changes in the meantime, and
    nothing is asked for that is still to come."""
    account = _account(platform)
    store, monday = account.store_id, datetime(2026, 9, 14, 12, tzinfo=UTC)
    warehouse = tmp_path / "build" / "warehouse.duckdb"
    found, ends, read = [], [], WindowReader.read

    def noting(reader: WindowReader, window: Window) -> None:
        ends.append(window.end.timestamp() - box.control.now())
        read(reader, window)

    monkeypatch.setattr(WindowReader, "read", noting)
    with running(7, first_day=date(2026, 9, 8), now=monday) as box:
        gone = box.sandbox.world.products(store, int(monday.timestamp()))[0].item.number
        for day, deleted in ((0, set()), (3, {(store, gone)}), (7, {(store, gone)}), (8, set()), (14, set())):
            now = monday + timedelta(days=day)
            box.sandbox.world.deleted = deleted
            box.control.set_clock(now + timedelta(hours=6))  # an answer is of later than the run began
            _read(box, account, now, tmp_path)
            load_pending(Landing(tmp_path / "landing"), warehouse, platforms(), [account])
            with duckdb.connect(str(warehouse), read_only=True) as con:
                found += con.execute(f"""
                    select count(*) from (
                        select arg_max(payload::varchar <> 'null', (cursor_at, read_at)) as is_there
                        from raw_{platform}.products group by account_id, record_key
                    ) where is_there
                """).fetchall()
        assert not box.control.refusals and max(ends) == 0
    (whole,), _, (without,), _, (back,) = found
    assert 0 < without < whole == back


def test_a_read_of_all_that_was_killed_ends_nothing_and_is_owed_by_the_next_night(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account, monday = _account("taobao"), datetime(2026, 9, 14, 12, tzinfo=UTC)
    landing, send, calls = Landing(tmp_path / "landing"), Session._send, 0

    class Killed(BaseException):
        pass

    def dies_between_the_shelves(session: Session, name: str, arguments: dict[str, Any]) -> Any:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise Killed
        return send(session, name, arguments)

    def night(days: int) -> int:
        box.control.set_clock(monday + timedelta(days=days, hours=6))
        return _read(box, account, monday + timedelta(days=days), tmp_path)

    with running(7, first_day=date(2026, 9, 8), now=monday) as box:
        whole = night(0)
        assert night(1) < whole
        before = landing.pending()
        with monkeypatch.context() as patched, pytest.raises(Killed):
            patched.setattr(Session, "_send", dies_between_the_shelves)
            night(7)
        assert landing.pending() == before
        assert night(8) >= whole > night(9)


@pytest.mark.parametrize(
    ("platform", "noon"),
    [
        ("pinduoduo", datetime(2026, 9, 30, 21, tzinfo=UTC)),
        ("taobao", datetime(2026, 9, 14, 5, tzinfo=UTC)),
        ("youzan", datetime(2026, 10, 1, tzinfo=UTC)),
    ],
)
def test_goods_that_are_put_on_sale_between_the_shelves_are_read_and_have_not_left_the_list(
    platform: str, noon: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two shelves that are read one after the other, they were on neither."""
    account = _account(platform)
    send, calls = Session._send, 0
    with running(7, first_day=date(2026, 9, 8), now=noon) as box:

        def on_sale(hours: int) -> set[int]:
            views = box.sandbox.world.products(account.store_id, int(noon.timestamp()) + hours * 3_600)
            return {view.item.number for view in views if view.is_on_sale}

        def an_hour_before_the_second(session: Session, name: str, arguments: dict[str, Any]) -> Any:
            nonlocal calls
            calls += 1
            if calls == 2:
                box.control.advance(3_600)
            return send(session, name, arguments)

        assert on_sale(0) < on_sale(1)
        monkeypatch.setattr(Session, "_send", an_hour_before_the_second)
        assert _read(box, account, noon, tmp_path) == len(
            box.sandbox.world.products(account.store_id, int(noon.timestamp()))
        )
