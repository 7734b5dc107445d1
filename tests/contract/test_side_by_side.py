"""A night has but a slice or two of a stream: the windows within one are read side by side, and fail together."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from contract_bench import BUSY_DAY, CALM_DAY, Bench, keys_of

from extractors.core.window import days_window
from extractors.errors import ExtractErrors, TransientError

Make = Callable[..., Bench]
MANY_WINDOWS = [
    ("pinduoduo", "orders"),
    ("doudian", "orders"),
    ("kuaishou_shop", "refunds"),
    ("xiaohongshu", "orders"),
]
PATIENCE = 30  # seconds; a read that makes its calls one after the other waits them out and fails


@pytest.mark.parametrize(("platform", "stream"), MANY_WINDOWS)
def test_the_windows_of_a_single_day_are_read_side_by_side(platform: str, stream: str, bench: Make) -> None:
    on = bench(platform, stream)
    met = threading.Barrier(4, timeout=PATIENCE)

    def meet(number: int) -> None:
        if number <= met.parties:
            met.wait()

    on.wire.before = meet
    day = days_window(BUSY_DAY, BUSY_DAY, on.account.zone)
    manifests = on.run(day)
    assert len(manifests) == 1
    keys = keys_of(on.rows(manifests))
    assert len(keys) == len(set(keys)) > 0
    assert set(keys) >= on.truth(day)


def test_a_window_that_fails_takes_its_day_with_it_and_leaves_nothing_under_way(bench: Make) -> None:
    on = bench("pinduoduo", "orders")
    day = days_window(CALM_DAY, CALM_DAY, on.account.zone)
    others = threading.Barrier(3, timeout=PATIENCE)
    answered: list[int] = []

    def fail_one(number: int) -> None:
        if number <= others.parties:
            others.wait()
        if number == 1:
            raise TransientError("the line is cut", advice="mend it")
        answered.append(number)

    on.wire.before = fail_one
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("extractors.core.session.CALL_ATTEMPTS", 1)
        with pytest.raises(ExtractErrors, match="the line is cut"):
            on.run(day)
    told = len(answered)
    assert 2 <= told < 48, "the windows behind it were read for nothing"
    assert list(on.landing.all()) == [] and on.mark() is None
    assert list(on.landing.store.scratch.iterdir()) == []
