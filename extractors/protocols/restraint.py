"""What a vendor says is left of a quota, kept until the next call: stop before it says no. And until when."""

from __future__ import annotations

import threading
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from extractors.errors import RateLimitedError


def until_midnight(zone: str) -> float:
    """Seconds until the day of a zone is over, when a vendor there counts a day's calls anew."""
    now = datetime.now(ZoneInfo(zone))
    midnight = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
    return midnight.timestamp() - now.timestamp()


class Restraint:
    """One account's. Thread-safe."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._told: tuple[float, str] | None = None

    def tell(self, seconds: float | None, why: str = "") -> None:
        """The vendor's last answer: wait so many seconds (None: nothing to wait for)."""
        if seconds:
            with self._guard:
                self._told = (seconds, why)

    def heed(self, name: str) -> None:
        """Before a call. Raises RateLimitedError once for each time there was something to wait for."""
        with self._guard:
            told, self._told = self._told, None
        if told is not None:
            raise RateLimitedError(f"{name}: {told[1]}", retry_after=told[0])
