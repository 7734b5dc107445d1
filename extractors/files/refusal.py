"""A file that is not loaded, and why."""

from __future__ import annotations

from extractors.errors import ContractError


class FileRefused(ContractError):
    """The whole file stays out: unknown, unreadable or too damaged. Nothing of it was landed."""
