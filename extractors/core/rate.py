"""A token bucket that keeps calls below the vendor's rate limit, so that none is refused."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from extractors.core.model import Rate

RATE_SHARE = 0.97  # how much of the permitted rate is used
# The vendor counts calls when they arrive. Network delay varies, so calls may arrive closer together than
# they left: a full count of calls is spread over a slightly longer time than the vendor's.
STRETCH_MARGIN = 1.025
# The first calls also open connections, so they arrive late and close together. During the first second the
# gap between calls is widened by up to a quarter of a second.
WARMING_SECONDS = 1.0
WARMING_GAP = 0.25


class Bucket:
    """Spaces calls so that no period of `rate.seconds` ever contains more than `rate.calls`.

    Calls are spaced evenly, at 97 % of the permitted rate: that satisfies vendors who count in fixed windows
    and those who count in sliding ones. A call that leaves late (a busy machine) delays a later one only if
    that would otherwise be one too many in a period. Where the vendor allows bursts (`rate.burst`), that many
    calls go at once and the rest at the same spacing.
    """

    def __init__(
        self,
        rate: Rate,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._gap = rate.seconds / rate.calls / RATE_SHARE
        self._saved = (rate.burst - 1) * self._gap
        self._stretch = rate.seconds * STRETCH_MARGIN
        # When the last `rate.calls` calls left: first the time planned for each, then the actual one.
        self._left: deque[list[float]] | None = deque(maxlen=rate.calls) if rate.burst == 1 else None
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._next = 0.0
        self._warm_at: float | None = None

    def take(self) -> None:
        """Block until this caller may make its call."""
        with self._lock:
            now = self._clock()
            turn = max(self._next - self._saved, now)
            self._next = max(self._next, now) + self._gap
            mine = self._placed(turn) if self._left is not None else [turn]
        if mine[0] > now:
            self._sleep(mine[0] - now)
            mine[0] = max(mine[0], self._clock())

    def _placed(self, turn: float) -> list[float]:
        """Add a turn to the list of departures. It is moved back until the call `rate.calls` earlier lies a
        whole period behind."""
        assert self._left is not None
        if self._warm_at is None:
            self._warm_at = turn + WARMING_SECONDS
        if turn < self._warm_at:
            self._next += min(self._gap, WARMING_GAP)
        if len(self._left) == self._left.maxlen:
            turn = max(turn, self._left[0][0] + self._stretch)
        mine = [turn]
        self._left.append(mine)
        return mine

    def hold(self, seconds: float) -> None:
        """Give nobody a turn for `seconds`: the vendor told us to wait."""
        with self._lock:
            self._next = max(self._next, self._clock() + seconds + self._saved)
