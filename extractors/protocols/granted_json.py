"""The granted family: JSON over HTTP with a bearer token that somebody's grant buys, errors as HTTP statuses.

A grant is a service account's key, which signs a statement (RFC 7523), or a person's refresh token. A token
is bought before the first call and again before it runs out; a 401 buys one more. What an answer says is left
of a quota is heeded before the next call.
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
EARLY = timedelta(minutes=1)
ADVICE = "check the key or authorise again, and update the connection"
SECRET = "the app's id or secret is wrong, or the secret's time is over: make a new one for the connection"  # noqa: S105  advice
PASSING = {"temporarily_unavailable", "server_error", "internal_failure"}


@dataclass(frozen=True)
class Dialect:
    """A member of the family.

    scope: what a service account asks for. token_url: where tokens are bought; a connection with a host of
        its own keeps only the last part of the path.
    error: (status, body, account) → the error in an answer, or None when it is good.
    headers: further headers of every call for an account.
    left: (body, account) → seconds to stay away and why, when the answer says too little is left.
    is_scope_renewed: a person's renewal names the scope, too.
    """

    scope: str
    token_url: str
    error: Callable[[int, Any, Account], DaybookError | None]
    headers: Callable[[Account, Credentials], dict[str, str]] = lambda account, credentials: {}
    left: Callable[[Any, Account], tuple[float, str] | None] = lambda body, account: None
    is_scope_renewed: bool = False


class GrantedJson:
    """Speaks the dialect for one account. Connection: login and password are a service account's e-mail and
    private key (PEM), or an app's id and secret with the person's refresh_token in extra."""

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
        if not tokens.access_token or (ends is not None and ends - EARLY <= datetime.now(UTC)):
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
        return {"method": "POST", "url": url, "data": form}, _bought

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


def _bought(body: bytes) -> Tokens:
    data = loads(body, "token refresh")
    if not isinstance(data, dict) or not data.get("access_token"):
        reason = data.get("error") if isinstance(data, dict) else None
        if reason in PASSING:
            raise TransientError(f"token refresh: {reason}")
        advice = SECRET if reason == "invalid_client" else ADVICE
        raise AuthError(f"token refresh was refused: {reason}", advice=advice)
    return Tokens(
        access_token=str(data["access_token"]),
        refresh_token=data.get("refresh_token"),
        expires_at=ends_in(data.get("expires_in") or 3600),
        # Told where an authorisation is for a time: seven days for an app of Google's that is tried out.
        refresh_expires_at=ends_in(data.get("refresh_token_expires_in")),
    )
