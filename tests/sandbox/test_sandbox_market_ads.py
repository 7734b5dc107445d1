"""The pretend ad reports of Kuaishou answer and refuse as their documents say (platforms-cn §20)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from extractors.sandbox import Running

FIRST, LAST = "2026-11-10", "2026-11-19"
Call = Callable[..., dict[str, Any]]


def kuaishou(sandbox: Running, variant: str = "valid", **change: Any) -> dict[str, Any]:
    given: Any = sandbox.connections(variant)["kuaishou_ads__lantern"]
    asked = {
        "advertiser_id": int(given["extra"]["advertiser_id"]),
        "start_date": "2026-11-15",
        "end_date": LAST,
        "temporal_granularity": "DAILY",
        "page": 1,
        "page_size": 20,
        **change,
    }
    asked = {name: value for name, value in asked.items() if value is not None}
    url = f"{given['host']}/rest/openapi/v1/report/unit_report"
    token = {"Access-Token": given["extra"]["access_token"]}
    return requests.post(url, json=asked, headers=token, timeout=10).json()


def kuaishou_page(sandbox: Running, number: int) -> tuple[list[Any], int]:
    data = kuaishou(sandbox, page=number + 1)["data"]
    return [(row["stat_date"], row["unit_id"]) for row in data["details"]], data["total_count"]


def is_good(body: dict[str, Any]) -> bool:
    """Whether an answer is a success."""
    return body["code"] == 0


@pytest.mark.parametrize("page", [kuaishou_page])
def test_pages_hold_every_row_once(sandbox: Running, page: Callable[..., tuple[list[Any], int]]) -> None:
    first, total = page(sandbox, 0)
    found = [key for number in range(-(-total // 20)) for key in page(sandbox, number)[0]]
    assert len(found) == len(set(found)) == total > 20 and found[: len(first)] == first


@pytest.mark.parametrize(
    ("call", "change"),
    [
        (kuaishou, {"start_date": "2026-11-13", "end_date": "2026-11-14"}),
        (kuaishou, {"end_date": "2026-11-01"}),
        (kuaishou, {"start_date": None}),
        (kuaishou, {"advertiser_id": 1}),
        (kuaishou, {"advertiser_id": "20000817"}),
        (kuaishou, {"temporal_granularity": "HOURLY"}),
        (kuaishou, {"page": 99}),
        (kuaishou, {"page_size": 2001}),
        (kuaishou, {"colour": "red"}),
    ],
)
def test_a_wrong_request_is_refused(sandbox: Running, call: Call, change: dict[str, Any]) -> None:
    assert is_good(call(sandbox)) and not is_good(call(sandbox, **change))


@pytest.mark.parametrize("call", [kuaishou])
@pytest.mark.parametrize("variant", ["expired", "revoked"])
def test_a_bad_token_is_refused(sandbox: Running, call: Call, variant: str) -> None:
    assert not is_good(call(sandbox, variant))
