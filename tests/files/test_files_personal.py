"""Names, phones and addresses of a dropped file reach nothing that Daybook keeps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from files_shop import TILL_HEADER, Shop

CANARY = "PIICANARY"
# Columns before, between and after the mapped ones, so that shifted rows bring them under mapped headers.
HEADER = ["收货人", *TILL_HEADER[:3], "手机", *TILL_HEADER[3:], "地址"]


def _row(order: str, **other: str) -> str:
    cells = {
        "收货人": f"{CANARY}-name",
        "小票号": order,
        "商品编码": "A",
        "商品名称": "lamp",
        "手机": f"{CANARY}-phone",
        "数量": "1",
        "单价": "2.00",
        "交易时间": "2026-11-01 10:00:00",
        "会员号": f"{CANARY}-buyer",
        "地址": f"{CANARY}-street",
    } | other
    return ",".join(cells[name] for name in HEADER)


def _everything(folder: Path) -> bytes:
    """All bytes of all files, and Parquet and DuckDB as text, where compression would hide a word."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            found.append(path.read_bytes())
            if path.suffix == ".parquet":
                rows = duckdb.execute(f"select * from read_parquet('{path}')").fetchall()
                found.append(repr(rows).encode())
    return b"".join(found)


@pytest.mark.parametrize(
    "row",
    [
        _row("1"),
        _row("2", 数量=f"{CANARY}"),
        _row("3") + f",{CANARY}",
        _row("4").rsplit(",", 3)[0],
        _row("5", 地址=f"{CANARY} street 1, flat 2"),
        _row("6", 交易时间=CANARY),
        _row("", 商品名称=f"{CANARY}"),
    ],
    ids=["whole", "bad number", "too long", "too short", "comma in the address", "bad time", "no id"],
)
def test_personal_columns_are_nowhere(shop: Shop, row: str) -> None:
    shop.drop("a.csv", "\n".join([",".join(HEADER), row, _row("9")]) + "\n")
    shop.run()
    assert "9" in shop.orders
    assert shop.orders["9"]["buyer_key"]
    kept = (
        _everything(shop.home / "landing")
        + repr(
            [shop.query(f"from raw_files.{table}") for table in ("orders", "refunds", "quarantine")]
        ).encode()
    )
    assert b"lamp" in kept, "the search would find what is there"
    assert CANARY.encode() not in kept
    assert CANARY not in "".join(shop.said) + "".join(map(str, shop.errors))
    assert CANARY.encode() not in shop.warehouse.read_bytes()


def test_a_refused_files_reason_shows_no_cell(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop()
    shop.drop("a.csv", "\n".join([",".join(HEADER), *[_row(str(n), 数量=CANARY) for n in range(9)]]) + "\n")
    shop.land()
    assert "cannot be read" in shop.errors[0].message
    assert CANARY not in (shop.inbox / "refused" / "a.csv.reason.txt").read_text(encoding="utf-8")
    assert CANARY not in "".join(shop.said)


def test_what_stands_in_an_unknown_file_is_told_beside_it_and_in_no_log(
    new_shop: Callable[..., Shop],
) -> None:
    shop = new_shop()
    shop.drop("a.csv", f"{CANARY},Rose Street,Leeds\nBob,Mill Lane,York\n")
    shop.land()
    assert CANARY not in "".join(shop.said) + "".join(map(str, shop.errors))
    assert CANARY in (shop.inbox / "refused" / "a.csv.reason.txt").read_text(encoding="utf-8")


def test_a_link_in_an_inbox_is_not_followed(new_shop: Callable[..., Shop], tmp_path: Path) -> None:
    shop = new_shop()
    elsewhere = tmp_path / "tokens.json"
    elsewhere.write_text('{"access_token": "SECRET", "refresh_token": "SECRET"}\n')
    (shop.inbox / "a.csv").symlink_to(elsewhere)
    (shop.inbox / "b.csv").symlink_to(tmp_path / "nowhere")
    (tmp_path / "archive").mkdir()
    (shop.inbox / "done").symlink_to(tmp_path / "archive")  # a folder may well lie elsewhere
    shop.land()
    assert [error.message for error in shop.errors] == [
        f"refused: {name} is a link, and what it leads to may be none of this inbox's"
        for name in ("a.csv", "b.csv")
    ]
    assert "SECRET" not in "".join(
        p.read_text(encoding="utf-8") for p in (shop.inbox / "refused").glob("*.txt")
    )
    assert shop.files("refused") == ["a.csv", "a.csv.reason.txt", "b.csv", "b.csv.reason.txt"]
    assert elsewhere.exists() and (shop.inbox / "done").is_symlink()
