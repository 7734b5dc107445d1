"""全域推广 of Qianchuan is read beside the standard report: both make the account's total, or none does."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import orjson
import pytest
from contract_bench import BUSY_DAY, Bench

from extractors.core.window import Window, business_day
from extractors.errors import ExtractErrors

Make = Callable[..., Bench]


def opened(bench: Make, **options: object) -> tuple[Bench, Window]:
    on = bench("qianchuan", "account_report")
    on.account = replace(on.account, options={**on.account.options, **options})
    return on, business_day(BUSY_DAY, on.account.zone)


def reports(on: Bench, window: Window) -> list[str]:
    return sorted(json.loads(row)["payload"]["report"] for row in on.rows(on.run(window)))


@pytest.mark.parametrize(
    ("options", "found"), [({}, ["advertiser", "uni_promotion"]), ({"uni_promotion": False}, ["advertiser"])]
)
def test_both_reports_make_one_day_unless_the_account_leaves_one_out(
    options: dict[str, object], found: list[str], bench: Make
) -> None:
    assert reports(*opened(bench, **options)) == found


def answered(data: dict[str, float]) -> Callable[[bytes], bytes]:
    """Answers of 全域推广 with these figures in place of its own."""

    def change(body: bytes) -> bytes:
        answer = orjson.loads(body)
        if "stat_cost" in answer.get("data", {}):
            answer["data"] = data
        return orjson.dumps(answer)

    return change


def test_a_day_of_zeros_has_no_row_and_one_without_figures_is_an_error(bench: Make) -> None:
    on, window = opened(bench)
    zeros = {"stat_cost": 0.0, "total_pay_order_count_for_roi2": 0, "total_pay_order_gmv_for_roi2": 0.00}
    on.wire.change = answered(zeros)
    assert reports(on, window) == ["advertiser"]
    on.wire.change = answered({})
    with pytest.raises(ExtractErrors, match="without stat_cost"):
        on.run(window)
