from __future__ import annotations

from pathlib import Path

import pytest

from extractors.landing import Landing


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    return Landing(tmp_path / "landing")


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    return tmp_path / "build" / "warehouse.duckdb"
