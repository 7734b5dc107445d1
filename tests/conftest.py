"""What every test may use: an account, a landing, a session without waiting."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from extractors.accounts import Account
from extractors.landing import Landing

ROOT = Path(__file__).resolve().parent.parent
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.fixture(scope="session")
def project_root() -> Path:
    return ROOT


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    return Landing(tmp_path / "landing")


@pytest.fixture
def make_account() -> Callable[..., Account]:
    def make(account_id: str = "taobao__lantern", **facts: object) -> Account:
        defaults: dict[str, object] = {
            "id": account_id,
            "platform": account_id.split("__")[0],
            "name": account_id,
            "store_id": "lantern",
            "time_zone": "Asia/Shanghai",
            "currency": "CNY",
        }
        return Account(**{**defaults, **facts})  # type: ignore[arg-type]

    return make
