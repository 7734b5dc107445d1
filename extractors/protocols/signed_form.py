"""The signed-form protocol: one URL, the method as a parameter, a signature over the sorted parameters.

Taobao's TOP is the model that others copied. Vendors differ in the names of parameters, the digest, the
notation of time and where an answer has its error: a `Dialect` says how.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from extractors.accounts import Account
from extractors.core.decode import dumps, loads
from extractors.core.model import Reply, Request
from extractors.credentials import Credentials
from extractors.errors import DaybookError, TransientError
from extractors.protocols.http_status import raise_for_status
from extractors.protocols.oauth import unless_passing
from extractors.tokens import Tokens


@dataclass(frozen=True)
class Dialect:
    """What differs between the vendors of this protocol.

    digest: (secret, parameters) → signature.
    error: the error in a body, or None when it is good.
    decode: (body, name of the call) → the body's content; JSON unless the vendor sends something else.
    signs_system_only: business parameters are not signed.
    method, token, key: names of the system parameters. constants: system parameters with fixed values.
    now: the timestamp as text.
    envelope: the name of the one parameter that contains all business parameters as a JSON object of texts
        (None: they are parameters themselves).
    refresh_url, refresh_form, refresh_read: the URL where a token is renewed; (app key, app secret, tokens)
        → the form to send; the function that reads the answer. If the connection names a host, that host is
        used with this path. refresh_verb: the HTTP method.
    refresh_request: for vendors where a signed call of the API itself renews the token, instead of a URL.
    """

    digest: Callable[[str, Mapping[str, str]], str]
    error: Callable[[Any], DaybookError | None]
    decode: Callable[[bytes, str], Any] = loads
    signs_system_only: bool = False
    method: str = "method"
    token: str = "access_token"  # noqa: S105  the name of a parameter
    key: str = "app_key"
    constants: Mapping[str, str] = field(default_factory=dict)
    now: Callable[[], str] = lambda: wall_clock("Asia/Shanghai")
    envelope: str | None = None
    refresh_url: str | None = None
    refresh_form: Callable[[str, str, Tokens], dict[str, str]] | None = None
    refresh_read: Callable[[bytes], Tokens] | None = None
    refresh_verb: Literal["POST", "GET"] = "POST"
    refresh_request: Callable[[Tokens], Request] | None = None


class SignedForm:
    """The speaker for one account."""

    def __init__(self, dialect: Dialect, url: str, account: Account, credentials: Credentials) -> None:
        self._dialect = dialect
        self._url = url.rstrip("/")
        self._own_host = (credentials.host or "").rstrip("/")
        self._key = credentials.need("login", account.id)
        self._secret = credentials.need("password", account.id)

    def prepare(self, request: Request, tokens: Tokens) -> dict[str, Any]:
        dialect = self._dialect
        business = {name: as_text(value) for name, value in request.params.items() if value is not None}
        if dialect.envelope is not None:
            business = {dialect.envelope: dumps(business).decode()}
        system = {
            **dialect.constants,
            dialect.method: request.name,
            dialect.key: self._key,
            dialect.token: tokens.access_token,
            "timestamp": dialect.now(),
        }
        params = {name: value for name, value in (business | system).items() if value != ""}
        signed = {name: params[name] for name in system if name in params}
        params["sign"] = dialect.digest(self._secret, signed if dialect.signs_system_only else params)
        return {"method": "POST", "url": self._url + request.path, "data": params}

    def check(self, request: Request, status: int, headers: dict[str, str], body: bytes) -> Reply:
        raise_for_status(request.name, status, headers)
        data = self._dialect.decode(body, request.name)
        error = self._dialect.error(data)
        if error is not None:
            raise error
        return Reply(data, headers)

    def refresh(self, tokens: Tokens) -> tuple[dict[str, Any], Callable[[bytes], Tokens]] | None:
        dialect = self._dialect
        if dialect.refresh_read is None:
            return None
        read = unless_passing(dialect.refresh_read, dialect.error)
        if dialect.refresh_request is not None:
            # The call that renews a token is signed like any other and carries none.
            return self.prepare(dialect.refresh_request(tokens), Tokens("")), read
        if dialect.refresh_url is None or dialect.refresh_form is None:
            return None
        form = dialect.refresh_form(self._key, self._secret, tokens)
        url = self._own_host + urlsplit(dialect.refresh_url).path if self._own_host else dialect.refresh_url
        place = "data" if dialect.refresh_verb == "POST" else "params"
        return {"method": dialect.refresh_verb, "url": url, place: form}, read


def wall_clock(zone: str) -> str:
    """`yyyy-MM-dd HH:mm:ss` of a zone, whatever the zone of this machine."""
    return datetime.now(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S")


def epoch_seconds() -> str:
    """The present as whole seconds since 1970."""
    return str(int(datetime.now(UTC).timestamp()))


def as_text(value: Any) -> str:
    """A parameter as it is sent and signed: objects and lists become JSON once, booleans true/false."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return dumps(value).decode()
    return str(value)


def seconds_named_in(text: str) -> float | None:
    """The wait in seconds that a message names, plus one: "This ban will last for 3 more seconds" → 4.0.
    None when it names none."""
    found = re.search(r"(\d+)\s+more\s+second", text)
    return float(found.group(1)) + 1 if found else None


def expect_object(data: Any, what: str) -> dict[str, Any]:
    """The body, if it is an object. Raises TransientError for anything else, which is not this protocol's
    answer (a proxy's, perhaps)."""
    if not isinstance(data, dict):
        raise TransientError(f"{what} answered with something that is no envelope")
    return data
