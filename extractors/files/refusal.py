"""A file that is not loaded, and why."""

from __future__ import annotations

from typing import Any

from extractors.errors import ContractError


class FileRefused(ContractError):
    """The whole file stays out: unknown, unreadable or too damaged. Nothing of it was landed.

    seen: what was found in it, for who looks at the file itself; it may be personal, and so is in no log.
    """

    def __init__(self, message: str, *, seen: str = "", **where: Any) -> None:
        super().__init__(message, **where)
        self.seen = seen
