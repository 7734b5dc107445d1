"""Every stream of every platform against its documented answer, and every documented error against its kind."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest

from extractors import errors
from extractors.accounts import Account
from extractors.core.model import Platform, Request, Stream
from extractors.core.window import days_window
from extractors.credentials import Credentials
from extractors.registry import platforms

FOLDER = Path(__file__).resolve().parents[2] / "extractors" / "platforms"
SPOKEN = {name: platform for name, platform in platforms().items() if platform.protocol is not None}
GOLDEN: dict[str, dict[str, Any]] = {
    name: json.loads((FOLDER / name / "golden.json").read_text(encoding="utf-8")) for name in SPOKEN
}
SWITCHES = {"keys_in_query", "late_rows", "older_methods", "uni_promotion"}
CREDENTIALS = Credentials("http://127.0.0.1:1", "key", "secret", {"access_token": "t", "refresh_token": "r"})
STREAMS = [(name, stream.name) for name, platform in SPOKEN.items() for stream in platform.streams]
ERRORS = [(name, number) for name in SPOKEN for number in range(len(GOLDEN[name]["errors"]))]


@pytest.fixture
def account(make_account: Callable[..., Account]) -> Callable[[str], Account]:
    def make(platform: str) -> Account:
        options = {name: name in SWITCHES or "1" for name in SPOKEN[platform].options}
        return make_account(f"{platform}__golden", options=options)

    return make


def packed(text: bytes, how: str | None) -> bytes:
    """The documented content as the vendor packs it."""
    if how == "gzip":
        return gzip.compress(text)
    if how == "zip":
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("report", text)
        return file.getvalue()
    return text


def read(
    platform: Platform, stream: Stream, account: Account, case: dict[str, Any]
) -> list[dict[str, str | None]]:
    assert platform.protocol is not None
    speaker = platform.protocol("http://127.0.0.1:1", account, CREDENTIALS)
    window = days_window(date(2026, 1, 5), date(2026, 1, 5), account.zone)
    first = next(iter(stream.reads(account, window)))
    headers = {key.lower(): value for key, value in case.get("headers", {}).items()}
    # Of an asynchronous report the answer is documented that brings it when it is finished.
    request = first.request
    if first.job is not None:
        request = first.job.fetch("1" if first.job.address is None else "https://files.example/1")
    text = case["body"].encode() if isinstance(case["body"], str) else orjson.dumps(case["body"])
    reply = speaker.check(request, 200, headers, packed(text, case.get("packed")))
    found = []
    records = first.paging.records(reply)  # type: ignore[attr-defined]
    for record in first.finish(records) if first.finish else records:
        entry: dict[str, str | None] = {"key": stream.key_of(record)}
        if stream.kind == "cursor":
            # A vendor that shows no time of a change: the moment of the read stands for it.
            entry["cursor_at"] = stream.cursor.of(record) if stream.cursor is not None else None
        else:
            entry["report_date"] = stream.day_of(record)
        found.append(entry)
    return found


@pytest.mark.parametrize(("name", "stream"), STREAMS)
def test_the_documented_answer_is_read(name: str, stream: str, account: Callable[[str], Account]) -> None:
    case = GOLDEN[name][stream]
    assert case["source"]
    assert read(SPOKEN[name], SPOKEN[name].stream(stream), account(name), case) == case["expect"]


@pytest.mark.parametrize("name", SPOKEN)
def test_an_empty_answer_is_no_record_and_no_error(name: str, account: Callable[[str], Account]) -> None:
    case = GOLDEN[name]["empty"]
    assert read(SPOKEN[name], SPOKEN[name].stream(case["stream"]), account(name), case) == []


@pytest.mark.parametrize(("name", "number"), ERRORS)
def test_a_documented_error_is_of_its_kind_and_names_no_secret(
    name: str, number: int, account: Callable[[str], Account]
) -> None:
    case = GOLDEN[name]["errors"][number]
    body = case["body"].encode() if isinstance(case["body"], str) else orjson.dumps(case["body"])
    headers = {key.lower(): value for key, value in case.get("headers", {}).items()}
    make = SPOKEN[name].protocol
    assert make is not None
    speaker = make("http://127.0.0.1:1", account(name), CREDENTIALS)
    with pytest.raises(getattr(errors, case["kind"])) as caught:
        speaker.check(Request("x"), case.get("status", 200), headers, body)
    for fact in ("refreshable", "retry_after"):
        if fact in case:
            assert getattr(caught.value, fact) == case[fact]
    assert not isinstance(caught.value, errors.AuthError | errors.ConfigError) or caught.value.advice


def test_golden_files_speak_of_registered_streams_only() -> None:
    for name, platform in SPOKEN.items():
        assert set(GOLDEN[name]) - {"empty", "errors"} == set(platform.stream_names)
