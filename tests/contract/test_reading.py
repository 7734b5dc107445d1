"""Every stream of every platform, read by its client from its sandbox: each record once, whatever moves."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from contract_bench import (
    ACCOUNTS,
    BUSY_DAY,
    CALM_DAY,
    CALM_NOW,
    HALVES,
    SPOKEN,
    STREAMS,
    TESTED,
    Bench,
    Killed,
    a_few_records,
    account_of,
    connection,
    depth_of,
    keys_of,
    moment_of,
    one_a_platform,
    page_size,
)

from extractors.core.window import Window, days_window
from extractors.landing import Manifest
from extractors.sandbox.control import Fault, Touch
from extractors.sandbox.truth import shop_of

Make = Callable[..., Bench]
SEVERAL_DAYS = 3
HOUR = timedelta(hours=1)
QUARTER = timedelta(days=93)


def inside(rows: list[bytes], window: Window) -> list[bytes]:
    """The lines whose record changed in the window: vendors may send the records of its very edges too."""
    return [row for row in rows if (at := moment_of(row)) is None or window.start <= at < window.end]


def partitions(bench: Bench, manifests: Iterable[Manifest]) -> dict[Window, set[bytes]]:
    """What landed of each stretch."""
    return {manifest.window: set(bench.rows([manifest])) for manifest in manifests}


def in_small_pages(bench: Bench, window: Window) -> list[bytes]:
    """Reads the window once at the vendor's page size, then sets a size that makes a few pages of it."""
    manifests = bench.run(window)
    bench.in_pages(5, sum(manifest.rows for manifest in manifests))
    return bench.rows(manifests)


# How much time one read may span, where the other tests ask for less.
WIDE = [
    pytest.param(name, stream.name, marks=[pytest.mark.thorough] if stream.widest > QUARTER else ())
    for name in TESTED
    for stream in SPOKEN[name].streams
    if stream.widest is not None and stream.widest.days > SEVERAL_DAYS and stream.stride is None
]


# ---- complete --------------------------------------------------------------------------------------
@pytest.mark.parametrize(("platform", "stream"), STREAMS)
def test_every_record_of_several_days_is_read_exactly_once(platform: str, stream: str, bench: Make) -> None:
    for account_id in ACCOUNTS[platform]:
        on = bench(platform, stream, account_id)
        window = days_window(BUSY_DAY - timedelta(days=SEVERAL_DAYS - 1), BUSY_DAY, on.account.zone)
        on.running.control.requests.clear()
        manifests = on.run(window)
        calls = sum(on.running.control.requests.values())
        expected = on.truth(window)
        assert expected, "an empty world would prove nothing"
        if on.stream.kind == "report":
            assert keys_of(on.rows(manifests)) == dict.fromkeys(expected, 1)
            dates = [day for manifest in manifests for day in manifest.dates]
            assert len(dates) == len(set(dates)), "a date that two partitions replace"
        else:
            found = [key for m in manifests for key in keys_of(inside(on.rows([m]), m.window)).elements()]
            assert sorted(found) == sorted(expected)
        sizes = [size for read in on.reads if (size := page_size(read)) is not None]
        if sizes and len(expected) > len(on.reads) * max(sizes):
            assert calls > len(on.reads), "several pages had to be read and were not"
        assert not on.running.control.refusals, "the vendor's document forbids what the client asked"


@pytest.mark.parametrize(("platform", "stream"), WIDE)
def test_the_widest_window_that_is_asked_for_at_once_is_one_the_vendor_takes(
    platform: str, stream: str, bench: Make
) -> None:
    """A first load and a back-fill ask for no less."""
    on = bench(platform, stream)
    widest, kept = on.stream.widest, on.stream.retention
    assert widest is not None
    days = (widest if kept is None else min(widest, kept)).days
    window = days_window(BUSY_DAY - timedelta(days=days - 1), BUSY_DAY, on.account.zone)
    at_once = list(on.stream.reads(on.account, window))
    on.stream = replace(on.stream, slice=None)
    manifests = on.run(window)
    assert len(on.reads) == len(at_once), "it was not asked for at once"
    expected = on.truth(window)
    assert expected and expected <= set(keys_of(on.rows(manifests)))


@pytest.mark.parametrize(("platform", "stream"), one_a_platform(0))
def test_small_pages_make_the_same_records(platform: str, stream: str, bench: Make) -> None:
    on = bench(platform, stream)
    window = a_few_records(on, BUSY_DAY)
    whole = in_small_pages(on, window)
    on.running.control.requests.clear()
    on.reads.clear()
    pieces = on.rows(on.run(window))
    assert sorted(pieces) == sorted(whole) and whole
    if any(page_size(read) is not None for read in on.reads) and len(whole) > len(on.reads):
        assert sum(on.running.control.requests.values()) > len(on.reads), "one page each proves nothing"
    assert not on.running.control.refusals


def is_limited(platform: str, stream: str) -> bool:
    """Whether the vendor lets one page through so many records of a read only."""
    facts, account_id = SPOKEN[platform], ACCOUNTS[platform][0]
    account = account_of(facts, account_id, connection("http://127.0.0.1", account_id))
    reads = facts.stream(stream).reads(account, days_window(BUSY_DAY, BUSY_DAY, account.zone))
    return any(depth_of(read) is not None for read in reads)


LIMITED = [case for case in STREAMS if is_limited(*map(str, case.values))]


@pytest.mark.parametrize(("platform", "stream"), LIMITED)
def test_a_read_deeper_than_the_vendor_pages_is_split_and_each_record_is_read(
    platform: str, stream: str, bench: Make
) -> None:
    on = bench(platform, stream)
    window = a_few_records(on, BUSY_DAY)
    whole = keys_of(on.rows(on.run(window)))
    on.no_deeper_than(max(2, len(whole) // 3))
    on.running.control.requests.clear()
    on.reads.clear()
    found = keys_of(on.rows(on.run(window)))
    assert set(found) == set(whole) and whole
    assert not on.running.control.refusals


def test_some_stream_of_every_platform_needs_several_pages(bench: Make) -> None:
    for platform in TESTED:
        if getattr(HALVES[platform], "WHOLE", False):
            continue  # this vendor streams: it has no pages
        most = 0.0
        for stream in SPOKEN[platform].streams:
            on = bench(platform, stream.name)
            window = a_few_records(on, BUSY_DAY)
            in_small_pages(on, window)
            on.running.control.requests.clear()
            on.reads.clear()
            on.run(window)
            most = max(most, sum(on.running.control.requests.values()) / len(on.reads))
            if most > 1:
                break
        assert most > 1, f"{platform} was never paged"


# ---- moving ----------------------------------------------------------------------------------------
# Orders of every platform are touched while they are read; of its other streams one.
MOVING = [
    pytest.param(*case.values, id=case.id, marks=() if case.values[1] == "orders" else case.marks)
    for case in one_a_platform(4)
]


@pytest.mark.parametrize(("platform", "stream"), MOVING)
def test_records_that_change_while_they_are_paged_are_not_skipped_and_land_anew(
    platform: str, stream: str, bench: Make
) -> None:
    on = bench(platform, stream)
    control = on.running.control
    window = a_few_records(on, BUSY_DAY)
    if on.stream.kind == "cursor":
        control.set_clock(window.end + HOUR)
    in_small_pages(on, window)
    before, started = on.truth(window), control.now()
    # Orders move within minutes; a report's figures mature by the hour.
    pace = 6 * 3_600 if on.stream.kind == "report" else min(600, 9_000 // len(on.reads))
    on.wire.before = lambda number: control.advance(pace)
    touches = on.running.sandbox.desks[platform].touch is not None and stream == "orders"
    if touches:
        control.touches += [Touch(platform, None, stream, after, place=2) for after in (1, 2, 3)]
    if on.stream.kind == "report":
        control.faults.append(Fault("repeated_page", platform, skip=1))  # one read has to be repeated
    on.set_mark(window.start)
    try:
        first = on.run(window, now=datetime.fromtimestamp(started, on.account.zone))
        stayed = before & on.truth(window)
        assert set(keys_of(on.rows(first))) >= stayed, "skipped while others moved"
        if touches:
            assert not control.touches and before - stayed, "nothing changed while it was read"
        on.wire.before = None
        control.faults.clear()
        control.advance(3_600)
        if on.stream.kind == "report":
            assert max(keys_of(on.rows(first)).values()) == 1, "two readings of one row in one partition"
            last = on.run(window)
            assert set(keys_of(on.rows(last))) == on.truth(window)
        else:
            now = on.now
            last = on.run(Window(window.end - on.stream.overlap, now - on.stream.settle))
            assert_newest(on, before, on.rows([*first, *last]), now)
    finally:
        for book in on.running.sandbox.world.books.values():
            book.forget_touches()


def assert_newest(on: Bench, keys: set[str], rows: list[bytes], now: datetime) -> None:
    """The latest landed version of each of these records is the one the vendor shows now."""
    newest: dict[str, datetime] = {}
    undated: set[str] = set()
    for row in rows:
        key, at = next(iter(keys_of([row]))), moment_of(row)
        if at is not None:
            newest[key] = max(at, newest.get(key, at))
        else:
            undated.add(key)  # a vendor that shows no time of the change: of two reads the later one stands
    assert undated | set(newest) >= keys
    second = timedelta(seconds=1)
    for key in keys - undated - on.truth(Window(now - on.stream.settle, now + second)):
        assert key in on.truth(Window(newest[key], newest[key] + second)), f"an old version of {key}"


WHOLE_LISTS = [
    (name, stream.name)
    for name in TESTED
    for stream in SPOKEN[name].streams
    if stream.kind == "cursor" and stream.cursor is None
]


@pytest.mark.parametrize("place", [0, -1])
@pytest.mark.parametrize("comes", [True, False], ids=["comes", "goes"])
@pytest.mark.parametrize(("platform", "stream"), WHOLE_LISTS)
def test_a_list_of_all_there_is_names_whoever_stays_on_it_while_another_comes_or_goes(
    platform: str, stream: str, comes: bool, place: int, bench: Make
) -> None:
    """Who is missing in it has left it: the pages move under the read."""
    on = bench(platform, stream)
    world, window, store = on.running.sandbox.world, a_few_records(on, BUSY_DAY), shop_of(on.account.id).store
    other = {(store, world.products(store, int(on.now.timestamp()))[place].item.number)}
    without: tuple[set[tuple[str, int]], set[tuple[str, int]]] = (other, set()) if comes else (set(), other)
    on.in_pages_of(2)

    def moved(number: int) -> None:
        world.deleted = without[number > 2]

    on.wire.before = moved
    try:
        named = set(keys_of(on.rows(on.run(window))))
        assert named >= on.truth(window) and len(on.wire.bodies) >= 3
    finally:
        world.deleted = set()


@pytest.mark.parametrize(("platform", "stream"), one_a_platform(1))
def test_a_rerun_of_a_day_lands_the_same_records(platform: str, stream: str, bench: Make) -> None:
    on = bench(platform, stream, now=CALM_NOW)
    day = days_window(CALM_DAY, CALM_DAY, on.account.zone)
    on.running.control.set_clock(day.end + HOUR)
    on.set_mark(day.start)
    first, again = (on.rows(on.run(day=CALM_DAY)) for _ in range(2))
    if on.stream.kind == "cursor":
        everything = Window(day.start, day.end + HOUR)
        first, again = inside(first, everything), inside(again, everything)
    assert sorted(set(first)) == sorted(set(again))
    assert on.mark() is not None and on.mark() >= day.end  # type: ignore[operator]


@pytest.mark.parametrize(("platform", "stream"), one_a_platform(2))
def test_a_run_after_a_missed_night_closes_the_gap(platform: str, stream: str, bench: Make) -> None:
    on = bench(platform, stream, now=CALM_NOW)
    control, zone = on.running.control, on.account.zone
    first, last = CALM_DAY - timedelta(days=2), CALM_DAY
    start = days_window(first, first, zone).start
    on.set_mark(start)
    missed_from = days_window(first, first, zone).end
    control.set_clock(missed_from + HOUR)
    on.run(day=first)
    end = days_window(last, last, zone).end
    control.set_clock(end + HOUR)
    landed = on.run(day=last)
    if on.stream.kind == "report":
        assert on.truth(Window(missed_from, end)) <= set(keys_of(on.rows(landed)))
        assert on.truth(Window(start, end)) <= set(keys_of(on.rows()))
    else:
        assert on.truth(Window(start, end + HOUR - on.stream.settle)) <= set(keys_of(on.rows()))
    mark = on.mark()
    assert mark is not None and mark >= end


@pytest.mark.parametrize(("platform", "stream"), one_a_platform(3))
def test_a_window_in_which_nothing_happened_moves_the_mark(platform: str, stream: str, bench: Make) -> None:
    on = bench(platform, stream, now=CALM_NOW)
    day = CALM_DAY - timedelta(days=77)  # before the world's history, and no day of monthly fees
    window = days_window(day, day, on.account.zone)
    on.running.control.set_clock(window.end + HOUR)  # some vendors answer for a week only
    on.set_mark(window.start)
    manifests = on.run(window)
    assert set(keys_of(on.rows(manifests))) == on.truth(window)
    assert on.mark() == window.end and len(manifests) == 1
    if on.stream.kind == "cursor" and not on.stream.from_beginning:
        assert manifests[0].rows == 0, "this window was to be empty"


def test_an_account_whose_start_is_to_come_is_not_begun_before_it(bench: Make) -> None:
    on = bench("woocommerce", "orders")
    today = on.now.date()
    given, yesterday = on.account, today - timedelta(days=1)
    for start in (today.replace(year=today.year + 1), today):
        on.account = replace(given, start=start)
        assert on.run(day=yesterday) == [] and on.mark() is None
    assert f"begins on {today}, nothing to read yet" in on.lines[-1]
    on.account = replace(given, start=yesterday)  # the year is mended
    on.run(day=yesterday)
    assert on.mark() is not None and min(manifest.window.start for manifest in on.landing.all()) == (
        days_window(yesterday, yesterday, given.zone).start
    )


def test_a_long_read_tells_how_far_it_is(bench: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("extractors.extract.PROGRESS_SECONDS", 0.0)
    on = bench("taobao", "refunds", now=CALM_NOW)
    window = days_window(CALM_DAY - timedelta(days=2), CALM_DAY, on.account.zone)
    on.run(window)
    *told, last = on.lines
    ends = [CALM_DAY - timedelta(days=2), CALM_DAY - timedelta(days=1)]
    assert told == [
        f"{on.account.id} · refunds: at {day} 16:00Z, {number} of 3 stretches"
        for number, day in enumerate(ends, 1)
    ]
    assert "3 stretches" not in last and " records, " in last


@pytest.mark.parametrize(("platform", "stream"), one_a_platform(2))
def test_a_window_that_is_not_over_is_read_and_marked_as_far_as_it_is(
    platform: str, stream: str, bench: Make
) -> None:
    on = bench(platform, stream)
    now = on.now
    start = days_window(now.date(), now.date(), on.account.zone).start - timedelta(days=1)
    on.set_mark(start)
    on.run(Window(start, start + timedelta(days=30)))
    mark = on.mark()
    behind = on.stream.settle if on.stream.kind == "cursor" else timedelta(0)
    assert mark is not None and start < mark <= now - behind, (
        "it hides what happens, or is listed, until then"
    )
    assert not on.running.control.refusals


BY_CHANGE = [
    pytest.param(name, stream.name, id=f"{name}-{stream.name}")
    for name in TESTED
    for stream in SPOKEN[name].streams
    if stream.kind == "cursor" and stream.slice == "day"
]


@pytest.mark.parametrize(("platform", "stream"), BY_CHANGE)
def test_a_run_that_ends_tenths_of_a_second_behind_a_day_asks_for_no_window_of_nothing(
    platform: str, stream: str, bench: Make
) -> None:
    on = bench(platform, stream, now=CALM_NOW)
    end = days_window(CALM_DAY, CALM_DAY, on.account.zone).end
    on.running.control.set_clock(end + on.stream.settle + timedelta(seconds=1))
    on.set_mark(end - HOUR)
    on.run(day=CALM_DAY, now=end + on.stream.settle + timedelta(milliseconds=400))
    assert on.mark() == end and not on.running.control.refusals


FORGETFUL = [
    pytest.param(name, stream.name, id=f"{name}-{stream.name}")
    for name in TESTED
    for stream in SPOKEN[name].streams
    if stream.retention is not None and stream.lift is None
]


def retention_of(bench: Bench) -> timedelta:
    kept = bench.stream.retention
    assert kept is not None
    return kept


@pytest.mark.parametrize(("platform", "stream"), FORGETFUL)
def test_what_the_vendor_no_longer_has_is_told_and_not_asked_for(
    platform: str, stream: str, bench: Make
) -> None:
    on = bench(platform, stream)
    kept = retention_of(on)
    oldest = on.now - kept
    on.running.control.requests.clear()
    assert on.run(Window(oldest - timedelta(days=9), oldest - timedelta(days=2))) == []
    assert not on.running.control.requests and on.mark() is None
    assert any(f"last {kept.days} days" in line and f"{oldest:%Y-%m}" in line for line in on.lines)


@pytest.mark.parametrize(("platform", "stream"), FORGETFUL)
def test_a_first_load_from_beyond_the_vendors_memory_is_not_refused_at_its_edge(
    platform: str, stream: str, bench: Make
) -> None:
    on = bench(platform, stream)
    kept, now = retention_of(on), on.now
    on.running.control.advance(1_800)  # calls arrive later than the run began
    on.set_mark(now - kept - timedelta(days=9))
    on.run(Window(now - kept - timedelta(days=9), now - kept + timedelta(days=2)), now=now)
    assert on.running.control.requests and on.mark() is not None
    assert not on.running.control.refusals


# ---- what is restated for longer than is worth a night ----------------------------------------------
RESTATED_FOR_LONG = [
    pytest.param(name, stream.name, id=f"{name}-{stream.name}")
    for name in TESTED
    for stream in SPOKEN[name].streams
    if stream.weekly_lookback_days
]
MONDAY = CALM_DAY - timedelta(days=CALM_DAY.weekday())


@pytest.mark.parametrize(("platform", "stream"), RESTATED_FOR_LONG)
def test_once_a_week_a_report_is_read_far_back_and_never_twice_nor_not_at_all(
    platform: str, stream: str, bench: Make
) -> None:
    on = bench(platform, stream, now=CALM_NOW)
    zone, far, near = on.account.zone, on.stream.weekly_lookback_days, on.stream.lookback_days
    assert far > near > 0

    def night(day: date) -> list[date]:
        now = days_window(day, day, zone).end + HOUR
        on.running.control.set_clock(now)
        return [day for one in on.run(day=day, now=now) for day in one.window.dates(zone)]

    def die(number: int) -> None:
        raise Killed

    first = MONDAY - timedelta(days=1)
    assert night(first)[0] == first - timedelta(days=far)
    on.wire.before = die
    with pytest.raises(Killed):
        night(MONDAY)
    on.wire.before = None
    by_hand = days_window(MONDAY, MONDAY, zone)
    on.running.control.set_clock(by_hand.end + HOUR)
    on.run(by_hand)
    tuesday, wednesday, sunday, later = (MONDAY + timedelta(days=n) for n in (1, 2, 6, 7))
    assert night(tuesday)[0] == tuesday - timedelta(days=far), "Monday's night was killed"
    assert night(tuesday)[0] == tuesday - timedelta(days=near)
    assert night(wednesday)[0] == wednesday - timedelta(days=near)
    assert night(sunday)[0] == sunday - timedelta(days=near)
    days = night(later)
    assert days == [later - timedelta(days=n) for n in range(far, -1, -1)]
    assert not on.running.control.refusals


# ---- killed ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(("platform", "stream"), one_a_platform(4))
def test_a_run_killed_between_pages_leaves_nothing_half_landed(
    platform: str, stream: str, bench: Make
) -> None:
    on = bench(platform, stream)
    window = a_few_records(on, BUSY_DAY)
    assert in_small_pages(on, window)
    on.running.control.requests.clear()
    whole = partitions(on, on.run(window))
    calls = sum(on.running.control.requests.values())
    for last_call in sorted({calls // 2 + 1, calls}):
        killed = bench(platform, stream)
        killed.stream = on.stream
        killed.set_mark(window.start)

        def die(number: int, last_call: int = last_call) -> None:
            if number >= last_call:
                raise Killed

        killed.wire.before = die
        with pytest.raises(Killed):
            killed.run(window)
        # Stretches are read side by side: the one it died in may be any of them, an empty one, too.
        landed = partitions(killed, killed.landing.all())
        missing = whole.keys() - landed.keys()
        assert missing and landed.items() <= whole.items(), "a stretch lands as it is whole, or not at all"
        mark = killed.mark()
        assert mark is not None and mark <= min(stretch.start for stretch in missing)
        killed.wire.before = None
        killed.run(window)
        assert partitions(killed, killed.landing.all()) == whole and killed.mark() == window.end


@pytest.mark.parametrize("stream", ["orders", "refunds", "settlements"])
def test_a_first_load_of_amazons_that_is_cut_off_goes_on_from_where_it_was(stream: str, bench: Make) -> None:
    """A month of orders, a hundred every three minutes, takes longer than a task may."""
    on = bench("amazon", stream)

    def die(number: int) -> None:
        if on.mark() is not None:
            raise Killed

    on.wire.before = die
    with pytest.raises(Killed):
        on.run(day=BUSY_DAY)
    mark, began = on.mark(), min(manifest.window.start for manifest in on.landing.all())
    on.wire.before = None
    again = min(manifest.window.start for manifest in on.run(day=BUSY_DAY))
    assert mark is not None and again == mark - on.stream.overlap > began
    assert set(keys_of(on.rows())) == on.truth(Window(began, on.now - on.stream.settle))
    assert not on.running.control.refusals


def test_the_read_behind_a_long_one_does_not_look_at_a_month_of_kaolas_refunds_again(bench: Make) -> None:
    on = bench("kaola", "refunds")
    began = on.now - HOUR
    on.set_mark(began - timedelta(days=1))
    clock = iter([began])
    read = [manifest.window for manifest in on.run(now=lambda: next(clock, on.now))]
    ended = began - on.stream.settle
    behind = [window for window in read if window.end > ended]
    assert min(window.start for window in read) <= ended - on.stream.overlap
    assert min(window.start for window in behind) == ended - timedelta(minutes=10)


@pytest.mark.parametrize("stream", ["orders", "refunds", "settlements"])
def test_a_night_of_amazons_is_one_call(stream: str, bench: Make) -> None:
    on = bench("amazon", stream)
    on.set_mark(on.now - timedelta(days=1))
    assert len(on.run(day=BUSY_DAY)) == len(on.reads) == 1


def test_a_process_killed_outright_leaves_nothing_half_landed(bench: Make) -> None:
    for case in STREAMS:
        platform, stream = (str(value) for value in case.values)
        on = bench(platform, stream)
        window = days_window(BUSY_DAY, BUSY_DAY, on.account.zone)
        control = on.running.control
        control.requests.clear()
        whole = on.rows(on.run(window))
        if sum(control.requests.values()) >= 6 and len(on.reads) <= 6:
            break
    fresh = bench(platform, stream)
    fresh.set_mark(window.start)
    control.requests.clear()
    control.latency_ms = 40
    facts = {
        "account": {**asdict(fresh.account), "start": None},
        "connection": asdict(fresh.credentials),
        "stream": stream,
        "folder": str(fresh.folder),
        "window": [window.start.isoformat(), window.end.isoformat()],
    }
    program = Path(__file__).with_name("killed_run.py")
    process = subprocess.Popen([sys.executable, str(program)], stdin=subprocess.PIPE)
    try:
        assert process.stdin is not None
        process.stdin.write(json.dumps(facts).encode())
        process.stdin.close()
        deadline = time.monotonic() + 60
        while sum(control.requests.values()) < 3 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        assert process.poll() is None, "it was over before it could be killed"
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert process.returncode == -signal.SIGKILL
    control.latency_ms = 0
    assert list(fresh.landing.store.scratch.iterdir()), "nothing was under way when it died"
    assert fresh.rows() == [] and fresh.landing.pending() == [] and fresh.mark() == window.start
    fresh.run(window)
    assert sorted(fresh.rows()) == sorted(whole) and fresh.mark() == window.end
    assert not list(fresh.landing.store.scratch.iterdir()), "the rubbish of the dead is swept"
