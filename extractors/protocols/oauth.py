"""OAuth 2 token renewal (RFC 6749, section 6): a form is posted, a JSON object comes back.

Vendors differ in the names of the fields for the app's key and secret and for lifetimes. `unless_passing` is
for renewals of every kind.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from extractors.core.decode import loads
from extractors.errors import AuthError, DaybookError, RateLimitedError, TransientError
from extractors.tokens import Tokens

AUTHORISE = "authorise the shop again and update the connection"


def refresh_form(
    key: str = "client_id",
    secret: str = "client_secret",  # noqa: S107  the name of a field
) -> Callable[[str, str, Tokens], dict[str, str]]:
    """Returns a function (app key, app secret, tokens) → the form to post. `key` and `secret` are the names
    of its fields."""

    def form(own_key: str, own_secret: str, tokens: Tokens) -> dict[str, str]:
        return {
            key: own_key,
            secret: own_secret,
            "grant_type": "refresh_token",
            "refresh_token": tokens.refresh_token or "",
        }

    return form


def token_reader(
    *,
    refresh_life: str | None = None,
    reason: Callable[[dict[str, Any]], str] = lambda data: str(data.get("error") or "no token in the answer"),
    advice: str = AUTHORISE,
) -> Callable[[bytes], Tokens]:
    """Returns a function that reads the answer to such a form. Lifetimes are in seconds, as numbers or text.

    refresh_life: the field with the refresh token's lifetime, if the vendor sends one.
    reason: takes the reason out of an answer without a token. The function then raises AuthError with
        `advice`.
    """

    def read(body: bytes) -> Tokens:
        data = loads(body, "token refresh")
        if not isinstance(data, dict) or not data.get("access_token"):
            said = reason(data) if isinstance(data, dict) else "no token in the answer"
            raise AuthError(f"token refresh: {said}", advice=advice)
        return Tokens(
            access_token=data["access_token"],
            refresh_token=data.get("refresh_token"),
            expires_at=ends_in(data.get("expires_in")),
            refresh_expires_at=ends_in(data.get(refresh_life)) if refresh_life else None,
        )

    return read


def data_of(body: bytes, error: Callable[[Any], DaybookError | None], advice: str) -> Any:
    """The `data` a refresh answers with in its envelope. Raises AuthError with `advice` for an error."""
    answer = loads(body, "token refresh")
    found = error(answer)
    if found is not None:
        raise AuthError(found.message, advice=advice)
    return answer["data"]


def unless_passing(
    read: Callable[[bytes], Tokens], error: Callable[[Any], DaybookError | None]
) -> Callable[[bytes], Tokens]:
    """Wraps the reader of a renewal's answer: a refusal that the platform's own error table calls transient
    becomes a TransientError and is retried.

    As an AuthError it would end the account's night and tell the merchant to authorise again needlessly.
    """

    def judged(body: bytes) -> Tokens:
        try:
            return read(body)
        except AuthError:
            found = error(loads(body, "token refresh"))
            if isinstance(found, TransientError | RateLimitedError):
                raise TransientError(f"token refresh: {found.message}") from None
            raise

    return judged


def ends_in(seconds: Any) -> datetime | None:
    """The instant `seconds` (a number or text) from now; None when that is missing or no number.

    No error is raised for a bad number: the new token must be kept, because the old one usually no longer
    works.
    """
    try:
        return datetime.now(UTC) + timedelta(seconds=int(seconds)) if seconds else None
    except (TypeError, ValueError, OverflowError):
        return None


def ends_at(moment: Any, parts: int = 1) -> datetime | None:
    """The instant of an epoch time in seconds, or in fractions of a second (parts=1000: milliseconds). None
    when that is missing or no number, as in `ends_in`."""
    try:
        return datetime.fromtimestamp(int(moment) / parts, UTC) if moment else None
    except (TypeError, ValueError, OverflowError, OSError):
        return None
