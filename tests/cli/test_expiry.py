"""An authorisation that ends is told days ahead, once a day, to whoever can do something about it."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from daybook import expiry, notify
from daybook.doctor.account import one_account
from daybook.settings import Settings
from extractors.accounts import Account
from extractors.credentials import Credentials
from extractors.errors import ConfigError
from extractors.platforms import shopify
from extractors.registry import platforms
from extractors.sandbox import running
from extractors.tokens import TokenFile, Tokens, authorised_until

NOW = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)
Make = Callable[..., Account]


def after(**span: float) -> datetime:
    return NOW + timedelta(**span)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        tmp_path, tmp_path / "data", tmp_path / "a.yml", str(tmp_path / "landing"), "UTC", tmp_path
    )


def given(**extra: Any) -> Credentials:
    return Credentials(extra={"access_token": "a", "refresh_token": "r", **extra})


# ---- when an authorisation ends ------------------------------------------------------------------------
DAY, WEEKS = timedelta(days=1), timedelta(days=40)


@pytest.mark.parametrize(
    ("tokens", "prolongs", "until"),
    [
        # A refresh token that ends is the end, however often the access token is renewed.
        (Tokens("a", "r", after(hours=2), after(days=20)), True, after(days=20)),
        # A vendor that renews without end, and does not say otherwise.
        (Tokens("a", "r", after(hours=2)), True, None),
        # Nothing renews a token without a refresh token, nor one whose renewal does not prolong.
        (Tokens("a", None, after(days=3)), True, after(days=3)),
        (Tokens("a", "r", after(days=3), after(days=20)), False, after(days=3)),
        (Tokens("a", "r", after(days=30), after(days=20)), False, after(days=20)),
        # Where apps differ: a token of a day that was just renewed is renewable, one of a year is not.
        (Tokens("a", "r", after(hours=20), None, after(hours=-4)), None, None),
        (Tokens("a", "r", after(days=5), None, after(days=-360)), None, after(days=5)),
        (Tokens("a", "r", after(days=5)), None, after(days=5)),
        (Tokens("a", None), True, None),
    ],
)
def test_the_end_of_an_authorisation(tokens: Tokens, prolongs: bool | None, until: datetime | None) -> None:
    assert authorised_until(tokens, prolongs) == until


@pytest.mark.parametrize(
    "written", ["2026-11-27T01:30:00+00:00", "2026-11-27T09:30:00+08:00", 1795743000, "1795743000"]
)
def test_the_end_may_stand_in_the_connection(written: Any, tmp_path: Path) -> None:
    found = TokenFile(tmp_path, "taobao__x", given(expires_at=written)).current()
    assert found.expires_at == datetime(2026, 11, 27, 1, 30, tzinfo=UTC)


def test_an_end_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="token ends"):
        TokenFile(tmp_path, "taobao__x", given(expires_at="next friday"))
    with pytest.raises(ConfigError, match="token ends"):
        TokenFile(tmp_path, "taobao__x", given(expires_at="2026-11-27 01:30:00"))


# ---- who is told ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("account", "extra", "said"),
    [
        ("ocean_engine__a", {"refresh_expires_at": after(days=6).isoformat()}, "in 6 days"),
        ("ocean_engine__a", {"refresh_expires_at": after(hours=30).isoformat()}, "within two days"),
        ("ocean_engine__a", {"refresh_expires_at": after(hours=-1).isoformat()}, "ended"),
        ("ocean_engine__a", {"refresh_expires_at": after(days=8).isoformat()}, None),
        ("ocean_engine__a", {"expires_at": after(hours=3).isoformat()}, None),
        ("pinduoduo__a", {"expires_at": after(days=3).isoformat()}, "in 3 days"),
        ("taobao__a", {"expires_at": after(days=3).isoformat()}, "in 3 days"),
        ("jd__a", {"expires_at": after(days=4).isoformat()}, None),
        ("jd__a", {"expires_at": after(days=2, hours=1).isoformat()}, "in 2 days"),
        ("jd__a", {}, "it is unknown"),
    ],
)
def test_what_is_said_of_an_account(
    account: str, extra: dict[str, Any], said: str | None, settings: Settings, make_account: Make
) -> None:
    problem = expiry.ending(settings, make_account(account), given(**extra), NOW)
    if said is None:
        assert problem is None
    else:
        assert problem is not None and said in problem.cause and problem.account == account
        assert problem.advice


# ---- versions of APIs ----------------------------------------------------------------------------------
PINNED = {name: facts for name, facts in platforms().items() if facts.version_ends is not None}


def test_the_vendors_whose_versions_end_are_known() -> None:
    assert set(PINNED) == {"shopify", "google_ads", "meta"}


ESTIMATED = {name for name, facts in PINNED.items() if facts.is_end_estimated}


def test_the_vendors_that_had_named_no_day_are_known() -> None:
    assert {"google_ads", "meta"} == ESTIMATED


@pytest.mark.parametrize("name", PINNED)
@pytest.mark.parametrize(
    ("days", "said"), [(61, None), (60, "ends on"), (1, "ends on"), (0, "ended on"), (-9, "ended on")]
)
def test_the_end_of_a_version_is_told_two_months_ahead(
    name: str, days: int, said: str | None, make_account: Make
) -> None:
    ends = PINNED[name].version_ends
    assert ends is not None
    if said is not None and name in ESTIMATED:  # before and after: nobody has said that it ends on that day
        said = "may end any day from"
    problem = expiry.version_ending(make_account(f"{name}__a"), ends - timedelta(days=days))
    if said is None:
        assert problem is None
    else:
        assert problem is not None and f"{said} {ends}" in problem.cause and problem.account == f"{name}__a"
        assert problem.advice and "update Daybook" in problem.advice


def test_a_vendor_that_names_no_end_of_its_version_is_not_warned_of(make_account: Make) -> None:
    assert expiry.version_ending(make_account("taobao__a"), date(2099, 1, 1)) is None


def test_shopifys_version_lives_a_year() -> None:
    year, month = shopify.VERSION.split("-")
    assert PINNED["shopify"].version_ends == date(int(year) + 1, int(month), 1)


@pytest.fixture
def chat(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A chat server; what it was told."""
    told: list[str] = []

    class Chat(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *words: object) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Chat)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("DAYBOOK_NOTIFY_WEBHOOK", f"http://127.0.0.1:{server.server_port}/hook")
    yield told
    server.shutdown()
    server.server_close()


def test_the_night_tells_of_an_end_once_a_day_and_shows_no_secret(
    settings: Settings, make_account: Make, chat: list[str]
) -> None:
    soon = (datetime.now(UTC) + timedelta(days=5)).isoformat()
    account = make_account("ocean_engine__plum")
    credentials = given(access_token="hunter2", refresh_token="hunter3", refresh_expires_at=soon)
    assert notify.before_it_ends(settings, account, credentials) == ["webhook"]
    assert notify.before_it_ends(settings, account, credentials) == []
    (text,) = chat
    for part in ("ocean_engine__plum", "authorised again", "ends in 4 days", "README.md"):
        assert part in text
    assert "hunter" not in text
    (settings.tokens / "ocean_engine__plum.told").write_text("2026-01-01")  # another day
    assert notify.before_it_ends(settings, account, credentials) == ["webhook"]


def test_an_end_that_reached_nobody_is_told_by_the_next_run(
    settings: Settings, make_account: Make, chat: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    soon = (datetime.now(UTC) + timedelta(days=5)).isoformat()
    account, credentials = make_account("ocean_engine__plum"), given(refresh_expires_at=soon)
    working = os.environ["DAYBOOK_NOTIFY_WEBHOOK"]
    monkeypatch.setenv("DAYBOOK_NOTIFY_WEBHOOK", "http://127.0.0.1:9/nobody")
    assert notify.before_it_ends(settings, account, credentials) == []
    monkeypatch.setenv("DAYBOOK_NOTIFY_WEBHOOK", working)
    assert notify.before_it_ends(settings, account, credentials) == ["webhook"]
    assert len(chat) == 1


def test_a_night_with_nothing_to_tell_tells_nothing(
    settings: Settings, make_account: Make, chat: list[str]
) -> None:
    assert notify.before_it_ends(settings, make_account("ocean_engine__plum"), given()) == []
    assert notify.before_it_ends(settings, make_account("files__x"), None) == []
    unreadable = given()
    (settings.tokens).mkdir(parents=True, exist_ok=True)
    (settings.tokens / "ocean_engine__plum.json").write_text("half a f")
    assert notify.before_it_ends(settings, make_account("ocean_engine__plum"), unreadable) == []
    assert chat == []


@pytest.mark.parametrize("withheld", [True, False])
def test_doctor_warns_of_what_a_vendor_keeps_from_an_app_without_a_word(
    withheld: bool, settings: Settings, make_account: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(first_day=date(2026, 11, 18), now=NOW) as box:
        given: Any = box.connections()["shopify__harbor"]
        monkeypatch.setenv("AIRFLOW_CONN_SHOPIFY__HARBOR", json.dumps(given))
        if withheld:
            box.control.withheld.add("read_all_orders")
        findings = list(one_account(settings, make_account("shopify__harbor")))
    assert findings[0].level == "ok" and "orders, products" in findings[0].said, findings
    warned = [finding for finding in findings if "read_all_orders" in finding.said]
    assert len(warned) == withheld
    assert all(one.level == "warn" and "60 days" in one.said and one.advice for one in warned)


def test_doctor_warns_of_a_version_that_ends(
    settings: Settings, make_account: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    soon = datetime.now(UTC).date() + timedelta(days=30)
    monkeypatch.setattr(expiry, "find_platform", lambda name: replace(platforms()[name], version_ends=soon))
    with running(first_day=date(2026, 11, 18), now=NOW) as box:
        given: Any = box.connections()["shopify__harbor"]
        monkeypatch.setenv("AIRFLOW_CONN_SHOPIFY__HARBOR", json.dumps(given))
        findings = list(one_account(settings, make_account("shopify__harbor", streams=("products",))))
    assert [finding.level for finding in findings] == ["ok", "warn"]
    assert f"ends on {soon}" in findings[1].said and findings[1].advice


def test_doctor_warns_of_an_end_days_ahead(
    settings: Settings, make_account: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(first_day=date(2026, 11, 18), now=NOW) as box:
        given: Any = box.connections()["taobao__lantern"]
        ends = (datetime.now(UTC) + timedelta(days=3, hours=1)).isoformat()
        extra = {**given["extra"], "expires_at": ends}
        monkeypatch.setenv("AIRFLOW_CONN_TAOBAO__LANTERN", json.dumps({**given, "extra": extra}))
        findings = list(one_account(settings, make_account("taobao__lantern", streams=("products",))))
    levels = [(finding.level, finding.said) for finding in findings]
    assert levels[0][0] == "ok" and "accepted" in levels[0][1]
    assert levels[1][0] == "warn" and "ends in 3 days" in levels[1][1] and findings[1].advice
