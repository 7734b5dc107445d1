"""Landing is the replay tape: raw can be rebuilt from it, and what is old and loaded can go."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from daybook.commands.load import command
from daybook.commands.status import command as status
from extractors.core.window import Window
from extractors.landing import Landing
from warehouse.errors import LoadErrors

ACCOUNTS = """accounts:
  - {id: taobao__one, name: One, store: one, time_zone: Asia/Shanghai, currency: CNY}
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "accounts.yml").write_text(ACCOUNTS, encoding="utf-8")
    monkeypatch.setenv("DAYBOOK_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("DAYBOOK_ACCOUNTS", str(tmp_path / "accounts.yml"))
    monkeypatch.delenv("DAYBOOK_LANDING", raising=False)
    return tmp_path / "data"


@pytest.fixture
def landed(home: Path) -> Callable[..., None]:
    def land(read_at: datetime, order: str = "1") -> None:
        start = datetime.combine(date(2026, 11, 1), datetime.min.time(), UTC)
        window = Window(start, start + timedelta(days=1))
        with Landing(home / "landing").partition(
            "taobao", "taobao__one", "orders", "cursor", window, read_at
        ) as partition:
            text = f'{{"key":"{order}","cursor_at":"2026-11-01T01:00:00Z","payload":{{"tid":{order}}}}}'
            partition.write(text.encode())
            partition.commit()

    return land


def orders(home: Path) -> int:
    with duckdb.connect(str(home / "build" / "warehouse.duckdb"), read_only=True) as con:
        return con.execute("select count(*) from raw_taobao.orders").fetchall()[0][0]


def run(*words: str) -> str:
    done = CliRunner().invoke(command, list(words), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_a_lost_warehouse_is_rebuilt_from_landing(home: Path, landed: Callable[[datetime], None]) -> None:
    landed(datetime.now(UTC))
    run()
    assert orders(home) == 1
    shutil.rmtree(home / "build")
    assert "older than what was loaded" in run() and orders(home) == 1
    run("--all")
    assert orders(home) == 1, "looking at everything again doubles nothing"


def test_a_warehouse_from_a_backup_finds_again_what_was_loaded_since(
    home: Path, landed: Callable[..., None]
) -> None:
    landed(datetime.now(UTC) - timedelta(days=2), "1")
    run()
    shutil.copytree(home / "build", home / "backup")
    landed(datetime.now(UTC) - timedelta(days=1), "2")
    run()
    shutil.rmtree(home / "build")
    (home / "backup").rename(home / "build")
    landed(datetime.now(UTC), "3")
    assert "older than what was loaded" in run() and orders(home) == 3
    assert "✓ 0 partitions" in run() and "older" not in run()


def test_old_loaded_partitions_leave_landing_and_stay_in_raw(
    home: Path, landed: Callable[[datetime], None]
) -> None:
    landed(datetime.now(UTC) - timedelta(days=500))
    landed(datetime.now(UTC))
    assert "✓ 1 old partition removed" in run("--prune", "400")
    assert len(list(Landing(home / "landing").all())) == 1 and orders(home) == 1


def test_what_was_read_last_is_not_old_by_a_clock_that_is_far_ahead(
    home: Path, landed: Callable[[datetime], None]
) -> None:
    for days in (950, 500):  # as the clock sees them that is 500 days ahead
        landed(datetime.now(UTC) - timedelta(days=days))
    assert "✓ 1 old" in run("--prune", "400")


def test_a_manifest_that_is_gone_is_named_when_all_is_looked_at_again(
    home: Path, landed: Callable[[datetime], None]
) -> None:
    landed(datetime.now(UTC) - timedelta(hours=1))
    landed(datetime.now(UTC))
    run()
    shutil.rmtree(home / "build")
    _, last = sorted((home / "landing").rglob("manifest.json"))
    last.unlink()
    with pytest.raises(LoadErrors) as caught:
        CliRunner().invoke(command, ["--all"], catch_exceptions=False)
    assert orders(home) == 1, "the other one is in"
    assert str(last) in str(caught.value) and "taobao__one · orders" in str(caught.value)


def test_status_tells_of_what_landing_cannot_say_and_goes_on(
    home: Path, landed: Callable[[datetime], None]
) -> None:
    landed(datetime.now(UTC))
    (manifest,) = (home / "landing").rglob("manifest.json")
    manifest.write_text("{")
    (home / "landing/taobao/taobao__one/orders/mark.json").write_text("")
    done = CliRunner().invoke(status, catch_exceptions=False)
    assert done.exit_code == 0 and "published   nothing yet" in done.output
    assert str(manifest) in done.output and "mark.json" in done.output and "unknown" in done.output
