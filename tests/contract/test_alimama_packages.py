"""Alimama has two packages of methods for the same reports: an app has permission for one of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from contract_bench import BUSY_DAY, Bench

from extractors.core.window import business_day
from extractors.errors import ExtractErrors

Make = Callable[..., Bench]
STREAMS = ("account_report", "campaign_report", "adgroup_report", "creative_report")


def with_older(on: Bench) -> Bench:
    on.account = replace(on.account, options={**on.account.options, "older_methods": True})
    return on


@pytest.mark.parametrize("stream", STREAMS)
def test_either_package_reads_the_same_report(stream: str, bench: Make) -> None:
    on = bench("alimama", stream)
    answers: list[str] = []

    def noted(body: bytes) -> bytes:
        answers.extend(json.loads(body))
        return body

    on.wire.change = noted
    window = business_day(BUSY_DAY, on.account.zone)
    present = [json.loads(row)["payload"] for row in on.rows(on.run(window))]
    older = [json.loads(row)["payload"] for row in on.rows(with_older(on).run(window))]
    assert present and older == present
    level = stream.removesuffix("_report")
    assert set(answers) == {
        f"universalbp_new_report_query_{level}_response",
        f"universalbp_report_query_{level}_response",
    }


@pytest.mark.parametrize("code", [11, 22])
def test_an_app_that_may_not_call_the_methods_is_told_of_both_packages(code: int, bench: Make) -> None:
    on = bench("alimama", "campaign_report")
    on.wire.change = lambda body: json.dumps(
        {"error_response": {"code": code, "msg": "Insufficient isv permissions"}}
    ).encode()
    with pytest.raises(ExtractErrors) as caught:
        on.run(business_day(BUSY_DAY, on.account.zone))
    (error,) = caught.value.errors
    assert error.account == on.account.id and error.stream == "campaign_report"
    assert error.advice and "older_methods: true" in error.advice
