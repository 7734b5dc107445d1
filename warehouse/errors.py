"""What goes wrong between landing and the published file, always with the next thing to do."""

from __future__ import annotations

from typing import Any

from extractors.errors import DaybookError


class WarehouseError(DaybookError):
    """A failure in loading, building or publishing. Nothing half-done is left behind it."""


class LockedError(WarehouseError):
    """Somebody else has the database or the writer's lock. `pid` is the holder where it is known."""

    def __init__(self, message: str, *, pid: int | None = None, **where: Any) -> None:
        super().__init__(message, **where)
        self.pid = pid


class StorageError(WarehouseError):
    """The disk is full, or the file cannot be read or written: no use in trying the next partition."""


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
    """`dbt build` did not pass. `failures`: the models and tests that failed, `log`: its last words."""

    def __init__(
        self, message: str, *, failures: list[Any] | None = None, log: str = "", **where: Any
    ) -> None:
        super().__init__(message, **where)
        self.failures = failures or []
        self.log = log


class PublishError(WarehouseError):
    """The new marts were not published; readers still have the release they had."""


class RefusedError(PublishError):
    """The audit found the new marts suspicious. `reasons` lists why; --force publishes them all the same."""

    def __init__(self, message: str, *, reasons: list[str] | None = None, **where: Any) -> None:
        super().__init__(message, **where)
        self.reasons = reasons or []
