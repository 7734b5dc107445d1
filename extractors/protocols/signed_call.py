"""The signed-call family: business parameters as one text, signed with who asks and when.

Members differ in where the parts of a call stand and which of them the signature covers: a `Shape` below puts
one call together; a `Dialect` states the shape, the errors and how a token is renewed.
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
    """One call before it is signed. `path` begins with a slash; `at` is the moment of sending."""

    name: str
    path: str
    params: dict[str, Any]
    key: str
    secret: str
    token: str
    at: datetime
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def seconds(self) -> str:
        return str(int(self.at.timestamp()))

    @property
    def milliseconds(self) -> str:
        return str(int(self.at.timestamp() * 1000))

    def wall(self, zone: str) -> str:
        """`yyyy-MM-dd HH:mm:ss` in a zone, whatever the zone of this machine."""
        return self.at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S")


Shape = Callable[[Call], dict[str, Any]]
"""Arguments of `requests.Session.request`, signed; the URL still without the host."""


@dataclass(frozen=True)
class Dialect:
    """A member of the family.

    shape: puts a call together.
    error: finds the error in a body, or None when the answer is good.
    headers: sent with every call.
    needs: what the connection's extra must hold besides the tokens.
    refresh: (speaker, tokens) → the call that renews the tokens; `refresh_read`: (its answer, the tokens that
        were renewed) → the new ones.
    """

    shape: Shape
    error: Callable[[Any], DaybookError | None]
    headers: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    refresh: Callable[[SignedCall, Tokens], dict[str, Any]] | None = None
    refresh_read: Callable[[bytes, Tokens], Tokens] | None = None


class SignedCall:
    """Speaks the dialect for one account."""

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
        """The signed call; without a token for the call that renews one."""
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
        )
        return self.addressed(self._dialect.shape(call))

    def addressed(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The arguments with the host before the URL and the dialect's own headers."""
        headers = {**self._dialect.headers, **arguments.get("headers", {})}
        return {**arguments, "url": self._url + arguments["url"], "headers": headers}

    def elsewhere(self, url: str) -> str:
        """A URL at another host of the vendor; a connection with a host of its own keeps only the path."""
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
        """Raise the error a refusal's body tells of: it says more than its HTTP status."""
        try:
            error = self._dialect.error(loads(body, name))
        except TransientError:
            return  # no JSON: the page of a proxy or firewall
        if error is not None and not isinstance(error, TransientError):
            raise error


# ---- shapes ------------------------------------------------------------------------------------


def canonical(value: Any) -> bytes:
    """JSON with keys sorted at every depth, compact, UTF-8 unescaped: the text that is signed and sent."""
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
    """A JSON body; who asks, when, and how it is listed (`query`) in the query; all signed with the path.

    extra: what of the connection goes into the query too.
    """
    system = {"app_key": call.key, "timestamp": call.seconds}
    system |= {name: str(call.extra.get(name, "")) for name in extra}
    system |= {name: _text(value) for name, value in call.params.items() if name in query}
    body = canonical({name: value for name, value in call.params.items() if name not in query})
    sign = signing.hmac_sha256_over_path(call.secret, call.path, system, body)
    headers = {"Content-Type": "application/json", token_header: call.token}
    query_signed = {**system, "sign": sign}
    return {"method": "POST", "url": call.path, "params": query_signed, "data": body, "headers": headers}


def form_signed_over_path(call: Call) -> dict[str, Any]:
    """A form whose signature covers the path from its protocol part on; the key ends the path."""
    path = f"{call.path}/{call.key}"
    form = {
        name: canonical(value).decode() if isinstance(value, dict | list) else _text(value)
        for name, value in call.params.items()
    }
    if call.token:  # a merchant's own app needs none
        form["access_token"] = call.token
    covered = path.split("/openapi/", 1)[-1]
    form["_aop_signature"] = signing.hmac_sha1_path(call.secret, covered, form)
    return {"method": "POST", "url": path, "data": form}


def json_text_in_query(call: Call, secret_name: str) -> dict[str, Any]:
    """All in the query of a GET, business parameters as one JSON text; signed with a secret of its own."""
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
    """One JSON body that holds business and system parameters; only the latter are signed."""
    signed = {"appId": call.key, "timestamp": call.seconds, "version": "2.0"}
    sign = signing.md5_query(signed, call.secret, f"{call.name}?")
    body = {**call.params, **signed, "method": call.name, "sign": sign}
    if call.token:
        body["accessToken"] = call.token
    return {"method": "POST", "url": call.path, "data": canonical(body), "headers": dict(JSON)}


def json_body_signed_in_headers(call: Call, zone: str, version: str) -> dict[str, Any]:
    """The body holds business parameters only; who asks, when, and the signature over both are headers.

    The one entry of `params` is the name the vendor gives the request's content.
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
