"""Asynchronous reports against their sandbox: killed, failed, expired, endless and spoiled, and never asked twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import zstandard

from extractors.accounts import Account
from extractors.core.jobs import State
from extractors.core.model import Reply
from extractors.core.session import Session
from extractors.core.window import days_window
from extractors.credentials import Credentials
from extractors.errors import ExtractErrors, TooMuchError, TransientError
from extractors.extract import extract
from extractors.landing import Landing
from extractors.platforms import meta
from extractors.registry import platforms
from extractors.sandbox import Running, running
from extractors.sandbox.control import Fault
from extractors.sandbox.halves import half
from extractors.sandbox.merchants import AD_ACCOUNTS

NOW = datetime(2026, 11, 21, 15, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
DAYS = (date(2026, 11, 18), date(2026, 11, 20))


@dataclass(frozen=True)
class Vendor:
    """A platform of asynchronous reports: how the sandbox counts the steps of one of its streams, and how many
    jobs one read of it takes."""

    platform: str
    stream: str
    ask: str
    look: str
    fetch: str
    jobs: int = 1


VENDORS = [
    Vendor("uc_huichuan", "campaign_report", "campaign_report", "look", "download"),
    Vendor("meta", "ad_report", "ad_report", "look", "insights"),
    Vendor("microsoft_ads", "ad_report", "ad_report", "look", "download"),
    Vendor("amazon_ads", "ad_report", "ad_report", "look", "download", jobs=3),
]


class Killed(BaseException):
    """The process dies."""


@dataclass
class Bench:
    """One account of one vendor, a landing, and the sandbox."""

    box: Running
    vendor: Vendor
    folder: Path
    patch: pytest.MonkeyPatch
    waits: list[float] = field(default_factory=list)

    def run(
        self,
        before: Callable[[int, str], None] = lambda number, name: None,
        after: Callable[[int, int], None] = lambda number, status: None,
        change: Callable[[str, bytes], bytes] = lambda name, body: body,
    ) -> None:
        """Read three days; `before` is told the number and the name of every call, `after` its number and status;
        what arrives is what `change` makes of an answer."""
        known = next(a for a in AD_ACCOUNTS if a.platform == self.vendor.platform)
        given: Any = self.box.connections()[known.account]
        options = {n: given["extra"][n] for n in platforms()[known.platform].options if n in given["extra"]}
        account = Account(
            known.account, known.platform, "x", known.store, known.zone, known.currency,
            options={**options, "calls_per_second": 1000},
        )  # fmt: skip
        send, calls = Session.__dict__["_send"], 0

        def watched(session: Session, name: str, arguments: dict[str, Any]) -> Any:
            nonlocal calls
            calls += 1
            before(calls, name)
            status, headers, body = send(session, name, arguments)
            after(calls, status)
            return status, headers, change(name, body)

        with self.patch.context() as patch:
            patch.setattr(Session, "_send", watched)
            extract(
                account,
                Credentials.from_airflow(json.dumps(given), account.id),
                Landing(self.folder / "landing"),
                hash_key=b"k" * 32,
                token_dir=self.folder / "tokens",
                window=days_window(*DAYS, account.zone),
                streams=(self.vendor.stream,),
                now=NOW,
                sleep=self.waits.append,
            )

    def counted(self, step: str) -> int:
        return self.box.control.requests[f"{self.vendor.platform}/{step}"]

    def lines(self) -> list[bytes]:
        found: list[bytes] = []
        for path in sorted((self.folder / "landing" / self.vendor.platform).rglob("part-*.zst")):
            found += zstandard.ZstdDecompressor().decompressobj().decompress(path.read_bytes()).splitlines()
        return found

    def notes(self) -> list[Path]:
        return list((self.folder / "landing").rglob("job-*.json"))


def is_asynchronous(name: str) -> bool:
    """Whether some read of the platform asks for an asynchronous report."""
    platform = platforms()[name]
    options = dict.fromkeys(platform.options - {"late_rows", "older_methods", "uni_promotion"}, "1")
    account = Account(f"{name}__x", name, "x", "x", "Asia/Shanghai", "CNY", options=options)
    window = days_window(DAYS[0], DAYS[0], account.zone)
    return any(read.job is not None for stream in platform.streams for read in stream.reads(account, window))


def test_every_platform_of_asynchronous_reports_is_tested_here() -> None:
    spoken = [name for name, platform in platforms().items() if platform.protocol is not None]
    assert {name for name in spoken if is_asynchronous(name)} == {vendor.platform for vendor in VENDORS}


@pytest.fixture(scope="module")
def box() -> Iterator[Running]:
    with running(first_day=date(2026, 10, 1), now=NOW) as sandbox:
        yield sandbox


@pytest.fixture(params=VENDORS, ids=lambda vendor: vendor.platform)
def bench(
    request: pytest.FixtureRequest, box: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Bench:
    box.control.reset()
    box.control.set_clock(NOW)
    box.sandbox.desks[request.param.platform].plans.clear()
    return Bench(box, request.param, tmp_path, monkeypatch)


@pytest.fixture
def whole(bench: Bench, tmp_path: Path) -> list[bytes]:
    """What an undisturbed run lands."""
    other = Bench(bench.box, bench.vendor, tmp_path / "undisturbed", bench.patch)
    other.run()
    bench.box.control.requests.clear()
    assert other.lines() and not other.notes()
    return sorted(other.lines())


def test_a_run_killed_between_any_two_steps_asks_once_and_ends_in_the_same_data(
    bench: Bench, whole: list[bytes], tmp_path: Path
) -> None:
    calls: list[str] = []
    bench.run(lambda number, name: calls.append(name))
    assert len(calls) >= 4
    for place in range(2, len(calls) + 1):
        killed = Bench(bench.box, bench.vendor, tmp_path / f"killed{place}", bench.patch)
        bench.box.control.requests.clear()

        def die(number: int, name: str, place: int = place) -> None:
            if number == place:
                raise Killed

        with pytest.raises(Killed):
            killed.run(die)
        assert killed.lines() == [] and len(killed.notes()) == min(place - 1, bench.vendor.jobs)
        killed.run()
        assert killed.counted(bench.vendor.ask) == bench.vendor.jobs
        assert sorted(killed.lines()) == whole and not killed.notes()


def test_a_job_that_fails_is_asked_for_again(bench: Bench, whole: list[bytes]) -> None:
    bench.box.sandbox.desks[bench.vendor.platform].plans[:] = ["fails"]
    bench.run()
    assert bench.counted(bench.vendor.ask) == bench.vendor.jobs + 1
    assert sorted(bench.lines()) == whole and not bench.notes()


def test_a_job_that_always_fails_is_told_and_lands_nothing(bench: Bench) -> None:
    bench.box.sandbox.desks[bench.vendor.platform].plans[:] = ["fails"] * 20
    with pytest.raises(ExtractErrors) as caught:
        bench.run()
    assert bench.lines() == [] and "→" in str(caught.value)
    assert bench.counted(bench.vendor.ask) <= 9


def test_a_job_that_never_ends_is_given_up_and_the_next_run_asks_anew(
    bench: Bench, whole: list[bytes]
) -> None:
    bench.box.sandbox.desks[bench.vendor.platform].plans[:] = ["never"]
    with pytest.raises(ExtractErrors, match="has not finished the report in") as caught:
        bench.run()
    assert isinstance(caught.value.errors[0], TransientError) and bench.lines() == []
    assert timedelta(minutes=20) < timedelta(seconds=sum(bench.waits)) < timedelta(hours=2)
    bench.run()
    assert bench.counted(bench.vendor.ask) == bench.vendor.jobs + 1 and sorted(bench.lines()) == whole


def test_a_job_the_vendor_has_forgotten_is_asked_for_anew(bench: Bench, whole: list[bytes]) -> None:
    def die(number: int, name: str) -> None:
        if number == 2:
            raise Killed

    with pytest.raises(Killed):
        bench.run(die)
    (note,) = bench.notes()
    note.write_text(json.dumps({**json.loads(note.read_text()), "id": "12345"}))
    bench.run()
    assert bench.counted(bench.vendor.ask) == bench.vendor.jobs + 1 and sorted(bench.lines()) == whole


@pytest.mark.parametrize("kind", ["html", "half_body", "truncated", "bom", "http_503", "reset"])
def test_a_download_that_is_no_report_is_fetched_again_and_not_asked_for_again(
    kind: str, bench: Bench, whole: list[bytes]
) -> None:
    bench.box.control.faults.append(Fault(kind, bench.vendor.platform, bench.vendor.fetch))
    bench.run()
    assert bench.box.control.struck[kind] == 1 and bench.counted(bench.vendor.ask) == bench.vendor.jobs
    assert bench.counted(bench.vendor.fetch) > bench.vendor.jobs and sorted(bench.lines()) == whole


@pytest.mark.parametrize("bench", [VENDORS[0]], indirect=True, ids=lambda vendor: vendor.platform)
@pytest.mark.parametrize("broken", [1, 2])
def test_a_file_that_breaks_off_between_two_lines_is_not_taken_for_the_whole(
    broken: int, bench: Bench, whole: list[bytes]
) -> None:
    """Plain CSV tells neither how many rows it has nor where it ends."""
    downloads = 0

    def cut(name: str, body: bytes) -> bytes:
        nonlocal downloads
        downloads += name == "report/downloadFile"
        lines = body.splitlines(keepends=True)
        return b"".join(lines[: len(lines) // 2]) if downloads == broken and len(lines) > 1 else body

    bench.run(change=cut)
    assert downloads == 4 and sorted(bench.lines()) == whole


def test_a_download_that_stays_a_web_page_lands_nothing_and_the_job_is_kept(
    bench: Bench, whole: list[bytes]
) -> None:
    bench.box.control.faults.append(Fault("html", bench.vendor.platform, bench.vendor.fetch, times=1_000))
    with pytest.raises(ExtractErrors):
        bench.run()
    assert bench.lines() == [] and len(bench.notes()) == bench.vendor.jobs
    bench.box.control.faults.clear()
    bench.run()
    assert bench.counted(bench.vendor.ask) == bench.vendor.jobs and sorted(bench.lines()) == whole


ADDRESSED = [vendor for vendor in VENDORS if vendor.fetch == "download" and vendor.platform != "uc_huichuan"]


@pytest.mark.parametrize("bench", ADDRESSED, indirect=True, ids=lambda vendor: vendor.platform)
def test_an_address_that_ran_out_is_looked_up_again_and_not_asked_for_again(
    bench: Bench, whole: list[bytes]
) -> None:
    bench.box.sandbox.desks[bench.vendor.platform].plans[:] = ["stale"]
    bench.run()
    assert bench.counted(bench.vendor.ask) == bench.vendor.jobs
    assert bench.counted(bench.vendor.fetch) == bench.vendor.jobs + 1 and sorted(bench.lines()) == whole


@pytest.mark.parametrize("bench", ADDRESSED, indirect=True, ids=lambda vendor: vendor.platform)
def test_a_token_that_ends_while_a_report_is_made_is_renewed_and_nothing_asked_again(
    bench: Bench, whole: list[bytes]
) -> None:
    def expire(number: int, name: str) -> None:
        if number == bench.vendor.jobs + 1:
            bench.box.sandbox.expire_tokens(bench.vendor.platform)

    try:
        bench.run(expire)
    finally:
        bench.box.sandbox.reset()
    assert sorted(bench.lines()) == whole


class Waits(list[float]):
    """Notes waits; during a long one the reports that nobody looks at are made."""

    def append(self, seconds: float) -> None:
        super().append(seconds)
        if seconds >= 60:
            half("microsoft_ads").FORGOTTEN = 0.0


@pytest.mark.parametrize("bench", [VENDORS[2]], indirect=True, ids=lambda vendor: vendor.platform)
def test_reports_that_others_have_in_the_making_are_waited_for(
    bench: Bench, whole: list[bytes], tmp_path: Path
) -> None:
    def die(number: int, name: str) -> None:
        if number == 2:
            raise Killed

    bench.patch.setattr(half("microsoft_ads"), "FORGOTTEN", 3_600.0)
    for other in range(5):
        with pytest.raises(Killed):
            Bench(bench.box, bench.vendor, tmp_path / f"other{other}", bench.patch).run(die)
    bench.waits = Waits()
    bench.run()
    refused = f"microsoft_ads/{bench.vendor.ask}: 207 ConcurrentRequestOverLimit"
    assert bench.box.control.refusals[refused] == 1
    assert max(bench.waits) == 60.0 and sorted(bench.lines()) == whole


@pytest.mark.parametrize("bench", [VENDORS[-1]], indirect=True, ids=lambda vendor: vendor.platform)
def test_a_run_killed_before_it_wrote_the_number_down_is_told_the_number_again(
    bench: Bench, whole: list[bytes]
) -> None:
    def die(number: int, status: int) -> None:
        raise Killed

    with pytest.raises(Killed):
        bench.run(after=die)
    assert not bench.notes() and bench.counted(bench.vendor.ask) == 1
    statuses: list[int] = []
    bench.run(after=lambda number, status: statuses.append(status))
    assert statuses.count(425) == 1 and bench.counted(bench.vendor.ask) == 1 + bench.vendor.jobs
    assert sorted(bench.lines()) == whole


@pytest.mark.parametrize("bench", [VENDORS[-1]], indirect=True, ids=lambda vendor: vendor.platform)
def test_spurious_401_while_polling_cost_one_renewal_and_nothing_else(
    bench: Bench, whole: list[bytes]
) -> None:
    bench.box.control.faults.append(Fault("expired_token", bench.vendor.platform, bench.vendor.look, times=3))
    bench.run()
    assert bench.box.control.struck["expired_token"] == 3 and bench.counted("token") == 1
    assert bench.counted(bench.vendor.ask) == bench.vendor.jobs and sorted(bench.lines()) == whole


@pytest.mark.parametrize(
    ("told", "is_too_much"),
    [
        ({"error_code": 1, "error_message": "Please reduce the amount of data you're asking for"}, True),
        ({"error_code": 100, "error_subcode": 1504038, "error_message": "too large"}, True),
        ({"error_code": 2, "error_message": "An unexpected error"}, False),
        ({}, False),
    ],
)
def test_a_run_of_meta_that_failed_for_its_size_is_asked_for_in_halves(
    told: dict[str, Any], is_too_much: bool
) -> None:
    reply = Reply({"async_status": "Job Failed", "async_percent_completion": 12, **told})
    if is_too_much:
        with pytest.raises(TooMuchError):
            meta.JOB.state(reply)
    else:
        assert meta.JOB.state(reply) is State.FAILED
