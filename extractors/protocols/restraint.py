"""Remembers that a vendor's quota is nearly used up, so that the next call waits instead of being refused."""

from __future__ import annotations

import threading
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from extractors.errors import RateLimitedError


def until_midnight(zone: str) -> float:
    """Seconds until midnight in a time zone, when a vendor's daily quota starts again."""
    now = datetime.now(ZoneInfo(zone))
    midnight = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
    return midnight.timestamp() - now.timestamp()


class Restraint:
    """The state of one account. Thread-safe."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._told: tuple[float, str] | None = None

    def tell(self, seconds: float | None, why: str = "") -> None:
        """Store what an answer says: how many seconds to wait, and why (None or 0: no need to wait)."""
        if seconds:
            with self._guard:
                self._told = (seconds, why)

    def heed(self, name: str) -> None:
        """To be called before each call. Raises RateLimitedError if a wait is stored, and removes it."""
        with self._guard:
            told, self._told = self._told, None
        if told is not None:
            raise RateLimitedError(f"{name}: {told[1]}", retry_after=told[0])
