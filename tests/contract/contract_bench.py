"""The bench that every stream of every registered platform is put on: its real client against its sandbox half."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import zstandard

from extractors.accounts import Account
from extractors.core.model import Platform, Read, Stream
from extractors.core.session import Session
from extractors.core.window import Window, days_window, period_bounds
from extractors.credentials import Credentials
from extractors.extract import extract
from extractors.landing import Landing, Manifest
from extractors.registry import platforms
from extractors.sandbox import Running, connections
from extractors.sandbox.credentials import mint
from extractors.sandbox.halves import platform_halves

SHANGHAI = ZoneInfo("Asia/Shanghai")
FIRST_DAY = date(2026, 8, 20)  # where the world's history begins
BUSY_DAY = date(2026, 11, 11)  # the busiest of the year
BUSY_NOW = datetime(2026, 11, 12, 14, 0, tzinfo=SHANGHAI)  # the day is over in New York too
CALM_DAY = date(2026, 10, 14)
CALM_NOW = datetime(2026, 10, 15, 14, 0, tzinfo=SHANGHAI)
FAST = 1_000_000  # calls a second: nothing waits for its turn
ENOUGH = 8  # records a small window should hold,
MANY_READS = 16  # unless that costs more reads than this

SPOKEN: dict[str, Platform] = {name: p for name, p in platforms().items() if p.protocol is not None}
HALVES: dict[str, ModuleType] = platform_halves()
TESTED = [name for name in SPOKEN if hasattr(HALVES.get(name), "truth")]
STREAMS = [
    pytest.param(name, stream.name, id=f"{name}-{stream.name}")
    for name in TESTED
    for stream in SPOKEN[name].streams
]


def one_a_platform(turn: int) -> list[Any]:
    """STREAMS, of which all but one of each platform are thorough: its streams share a client, and other turns take
    others of them."""
    marked = []
    for name in TESTED:
        ids = [stream.name for stream in SPOKEN[name].streams]
        for place, stream in enumerate(ids):
            rest = () if place == turn % len(ids) else (pytest.mark.thorough,)
            marked.append(pytest.param(name, stream, id=f"{name}-{stream}", marks=rest))
    return marked


ACCOUNTS = {name: [a for a in connections("") if a.split("__")[0] == name] for name in SPOKEN}
_serials = itertools.count(1_000)
_offered = cache(connections)  # those of all accounts, made for every test anew
_windows: dict[tuple[str, str, date, int], Window] = {}


@dataclass
class Wire:
    """What goes over the wire between a client and the sandbox, and who listens in or meddles.

    before: called with the number of the call (from 1) before it is sent; may raise to kill the run.
    change: bytes of an answer → bytes the client gets to see.
    """

    before: Callable[[int], None] | None = None
    change: Callable[[bytes], bytes] | None = None
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    count: Iterator[int] = field(default_factory=lambda: itertools.count(1))


class Killed(BaseException):
    """Stands for the process dying: nothing of ours may catch it."""


@dataclass
class Bench:
    """One stream of one account, a landing of its own, and the sandbox."""

    running: Running
    platform: Platform
    stream: Stream
    account: Account
    credentials: Credentials
    folder: Path
    wire: Wire = field(default_factory=Wire)
    waits: list[float] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    reads: list[Read] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.landing = Landing(self.folder / "landing")

    # ---- what is true -----------------------------------------------------------------------------
    @property
    def half(self) -> ModuleType:
        return HALVES[self.platform.name]

    def truth(self, window: Window, now: datetime | int | None = None) -> set[str]:
        """The keys a complete read of the window must contain, as the sandbox's world says."""
        if now is None:
            now = self.running.control.now()
        moment = now if isinstance(now, int) else int(now.timestamp())
        bounds = int(window.start.timestamp()), int(window.end.timestamp())
        found = self.half.truth(
            self.running.sandbox.world, self.account.id, self.stream.name, *bounds, moment
        )
        assert isinstance(found, set)
        return found

    @property
    def now(self) -> datetime:
        """The sandbox's moment, on the account's clock."""
        return datetime.fromtimestamp(self.running.control.now(), self.account.zone)

    # ---- running ----------------------------------------------------------------------------------
    def run(
        self,
        window: Window | None = None,
        *,
        day: date | None = None,
        now: datetime | Callable[[], datetime] | None = None,
        streams: tuple[str, ...] = (),
        sleep: Callable[[float], None] | None = None,
    ) -> list[Manifest]:
        """Extract this stream, or those named, with everything patched in that this bench was told."""
        wire, platform = self.wire, self._watched()
        send = Session.__dict__["_send"]

        def watched(session: Session, name: str, arguments: dict[str, Any]) -> Any:
            number = next(wire.count)
            if wire.before is not None:
                wire.before(number)
            status, headers, body = send(session, name, arguments)
            if wire.change is not None and status == 200:
                body = wire.change(body)
            wire.bodies.append(body)
            wire.headers.append(headers)
            return status, headers, body

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Session, "_send", watched)
            patch.setattr("extractors.extract.find_platform", lambda name: platform)
            return extract(
                self.account,
                self.credentials,
                self.landing,
                hash_key=b"contract",
                token_dir=self.folder / "tokens",
                window=window,
                day=day,
                streams=streams or (self.stream.name,),
                now=now or self.now,
                progress=self.lines.append,
                sleep=sleep or self.waits.append,
            )

    def _watched(self) -> Platform:
        """The platform with this bench's stream in it, every paged read noted."""
        stream = self.stream

        def reads(account: Account, window: Window) -> Iterator[Read]:
            for read in stream.reads(account, window):
                self.reads.append(read)
                yield read

        mine = replace(stream, reads=reads)
        streams = tuple(mine if other.name == mine.name else other for other in self.platform.streams)
        return replace(self.platform, streams=streams)

    def in_pages_of(self, size: int) -> None:
        """Ask for pages of at most `size` from now on, where the way of paging has a size at all."""
        original = self.stream.reads
        size = max(size, getattr(self.half, "SMALLEST_PAGE", 1))
        allowed = getattr(self.half, "PAGE_SIZES", {}).get(self.stream.name, (size,))
        size = max((known for known in allowed if known <= size), default=min(allowed))

        def reads(account: Account, window: Window) -> Iterator[Read]:
            for read in original(account, window):
                own = page_size(read)
                yield read if own is None else _smaller(read, min(size, own))

        self.stream = replace(self.stream, reads=reads)

    def in_pages(self, pages: int, rows: int) -> None:
        """From now on ask for pages so small that each of the reads so far, of `rows` in all, needs `pages`."""
        self.in_pages_of(max(1, rows // (pages * max(1, len(self.reads)))))

    def no_deeper_than(self, depth: int) -> None:
        """From now on a read of more records than `depth` is too deep, where its paging knows a depth at all."""
        original = self.stream.reads

        def shallow(read: Read) -> Read:
            if depth_of(read) is None:
                return read
            halves = read.halves
            less = None if halves is None else lambda: [shallow(half) for half in halves()]
            return replace(read, paging=replace(read.paging, depth=depth), halves=less)  # type: ignore[type-var]

        def reads(account: Account, window: Window) -> Iterator[Read]:
            yield from (shallow(read) for read in original(account, window))

        self.stream = replace(self.stream, reads=reads)

    def mark(self) -> datetime | None:
        return self.landing.mark(self.platform.name, self.account.id, self.stream.name)

    def set_mark(self, at: datetime) -> None:
        self.landing.move_mark(self.platform.name, self.account.id, self.stream.name, at)

    # ---- looking ----------------------------------------------------------------------------------
    def rows(self, manifests: list[Manifest] | None = None) -> list[bytes]:
        """The lines of these partitions (all that are landed), each held to its manifest's count."""
        found: list[bytes] = []
        for manifest in list(self.landing.all()) if manifests is None else manifests:
            mine = [line for path in manifest.paths for line in lines_of(Path(path))]
            assert len(mine) == manifest.rows
            found += mine
        return found

    def everything_written(self) -> str:
        """All text below the landing folder, compressed or not, and what was said on the way."""
        texts = ["\n".join(self.lines)]
        for path in sorted((self.folder / "landing").rglob("*")):
            if path.is_file():
                data = path.read_bytes() if path.suffix != ".zst" else _unpacked(path)
                texts.append(f"{path}\n{data.decode()}")
        return "\n".join(texts)

    def secrets(self) -> list[str]:
        """The values of the connection that nobody else may see."""
        extra = self.credentials.extra
        named = [str(v) for k, v in extra.items() if any(w in k for w in ("token", "secret", "key", "pass"))]
        login = self.credentials.login or ""
        found = [self.credentials.password or "", *named, login if len(login) > 12 else ""]
        return [value for value in found if value]


def _smaller(read: Read, size: int) -> Read:
    assert is_dataclass(read.paging)
    return replace(read, paging=replace(read.paging, page_size=size))  # type: ignore[type-var]


def page_size(read: Read) -> int | None:
    """The page size of a read, where its way of paging has one."""
    if is_dataclass(read.paging) and any(f.name == "page_size" for f in fields(read.paging)):
        return int(read.paging.page_size)  # type: ignore[attr-defined]
    return None


def depth_of(read: Read) -> int | None:
    """How many records the vendor lets one page through, where its way of paging knows."""
    return getattr(read.paging, "depth", None)


def _unpacked(path: Path) -> bytes:
    with path.open("rb") as file:
        return zstandard.ZstdDecompressor().stream_reader(file).read()


def lines_of(path: Path) -> list[bytes]:
    return _unpacked(path).splitlines()


def keys_of(rows: list[bytes]) -> Counter[str]:
    return Counter(json.loads(row)["key"] for row in rows)


def moment_of(row: bytes) -> datetime | None:
    """When a cursor line says its record changed."""
    text = json.loads(row).get("cursor_at")
    return datetime.fromisoformat(text) if text else None


def connection(base_url: str, account_id: str, variant: str = "valid") -> dict[str, Any]:
    """The sandbox's connection of an account, its tokens minted anew: a refresh must not spend another test's."""
    found: dict[str, Any] = json.loads(json.dumps(_offered(base_url, variant)[account_id]))
    if variant != "revoked":
        serial = next(_serials)
        for name, value in found["extra"].items():
            parts = str(value).split(".")
            if len(parts) == 7 and parts[0] == "sbx":
                found["extra"][name] = mint(parts[1], parts[2], parts[3], serial, int(parts[5]))
    return found


def has_tokens(platform: str) -> bool:
    """Whether the platform's credentials can expire."""
    return any(connections("", "expired")[a] != connections("", "valid")[a] for a in ACCOUNTS[platform])


def account_of(platform: Platform, account_id: str, given: dict[str, Any]) -> Account:
    zone = getattr(HALVES[platform.name], "zone", lambda account: platform.zone)(account_id)
    options = {name: given["extra"][name] for name in platform.options if name in given["extra"]}
    options["calls_per_second"] = FAST
    return Account(account_id, platform.name, account_id, "store", zone, "CNY", options=options)


def a_few_records(bench: Bench, day: date) -> Window:
    """A window that ends with `day` and holds a few records, or as many as there are."""
    # The world is the same for all tests, and asking it what is true is dearer than most reads of it.
    place = (bench.account.id, bench.stream.name, day, int(bench.running.control.now()))
    if place not in _windows:
        _windows[place] = _window_of_a_few(bench, day)
    return _windows[place]


def _window_of_a_few(bench: Bench, day: date) -> Window:
    zone, stream = bench.account.zone, bench.stream
    if stream.kind == "report":
        first = period_bounds(stream.period, day)[0]
        # Days that the vendor still answers for when a read has taken some of them.
        kept = (stream.retention or timedelta(days=90)).days - 2
        for back in range(min(12, kept)):
            window = days_window(first - timedelta(days=back), first, zone)
            if stream.period != "day" or len(bench.truth(window)) >= ENOUGH:
                break
        return window
    end = days_window(day, day, zone).end
    for hours in (0.25, 0.5, 1, 2, 4, 8, 16, 24, 48, 72, 120, 240, 480, 720, 1_200):
        window = Window(end - timedelta(hours=hours), end)
        found = len(bench.truth(window))
        if found >= ENOUGH or (found > 1 and reads_of(bench, window) > MANY_READS):
            break
    return _narrowed(bench, window) if reads_of(bench, window) > MANY_READS else window


def _narrowed(bench: Bench, window: Window) -> Window:
    """The first short part of the window that holds two records: where these are rare and reads small, the whole
    would cost hundreds of reads."""
    for hours in (0.25, 0.5, 1, 2, 4, 8):
        step, start = timedelta(hours=hours), window.start
        while start + step <= window.end:
            part = Window(start, start + step)
            if len(bench.truth(part)) > 1:
                return part
            start += step / 2
    return window


def reads_of(bench: Bench, window: Window) -> int:
    """How many paged reads the client needs for the window: some vendors allow half an hour and one status each."""
    pieces = list(window.cut(bench.stream.widest))
    return len(pieces) * len(list(bench.stream.reads(bench.account, pieces[0])))
