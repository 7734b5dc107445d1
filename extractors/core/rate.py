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
        self._left: deque[float] | None = deque(maxlen=rate.calls) if rate.burst == 1 else None
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._next = 0.0
        self._warm_at: float | None = None

    def take(self) -> None:
        """Wait for this caller's turn."""
        while (wait := self._ask()) > 0:
            self._sleep(wait)

    def _ask(self) -> float:
        """Seconds until somebody's turn; 0 gives the turn to the caller."""
        with self._lock:
            now = self._clock()
            turn = self._next - self._saved
            if self._left is not None and len(self._left) == self._left.maxlen:
                turn = max(turn, self._left[0] + self._stretch)
            if turn > now:
                return turn - now
            if self._left is None:
                self._next = max(self._next, now) + self._gap
                return 0.0
            self._left.append(now)
            self._warm_at = self._warm_at or now + WARMING_SECONDS
            if now < self._warm_at:
                self._next = now + self._gap + min(self._gap, WARMING_GAP)
            else:
                self._next = max(self._next + self._gap, now)
            return 0.0

    def hold(self, seconds: float) -> None:
        """The vendor said wait: nobody gets a turn before `seconds` have passed."""
        with self._lock:
            self._next = max(self._next, self._clock() + seconds + self._saved)
