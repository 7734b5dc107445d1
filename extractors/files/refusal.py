"""The error for a file that is not loaded."""

from __future__ import annotations

from typing import Any

from extractors.errors import ContractError


class FileRefused(ContractError):
    """The whole file is rejected: unknown, unreadable or too damaged. Nothing of it has landed.

    seen: some of its content, for the .reason.txt beside the file only. It may be personal and is not logged.
    """

    def __init__(self, message: str, *, seen: str = "", **where: Any) -> None:
        super().__init__(message, **where)
        self.seen = seen
