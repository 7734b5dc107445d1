"""Reports that lie at addresses of their own: no token goes there, and an address that ran out is looked up again."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from extractors.accounts import Account
from extractors.core.decode import loads
from extractors.core.model import Request
from extractors.credentials import Credentials
from extractors.errors import AddressExpired, AuthError, ContractError, RateLimitedError, TransientError
from extractors.protocols.filed_json import Dialect, FiledJson
from extractors.protocols.packed import gunzipped
from extractors.tokens import Tokens

DIALECT = Dialect(
    scope="read offline",
    token_url="https://login.example/token",
    is_scope_renewed=True,
    error=lambda status, body, account: None,
    unpack=lambda body, what: loads(gunzipped(body, what), what),
    answered=lambda status, body: {"id": "old"} if status == 425 else None,
    doubtful=frozenset({"look"}),
)
TOKENS = Tokens("secret-token", "refresh", datetime.now(UTC) + timedelta(hours=1))
FILE = Request("file", "https://storage.example/a%2Fb?sig=x%3D")


@pytest.fixture
def speaker(make_account: Callable[..., Account]) -> FiledJson:
    return FiledJson(DIALECT, "http://127.0.0.1:1", make_account(), Credentials(login="id", password="s"))


def test_no_token_goes_where_the_file_lies(speaker: FiledJson) -> None:
    assert speaker.prepare(FILE, TOKENS) == {"method": "GET", "url": FILE.path}
    asked = speaker.prepare(Request("look", "/look/1"), TOKENS)
    assert asked["method"] == "GET" and "data" not in asked
    assert asked["headers"]["Authorization"] == "Bearer secret-token"


@pytest.mark.parametrize("address", ["http://storage.example/a", "http://127.0.0.1:2/a"])
def test_an_address_anybody_may_read_along_is_refused(speaker: FiledJson, address: str) -> None:
    with pytest.raises(ContractError):
        speaker.prepare(Request("file", address), TOKENS)
    assert speaker.prepare(Request("file", "http://127.0.0.1:1/a"), TOKENS)["method"] == "GET"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_an_address_that_is_refused_has_run_out(speaker: FiledJson, status: int) -> None:
    with pytest.raises(AddressExpired):
        speaker.check(FILE, status, {}, b"<Error/>")


@pytest.mark.parametrize(("status", "kind"), [(429, RateLimitedError), (503, TransientError)])
def test_storage_that_is_busy_is_asked_again(speaker: FiledJson, status: int, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        speaker.check(FILE, status, {}, b"")


def test_digits_of_a_packed_file_are_kept(speaker: FiledJson) -> None:
    body = gzip.compress(b'[{"campaignId": 9223372036854775809, "cost": 0.10}]')
    (row,) = speaker.check(FILE, 200, {}, body).body
    assert (str(row["campaignId"]), str(row["cost"])) == ("9223372036854775809", "0.10")


def test_a_request_that_was_made_already_is_answered_with_the_first(speaker: FiledJson) -> None:
    assert speaker.check(Request("ask", "/ask"), 425, {}, b'{"code": "425"}').body == {"id": "old"}


def test_a_401_that_says_nothing_renews_once_and_is_then_tried_again(speaker: FiledJson) -> None:
    with pytest.raises(AuthError) as caught:
        speaker.check(Request("look", "/look/1"), 401, {}, b"{}")
    assert caught.value.refreshable
    for _ in range(3):
        with pytest.raises(TransientError):
            speaker.check(Request("look", "/look/1"), 401, {}, b"{}")
    with pytest.raises(AuthError):
        speaker.check(Request("ask", "/ask"), 401, {}, b"{}")


def test_a_persons_renewal_names_the_scope(speaker: FiledJson) -> None:
    renewal = speaker.refresh(TOKENS)
    assert renewal is not None
    arguments: dict[str, Any] = renewal[0]
    assert arguments["data"]["scope"] == "read offline" and arguments["data"]["refresh_token"] == "refresh"


@pytest.mark.parametrize(
    ("error", "kind", "advice"),
    [
        ("temporarily_unavailable", TransientError, None),
        ("server_error", TransientError, None),
        ("internal_failure", TransientError, None),
        ("invalid_client", AuthError, "secret"),
        ("invalid_grant", AuthError, "authorise again"),
    ],
)
def test_a_renewal_that_is_refused_says_whether_it_passes_and_what_has_ended(
    speaker: FiledJson, error: str, kind: type[Exception], advice: str | None
) -> None:
    _, read = speaker.refresh(Tokens("", "r")) or (None, None)
    assert read is not None
    with pytest.raises(kind) as caught:
        read(f'{{"error": "{error}", "error_description": "told at length"}}'.encode())
    assert advice is None or advice in str(caught.value)


def test_an_authorisation_that_was_given_for_days_is_told_with_the_token(speaker: FiledJson) -> None:
    """Google's, of an app that is only being tried out: seven days."""
    _, read = speaker.refresh(Tokens("", "r")) or (None, None)
    assert read is not None
    week = read(b'{"access_token": "a", "expires_in": 3599, "refresh_token_expires_in": 604799}')
    assert week.refresh_expires_at is not None
    assert timedelta(days=6) < week.refresh_expires_at - datetime.now(UTC) < timedelta(days=7)
    assert read(b'{"access_token": "a", "expires_in": 3599}').refresh_expires_at is None
