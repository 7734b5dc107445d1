"""What an HTTP status and the standard headers tell, before the body is read."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from extractors.errors import AuthError, ConfigError, RateLimitedError, TransientError


def raise_for_status(name: str, status: int, headers: dict[str, str]) -> None:
    """Raise the error that a status stands for; 2xx raises none.

    Raises:
        RateLimitedError: 429, with the wait of Retry-After.
        TransientError: 5xx, 408, 425.
        AuthError: 401. ConfigError: 403, 404 and other 3xx/4xx.
    """
    if 200 <= status < 300:
        return
    if status == 429:
        raise RateLimitedError(f"{name}: HTTP 429", retry_after=retry_after(headers))
    if status >= 500 or status in (408, 425):
        raise TransientError(f"{name}: HTTP {status}")
    if status == 401:
        raise AuthError(f"{name}: HTTP 401", refreshable=True, advice="check the credential of this account")
    raise ConfigError(
        f"{name}: HTTP {status}",
        advice="check the host, the permissions and the plan of this account"
        if status in (403, 404)
        else "check the host of this account",
    )


def retry_after(headers: dict[str, str]) -> float | None:
    """The seconds of a Retry-After header (a number or an HTTP date); None when it is missing or invalid."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
        return seconds if seconds >= 0 else None  # also None for "nan"
    except ValueError:
        pass
    at = http_date(value)
    return None if at is None else max(0.0, (at - datetime.now(UTC)).total_seconds())


def http_date(text: str) -> datetime | None:
    """The instant of a header such as Date; None when it is no date. All HTTP dates are in UTC, also when
    they do not say so (RFC 9110, 5.6.7)."""
    try:
        at = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at
