"""The header-and-body protocol: requests are JSON objects with credentials in `header`, parameters in `body`.

Answers have the same two parts. HTTP is always 200; `header.status` tells success. A `Dialect` says what
differs between vendors: the header's fields, error codes, and how a token is renewed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from extractors.accounts import Account
from extractors.core.decode import dumps, loads
from extractors.core.model import Reply, Request
from extractors.credentials import Credentials
from extractors.errors import DaybookError, TransientError
from extractors.protocols.http_status import raise_for_status
from extractors.tokens import Tokens

JSON = {"Content-Type": "application/json;charset=UTF-8"}
Header = Callable[[Account, Credentials, Tokens], dict[str, Any]]


@dataclass(frozen=True)
class Dialect:
    """What differs between the vendors of this protocol.

    header: (account, credentials, tokens) → the `header` of a request.
    error: the error in an answer, or None when it is good.
    files: paths that answer with a text file; a JSON object in its place is an error.
    refresh: (app id, app secret, tokens, account) → the request that renews the tokens; its URL is a path.
        refresh_host: the host for it, if it is not the API's. refresh_read: reads the new tokens from the
        answer.
    """

    header: Header
    error: Callable[[Any], DaybookError | None]
    files: frozenset[str] = frozenset()
    refresh: Callable[[str, str, Tokens, Account], dict[str, Any]] | None = None
    refresh_host: str | None = None
    refresh_read: Callable[[bytes], Tokens] | None = None


class HeaderBody:
    """The speaker for one account."""

    def __init__(self, dialect: Dialect, url: str, account: Account, credentials: Credentials) -> None:
        self._dialect = dialect
        self._url = url.rstrip("/")
        self._account = account
        self._credentials = credentials

    def prepare(self, request: Request, tokens: Tokens) -> dict[str, Any]:
        header = self._dialect.header(self._account, self._credentials, tokens)
        body = {name: value for name, value in request.params.items() if value is not None}
        data = dumps({"header": header, "body": body})
        return {"method": "POST", "url": self._url + request.path, "data": data, "headers": dict(JSON)}

    def check(self, request: Request, status: int, headers: dict[str, str], body: bytes) -> Reply:
        raise_for_status(request.name, status, headers)
        if request.path in self._dialect.files:
            return self._file(request, headers, body)
        return Reply(self._good(loads(body, request.name)), headers)

    def refresh(self, tokens: Tokens) -> tuple[dict[str, Any], Callable[[bytes], Tokens]] | None:
        dialect = self._dialect
        if dialect.refresh is None or dialect.refresh_read is None:
            return None
        key = self._credentials.need("login", self._account.id)
        secret = self._credentials.need("password", self._account.id)
        arguments = dict(dialect.refresh(key, secret, tokens, self._account))
        host = self._url if self._credentials.host else (dialect.refresh_host or self._url)
        arguments["url"] = host + arguments["url"]
        return arguments, dialect.refresh_read

    def _good(self, data: Any) -> Any:
        error = self._dialect.error(data)
        if error is not None:
            raise error
        return data

    def _file(self, request: Request, headers: dict[str, str], body: bytes) -> Reply:
        """The file's bytes, unless an error or a web page came in its place."""
        start = body.lstrip(b"\xef\xbb\xbf \r\n\t")[:1]
        if start == b"<":
            raise TransientError(f"{request.name} sent a web page in place of the file")
        if start == b"{":
            self._good(loads(body, request.name))
            raise TransientError(f"{request.name} sent an object in place of the file")
        if not body.endswith(b"\n"):
            raise TransientError(f"{request.name} sent a file that is empty or ends within a line")
        return Reply(body, headers)


def failures_of(header: Mapping[str, Any]) -> str:
    """The codes and messages of an answer's `header.failures`, for an error message."""
    failures = header.get("failures") or []
    texts = [
        " ".join(str(entry[name]) for name in ("code", "message") if entry.get(name))
        for entry in failures
        if isinstance(entry, dict)
    ]
    return "; ".join(text for text in texts if text) or str(header.get("desc") or "no reason given")
