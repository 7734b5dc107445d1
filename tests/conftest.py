"""What every test may use: an account, a landing, a session without waiting."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import dbt_runs
import pytest
import warm

from extractors.accounts import Account
from extractors.landing import Landing

ROOT = Path(__file__).resolve().parent.parent
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


# Folders whose tests share something dear (a build of the marts, Airflow) and so go to one worker; those and the
# files that take longest begin first, so that no worker is left with one of them at the end.
TOGETHER = ("marts", "dags")
LONGEST_FIRST = (
    "marts",
    "staging/test_staging_runs.py",
    "e2e/test_published.py",
    "warehouse/test_build.py",
    "e2e/test_night.py",
    "contract/test_reading.py",
    "contract/test_faults.py",
    "contract/test_credentials.py",
    "warehouse/test_publish.py",
    "platforms/test_advertising.py",
    "cli/test_verbs.py",
    "platforms/test_content_markets.py",
)
# Where a fixture may read, load and build many platforms: on a busy machine more than a test is given.
BUILT = ("tests/marts/", "tests/staging/", "tests/platforms/", "tests/e2e/")


@cache
def group_of(file: str) -> str:
    """What goes to one worker of `--dist loadfile`: a file, or a folder of TOGETHER."""
    place = file.removeprefix("tests/")
    folder = place.split("/")[0]
    return folder if folder in TOGETHER else place


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith(BUILT) and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(900))
    order = {group: place for place, group in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: order.get(group_of(item.nodeid.split("::")[0]), len(order)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class Together(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid.split("::")[0])

    config.option.loadscopereorder = False  # the order is LONGEST_FIRST's
    return Together(config, log)


@pytest.fixture(scope="session", autouse=True)
def parsed_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The dbt project is parsed once for all workers."""
    base = tmp_path_factory.getbasetemp()
    dbt_runs.share(base.parent if "PYTEST_XDIST_WORKER" in os.environ else base)
    yield
    dbt_runs.stop()
    warm.stop()


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
