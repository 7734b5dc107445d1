"""Listings whose vendor gives a token for the next page: opaque tokens, and pages spoiled as ordered."""

from __future__ import annotations

import base64
from typing import Any

from .control import Fault


def turn(rows: list[Any], first: int, size: int, fault: Fault | None) -> tuple[list[Any], int | None]:
    """The page of a listing that begins at place ``first``, and the place where the next one begins.

    A page fault never makes an answer that no client could recognise as wrong: an empty page still has the
    token of what it left out, and a repeated one that of the page after it.
    """
    if fault is not None and fault.kind == "empty_page" and first < len(rows):
        return [], first
    if fault is not None and fault.kind == "repeated_page":
        first = max(first - size, 0)
    end = first + size
    return rows[first:end], end if end < len(rows) else None


def seal(*parts: str) -> str:
    """An opaque token."""
    return base64.urlsafe_b64encode("|".join(parts).encode()).decode()


def unseal(text: Any) -> list[str] | None:
    """The parts of a token of ours; None for any other text."""
    try:
        return base64.urlsafe_b64decode(str(text).encode()).decode().split("|")
    except ValueError:
        return None
