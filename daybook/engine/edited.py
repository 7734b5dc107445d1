"""accounts.yml, edited while Airflow runs.

Airflow reads it again within half a minute. A file it cannot read takes every DAG out of its schedule,
without a failed task and so without a word; a platform that is new has no pool, and its tasks wait for one.
"""

from __future__ import annotations

import time
from pathlib import Path

from daybook import notify, steps
from daybook.engine import service
from daybook.progress import Progress
from daybook.settings import Settings
from extractors.errors import ConfigError, DaybookError

QUIET = 5.0  # seconds without a change after which somebody is done with saving


class Edited:
    """Tells once of each change of a file, when it has come to rest."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = self._seen = self._stamp()
        self._since = time.monotonic()

    def has_come_to_rest(self) -> bool:
        now = self._stamp()
        if now != self._seen:
            self._seen, self._since = now, time.monotonic()
        if self._seen == self._known or time.monotonic() - self._since < QUIET:
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
    """Make what is new in accounts.yml ready, or tell what is wrong with it. Never raises.

    Whoever failures go to is told once until it is mended: some editors save while one types. Returns whether
    that is told (`is_told` of the next edit).
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
    count = len(steps.platforms_of(accounts))
    progress.line(f"accounts.yml was edited: {len(accounts)} accounts on {count} platforms", "ok")
    return False
