"""`daybook doctor` asks every vendor as a night would, and is answered."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from contract_bench import ACCOUNTS, SPOKEN, TESTED, account_of

from daybook.doctor.account import clock_and_reach, one_account
from daybook.doctor.finding import Finding
from daybook.settings import Settings
from extractors.credentials import Credentials
from extractors.sandbox import Running, running

Look = Callable[[str, dict[str, Any]], list[Finding]]


@pytest.fixture(scope="module")
def box() -> Iterator[Running]:
    with running(
        first_day=date.today() - timedelta(days=3)
    ) as box:  # the doctor knows no clock but the real one
        yield box


@pytest.fixture
def look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Look:
    """What the doctor finds with a platform's account, given its connection."""
    landing = str(tmp_path / "landing")
    settings = Settings(tmp_path, tmp_path / "data", tmp_path / "a.yml", landing, "UTC", tmp_path)

    def found(platform: str, given: dict[str, Any]) -> list[Finding]:
        name = ACCOUNTS[platform][0]
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(given))
        return list(one_account(settings, account_of(SPOKEN[platform], name, given)))

    return found


@pytest.mark.parametrize("platform", TESTED)
def test_an_account_that_can_be_read_is_found_well(platform: str, box: Running, look: Look) -> None:
    findings = look(platform, box.connections()[ACCOUNTS[platform][0]])
    assert findings[0].level == "ok", findings
    assert all(stream.name in findings[0].said for stream in SPOKEN[platform].streams)
    assert "bad" not in {finding.level for finding in findings}


def test_a_stream_without_its_permission_is_named(box: Running, look: Look) -> None:
    box.control.withheld.add("taobao.traderates.get")
    try:
        (finding,) = look("taobao", box.connections()[ACCOUNTS["taobao"][0]])
    finally:
        box.control.withheld.clear()
    assert finding.level == "bad" and finding.said.startswith("reviews: TOP error 11")
    assert "`streams`" in finding.advice


def test_a_call_that_is_named_as_its_stream_is_named_once(box: Running, look: Look) -> None:
    given = {**box.connections()[ACCOUNTS["woocommerce"][0]], "password": "cs_wrong"}
    (finding,) = look("woocommerce", given)
    assert finding.said == "orders: woocommerce_rest_authentication_error"


@pytest.mark.parametrize("said", ["now", "Sun, 99 Nov 99999 10:00:00 GMT", "2026-11-29T10:00:00Z"])
def test_a_host_whose_date_cannot_be_read_is_no_clock_to_go_by(said: str) -> None:
    class Host(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(200)
            self.send_header("Date", said)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Host) as host:
        threading.Thread(target=host.serve_forever, args=(0.01,), daemon=True).start()
        assert list(clock_and_reach("x", f"http://127.0.0.1:{host.server_port}")) == []
        host.shutdown()


@pytest.mark.parametrize(("age", "levels"), [("3600", []), (None, ["bad"])])
def test_a_date_from_a_cache_is_no_clock_to_go_by(age: str | None, levels: list[str]) -> None:
    """It is the date at which the answer was stored, an hour ago."""

    class Host(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(200)
            self.send_header("Date", formatdate(time.time() - 3600, usegmt=True))
            if age is not None:
                self.send_header("Age", age)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Host) as host:
        threading.Thread(target=host.serve_forever, args=(0.01,), daemon=True).start()
        found = list(clock_and_reach("x", f"http://127.0.0.1:{host.server_port}"))
        host.shutdown()
    assert [finding.level for finding in found] == levels


@pytest.mark.parametrize("host", ["http://key:SECRET@127.0.0.1:1", "key:SECRET@127.0.0.1:1"])
def test_a_secret_in_the_address_is_shown_to_nobody(look: Look, host: str) -> None:
    (finding,) = look("woocommerce", {"host": host, "login": "key", "password": "x", "extra": {}})
    assert finding.level == "bad" and host.rsplit("@", 1)[1] in finding.said
    assert "SECRET" not in f"{finding} {Credentials.from_environment(ACCOUNTS['woocommerce'][0])!r}"
