"""The token protocol: unsigned GET and POST with a token; a code in the answer tells success.

Vendors differ in where the token goes, what the code is called and how a token is renewed: a `Dialect` says
how.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from extractors.accounts import Account
from extractors.core.decode import dumps, loads
from extractors.core.model import Reply, Request
from extractors.credentials import Credentials
from extractors.errors import AuthError, DaybookError
from extractors.protocols.http_status import raise_for_status
from extractors.protocols.oauth import unless_passing
from extractors.protocols.restraint import Restraint
from extractors.tokens import Tokens


@dataclass(frozen=True)
class Dialect:
    """What differs between the vendors of this protocol.

    error: (body, headers) → the error, or None when the answer is good.
    token_header, token_param: where the access token goes (one of the two). token_prefix: text before it.
    key_is_token: there is no access token but a permanent key, the connection's password.
    headers: sent with every call. stamp: (credentials, tokens) → parameters that are new for each call.
    json_body: a POST sends its parameters as one JSON object with their own types, and the token's parameter
        in the query. Otherwise it sends a form.
    refusal: (name, HTTP status, headers, body) → the error for an error status, where the body is more
        precise than the status; None: use the status.
    left: (headers) → (seconds to wait, why) when the answer says that a quota is nearly used up.
    refresh: (app id, app secret, tokens) → the request that renews the tokens; its URL is a path, or a full
        URL on another host. If the connection names a host, that host is used.
    refresh_read: reads the new tokens from its answer.
    renews_by_key: key and secret are enough to get a token, also before the first call. A connection without
        them has a token that cannot be renewed.
    """

    error: Callable[[Any, dict[str, str]], DaybookError | None]
    token_header: str | None = None
    token_param: str | None = None
    token_prefix: str = ""
    key_is_token: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    stamp: Callable[[Credentials, Tokens], dict[str, str]] = lambda credentials, tokens: {}
    json_body: bool = False
    refusal: Callable[[str, int, dict[str, str], bytes], DaybookError | None] | None = None
    left: Callable[[dict[str, str]], tuple[float, str] | None] = lambda headers: None
    refresh: Callable[[str, str, Tokens], dict[str, Any]] | None = None
    refresh_read: Callable[[bytes], Tokens] | None = None
    renews_by_key: bool = False


class TokenRest:
    """The speaker for one account."""

    def __init__(self, dialect: Dialect, url: str, account: Account, credentials: Credentials) -> None:
        self._dialect = dialect
        self._url = url.rstrip("/")
        self._account = account.id
        self._credentials = credentials
        self._restraint = Restraint()
        self.renews_by_key = dialect.renews_by_key

    def prepare(self, request: Request, tokens: Tokens) -> dict[str, Any]:
        self._restraint.heed(request.name)
        if self.renews_by_key and not tokens.access_token:
            advice = "check the key and the secret of the connection"
            raise AuthError(f"{request.name}: no token yet", refreshable=True, advice=advice)
        is_json = self._dialect.json_body and request.verb == "POST"
        given = {name: value for name, value in request.params.items() if value is not None}
        params = given if is_json else {name: as_query(value) for name, value in given.items()}
        params |= self._dialect.stamp(self._credentials, tokens)
        headers = dict(self._dialect.headers)
        token = tokens.access_token
        if self._dialect.key_is_token:
            token = self._credentials.need("password", self._account)
        query: dict[str, Any] = {}
        if self._dialect.token_param:
            (query if is_json else params)[self._dialect.token_param] = token
        if self._dialect.token_header:
            headers[self._dialect.token_header] = self._dialect.token_prefix + token
        place = "params" if request.verb == "GET" else "json" if is_json else "data"
        sent = {"method": request.verb, "url": self._url + request.path, place: params, "headers": headers}
        return {**sent, "params": query} if query else sent

    def check(self, request: Request, status: int, headers: dict[str, str], body: bytes) -> Reply:
        if status >= 400 and self._dialect.refusal is not None:
            refusal = self._dialect.refusal(request.name, status, headers, body)
            if refusal is not None:
                raise refusal
        raise_for_status(request.name, status, headers)
        data = loads(body, request.name)
        error = self._dialect.error(data, headers)
        if error is not None:
            raise error
        self._restraint.tell(*(self._dialect.left(headers) or (None, "")))
        return Reply(data, headers)

    def refresh(self, tokens: Tokens) -> tuple[dict[str, Any], Callable[[bytes], Tokens]] | None:
        if self._dialect.refresh is None or self._dialect.refresh_read is None:
            return None
        if self.renews_by_key and not (self._credentials.login and self._credentials.password):
            return None
        key = self._credentials.need("login", self._account)
        secret = self._credentials.need("password", self._account)
        arguments = dict(self._dialect.refresh(key, secret, tokens))
        named = urlsplit(arguments["url"])
        if not named.netloc or self._credentials.host:
            arguments["url"] = self._url + named.path
        return arguments, unless_passing(
            self._dialect.refresh_read, lambda answer: self._dialect.error(answer, {})
        )


def as_query(value: Any) -> str:
    """A value as the text of a query parameter; lists and objects become JSON."""
    return dumps(value).decode() if isinstance(value, dict | list) else str(value)
