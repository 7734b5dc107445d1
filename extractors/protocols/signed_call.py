"""The signed-call protocol: business parameters as one JSON text, signed together with app key and time.

Vendors differ in where the parts of a call go and which of them are signed. A `Shape` builds a call; a
`Dialect` names the shape, the errors and how a token is renewed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import orjson

from extractors.accounts import Account
from extractors.core.decode import loads
from extractors.core.model import Reply, Request
from extractors.credentials import Credentials
from extractors.errors import DaybookError, TransientError
from extractors.protocols import signing
from extractors.protocols.http_status import raise_for_status
from extractors.protocols.oauth import unless_passing
from extractors.tokens import Tokens

JSON = {"Content-Type": "application/json;charset=UTF-8"}


@dataclass(frozen=True)
class Call:
    """One call before it is signed.

    name, path (with a leading slash), params: of the request. key, secret: of the app. token: the access
    token, or "". at: the time of sending. extra: the connection's extra.
    """

    name: str
    path: str
    params: dict[str, Any]
    key: str
    secret: str
    token: str
    at: datetime
    extra: Mapping[str, Any] = field(default_factory=dict)
    verb: str = "POST"

    @property
    def seconds(self) -> str:
        return str(int(self.at.timestamp()))

    @property
    def milliseconds(self) -> str:
        return str(int(self.at.timestamp() * 1000))

    def wall(self, zone: str) -> str:
        """The time of sending as `yyyy-MM-dd HH:mm:ss` in `zone`."""
        return self.at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S")


Shape = Callable[[Call], dict[str, Any]]
"""Call → the signed keyword arguments of `requests.Session.request`; the URL is without the host."""


@dataclass(frozen=True)
class Dialect:
    """What differs between the vendors of this protocol.

    shape: builds and signs a call.
    error: the error in a body, or None when it is good.
    headers: sent with every call.
    needs: fields that the connection's extra must have in addition to the tokens.
    refresh: (speaker, tokens) → the call that renews the tokens. refresh_read: (its answer, the old tokens)
        → the new ones.
    """

    shape: Shape
    error: Callable[[Any], DaybookError | None]
    headers: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    refresh: Callable[[SignedCall, Tokens], dict[str, Any]] | None = None
    refresh_read: Callable[[bytes, Tokens], Tokens] | None = None


class SignedCall:
    """The speaker for one account."""

    def __init__(self, dialect: Dialect, url: str, account: Account, credentials: Credentials) -> None:
        self._dialect = dialect
        self._url = url.rstrip("/")
        self._account = account.id
        self._credentials = credentials
        self.key = credentials.need("login", account.id)
        self.secret = credentials.need("password", account.id)

    def prepare(self, request: Request, tokens: Tokens) -> dict[str, Any]:
        return self.compose(request, tokens.access_token)

    def compose(self, request: Request, token: str = "") -> dict[str, Any]:
        """The signed keyword arguments of a call. token: "" for the call that renews it."""
        for name in self._dialect.needs:
            self._credentials.need(name, self._account)
        params = {name: value for name, value in request.params.items() if value is not None}
        call = Call(
            request.name,
            request.path,
            params,
            self.key,
            self.secret,
            token,
            datetime.now(UTC),
            self._credentials.extra,
            request.verb,
        )
        return self.addressed(self._dialect.shape(call))

    def addressed(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The arguments with the host added to the URL and the dialect's headers added."""
        headers = {**self._dialect.headers, **arguments.get("headers", {})}
        return {**arguments, "url": self._url + arguments["url"], "headers": headers}

    def elsewhere(self, url: str) -> str:
        """A URL on another host of the vendor. If the connection names a host, that host is used instead."""
        return self._url + urlsplit(url).path if self._credentials.host else url

    def check(self, request: Request, status: int, headers: dict[str, str], body: bytes) -> Reply:
        if 400 <= status < 500 and status != 429:
            self._raise_told(request.name, body)
        raise_for_status(request.name, status, headers)
        data = loads(body, request.name)
        error = self._dialect.error(data)
        if error is not None:
            raise error
        return Reply(data, headers)

    def refresh(self, tokens: Tokens) -> tuple[dict[str, Any], Callable[[bytes], Tokens]] | None:
        if self._dialect.refresh is None or self._dialect.refresh_read is None:
            return None
        read = self._dialect.refresh_read
        judged = unless_passing(lambda body: read(body, tokens), self._dialect.error)
        return self._dialect.refresh(self, tokens), judged

    def _raise_told(self, name: str, body: bytes) -> None:
        """Raise the error in a refusal's body, if there is one: it is more precise than the HTTP status."""
        try:
            error = self._dialect.error(loads(body, name))
        except TransientError:
            return  # not JSON but a page of a proxy or firewall
        if error is not None and not isinstance(error, TransientError):
            raise error


# ---- shapes ------------------------------------------------------------------------------------


def canonical(value: Any) -> bytes:
    """Compact JSON in UTF-8 with keys sorted at every depth. The same bytes are signed and sent."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def json_body_signed_in_query(call: Call) -> dict[str, Any]:
    """System parameters and signature in the query, business parameters as the JSON body, which is signed."""
    body = canonical(call.params)
    system = {"app_key": call.key, "method": call.name, "timestamp": call.seconds, "v": "2"}
    sign = signing.hmac_sha256_wrapped(call.secret, {**system, "param_json": body.decode()})
    query = {**system, "sign": sign, "sign_method": "hmac-sha256"}
    if call.token:
        query["access_token"] = call.token
    return {"method": "POST", "url": call.path, "params": query, "data": body, "headers": dict(JSON)}


def json_body_signed_over_path(
    call: Call, query: frozenset[str], extra: tuple[str, ...], token_header: str
) -> dict[str, Any]:
    """A JSON body, with app key, time and the parameters named in `query` (paging) in the query. The path,
    query and body are signed.

    extra: fields of the connection's extra that go into the query, too. token_header: the token's header. A
    GET has no body: all its parameters go into the query.
    """
    is_bodiless = call.verb == "GET"
    system = {"app_key": call.key, "timestamp": call.seconds}
    system |= {name: str(call.extra.get(name, "")) for name in extra}
    system |= {name: _text(value) for name, value in call.params.items() if is_bodiless or name in query}
    rest = {name: value for name, value in call.params.items() if name not in query}
    body = b"" if is_bodiless else canonical(rest)
    sign = signing.hmac_sha256_over_path(call.secret, call.path, system, body)
    headers = {"Content-Type": "application/json", token_header: call.token}
    query_signed = {**system, "sign": sign}
    return {"method": call.verb, "url": call.path, "params": query_signed, "data": body, "headers": headers}


def form_signed_over_path(call: Call) -> dict[str, Any]:
    """A form; the app key is the last part of the path. The signature covers the form and the path behind
    `/openapi/`."""
    path = f"{call.path}/{call.key}"
    form = {
        name: canonical(value).decode() if isinstance(value, dict | list) else _text(value)
        for name, value in call.params.items()
    }
    if call.token:  # a merchant's own app works without one
        form["access_token"] = call.token
    covered = path.split("/openapi/", 1)[-1]
    form["_aop_signature"] = signing.hmac_sha1_path(call.secret, covered, form)
    return {"method": "POST", "url": path, "data": form}


def json_text_in_query(call: Call, secret_name: str) -> dict[str, Any]:
    """A GET with everything in the query, business parameters as one JSON text. It is signed with a separate
    secret, the field `secret_name` of the connection's extra."""
    system = {
        "access_token": call.token,
        "appkey": call.key,
        "method": call.name,
        "param": canonical(call.params).decode(),
        "signMethod": "MD5",
        "timestamp": call.milliseconds,
        "version": "1",
    }
    sign = signing.md5_query(system, f"&signSecret={call.extra.get(secret_name, '')}")
    return {"method": "GET", "url": call.path, "params": {**system, "sign": sign}}


def json_body_with_system(call: Call) -> dict[str, Any]:
    """A JSON body with business and system parameters; only the system parameters are signed."""
    signed = {"appId": call.key, "timestamp": call.seconds, "version": "2.0"}
    sign = signing.md5_query(signed, call.secret, f"{call.name}?")
    body = {**call.params, **signed, "method": call.name, "sign": sign}
    if call.token:
        body["accessToken"] = call.token
    return {"method": "POST", "url": call.path, "data": canonical(body), "headers": dict(JSON)}


def json_body_signed_in_headers(call: Call, zone: str, version: str) -> dict[str, Any]:
    """A JSON body with the business parameters; app key, time and signature are headers.

    `params` has a single entry, named as the vendor names the request's content.
    """
    body = canonical({"sn_request": {"sn_body": call.params}})
    at = call.wall(zone)
    parts = (call.secret, call.name, at, call.key, version, signing.base64_text(body))
    headers = {
        **JSON,
        "AppMethod": call.name,
        "AppRequestTime": at,
        "AppKey": call.key,
        "Format": "json",
        "VersionNo": version,
        "signInfo": signing.md5_joined(*parts),
    }
    if call.token:
        headers["access_token"] = call.token
    return {"method": "POST", "url": call.path, "data": body, "headers": headers}


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
