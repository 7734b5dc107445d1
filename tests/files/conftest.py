"""Shops that drop files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from files_shop import TILL, Shop


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


@pytest.fixture
def new_shop(tmp_path: Path) -> Callable[..., Shop]:
    """Further shops, each in a folder of its own."""
    made = 0

    def make(mapping: str | None = TILL, options: dict[str, Any] | None = None) -> Shop:
        nonlocal made
        made += 1
        return Shop(tmp_path / f"shop{made}", mapping, options)

    return make
