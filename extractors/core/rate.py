"""A token bucket: stays under the vendor's limit instead of learning it from refusals."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from extractors.core.model import Rate

PACE = 0.97  # of the permitted rate
SPREAD = 1.025  # of the vendor's stretch: calls that left so far apart may come closer on their way
# The first calls open connections: they arrive late, and all at once. So long there is more room between.
WARMING_SECONDS = 1.0
WARMING_GAP = 0.25  # seconds at most


class Bucket:
    """Spaces calls so that no stretch of `rate.seconds` ever holds more than `rate.calls`.

    Even spacing rather than bursts: a vendor that counts in fixed windows and one that counts in sliding
    ones both see a legal stream, at 97 % of the permitted rate. A call that leaves late (a busy machine) does
    not delay those behind it, but for the one that would be one too many in a stretch. Where the vendor lets
    calls be saved up (`rate.burst`), so many go at once and the rest at the same spacing.
    """

    def __init__(
        self,
        rate: Rate,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._gap = rate.seconds / rate.calls / PACE
        self._saved = (rate.burst - 1) * self._gap
        self._stretch = rate.seconds * SPREAD
        # When the last calls left: their turns, until they are known to have left later.
        self._left: deque[list[float]] | None = deque(maxlen=rate.calls) if rate.burst == 1 else None
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._next = 0.0
        self._warm_at: float | None = None

    def take(self) -> None:
        """Wait for this caller's turn."""
        with self._lock:
            now = self._clock()
            turn = max(self._next - self._saved, now)
            self._next = max(self._next, now) + self._gap
            mine = self._listed(turn) if self._left is not None else [turn]
        if mine[0] > now:
            self._sleep(mine[0] - now)
            mine[0] = max(mine[0], self._clock())

    def _listed(self, turn: float) -> list[float]:
        """A turn on the list of those that left: not before the one a whole limit earlier is out of it."""
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
        """The vendor said wait: nobody gets a turn before `seconds` have passed."""
        with self._lock:
            self._next = max(self._next, self._clock() + seconds + self._saved)
