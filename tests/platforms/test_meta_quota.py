"""Meta says in headers how much of a quota is used: the client rests before it is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from extractors.platforms.meta import left


def business(**usage: float) -> dict[str, str]:
    return {"x-business-use-case-usage": json.dumps({"1": [{"type": "ads_insights", **usage}]})}


def header(name: str, **usage: float) -> dict[str, str]:
    return {name: json.dumps(usage)}


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, None),
        (business(call_count=84, total_time=3), None),
        (business(call_count=85, total_time=3), 120.0),
        (business(call_count=2, total_cputime=94), 120.0),
        (business(call_count=95), 600.0),
        (business(call_count=100, estimated_time_to_regain_access=25), 1_500.0),
        (header("x-app-usage", call_count=12, total_time=90, total_cputime=1), 120.0),
        (header("x-app-usage", call_count=96), 600.0),
        (header("x-ad-account-usage", acc_id_util_pct=96.5, reset_time_duration=100), 100.0),
        (header("x-fb-ads-insights-throttle", app_id_util_pct=0, acc_id_util_pct=97), 600.0),
        ({"x-app-usage": "no JSON"}, None),
    ],
)
def test_a_quota_that_is_nearly_used_is_rested_from(headers: dict[str, str], wait: float | None) -> None:
    found: Any = left(headers)
    assert (found[0] if found else None) == wait
