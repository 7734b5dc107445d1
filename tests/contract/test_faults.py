"""Whatever the sandbox does to an answer: complete and correct, or a loud error with the mark before the gap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from contract_bench import BUSY_DAY, STREAMS, Bench, a_few_records, one_a_platform

from extractors.core.model import Stream
from extractors.core.window import Window
from extractors.errors import ConfigError, DaybookError, ExtractErrors
from extractors.extract import extract
from extractors.landing import Partition
from extractors.sandbox.control import FAULT_KINDS, PAGE_FAULTS, Fault

Make = Callable[..., Bench]
FOREVER = 1_000_000
# Another try mends these, so one of them must not fail a night.
PASSING = sorted(FAULT_KINDS - PAGE_FAULTS)
# What differs from stream to stream: how a vendor says no. The rest is a matter of the line, which the streams of a
# platform share (`make prove ARGS=hostile` plays everything on every stream).
OWN_WORDS = {"http_500", "vendor_rate"}


@dataclass
class Clean:
    """What an undisturbed read of a stream's small window comes to, in small pages."""

    stream: Stream
    window: Window
    rows: list[bytes]
    calls: int


_known: dict[tuple[str, str], Clean] = {}


def undisturbed(platform: str, stream: str, bench: Make) -> Clean:
    key = (platform, stream)
    if key not in _known:
        on = bench(platform, stream)
        window = a_few_records(on, BUSY_DAY)
        on.in_pages(3, sum(manifest.rows for manifest in on.run(window)))
        on.running.control.requests.clear()
        rows = sorted(on.rows(on.run(window)))
        assert rows
        _known[key] = Clean(on.stream, window, rows, sum(on.running.control.requests.values()))
    return _known[key]


def disturbed(platform: str, clean: Clean, bench: Make, fault: Fault) -> tuple[Bench, ExtractErrors | None]:
    """Reads the window under a fault; gives the bench and the error it ended with, if any."""
    on = bench(platform, clean.stream.name)
    on.stream = clean.stream
    on.running.control.faults[:] = [fault]
    on.running.control.struck.clear()
    on.set_mark(clean.window.start)
    try:
        on.run(clean.window)
    except ExtractErrors as error:
        return on, error
    finally:
        on.running.control.faults.clear()
        assert on.running.control.struck[fault.kind], "the fault struck nothing: this proves nothing"
    return on, None


def assert_complete(on: Bench, clean: Clean) -> None:
    assert sorted(on.rows()) == clean.rows
    assert on.mark() == clean.window.end


def assert_loud(on: Bench, clean: Clean, error: ExtractErrors) -> None:
    """The error names its place and no secret; the mark stands before the gap; the next run closes it."""
    assert error.errors
    for part in error.errors:
        assert isinstance(part, DaybookError)
        assert (part.account, part.stream) == (on.account.id, on.stream.name)
        assert part.window and part.message
        mark = on.mark()
        assert mark is not None and mark <= part.window.start, "the mark passed the gap"
    for secret in on.secrets():
        assert secret not in str(error) and secret not in "\n".join(on.lines)
    assert set(on.rows()) < set(clean.rows)
    on.run(clean.window)
    assert sorted(set(on.rows())) == sorted(set(clean.rows)) and on.mark() == clean.window.end


def passing() -> list[object]:
    """Every kind on the first stream of each platform, some with a wait that is told; on the others `OWN_WORDS`."""
    cases, seen = [], set()
    for case in STREAMS:
        platform, stream = (str(value) for value in case.values)
        told = [] if platform in seen else [("vendor_rate", 1.0), ("http_429", 1.0)]
        kinds = sorted(OWN_WORDS) if platform in seen else PASSING
        seen.add(platform)
        for kind, seconds in [*((kind, None) for kind in kinds), *told]:
            cases.append(pytest.param(platform, stream, kind, seconds, id=f"{case.id}-{kind}-{seconds}"))
    return cases


@pytest.mark.parametrize(("platform", "stream", "kind", "seconds"), passing())
def test_a_passing_trouble_costs_another_try_and_nothing_else(
    platform: str, stream: str, kind: str, seconds: float | None, bench: Make
) -> None:
    clean = undisturbed(platform, stream, bench)
    if kind == "slow":
        seconds = 0.02
    fault = Fault(kind, platform, skip=clean.calls // 2, seconds=seconds)
    on, error = disturbed(platform, clean, bench, fault)
    assert error is None, error
    assert_complete(on, clean)
    if seconds and any(names_a_wait(*answer) for answer in zip(on.wire.headers, on.wire.bodies, strict=True)):
        assert kind in ("http_429", "vendor_rate")
        told = [wait for wait in on.waits if seconds <= wait <= seconds + 1.5]
        assert told, f"told to wait {seconds} s, it waited {[w for w in on.waits if w > 0.01]}"


def names_a_wait(headers: dict[str, str], body: bytes) -> bool:
    """Whether an answer says for how long to wait: the sandbox's faults are told one second."""
    return headers.get("retry-after") == "1" or b"for 1 more second" in body


@pytest.mark.parametrize("kind", sorted(PAGE_FAULTS))
@pytest.mark.parametrize(("platform", "stream"), one_a_platform(1))
def test_a_page_that_comes_wrong_once_is_read_again_or_told(
    platform: str, stream: str, kind: str, bench: Make
) -> None:
    clean = undisturbed(platform, stream, bench)
    for place in sorted({0, clean.calls // 2, clean.calls - 1}):
        on, error = disturbed(platform, clean, bench, Fault(kind, platform, skip=place))
        if error is None:
            assert_complete(on, clean)
        else:
            assert_loud(on, clean, error)


def lasting() -> list[object]:
    """Every kind on the first stream of each platform; on the others, whose client knows such an answer as
    `passing` shows, the kinds that differ from stream to stream are thorough."""
    cases, seen = [], set()
    for case in STREAMS:
        platform, stream = (str(value) for value in case.values)
        kinds = FAULT_KINDS - {"slow"} if platform not in seen else PAGE_FAULTS | OWN_WORDS
        for kind in sorted(kinds):
            rest = (pytest.mark.thorough,) if platform in seen else ()
            cases.append(pytest.param(platform, stream, kind, id=f"{case.id}-{kind}", marks=rest))
        seen.add(platform)
    return cases


@pytest.mark.parametrize(("platform", "stream", "kind"), lasting())
def test_a_trouble_that_stays_is_told_and_never_a_short_read(
    platform: str, stream: str, kind: str, bench: Make
) -> None:
    clean = undisturbed(platform, stream, bench)
    begin = clean.calls // 2 if kind in PASSING else 0
    on, error = disturbed(platform, clean, bench, Fault(kind, platform, skip=begin, times=FOREVER))
    if error is None:
        # Some troubles a vendor cannot make (no token to expire, no page to repeat), some a client sees through.
        assert kind not in ("http_500", "http_503", "http_429", "vendor_rate", "html", "reset", "empty_page")
        assert_complete(on, clean)
    else:
        assert_loud(on, clean, error)


def test_a_stream_whose_mark_is_damaged_is_not_read_and_the_others_are(bench: Make) -> None:
    on = bench("taobao", "orders")
    mark = f"taobao/{on.account.id}/orders/mark.json"
    on.landing.store.put_text(mark, '{"end": "2026')
    both = replace(on.account, streams=("orders", "refunds"), start=BUSY_DAY)
    facts = {"hash_key": b"contract", "token_dir": on.folder / "tokens", "day": BUSY_DAY, "now": on.now}
    with pytest.raises(ExtractErrors) as caught:
        extract(both, on.credentials, on.landing, **facts)  # type: ignore[arg-type]
    (error,) = caught.value.errors
    assert (error.account, error.stream) == (on.account.id, "orders") and mark in str(error)
    assert {manifest.stream for manifest in on.landing.all()} == {"refunds"}
    assert on.landing.store.get_text(mark) == '{"end": "2026', "and it is left for whoever mends it"


@pytest.mark.parametrize("when", ["before the read", "while it reads"])
def test_a_mark_that_the_disk_refuses_is_named_and_the_other_streams_are_read(
    when: str, bench: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    on = bench("taobao", "orders")
    mark = on.folder / f"landing/taobao/{on.account.id}/orders/mark.json"

    def spoil() -> None:  # stands for a file of another user's, or a part of the disk that is worn out
        mark.mkdir(parents=True, exist_ok=True)
        (mark / "x").touch()

    if when == "before the read":
        spoil()
    else:
        commit = Partition.commit
        monkeypatch.setattr(Partition, "commit", lambda *args, **more: (commit(*args, **more), spoil())[0])
    both = replace(on.account, streams=("orders", "refunds"), start=BUSY_DAY)
    facts = {"hash_key": b"contract", "token_dir": on.folder / "tokens", "day": BUSY_DAY, "now": on.now}
    with pytest.raises(ExtractErrors) as caught:
        extract(both, on.credentials, on.landing, **facts)  # type: ignore[arg-type]
    (error,) = caught.value.errors
    assert isinstance(error, ConfigError) and (error.account, error.stream) == (on.account.id, "orders")
    assert "Is a directory" in error.message and str(on.landing.root) in str(error.advice)
    assert "refunds" in {manifest.stream for manifest in on.landing.all()}
