"""Errors between landing and the published file. Each says what to do."""

from __future__ import annotations

from typing import Any

from extractors.errors import DaybookError


class WarehouseError(DaybookError):
    """A failure in loading, building or publishing. It leaves nothing half-done behind."""


class LockedError(WarehouseError):
    """Another process has the database open or holds the writer's lock. pid: its id, if known."""

    def __init__(self, message: str, *, pid: int | None = None, **where: Any) -> None:
        super().__init__(message, **where)
        self.pid = pid


class StorageError(WarehouseError):
    """The disk is full, or the file cannot be read or written. Trying the next partition is useless."""


class LoadErrors(WarehouseError):
    """Some partitions did not load; the others did.

    `errors` has one WarehouseError per partition, `loaded` the partitions that went in.
    """

    def __init__(self, errors: list[WarehouseError], loaded: list[Any], **where: Any) -> None:
        super().__init__(f"{len(errors)} partition(s) did not load, {len(loaded)} did", **where)
        self.errors = errors
        self.loaded = loaded

    def __str__(self) -> str:
        return "\n".join([self.message, *(f"  {error}" for error in self.errors)])


class BuildError(WarehouseError):
    """`dbt build` did not pass. failures: the models and tests that failed. log: dbt's last lines."""

    def __init__(
        self, message: str, *, failures: list[Any] | None = None, log: str = "", **where: Any
    ) -> None:
        super().__init__(message, **where)
        self.failures = failures or []
        self.log = log


class PublishError(WarehouseError):
    """The new marts were not published; readers still have the release they had."""


class RefusedError(PublishError):
    """The audit finds the new marts suspicious. reasons: why. `--force` publishes them nevertheless."""

    def __init__(self, message: str, *, reasons: list[str] | None = None, **where: Any) -> None:
        super().__init__(message, **where)
        self.reasons = reasons or []
