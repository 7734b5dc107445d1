"""The sorted-parameter family: one router URL, the method as a parameter, a signature over all of them.

Taobao's TOP is the pattern the others copied. What differs between its members are names, the digest, how
time is written and where an error stands in the answer: a `Dialect` states them.
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
    """A member of the family.

    method, token, key: names of system parameters; `constants` the fixed ones.
    digest: (secret, parameters) → signature.
    now: writes the timestamp.
    error: finds the error in a body: returns it as an exception, or None when the body is good.
    decode: (body, what was asked) → what it says; JSON, unless the vendor answers in something else.
    signs_system_only: the business parameters are not part of the signature.
    envelope: the one parameter that holds the business parameters as a JSON text, where they do not stand by
        themselves; all in it are texts.
    refresh_url, refresh_form, refresh_read: where a token is renewed, (app key, secret, tokens) → the form to
        post there, and how to read the answer. With a host of its own the connection keeps only the path.
    refresh_verb: how the form is sent there.
    refresh_request: the signed call of the gateway itself that renews a token, in place of a page of its own.
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
    """Speaks the dialect for one account."""

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
    """The wait a vendor writes into its message: "This ban will last for 3 more seconds" → 4.0 (one more)."""
    found = re.search(r"(\d+)\s+more\s+second", text)
    return float(found.group(1)) + 1 if found else None


def expect_object(data: Any, what: str) -> dict[str, Any]:
    """The body as an object; anything else is not this family's envelope and worth another try."""
    if not isinstance(data, dict):
        raise TransientError(f"{what} answered with something that is no envelope")
    return data
