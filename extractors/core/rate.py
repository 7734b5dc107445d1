"""A token bucket: stays under the vendor's limit instead of learning it from refusals."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from extractors.core.model import Rate


class Bucket:
    """Spaces calls so that no stretch of `rate.seconds` ever holds more than `rate.calls`.

    Even spacing rather than bursts: a vendor that counts in fixed windows and one that counts in sliding
    ones both see a legal stream, at 98 % of the permitted rate. Where the vendor lets calls be saved up
    (`rate.burst`), so many go at once and the rest at the same spacing.
    """

    def __init__(
        self,
        rate: Rate,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._gap = rate.seconds / rate.calls / 0.98
        self._saved = (rate.burst - 1) * self._gap
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._next = 0.0

    def take(self) -> None:
        """Wait for this caller's turn."""
        with self._lock:
            now = self._clock()
            turn = max(self._next - self._saved, now)
            self._next = max(self._next, now) + self._gap
        if turn > now:
            self._sleep(turn - now)

    def hold(self, seconds: float) -> None:
        """The vendor said wait: nobody gets a turn before `seconds` have passed."""
        with self._lock:
            self._next = max(self._next, self._clock() + seconds + self._saved)
