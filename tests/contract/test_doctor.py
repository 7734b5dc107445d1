"""`daybook doctor` asks every vendor as a night would, and is answered."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import date, timedelta
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from contract_bench import ACCOUNTS, SPOKEN, TESTED, account_of

from daybook.doctor.account import clock_and_reach, one_account
from daybook.settings import Settings
from extractors.credentials import Credentials
from extractors.sandbox import Running, running


@pytest.fixture(scope="module")
def box() -> Iterator[Running]:
    with running(
        first_day=date.today() - timedelta(days=3)
    ) as box:  # the doctor knows no clock but the real one
        yield box


@pytest.mark.parametrize("platform", TESTED)
def test_an_account_that_can_be_read_is_found_well(
    platform: str, box: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(
        tmp_path, tmp_path / "data", tmp_path / "a.yml", str(tmp_path / "landing"), "UTC", tmp_path
    )
    name = ACCOUNTS[platform][0]
    given = box.connections()[name]
    monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(given))
    findings = list(one_account(settings, account_of(SPOKEN[platform], name, given)))
    assert findings[0].level == "ok", findings
    assert all(stream.name in findings[0].said for stream in SPOKEN[platform].streams)
    assert "bad" not in {finding.level for finding in findings}


def test_a_stream_without_its_permission_is_named(
    box: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(
        tmp_path, tmp_path / "data", tmp_path / "a.yml", str(tmp_path / "landing"), "UTC", tmp_path
    )
    name = ACCOUNTS["taobao"][0]
    given = box.connections()[name]
    monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(given))
    box.control.withheld.add("taobao.traderates.get")
    try:
        (finding,) = one_account(settings, account_of(SPOKEN["taobao"], name, given))
    finally:
        box.control.withheld.clear()
    assert finding.level == "bad" and finding.said.startswith("reviews: TOP error 11")
    assert "`streams`" in finding.advice


def test_a_call_that_is_named_as_its_stream_is_named_once(
    box: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(
        tmp_path, tmp_path / "data", tmp_path / "a.yml", str(tmp_path / "landing"), "UTC", tmp_path
    )
    name = ACCOUNTS["woocommerce"][0]
    given = {**box.connections()[name], "password": "cs_wrong"}
    monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(given))
    (finding,) = one_account(settings, account_of(SPOKEN["woocommerce"], name, given))
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
def test_a_secret_in_the_address_is_shown_to_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    settings = Settings(
        tmp_path, tmp_path / "data", tmp_path / "a.yml", str(tmp_path / "landing"), "UTC", tmp_path
    )
    given: dict[str, Any] = {"host": host, "login": "key", "password": "x", "extra": {}}
    account = account_of(SPOKEN["woocommerce"], ACCOUNTS["woocommerce"][0], given)
    monkeypatch.setenv(f"AIRFLOW_CONN_{account.id.upper()}", json.dumps(given))
    (finding,) = one_account(settings, account)
    assert finding.level == "bad" and host.rsplit("@", 1)[1] in finding.said
    assert "SECRET" not in f"{finding} {Credentials.from_environment(account.id)!r}"
