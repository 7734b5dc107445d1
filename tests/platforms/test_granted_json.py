"""Tokens bought by a grant, and quotas heeded before they are spent: the granted family over real HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from extractors.accounts import Account
from extractors.core.model import Request
from extractors.core.window import days_window
from extractors.credentials import Credentials
from extractors.errors import ConfigError, ExtractErrors, RateLimitedError
from extractors.extract import extract
from extractors.landing import Landing
from extractors.platforms.ga4 import DIALECT
from extractors.protocols.granted_json import GrantedJson
from extractors.sandbox import Running, running
from extractors.tokens import Tokens

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 21, 15, 0, tzinfo=SHANGHAI)
ACCOUNT = Account(
    "ga4__lantern", "ga4", "x", "lantern_web", "Asia/Shanghai", "CNY",
    options={"property_id": "312450001", "calls_per_second": 1000},
)  # fmt: skip


@pytest.fixture(scope="module")
def box() -> Iterator[Running]:
    with running(first_day=date(2026, 10, 1), now=NOW) as sandbox:
        yield sandbox


@pytest.fixture
def read(box: Running, tmp_path: Path) -> Callable[..., list[str]]:
    box.control.reset()
    box.control.set_clock(NOW)

    def run(variant: str = "valid", drop: str = "", account: Account = ACCOUNT, **given: Any) -> list[str]:
        connection: Any = json.loads(json.dumps(box.connections(variant)["ga4__lantern"]))
        connection |= given
        connection["extra"].pop(drop, None)
        lines: list[str] = []
        extract(
            account,
            Credentials.from_airflow(json.dumps(connection), account.id),
            Landing(tmp_path / "landing"),
            hash_key=b"k" * 32,
            token_dir=tmp_path / "tokens",
            window=days_window(date(2026, 11, 19), date(2026, 11, 20), SHANGHAI),
            now=NOW,
            progress=lines.append,
            sleep=lambda seconds: None,
        )
        return lines

    return run


def test_a_service_account_buys_its_first_token_before_the_first_call(
    read: Callable[..., list[str]], box: Running, tmp_path: Path
) -> None:
    read(drop="access_token")
    read(drop="access_token")
    assert box.control.requests["ga4/token"] == 1 and not box.control.refusals
    assert oct((tmp_path / "tokens" / "ga4__lantern.json").stat().st_mode)[-3:] == "600"


def test_a_token_about_to_end_is_renewed_before_it_is_refused(
    read: Callable[..., list[str]], box: Running, tmp_path: Path
) -> None:
    read(drop="access_token")
    kept = tmp_path / "tokens" / "ga4__lantern.json"
    soon = (datetime.now(UTC) + timedelta(seconds=20)).isoformat()
    kept.write_text(json.dumps({**json.loads(kept.read_text()), "expires_at": soon}))
    read(drop="access_token")
    assert box.control.requests["ga4/token"] == 2 and not box.control.refusals


def test_a_key_that_was_taken_back_stops_at_the_first_refusal(
    read: Callable[..., list[str]], box: Running
) -> None:
    with pytest.raises(ExtractErrors, match="refused"):
        read("revoked")
    assert box.control.requests["ga4/token"] == 1 and box.control.requests["ga4/traffic"] <= 4


@pytest.mark.parametrize("key", ["-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----\n"])
def test_a_key_that_cannot_be_read_is_ours_to_mend(read: Callable[..., list[str]], key: str) -> None:
    with pytest.raises(ExtractErrors, match="private key cannot be read") as caught:
        read(drop="access_token", password=key)
    assert isinstance(caught.value.errors[0], ConfigError) and "nonsense" not in str(caught.value)


def test_days_of_another_zone_than_the_propertys_are_refused(read: Callable[..., list[str]]) -> None:
    with pytest.raises(ExtractErrors, match="time_zone: Asia/Shanghai"):
        read(account=replace(ACCOUNT, time_zone="Europe/London"))


@pytest.mark.parametrize("rest", [{"consumed": 10, "remaining": 9}, {"consumed": 1}])
def test_a_quota_that_does_not_hold_another_request_stops_the_account_and_says_until_when(
    rest: dict[str, int], read: Callable[..., list[str]], box: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = {
        "metricHeaders": [],
        "propertyQuota": {
            "tokensPerDay": {"consumed": 10, "remaining": 500},
            "tokensPerHour": rest,  # the answer leaves out what is 0
        },
    }
    speaker = GrantedJson(
        DIALECT, "http://127.0.0.1:1", ACCOUNT, Credentials(login="a", password="b", extra={})
    )
    request = Request("runReport", "/x")
    speaker.check(request, 200, {}, json.dumps(answer).encode())
    with pytest.raises(RateLimitedError, match="tokensPerHour are spent") as caught:
        speaker.prepare(request, Tokens("t"))
    assert 0 < (caught.value.retry_after or 0) <= 3600
    assert speaker.prepare(request, Tokens("t"))["method"] == "POST", "it is told once"

    spent = {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "Exhausted tokens per day."}}
    monkeypatch.setattr(
        GrantedJson, "check", lambda self, request, status, headers, body: _raise(spent, self._account)
    )
    with pytest.raises(ExtractErrors) as stopped:
        read()
    assert len(stopped.value.errors) == 1, "the other streams were asked, too"
    assert re.search(r"answers again from 20\d\d-\d\d-\d\d \d\d:\d\d UTC", str(stopped.value))


def test_a_days_quota_of_ga4_is_back_at_midnight_in_california_whatever_the_propertys_zone() -> None:
    spent = {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "Exhausted tokens per day."}}
    error = DIALECT.error(429, spent, ACCOUNT)
    assert isinstance(error, RateLimitedError) and error.retry_after is not None
    back = datetime.now(UTC) + timedelta(seconds=error.retry_after + 30)
    there = back.astimezone(ZoneInfo("America/Los_Angeles"))
    assert (there.hour, there.minute) == (0, 0)


def _raise(body: dict[str, Any], account: Account) -> None:
    error = DIALECT.error(429, body, account)
    assert error is not None
    raise error
