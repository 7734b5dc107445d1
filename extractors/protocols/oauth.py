"""The usual OAuth 2 refresh, as the open platforms wrote it down: a form there, a JSON object back.

What differs between vendors are the names of the app's key and secret and of the lifetimes.
`unless_passing` holds for refreshes of every kind.
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
    """(app key, secret, tokens) → the form that asks for new tokens; `key` and `secret` name its fields."""

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
    """Reads the answer to such a form; lifetimes are seconds, as numbers or text.

    refresh_life: the field with the refresh token's life, where the vendor tells it.
    reason: what an answer without a token says of why. The reader then raises AuthError with `advice`.
    """

    def read(body: bytes) -> Tokens:
        data = loads(body, "token refresh")
        if not isinstance(data, dict) or not data.get("access_token"):
            said = reason(data) if isinstance(data, dict) else "no token in the answer"
            raise AuthError(f"token refresh: {said}", advice=advice)
        return Tokens(
            access_token=str(data["access_token"]),
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
    """The reader of a refresh, whose refusals are held against the platform's own table of errors first.

    Raises:
        TransientError: the table calls the refusal a trouble that passes. It costs another try; as a refused
            credential it would cost the account its night and send somebody to authorise it again.
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
    """When so many seconds (a number or text) are over; None where it cannot be told.

    A renewed token is kept all the same: most vendors have forgotten the old one by then.
    """
    try:
        return datetime.now(UTC) + timedelta(seconds=int(seconds)) if seconds else None
    except (TypeError, ValueError, OverflowError):
        return None


def ends_at(moment: Any, parts: int = 1) -> datetime | None:
    """The instant of so many seconds (or `parts` of one) since 1970; None as above."""
    try:
        return datetime.fromtimestamp(int(moment) / parts, UTC) if moment else None
    except (TypeError, ValueError, OverflowError, OSError):
        return None
