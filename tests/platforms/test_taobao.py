"""Taobao beyond the contract suite: rows that reach TOP late, extended types, and every class of TOP's errors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import zstandard

from extractors import errors
from extractors.accounts import Account
from extractors.core.window import Window
from extractors.credentials import Credentials
from extractors.extract import extract
from extractors.landing import Landing, Manifest
from extractors.platforms import taobao
from extractors.protocols import restraint
from extractors.sandbox import Running, running
from extractors.sandbox.control import Touch
from extractors.sandbox.truth import orders_modified, shop_of
from extractors.tokens import authorised_until

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 11, 12, 0, tzinfo=SHANGHAI)
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def served() -> Iterator[Running]:
    with running(first_day=date(2026, 10, 20), now=NOON) as box:
        yield box


@pytest.fixture
def box(served: Running) -> Iterator[Running]:
    served.control.reset()
    served.control.set_clock(NOON)
    yield served
    for book in served.sandbox.world.books.values():
        book.forget_touches()


class Nights:
    """Reads of one Taobao account, each from where the last one ended."""

    def __init__(self, box: Running, folder: Path, **options: Any) -> None:
        given: Any = box.connections()["taobao__lantern"]
        self.box = box
        self.folder = folder
        self.landing = Landing(folder / "landing")
        self.account = Account(
            "taobao__lantern", "taobao", "x", "lantern_tmall", "Asia/Shanghai", "CNY",
            options={"calls_per_second": 100_000, **options},
        )  # fmt: skip
        self.credentials = Credentials(given["host"], given["login"], given["password"], given["extra"])

    def read(self, window: Window | None = None, began: datetime | None = None) -> list[dict[str, Any]]:
        now = datetime.fromtimestamp(self.box.control.now(), UTC)
        clock = iter([began or now])
        landed = extract(
            self.account, self.credentials, self.landing, hash_key=b"x", token_dir=self.folder / "tokens",
            streams=("orders",), window=window, now=lambda: next(clock, now), sleep=lambda seconds: None,
        )  # fmt: skip
        return [row for manifest in landed for row in rows_of(manifest)]


def rows_of(manifest: Manifest) -> Iterator[dict[str, Any]]:
    for path in manifest.paths:
        with Path(path).open("rb") as file:
            for line in zstandard.ZstdDecompressor().stream_reader(file).read().splitlines():
                yield json.loads(line)


def test_what_changes_while_a_long_read_goes_on_is_read_behind_it(box: Running, tmp_path: Path) -> None:
    """A list of changes names an order under its last one alone: shipped during the read, it left the window."""

    def versions(rows: list[dict[str, Any]]) -> dict[str, str]:
        return {row["key"]: row["cursor_at"] for row in sorted(rows, key=lambda row: str(row["cursor_at"]))}

    began = NOON.astimezone(UTC)
    box.control.set_clock(NOON + 2 * HOUR)
    long, at_once = Nights(box, tmp_path / "long"), Nights(box, tmp_path / "at once")
    read, all_there_is = versions(long.read(began=began)), versions(at_once.read())
    assert read == all_there_is
    mark = [nights.landing.mark("taobao", "taobao__lantern", "orders") for nights in (long, at_once)]
    assert mark[0] == mark[1] == began + 2 * HOUR - timedelta(minutes=3)
    # What the vendor lists late is looked for as by the next night, which begins behind all of this.
    ended = began - timedelta(minutes=3)
    behind = [manifest.window for manifest in long.landing.all() if manifest.window.end > ended]
    assert [window.start for window in behind] == [ended - taobao.PLATFORM.stream("orders").overlap]


@pytest.mark.parametrize("asks_by_entry", [True, False])
def test_a_row_that_reaches_top_days_late_is_read_by_the_time_it_came_in(
    asks_by_entry: bool, box: Running, tmp_path: Path
) -> None:
    nights = Nights(box, tmp_path, late_rows=asks_by_entry)
    nights.landing.move_mark("taobao", nights.account.id, "orders", NOON - HOUR)
    box.control.touches.append(Touch("taobao", None, after_requests=0, place=3, late_seconds=50 * 3_600))
    nights.read()
    (edit,) = box.control.late
    changed = datetime.fromtimestamp(edit.at, UTC).isoformat().replace("+00:00", "Z")
    box.control.advance(60 * 3_600)
    nights.landing.move_mark(
        "taobao", nights.account.id, "orders", NOON + 48 * HOUR
    )  # nights that knew nothing
    key = str(box.sandbox.world.books["lantern_tmall"].order(edit.day, edit.index).id)
    found = [row["cursor_at"] for row in nights.read() if row["key"] == key]
    # The window that holds its change had been read before the change was there.
    assert (changed in found) is asks_by_entry
    assert len(found) == len(set(found)), "one version was written twice"


def test_trades_of_an_extended_type_are_read_too(box: Running, tmp_path: Path) -> None:
    window = Window(NOON - 12 * HOUR, NOON)
    rows = {row["key"] for row in Nights(box, tmp_path).read(window)}
    half = box.sandbox.desks["taobao"]
    bounds = (int(window.start.timestamp()), int(window.end.timestamp()), half.now())
    rare = {
        str(state.order.id)
        for state in orders_modified(box.sandbox.world, shop_of("taobao__lantern"), *bounds)
        if state.order.type == "fixed" and state.order.index % 50 < 3
    }
    assert rare and rare <= rows


# ---- TOP's table of errors ---------------------------------------------------------------------------
CONFIG, AUTH = errors.ConfigError, errors.AuthError
AGAIN, WAIT = errors.TransientError, errors.RateLimitedError
TABLE: dict[int, type[errors.DaybookError]] = {
    1: AGAIN, 3: CONFIG, 4: WAIT, 5: WAIT, 6: WAIT, 7: WAIT, 8: WAIT,
    9: CONFIG, 10: AGAIN, 11: CONFIG, 12: CONFIG, 13: CONFIG, 15: AGAIN,
    21: CONFIG, 22: CONFIG, 23: CONFIG, 24: CONFIG, 25: AUTH, 26: AUTH, 27: AUTH, 28: CONFIG, 29: CONFIG,
    30: CONFIG, 31: CONFIG, 32: CONFIG, 33: CONFIG, 34: CONFIG, 40: CONFIG, 41: CONFIG, 42: AUTH, 43: CONFIG,
    44: AUTH, 47: CONFIG, 50: CONFIG, 53: CONFIG,
}  # fmt: skip


def top_error(code: int, sub_code: str = "", sub_msg: str = "") -> errors.DaybookError:
    body = {"error_response": {"code": code, "msg": "m", "sub_code": sub_code, "sub_msg": sub_msg}}
    found = taobao.error_of(body)
    assert found is not None
    return found


@pytest.mark.parametrize("code", TABLE)
def test_every_code_of_the_protocol_page_is_of_its_kind(code: int) -> None:
    error = top_error(code)
    assert type(error) is TABLE[code] and str(code) in error.message
    assert error.advice or isinstance(error, errors.TransientError | errors.RateLimitedError)


@pytest.mark.parametrize("code", [c for c, kind in TABLE.items() if kind in (CONFIG, AGAIN)])
def test_a_platforms_trouble_is_retried_and_a_callers_is_not(code: int) -> None:
    assert isinstance(top_error(code, "isp.service-unavailable"), errors.TransientError)
    assert isinstance(top_error(code, "isv.invalid-parameter"), errors.ConfigError)


def test_only_a_dead_session_is_worth_a_refresh() -> None:
    refreshable = {code for code, kind in TABLE.items() if kind is AUTH and top_error(code).refreshable}  # type: ignore[attr-defined]
    assert refreshable == {26, 27, 42, 44}


@pytest.mark.parametrize("sub_code", ["limited-by-api-access-count", "limited-by-app-api-access-count"])
def test_a_ban_is_waited_out_to_the_second(sub_code: str) -> None:
    error = top_error(7, f"accesscontrol.{sub_code}", "This ban will last for 12 more seconds")
    assert isinstance(error, errors.RateLimitedError) and error.retry_after == 13.0


@pytest.mark.parametrize(
    ("clock", "hours"), [("2026-11-11T15:59:00+00:00", 1 / 60), ("2026-11-11T16:00:00+00:00", 24.0)]
)
def test_a_spent_daily_quota_waits_for_midnight_in_china(
    clock: str, hours: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.fromisoformat(clock).astimezone(tz)

    monkeypatch.setattr(restraint, "datetime", Clock)
    error = top_error(7, "accesscontrol.limited-by-app-access-count")
    assert isinstance(error, errors.RateLimitedError) and error.retry_after == pytest.approx(hours * 3_600)
    assert error.advice and "quota" in error.advice


YEAR, THREE_DAYS = 31_536_000, 259_200


@pytest.mark.parametrize(
    ("r2", "life"),
    [(THREE_DAYS, THREE_DAYS), (str(THREE_DAYS), THREE_DAYS), (YEAR, YEAR), (0, YEAR), (None, YEAR)],
)
def test_what_a_renewal_does_not_lengthen_ends_the_authorisation(r2: Any, life: int) -> None:
    """A renewal may give a year of r1 (what every app may read) and leave r2, orders among it, at what is left."""
    answer = {
        "access_token": "a", "refresh_token": "b", "expires_in": YEAR, "re_expires_in": YEAR,
        "r1_expires_in": YEAR, "r2_expires_in": r2,
    }  # fmt: skip
    began = datetime.now(UTC)
    tokens = taobao.read_tokens(json.dumps(answer).encode())
    until = authorised_until(tokens, taobao.PLATFORM.renewal_prolongs)
    assert until is not None and abs(until - began - timedelta(seconds=life)) < timedelta(seconds=5)
    assert tokens.expires_at is not None and tokens.expires_at - began > timedelta(days=364)
