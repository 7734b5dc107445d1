"""Handles accounts.yml being edited while Airflow runs.

Airflow reads the file again within half a minute. If it is invalid, all DAGs vanish from the schedule, and
nobody is notified, because no task fails. A new platform has no pool yet, and its tasks would wait for ever.
"""

from __future__ import annotations

import time
from pathlib import Path

from daybook import notify, steps
from daybook.engine import service
from daybook.names import counted
from daybook.progress import Progress
from daybook.settings import Settings
from extractors.errors import ConfigError, DaybookError

SETTLE_SECONDS = 5.0  # an edit counts as finished when the file has not changed for this long


class Edited:
    """Notices each change of a file once, SETTLE_SECONDS after it was last written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = self._seen = self._stamp()
        self._since = time.monotonic()

    def has_settled(self) -> bool:
        now = self._stamp()
        if now != self._seen:
            self._seen, self._since = now, time.monotonic()
        if self._seen == self._known or time.monotonic() - self._since < SETTLE_SECONDS:
            return False
        self._known = self._seen
        return True

    def _stamp(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size


def take(settings: Settings, other: service.Running, progress: Progress, *, is_told: bool) -> bool:
    """Create the pools of new platforms in accounts.yml, or report what is wrong with the file. Never raises.

    A mistake is notified once until it is mended, because some editors save while one types. Returns whether
    it has been notified: pass that as `is_told` after the next edit.
    """
    try:
        accounts = steps.accounts(settings)
        service.ask(settings, other, [])
    except DaybookError as error:
        progress.line(str(error), "bad")
        is_slip = isinstance(error, ConfigError)
        if is_slip and not is_told:
            notify.send("Daybook: no night runs until accounts.yml is mended", notify.message(error))
        return is_slip
    count = counted(len(steps.platforms_of(accounts)), "platform")
    progress.line(f"accounts.yml was edited: {counted(len(accounts), 'account')} on {count}", "ok")
    return False
