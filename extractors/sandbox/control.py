"""What tests can do to the sandbox: set its clock, order faults, edit records while they are read, count
requests."""

from __future__ import annotations

import math
import time
from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

FAULT_KINDS = frozenset(
    {
        "http_500",
        "http_503",
        "http_429",
        "vendor_rate",
        "expired_token",
        "html",
        "bom",
        "half_body",
        "truncated",
        "reset",
        "slow",
        "empty_page",
        "repeated_page",
        "changed_total",
    }
)
"""``html`` is a page with status 200; ``bom`` puts a byte order mark and a PHP notice before the JSON;
``half_body`` is
a whole HTTP answer whose JSON stops half-way; ``truncated`` closes the connection half-way; ``reset``
before anything."""

PAGE_FAULTS = frozenset({"empty_page", "repeated_page", "changed_total"})


@dataclass(slots=True)
class Fault:
    """An ordered fault: the first ``skip`` matching requests are served normally, the next ``times`` get it.

    ``platform``, ``stream`` and ``account`` narrow it (None = any). ``seconds`` is the Retry-After or
    the vendor's hint
    for rate faults (None = no hint) and the length of a slow answer.
    """

    kind: str
    platform: str | None = None
    stream: str | None = None
    account: str | None = None
    times: int = 1
    skip: int = 0
    seconds: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in FAULT_KINDS:
            raise ValueError(f"fault kind {self.kind!r} is none of {', '.join(sorted(FAULT_KINDS))}")

    def matches(self, platform: str, stream: str, account: str) -> bool:
        """Whether it is meant for this request."""
        return all(
            wanted is None or wanted == given
            for wanted, given in ((self.platform, platform), (self.stream, stream), (self.account, account))
        )


@dataclass(slots=True)
class Touch:
    """An edit to be made between two page requests: after ``after_requests`` requests of this stream
    and account (None = any) the
    record at ``place`` of the listing being read (vendor's order) is modified at the sandbox's now.

    ``late_seconds``: the edit reaches the vendor's lists only so much later, with its own modified time."""

    platform: str
    account: str | None
    stream: str = "orders"
    after_requests: int = 1
    place: int = 0
    late_seconds: int = 0

    def __post_init__(self) -> None:
        if self.stream != "orders":
            raise ValueError(f"only orders can be edited while they are read, not {self.stream}")


@dataclass(slots=True)
class LateEdit:
    """An edit of an order made at ``at`` that enters the vendor's lists at ``enters`` (epoch seconds)."""

    platform: str
    account: str
    day: date
    index: int
    at: int
    enters: int
    is_in: bool = False


@dataclass(slots=True)
class Control:
    """The state behind ``/_control``. ``limits`` maps a platform to the requests a second it allows an
    account, ``platform/stream`` to those for one stream, ``platform/method`` to those that the vendor counts
    once more by themselves; a pair is requests and seconds."""

    faults: list[Fault] = field(default_factory=list)
    touches: list[Touch] = field(default_factory=list)
    late: list[LateEdit] = field(default_factory=list)
    limits: dict[str, float | tuple[float, float]] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)
    skew_seconds: float = 0.0
    latency_ms: float = 0.0
    withheld: set[str] = field(default_factory=set)
    """Scopes that no app has been given, as the vendor names them."""
    resets: int = 0
    _fixed: float | None = None
    _recent: dict[tuple[str, str, str], deque[float]] = field(default_factory=dict)

    # ---- clock -----------------------------------------------------------------------------------
    def now(self) -> int:
        """The world's now in epoch seconds: the machine's clock unless it was set."""
        return int(time.time() if self._fixed is None else self._fixed)

    def set_clock(self, at: datetime | None) -> None:
        """Stands the world's clock at an aware instant; None lets it follow the machine's again."""
        if at is not None and at.tzinfo is None:
            raise ValueError("the sandbox clock needs an instant with a UTC offset")
        self._fixed = None if at is None else at.timestamp()

    def advance(self, seconds: float) -> None:
        """Moves a set clock on (a running clock is stopped first)."""
        self._fixed = self.now() + seconds

    def clocks(self) -> tuple[float, ...]:
        """The clocks to which a request's time stamp may be close: the machine's, and the world's when
        it was set."""
        wire = time.time() + self.skew_seconds
        return (wire,) if self._fixed is None else (wire, self._fixed)

    # ---- faults ----------------------------------------------------------------------------------
    def take_fault(self, platform: str, stream: str, account: str) -> Fault | None:
        """The fault that strikes this request, if any."""
        for fault in self.faults:
            if not fault.matches(platform, stream, account):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.times -= 1
            if fault.times <= 0:
                self.faults.remove(fault)
            self.struck[fault.kind] += 1
            return fault
        return None

    def due_touches(self, platform: str, stream: str, account: str) -> list[Touch]:
        """Counts this request for the waiting edits; returns those that are due now."""
        due = []
        for touch in list(self.touches):
            wanted = touch.account in (None, account)
            if wanted and (touch.platform, touch.stream) == (platform, stream):
                if touch.after_requests <= 0:
                    self.touches.remove(touch)
                    due.append(touch)
                touch.after_requests -= 1
        return due

    # ---- limits and counters ---------------------------------------------------------------------
    def over_limit(self, counted: str, account: str, method: str = "") -> bool:
        """Whether this request is one too many within the stretch, of the method if one is named."""
        allowed, seconds = self._limit(counted)
        if allowed == math.inf:
            return False
        recent = self._recent.setdefault((counted, account, method), deque())
        clock = time.monotonic()
        while recent and recent[0] <= clock - seconds:
            recent.popleft()
        if len(recent) >= allowed:
            return True
        recent.append(clock)
        return False

    def share_left(self, counted: str, account: str) -> float:
        """The share of a limit's calls that is left in its period, 0 to 1 (1 also when there is no limit)."""
        allowed, _ = self._limit(counted)
        return 1 - len(self._recent.get((counted, account, ""), ())) / allowed

    def _limit(self, counted: str) -> tuple[float, float]:
        limit = self.limits.get(counted) or math.inf
        return (limit[0], limit[1]) if isinstance(limit, tuple | list) else (limit, 1.0)

    def counters(self) -> dict[str, Any]:
        """Requests and refusals so far, by platform/stream and by platform: reason."""
        return {"requests": dict(self.requests), "refusals": dict(self.refusals), "struck": dict(self.struck)}

    def waiting(self) -> dict[str, Any]:
        """What has been ordered and has not happened yet."""
        return {"faults": [asdict(f) for f in self.faults], "touches": [asdict(t) for t in self.touches]}

    def reset(self) -> None:
        """Forgets faults, edits, limits and counters, and lets the clock follow the machine's."""
        for store in (
            self.faults,
            self.touches,
            self.late,
            self.withheld,
            self.limits,
            self.requests,
            self.refusals,
            self.struck,
            self._recent,
        ):
            store.clear()
        self.skew_seconds, self.latency_ms, self._fixed = 0.0, 0.0, None
        self.resets += 1
