"""The granted-JSON protocol: JSON over HTTP with a bearer token obtained by a grant; errors as HTTP statuses.

The grant is a service account's key, which signs a JWT assertion (RFC 7523), or a person's refresh token. A
token is requested before the first call, again before it expires, and once after an HTTP 401. If an answer
tells how much of a quota is left, that is respected before the next call.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from extractors.accounts import Account
from extractors.core.decode import dumps, loads
from extractors.core.model import Reply, Request
from extractors.credentials import Credentials
from extractors.errors import AuthError, ConfigError, DaybookError, TransientError
from extractors.protocols import signing
from extractors.protocols.http_status import raise_for_status
from extractors.protocols.oauth import ends_in
from extractors.protocols.restraint import Restraint
from extractors.tokens import Tokens

PEM = "-----BEGIN"
RENEW_BEFORE = timedelta(minutes=1)
ADVICE = "check the key or authorise again, and update the connection"
SECRET_ADVICE = (
    "the app's id or secret is wrong, or the secret's time is over: make a new one for the connection"  # noqa: S105  advice
)
TRANSIENT_REASONS = {"temporarily_unavailable", "server_error", "internal_failure"}


@dataclass(frozen=True)
class Dialect:
    """What differs between the vendors of this protocol.

    scope: the OAuth scope that a service account requests.
    token_url: where tokens are requested. If the connection names a host, that host is used with the last
        part of this path.
    error: (HTTP status, body, account) → the error in an answer, or None when it is good.
    headers: further headers of every call.
    left: (body, account) → (seconds to wait, why) when the answer says that a quota is nearly used up.
    is_scope_renewed: the scope is sent with a person's refresh token, too.
    """

    scope: str
    token_url: str
    error: Callable[[int, Any, Account], DaybookError | None]
    headers: Callable[[Account, Credentials], dict[str, str]] = lambda account, credentials: {}
    left: Callable[[Any, Account], tuple[float, str] | None] = lambda body, account: None
    is_scope_renewed: bool = False


class GrantedJson:
    """The speaker for one account. Its connection has a service account's e-mail and private key (PEM) as
    login and password, or an app's id and secret, with a person's refresh_token in extra."""

    def __init__(self, dialect: Dialect, url: str, account: Account, credentials: Credentials) -> None:
        self._dialect = dialect
        self._url = url.rstrip("/")
        self._account = account
        self._credentials = credentials
        self._restraint = Restraint()
        self.renews_by_key = (credentials.password or "").lstrip().startswith(PEM)

    def prepare(self, request: Request, tokens: Tokens) -> dict[str, Any]:
        self._restraint.heed(request.name)
        ends = tokens.expires_at
        if not tokens.access_token or (ends is not None and ends - RENEW_BEFORE <= datetime.now(UTC)):
            raise AuthError(f"{request.name}: no token yet", refreshable=True, advice=ADVICE)
        headers = {
            "Authorization": f"Bearer {tokens.access_token}",
            "Content-Type": "application/json",
            **self._dialect.headers(self._account, self._credentials),
        }
        params = {name: value for name, value in request.params.items() if value is not None}
        return {"method": "POST", "url": self._url + request.path, "data": dumps(params), "headers": headers}

    def check(self, request: Request, status: int, headers: dict[str, str], body: bytes) -> Reply:
        try:
            data = loads(body, request.name)
        except TransientError:
            raise_for_status(request.name, status, headers)
            raise
        error = self._dialect.error(status, data, self._account)
        if error is not None:
            raise error
        raise_for_status(request.name, status, headers)
        self._restraint.tell(*(self._dialect.left(data, self._account) or (None, "")))
        return Reply(data, headers)

    def refresh(self, tokens: Tokens) -> tuple[dict[str, Any], Callable[[bytes], Tokens]] | None:
        login = self._credentials.need("login", self._account.id)
        password = self._credentials.need("password", self._account.id)
        url = self._dialect.token_url
        if self._credentials.host:
            url = f"{self._url}/{urlsplit(url).path.rsplit('/', 1)[-1]}"
        if self.renews_by_key:
            form = {
                "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
                "assertion": self._statement(login, password),
            }
        else:
            form = {
                "grant_type": "refresh_token",
                "client_id": login,
                "client_secret": password,
                "refresh_token": tokens.refresh_token or "",
            }
            if self._dialect.is_scope_renewed:
                form["scope"] = self._dialect.scope
        return {"method": "POST", "url": url, "data": form}, _read_token

    def _statement(self, email: str, key: str) -> str:
        now = int(time.time())
        claims = {
            "iss": email,
            "scope": self._dialect.scope,
            "aud": self._dialect.token_url,
            "iat": now,
            "exp": now + 3600,
        }
        try:
            return signing.jwt_rs256(claims, key)
        except ValueError:
            raise ConfigError(
                "the private key cannot be read",
                advice="paste private_key of the service account's JSON file as the connection's password",
            ) from None


def _read_token(body: bytes) -> Tokens:
    data = loads(body, "token refresh")
    if not isinstance(data, dict) or not data.get("access_token"):
        reason = data.get("error") if isinstance(data, dict) else None
        if reason in TRANSIENT_REASONS:
            raise TransientError(f"token refresh: {reason}")
        advice = SECRET_ADVICE if reason == "invalid_client" else ADVICE
        raise AuthError(f"token refresh was refused: {reason}", advice=advice)
    return Tokens(
        access_token=data["access_token"],
        refresh_token=data.get("refresh_token"),
        expires_at=ends_in(data.get("expires_in") or 3600),
        # Sent when the authorisation itself is limited: 7 days for a Google app in testing mode.
        refresh_expires_at=ends_in(data.get("refresh_token_expires_in")),
    )
