"""Tokens that end, secrets that are wrong, clocks that are off, limits that hold: one account at a time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from contract_bench import (
    BUSY_DAY,
    SPOKEN,
    TESTED,
    Bench,
    Killed,
    a_few_records,
    has_tokens,
)

from extractors.core.session import Session
from extractors.core.window import Window, days_window
from extractors.credentials import Credentials
from extractors.errors import AuthError, ConfigError, DaybookError, ExtractErrors
from extractors.sandbox.control import Fault

Make = Callable[..., Bench]
WITH_TOKENS = [name for name in TESTED if has_tokens(name)]
RENEWED_AHEAD = {name: p.renew_ahead for name, p in SPOKEN.items() if p.renew_ahead is not None}
RENEWABLE = [name for name in WITH_TOKENS if name not in RENEWED_AHEAD]  # even when the access token is dead

# Their tokens come from an OAuth server that does not speak as their API does.
OWN_DESK: dict[str, tuple[int, bytes]] = {
    "baidu_marketing": (200, '{"code": 500, "message": "系统繁忙，请稍后再试"}'.encode()),
    "microsoft_ads": (400, b'{"error": "temporarily_unavailable", "error_description": "AADSTS90033: busy"}'),
    "shopify": (429, b""),
}


def several_slices(bench: Bench, days: int = 5) -> Window:
    """Some days; all that a vendor still answers for where that is less."""
    kept = bench.stream.retention
    if kept is not None and kept < timedelta(days=60):
        return days_window(BUSY_DAY - kept + timedelta(days=1), BUSY_DAY, bench.account.zone)
    first = BUSY_DAY - timedelta(days=60)
    return days_window(first, first + timedelta(days=days - 1), bench.account.zone)


def the_day(bench: Bench) -> Window:
    return days_window(BUSY_DAY, BUSY_DAY, bench.account.zone)


def mistyped(secret: str) -> str:
    """The secret with its middle character replaced."""
    middle = len(secret) // 2
    return f"{secret[:middle]}{'x' if secret[middle] != 'x' else 'y'}{secret[middle + 1 :]}"


def with_a_wrong_secret(credentials: Credentials) -> Credentials:
    """The credentials with their secret mistyped: the password, or the token where a token is all there is."""
    if credentials.password:
        return replace(credentials, password=mistyped(credentials.password))
    token = mistyped(str(credentials.extra["access_token"]))
    return replace(credentials, extra={**credentials.extra, "access_token": token})


def asked(bench: Bench) -> int:
    return sum(bench.running.control.requests.values())


def refused(bench: Bench, window: Window) -> DaybookError:
    """Runs into a refused credential; the error, found to be of use to an operator and short of secrets."""
    with pytest.raises(ExtractErrors) as caught:
        bench.run(window)
    (error,) = caught.value.errors
    # A key that cannot even be read never gets as far as the vendor.
    assert isinstance(error, AuthError | ConfigError) and caught.value.hopeless
    sent = bench.running.control.requests[f"{bench.platform.name}/token"]
    assert isinstance(error, AuthError) or not sent
    assert error.account == bench.account.id and error.advice and bench.account.id in str(caught.value)
    assert error.window is None or f" · {error.window.told}: " in str(error), (
        "whoever is on call reads times, not a folder's name"
    )
    for secret in bench.secrets():
        assert secret not in str(caught.value) and secret not in "\n".join(bench.lines)
    assert bench.rows() == [] and bench.mark() is None
    return error


# ---- options ---------------------------------------------------------------------------------------
NEEDED = [
    ("amazon_ads", "profile_id"), ("baidu_marketing", "user_name"),
    ("baidu_tongji", "site_id"), ("ga4", "property_id"), ("google_ads", "customer_id"),
    ("kuaishou_ads", "advertiser_id"), ("matomo", "site_id"), ("meta", "ad_account_id"),
    ("microsoft_ads", "account_id"), ("microsoft_ads", "customer_id"), ("ocean_engine", "advertiser_id"),
    ("plausible", "site_id"), ("qianchuan", "advertiser_id"), ("suning_ads", "custnum"),
    ("tencent_ads", "account_id"), ("tiktok_ads", "advertiser_id"), ("umami", "website_id"), ("umeng", "appkey"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("platform", "option", "value", "said"),
    [
        *((*one, None, "is missing") for one in NEEDED),
        ("kuaishou_ads", "advertiser_id", "mine", "is not a number"),
    ],
)
def test_an_option_that_is_needed_and_is_not_there_is_named_before_any_call(
    platform: str, option: str, value: str | None, said: str, bench: Make
) -> None:
    on = bench(platform, SPOKEN[platform].streams[0].name)
    on.account = replace(on.account, options={**on.account.options, option: value})
    on.running.control.requests.clear()
    error = refused(on, several_slices(on))
    assert isinstance(error, ConfigError) and error.message == f"the option {option} {said}"
    assert option in str(error.advice) and not asked(on)


def test_an_option_that_only_a_renewal_needs_is_named_when_it_comes(bench: Make) -> None:
    on = bench("baidu_marketing", "account_report", variant="expired")
    on.account = replace(on.account, options={**on.account.options, "user_id": "mine"})
    assert refused(on, several_slices(on)).message == "the option user_id is not a number"


# ---- tokens ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("platform", RENEWABLE)
def test_an_expired_token_is_refreshed_once_however_many_slices_want_it(platform: str, bench: Make) -> None:
    stream = SPOKEN[platform].streams[0].name
    good = bench(platform, stream)
    window = several_slices(good)
    expected = sorted(good.rows(good.run(window)))
    on = bench(platform, stream, variant="expired")
    refreshes = on.running.control.requests
    refreshes.clear()
    assert expected and sorted(on.rows(on.run(window))) == expected
    assert refreshes[f"{platform}/token"] == 1
    on.run(window)
    assert refreshes[f"{platform}/token"] == 1, "the new token was not kept"
    assert (on.folder / "tokens" / f"{on.account.id}.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("platform", WITH_TOKENS)
def test_a_revoked_token_fails_at_once_and_says_what_to_do(platform: str, bench: Make) -> None:
    for stream in SPOKEN[platform].streams:
        on = bench(platform, stream.name, variant="revoked")
        on.running.control.requests.clear()
        refused(on, several_slices(on))
        assert asked(on) <= 2 * SPOKEN[platform].width, "a retry storm"


@pytest.mark.parametrize("platform", TESTED)
def test_a_wrong_secret_fails_at_once_and_says_what_to_do(platform: str, bench: Make) -> None:
    on = bench(platform, SPOKEN[platform].streams[0].name, variant="expired")
    on.credentials = with_a_wrong_secret(on.credentials)
    on.running.control.requests.clear()
    refused(on, several_slices(on))
    assert asked(on) <= 2 * SPOKEN[platform].width, "a retry storm"


def test_a_secret_of_amazons_that_ran_out_is_made_anew_and_nobody_has_to_authorise_again(bench: Make) -> None:
    on = bench("amazon", "orders", variant="expired")
    on.credentials = with_a_wrong_secret(on.credentials)
    error = refused(on, several_slices(on))
    assert error.advice and "180 days" in error.advice and "authorise" not in error.advice


def test_a_renewal_that_leaves_the_refresh_token_out_leaves_it_as_it_was(
    bench: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    on = bench("amazon", "orders", variant="expired")
    send = Session._send

    def sent(session: Session, name: str, arguments: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        status, headers, body = send(session, name, arguments)
        if name == "token refresh":
            told = json.loads(body)
            del told["refresh_token"]
            body = json.dumps(told).encode()
        return status, headers, body

    monkeypatch.setattr(Session, "_send", sent)
    on.run(a_few_records(on, BUSY_DAY))
    kept = json.loads((on.folder / "tokens" / f"{on.account.id}.json").read_text())
    assert kept["refresh_token"] == on.credentials.extra["refresh_token"]


def test_a_renewal_of_tencents_tells_no_refresh_token_and_leaves_the_authorisation_its_end(
    bench: Make,
) -> None:
    on = bench("tencent_ads", "account_report", variant="expired")
    ends = datetime.now(UTC) + timedelta(days=5)
    extra = {**on.credentials.extra, "refresh_expires_at": ends.isoformat()}
    on.credentials = replace(on.credentials, extra=extra)
    on.run(a_few_records(on, BUSY_DAY))
    kept = json.loads((on.folder / "tokens" / f"{on.account.id}.json").read_text())
    assert kept["refresh_token"] == extra["refresh_token"]
    assert datetime.fromisoformat(kept["refresh_expires_at"]) == ends


@pytest.mark.parametrize("platform", RENEWABLE)
def test_a_token_desk_that_is_busy_is_asked_again_and_sends_nobody_to_authorise(
    platform: str, bench: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    on = bench(platform, SPOKEN[platform].streams[0].name, variant="expired")
    busy = on.running.sandbox.desks[platform].rate_answer(None)
    send, struck = Session._send, []

    def sent(session: Session, name: str, arguments: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        if name == "token refresh" and not struck:
            struck.append(name)
            status, body = OWN_DESK.get(platform, (busy.status, busy.encoded()))
            return status, {}, body
        return send(session, name, arguments)

    monkeypatch.setattr(Session, "_send", sent)
    on.running.control.requests.clear()
    assert on.run(a_few_records(on, BUSY_DAY)) and struck
    assert on.running.control.requests[f"{platform}/token"] == 1


@pytest.mark.parametrize("platform", RENEWABLE)
def test_a_run_killed_right_after_a_refresh_goes_on_with_the_new_tokens(platform: str, bench: Make) -> None:
    on = bench(platform, SPOKEN[platform].streams[0].name, variant="expired")
    window = a_few_records(on, BUSY_DAY)
    refreshes = on.running.control.requests
    refreshes.clear()

    def die(number: int) -> None:
        if refreshes[f"{platform}/token"]:
            raise Killed

    on.wire.before = die
    with pytest.raises(Killed):
        on.run(window)
    on.wire.before = None
    assert refreshes[f"{platform}/token"] == 1
    on.run(window)
    assert refreshes[f"{platform}/token"] == 1, "the new tokens were not kept before they were used"
    # The next refresh is made with what the last one gave: where both rotate, the old one is spent.
    desk = on.running.sandbox.desks[platform].tokens
    assert desk is not None
    desk.expire_all()
    try:
        on.run(window)
        assert refreshes[f"{platform}/token"] == 2
    finally:
        desk.forgive_all()


@pytest.mark.parametrize(("hours", "refreshes"), [(-1, 1), (1, 0)])
@pytest.mark.parametrize("platform", RENEWED_AHEAD)
def test_a_token_that_its_vendor_renews_in_time_only_is_renewed_days_ahead(
    platform: str, hours: int, refreshes: int, bench: Make
) -> None:
    on = bench(platform, SPOKEN[platform].streams[0].name)
    ends = datetime.now(UTC) + RENEWED_AHEAD[platform] + timedelta(hours=hours)
    on.credentials = replace(on.credentials, extra={**on.credentials.extra, "expires_at": ends.isoformat()})
    on.running.control.requests.clear()
    on.run(a_few_records(on, BUSY_DAY))
    assert on.running.control.requests[f"{platform}/token"] == refreshes


@pytest.mark.parametrize("platform", RENEWED_AHEAD)
def test_a_token_desk_that_times_out_in_its_own_words_is_asked_again(platform: str, bench: Make) -> None:
    on = bench(platform, SPOKEN[platform].streams[0].name)
    ends = datetime.now(UTC) + RENEWED_AHEAD[platform] - timedelta(hours=1)
    on.credentials = replace(on.credentials, extra={**on.credentials.extra, "expires_at": ends.isoformat()})
    on.running.control.requests.clear()
    on.running.control.faults.append(Fault("empty_page", platform, "token"))
    assert on.run(a_few_records(on, BUSY_DAY))
    assert on.running.control.requests[f"{platform}/token"] == 2


@pytest.mark.parametrize("platform", RENEWED_AHEAD)
def test_a_dead_token_that_its_vendor_renews_no_more_fails_at_once_and_says_what_to_do(
    platform: str, bench: Make
) -> None:
    on = bench(platform, SPOKEN[platform].streams[0].name, variant="expired")
    on.running.control.requests.clear()
    error = refused(on, a_few_records(on, BUSY_DAY))
    assert error.advice and "24 hours" in error.advice
    assert on.running.control.requests[f"{platform}/token"] == 1


def test_the_platforms_that_renew_in_time_only_are_known() -> None:
    assert "jd" in RENEWED_AHEAD and min(RENEWED_AHEAD.values()) > timedelta(days=2)


# ---- permissions -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("platform", "stream", "scope"),
    [
        ("taobao", "reviews", "taobao.traderates.get"),
        ("tiktok_shop", "settlements", "seller.finance.info"),
        ("woocommerce", "reviews", "moderate_comments"),
        ("youzan", "refunds", "youzan.trade.refund.search"),
    ],
)
def test_a_stream_without_its_permission_keeps_no_other_from_landing_and_names_the_way_out(
    platform: str, stream: str, scope: str, bench: Make
) -> None:
    on = bench(platform, stream)
    others = [name for name in SPOKEN[platform].stream_names if name != stream]
    on.running.control.withheld.add(scope)
    with pytest.raises(ExtractErrors) as caught:
        on.run(the_day(on), streams=(stream, *others))  # even where it is read first
    (error,) = caught.value.errors
    assert isinstance(error, ConfigError) and error.stream == stream and caught.value.hopeless
    assert "permission" in str(error) or "may not read" in str(error)
    assert error.advice and "`streams`" in error.advice
    landed = {manifest.stream: manifest.rows for manifest in on.landing.all()}
    assert set(landed) == set(others) and landed["orders"] > 0


@pytest.mark.parametrize("scopes", [["Product Listing"], ["Inventory and Order Tracking", "Product Listing"]])
def test_a_refusal_names_the_way_on_only_beside_streams_that_the_same_credential_has_read(
    scopes: list[str], bench: Make
) -> None:
    """Amazon calls a missing role what it calls a wrong token."""
    on = bench("amazon", "orders")
    on.running.control.withheld.update(scopes)
    with pytest.raises(ExtractErrors) as caught:
        on.run(the_day(on), streams=("orders", "products"))
    (error,) = caught.value.errors
    assert isinstance(error, AuthError) and "Product Listing" in str(error.advice)
    landed = {manifest.stream for manifest in on.landing.all()}
    assert landed == ({"orders"} if len(scopes) == 1 else set())
    assert ("`streams`" in str(error.advice)) == bool(landed)


def test_an_option_that_is_missing_is_told_without_a_word_of_a_refusal(bench: Make) -> None:
    """No vendor was asked for the stream, so none refused it."""
    on = bench("amazon", "orders")
    options = {name: value for name, value in on.account.options.items() if name != "seller_id"}
    on.account = replace(on.account, options=options)
    with pytest.raises(ExtractErrors) as caught:
        on.run(the_day(on), streams=("orders", "products"))
    (error,) = caught.value.errors
    assert {manifest.stream for manifest in on.landing.all()} == {"orders"}
    assert "seller_id" in str(error.advice) and "refuses" not in str(error.advice)


# ---- clocks ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("platform", TESTED)
@pytest.mark.parametrize("hours", [2, -2])
def test_a_clock_two_hours_off_does_no_harm_or_is_named(platform: str, hours: int, bench: Make) -> None:
    on = bench(platform, SPOKEN[platform].streams[0].name)
    window = a_few_records(on, BUSY_DAY)
    on.running.control.skew_seconds = hours * 3_600
    on.running.control.requests.clear()
    on.running.control.refusals.clear()
    try:
        on.run(window)
    except ExtractErrors as error:
        assert on.running.control.refusals, "the vendor refused nothing"
        assert "clock" in str(error) and on.account.id in str(error)
        assert asked(on) <= 2 * SPOKEN[platform].width, "asked again and again with the same wrong clock"
        assert on.rows() == []
    else:
        assert not on.running.control.refusals
        assert set(on.truth(window)) <= {key for key in map(_key, on.rows())}


def _key(row: bytes) -> str:
    return str(json.loads(row)["key"])


def test_some_platform_signs_the_time(bench: Make) -> None:
    failed = []
    for platform in TESTED:
        on = bench(platform, SPOKEN[platform].streams[0].name)
        window = a_few_records(on, BUSY_DAY)
        on.running.control.skew_seconds = 7_200
        try:
            on.run(window)
        except ExtractErrors:
            failed.append(platform)
        on.running.control.skew_seconds = 0
    assert {"taobao", "woocommerce"} <= set(failed)


# ---- limits ----------------------------------------------------------------------------------------
# Each waits for real: one in three here, the others are thorough.
@pytest.mark.parametrize(
    "platform",
    [
        pytest.param(name, marks=() if place % 3 == 0 else pytest.mark.thorough)
        for place, name in enumerate(TESTED)
    ],
)
def test_a_client_stays_under_the_vendors_limit_without_being_told(platform: str, bench: Make) -> None:
    facts = SPOKEN[platform]
    plain = [stream for stream in facts.streams if stream.detail is None] or list(facts.streams)
    on = bench(platform, plain[0].name)
    on.account.options.pop("calls_per_second")
    on.in_pages_of(1)
    rate = facts.rates.get(
        next(iter(on.stream.reads(on.account, several_slices(on, days=11)))).request.name, facts.rate
    )
    limit = rate.calls / rate.seconds
    # On a busy machine two calls may arrive closer than they left: a quarter more is no haste of the client's.
    allowed = getattr(on.half, "CALLS_PER_SECOND", limit) * 1.25 + rate.burst - 1
    wanted = int(allowed) + 2
    begun = time.monotonic()
    virtual = [0.0]

    def enough(number: int) -> None:
        if number > wanted:
            raise Killed

    def sleep(seconds: float) -> None:
        virtual[0] = max(virtual[0], seconds)
        if limit >= 1:
            time.sleep(seconds)

    on.wire.before = enough
    if limit >= 1:
        on.running.control.limits[platform] = allowed
    try:
        on.run(several_slices(on, days=11), sleep=sleep)
    except Killed:
        pass
    finally:
        on.running.control.limits.clear()
    assert len(on.wire.bodies) >= min(wanted, 2), "too few calls to prove anything"
    assert not on.running.control.refusals, "the vendor had to say that it was too fast"
    if limit < 1:
        spaced = len(on.wire.bodies) - rate.burst
        # What the calls before took is time that the last one need not wait.
        waited = virtual[0] + time.monotonic() - begun
        assert spaced > 0 and waited >= spaced / limit * 0.9, "the calls would not have been spaced"
    else:
        assert time.monotonic() - begun >= (len(on.wire.bodies) - rate.burst) / limit
