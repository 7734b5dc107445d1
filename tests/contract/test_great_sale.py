"""In the hours around a great sale TOP's lists of trades leave out lines and payments: they are not taken so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from contract_bench import BUSY_DAY, Bench

from extractors.core.session import CALL_ATTEMPTS
from extractors.core.window import business_day
from extractors.errors import ExtractErrors, RateLimitedError
from extractors.platforms.taobao import SALE_WAIT

Make = Callable[..., Bench]
LEFT_OUT = ("orders", "payment", "received_payment", "pay_time", "consign_time")


def trades_of(answer: Any) -> list[dict[str, Any]]:
    (part,) = answer.values()
    return list(part.get("trades", {}).get("trade", []))


def without_lines(body: bytes) -> bytes:
    """The answer as in the notices of 618 2026 and Double 11 2025: without lines and payments."""
    answer = orjson.loads(body)
    for trade in trades_of(answer):
        for name in LEFT_OUT:
            trade.pop(name, None)
    return orjson.dumps(answer)


def test_trades_without_lines_are_waited_for(bench: Make) -> None:
    on = bench("taobao", "orders")
    window = business_day(BUSY_DAY, on.account.zone)
    left = CALL_ATTEMPTS - 1

    def at_first(body: bytes) -> bytes:
        nonlocal left
        if not trades_of(orjson.loads(body)) or not left:
            return body
        left -= 1
        return without_lines(body)

    on.wire.change = at_first
    rows = [orjson.loads(row)["payload"] for row in on.rows(on.run(window))]
    assert rows and all(row["orders"]["order"] for row in rows)
    assert {str(row["tid"]) for row in rows} == on.truth(window)
    assert on.waits.count(SALE_WAIT) == CALL_ATTEMPTS - 1


def test_trades_that_stay_without_lines_fail_the_stream_by_name(bench: Make) -> None:
    on = bench("taobao", "orders")
    on.wire.change = without_lines
    with pytest.raises(ExtractErrors) as caught:
        on.run(business_day(BUSY_DAY, on.account.zone))
    (error,) = caught.value.errors
    assert isinstance(error, RateLimitedError) and not caught.value.hopeless
    assert (error.account, error.stream) == (on.account.id, "orders")
    assert error.advice and "sale" in error.advice
    assert on.mark() is None
