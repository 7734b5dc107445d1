"""Published releases: folders that exist completely or not at all, and one link that readers follow.

    published/current -> releases/<id>
    published/releases/<id>/{daybook.duckdb, parquet/*.parquet, release.json, .published}

The link is to a directory, not to a file, for two reasons: a process that has opened a DuckDB file keeps
getting the old content when another file takes its path, and a left-over write-ahead log stays beside the
version that it belongs to.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from extractors import durable
from extractors.errors import MISFITS
from warehouse.errors import PublishError

DATABASE = "daybook.duckdb"  # the stem is the catalog's name, which views carry: it must not change
FACTS = "release.json"
_MARKER = ".published"  # this release has been the current one at least once
_DRAFT = ".tmp"
_STAMP = "%Y%m%dT%H%M%S"


@dataclass(frozen=True)
class Release:
    """One published snapshot.

    data_through, tables, closed_months, reported_days: see `audit.Facts`. bytes: size of the database file.
    restated: how many published numbers it changed. recipe: see `built.recipe`. forced: doubts of the audit
    that someone overrode with --force.
    """

    id: str
    path: Path
    created_at: datetime
    data_through: str | None
    bytes: int
    is_current: bool
    tables: dict[str, int] = field(default_factory=dict)
    closed_months: dict[str, Decimal] = field(default_factory=dict)
    reported_days: dict[str, int] = field(default_factory=dict)
    restated: int = 0
    recipe: str | None = None
    forced: list[str] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return sum(self.tables.values())

    @property
    def database(self) -> Path:
        return self.path / DATABASE


class Shelf:
    """The releases in the folder `published/`."""

    def __init__(self, published_dir: Path | str) -> None:
        self.root = Path(published_dir).absolute()
        self.folder = self.root / "releases"
        self.link = self.root / "current"

    def current_id(self) -> str | None:
        """The id of the release that readers get; None before the first.

        Raises PublishError when `current` is not a link.
        """
        try:
            return self.link.readlink().name
        except FileNotFoundError:
            return None
        except OSError as error:
            raise PublishError(
                f"{self.link} is not a link", advice="move it away; the next publish makes it again"
            ) from error

    def current(self) -> Release | None:
        """The current release. Raises PublishError when the link points nowhere."""
        name = self.current_id()
        if name is None:
            return None
        found = self.read(name)
        if found is None or not found.database.is_file():
            raise PublishError(
                f"{self.link} points to {name}, which is incomplete",
                advice="point it back with daybook rollback, or remove the link and publish again",
            )
        return found

    def read(self, name: str) -> Release | None:
        """One release by its id, or None when it is not there or its description cannot be read."""
        try:
            facts = json.loads((self.folder / name / FACTS).read_text(encoding="utf-8"))
            return self._described(name, facts)
        except (FileNotFoundError, NotADirectoryError, *MISFITS):
            return None

    def _described(self, name: str, facts: Any) -> Release:
        return Release(
            id=name,
            path=self.folder / name,
            created_at=datetime.fromisoformat(facts["created_at"]),
            data_through=facts["data_through"],
            bytes=facts["bytes"],
            is_current=name == self.current_id(),
            tables={table: one["rows"] for table, one in facts["tables"].items()},
            closed_months={
                month: Decimal(amount) for month, amount in facts.get("closed_months", {}).items()
            },
            reported_days=facts.get("reported_days", {}),
            restated=facts["restated"],
            recipe=facts.get("recipe"),
            forced=facts["forced"],
        )

    def releases(self) -> list[Release]:
        """The releases that were ever current and are still kept, newest first."""
        found = [self.read(name) for name in self._names() if self._was_published(name)]
        return [release for release in reversed(found) if release is not None]

    def new_id(self, now: datetime) -> str:
        """An id that sorts after all others: UTC time in milliseconds and some random letters."""
        now = now.astimezone(UTC)
        for name in self._names()[-1:]:
            with contextlib.suppress(ValueError):
                last = datetime.strptime(name.split("-")[0], f"{_STAMP}%fZ").replace(tzinfo=UTC)
                now = max(now, last + timedelta(milliseconds=1))  # in case the clock was set back
        return f"{now.strftime(_STAMP)}{now.microsecond // 1000:03d}Z-{secrets.token_hex(3)}"

    def sweep(self) -> None:
        """Remove what killed publishes left: drafts, half-deleted releases, and releases that never became
        current."""
        current = self.current_id()
        if current is not None and (self.folder / current).is_dir():
            self._mark(current)
        if not self.folder.is_dir():
            return
        for entry in self.folder.iterdir():
            if entry.is_dir() and (entry.name.endswith(_DRAFT) or not self._was_published(entry.name)):
                shutil.rmtree(entry, ignore_errors=True)
        for draft in self.root.glob(f".current-*{_DRAFT}"):
            draft.unlink(missing_ok=True)

    def draft(self, name: str) -> Path:
        """A new empty folder for a release; readers ignore it."""
        folder = self.folder / f"{name}{_DRAFT}"
        folder.mkdir(parents=True)
        return folder

    def place(self, draft: Path, facts: dict[str, Any]) -> str:
        """Write the facts, flush everything to disk and rename the draft to its id, which is returned.
        Readers do not see it until `point`."""
        durable.write(draft / FACTS, json.dumps(facts, indent=1, ensure_ascii=False))
        durable.fsync(draft)
        name = draft.name.removesuffix(_DRAFT)
        draft.rename(self.folder / name)
        durable.fsync(self.folder)
        return name

    def point(self, name: str) -> None:
        """Make release `name` the current one, by one rename: readers find the old or the new one."""
        draft = self.root / f".current-{secrets.token_hex(4)}{_DRAFT}"
        draft.symlink_to(Path("releases") / name, target_is_directory=True)
        draft.replace(self.link)
        durable.fsync(self.root)
        self._mark(name)

    def prune(self, keep: int) -> list[str]:
        """Keep the newest `keep` releases and the current one; returns the ids removed."""
        current = self.current_id()
        old = [release.id for release in self.releases()[keep:] if release.id != current]
        for name in old:
            grave = self.folder / f"{name}{_DRAFT}"
            (self.folder / name).rename(grave)  # so that a kill leaves no half-deleted release
            shutil.rmtree(grave, ignore_errors=True)
        return old

    def _names(self) -> list[str]:
        if not self.folder.is_dir():
            return []
        return sorted(e.name for e in self.folder.iterdir() if e.is_dir() and not e.name.endswith(_DRAFT))

    def _was_published(self, name: str) -> bool:
        return (self.folder / name / _MARKER).exists()

    def _mark(self, name: str) -> None:
        marker = self.folder / name / _MARKER
        if not marker.exists():
            marker.touch()
            durable.fsync(marker.parent)
