"""What every test may use: an account, a landing, a session without waiting."""

from __future__ import annotations

import gc
import importlib.util
import os
import sys
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
if importlib.util.find_spec("pandas") is None:
    # DuckDB looks for it twice at every value it is given, and Python looks anew for what it did not find.
    sys.modules["pandas"] = None  # type: ignore[assignment]


# Folders whose tests share something dear (a build of the marts, Airflow) and so go to one worker; those and the
# files that take longest begin first, so that no worker is left with one of them at the end.
TOGETHER = ("marts", "dags")
LONGEST_FIRST = (
    "marts",
    "contract/test_reading.py",  # needs no dbt: while the marts' worker parses the project, the other need not wait
    "staging/test_staging_runs.py",
    "e2e/test_published.py",
    "e2e/test_night.py",
    "contract/test_faults.py",
    "warehouse/test_build.py",
    "warehouse/test_load_raw.py",
    "warehouse/test_restatements.py",
    "warehouse/test_publish.py",
    "contract/test_credentials.py",
    "platforms/test_advertising.py",
    "platforms/test_content_markets.py",
    "dags",
    "platforms/test_sorted_parameters.py",
    "cli/test_verbs.py",
    "warehouse/test_kill_warehouse.py",
    "platforms/test_youzan_mogujie_dangdang.py",
    "platforms/test_shopify_bulk.py",
    "platforms/test_global_shops.py",
    "platforms/test_shelves.py",
    "contract/test_privacy.py",
    "warehouse/test_load_property.py",
    "platforms/test_asynchronous_reports.py",
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


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()  # thousands of tests that stay to the end need not be looked through at every collection


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
