"""A quota that is spent stops its account at once, says until when, and the next run goes on where this one stopped."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from contract_bench import BUSY_DAY, HALVES, SPOKEN, TESTED, Bench, keys_of

from extractors.accounts import Account
from extractors.core.rate import RATE_SHARE
from extractors.core.session import Session
from extractors.core.window import Window, days_window
from extractors.errors import ExtractErrors, RateLimitedError
from extractors.extract import extract
from extractors.landing import Manifest
from extractors.platforms import tencent_ads

Make = Callable[..., Bench]
FOLDER = Path(__file__).resolve().parents[2] / "extractors" / "platforms"


def spent_answers() -> list[Any]:
    """(platform, the answer that its document gives for a quota that is spent for longer than a run waits)."""
    found = []
    for name in SPOKEN:
        errors = json.loads((FOLDER / name / "golden.json").read_text(encoding="utf-8"))["errors"]
        spent = [case for case in errors if case.get("spent")]
        found += [pytest.param(name, case, id=f"{name}-{number}") for number, case in enumerate(spent)]
    return found


SPENT = spent_answers()


def run_all(on: Bench, window: Window) -> list[Manifest]:
    """Every stream of the account, in their order."""
    return extract(
        on.account,
        on.credentials,
        on.landing,
        hash_key=b"contract",
        token_dir=on.folder / "tokens",
        window=window,
        now=on.now,
        sleep=on.waits.append,
    )


def test_the_vendors_that_document_a_quota_of_hours_or_days_are_here() -> None:
    """The others document a rate only (Ocean Engine, Baidu Marketing, Kuaishou, TikTok, Microsoft, Amazon)."""
    assert {case.values[0] for case in SPENT} == {
        *("alimama", "baidu_tongji", "taobao", "tencent_ads", "uc_huichuan"),
        *("ga4", "google_ads", "meta", "plausible"),
    }


COUNTED = [
    pytest.param(name, limit, id=f"{limit[0]} in {limit[1]:g} seconds of {counted}")
    for name in SPOKEN
    for counted, limit in getattr(HALVES[name], "LIMITS", {}).items()
]


@pytest.mark.parametrize(("platform", "limit"), COUNTED)
def test_no_vendor_is_asked_oftener_than_its_narrowest_method_may_be(
    platform: str, limit: tuple[int, float]
) -> None:
    """The limits as the sandbox's half states them: TikTok's GMV Max may be asked less often than its reports."""
    facts, (calls, seconds) = SPOKEN[platform], limit
    assert facts.is_rate_shared and not facts.rates
    assert facts.rate.calls / facts.rate.seconds <= calls / seconds


@pytest.mark.parametrize("platform", [name for name in SPOKEN if hasattr(HALVES[name], "METHOD_LIMITS")])
def test_no_method_is_asked_oftener_than_a_shop_may(
    platform: str, make_account: Callable[..., Account]
) -> None:
    """The limits of single methods as the sandbox's half states them; each must be one that a stream calls."""
    facts, account = SPOKEN[platform], make_account(f"{platform}__limits")
    window = days_window(BUSY_DAY, BUSY_DAY, account.zone)
    asked = {read.request.name for stream in facts.streams for read in stream.reads(account, window)}
    for method, (calls, seconds) in HALVES[platform].METHOD_LIMITS.items():
        rate = facts.rates.get(method, facts.rate)
        assert method in asked and rate.calls / rate.seconds <= calls / seconds, method


@pytest.mark.parametrize(("platform", "case"), SPENT)
def test_a_spent_quota_stops_the_account_and_the_next_run_closes_the_gap(
    platform: str, case: dict[str, Any], bench: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    streams = SPOKEN[platform].streams
    on = bench(platform, streams[0].name)
    window = days_window(BUSY_DAY, BUSY_DAY, on.account.zone)
    send, left, asked = Session._send, 1, 0
    told = {name.lower(): value for name, value in case.get("headers", {}).items()}
    refusal = (case.get("status", 200), told, orjson.dumps(case["body"]))

    def until_it_is_spent(session: Session, name: str, arguments: dict[str, Any]) -> Any:
        nonlocal left, asked
        asked += 1
        left -= 1
        answer = send(session, name, arguments)
        return answer if left >= 0 else refusal

    # A few minutes before the vendor's midnight a run would rather wait.
    monkeypatch.setattr("extractors.core.session.LONGEST_WAIT", 0.5)
    monkeypatch.setattr("extractors.extract.LONGEST_WAIT", 0.5)
    with monkeypatch.context() as patch, pytest.raises(ExtractErrors) as caught:
        patch.setattr(Session, "_send", until_it_is_spent)
        run_all(on, window)
    (error,) = caught.value.errors  # one stream was refused, and those after it not even asked
    assert isinstance(error, RateLimitedError) and (error.retry_after or 0) > 0.5
    assert error.account == on.account.id and "the vendor answers again from" in str(caught.value)
    assert not caught.value.hopeless, "the scheduler has to come back to it"
    assert asked <= 1 + SPOKEN[platform].width, "asked again and again"
    assert max(on.waits, default=0) <= 0.5, "a slot was held until the quota resets"
    landed = run_all(on, window)
    for stream in streams:
        bounds = int(window.start.timestamp()), int(window.end.timestamp())
        rows = on.rows([m for m in landed if m.stream == stream.name])
        if stream.kind == "report":
            now = on.running.control.now()
            world, account = on.running.sandbox.world, on.account.id
            assert set(keys_of(rows)) == on.half.truth(world, account, stream.name, *bounds, now)
    assert sum(manifest.rows for manifest in landed) > 0


def test_tencents_calls_of_a_minute_are_never_used_up(bench: Make) -> None:
    """Every answer says what share of the minute is left; who uses it up is shut out for five."""
    on = bench("tencent_ads", "adgroup_report")
    window = days_window(BUSY_DAY, BUSY_DAY, on.account.zone)
    on.in_pages_of(1)
    on.running.control.limits["tencent_ads"] = 3, 60.0

    def rest(seconds: float) -> None:
        on.waits.append(seconds)
        if seconds >= 60:  # the minute is over
            on.running.control._recent.clear()

    rows = on.rows(on.run(window, sleep=rest))
    assert set(keys_of(rows)) == on.truth(window) and len(on.wire.bodies) == 8
    assert not on.running.control.refusals and on.waits.count(60.0) == 2


@pytest.mark.parametrize(
    ("told", "wait"),
    [("50%,50%", None), ("0%,11%", None), ("50%,10%", 60.0), ("99%, 0%", 60.0), ("50%", None), ("-,-", None)],
)
def test_only_the_minutes_share_is_heeded(told: str, wait: float | None) -> None:
    found = tencent_ads.left({"x-ratelimit-remaining": told})
    assert (found[0] if found else None) == wait


@pytest.mark.parametrize("platform", TESTED)
def test_so_many_calls_may_be_under_way_that_the_permitted_rate_is_reached(platform: str) -> None:
    """At 50 ms a call, with a fifth more for the way and for what the machine does beside it."""
    facts = SPOKEN[platform]
    fastest = max(rate.calls / rate.seconds for rate in (facts.rate, *facts.rates.values()))
    assert facts.width / 0.06 >= RATE_SHARE * fastest
