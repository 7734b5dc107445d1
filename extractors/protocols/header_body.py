"""The header-and-body family: one JSON object with who asks in `header` and what is asked in `body`.

The answer has the same two parts; `header.status` tells success, HTTP is 200 whatever happened. Members
differ in what the header holds, in their error codes and in how a token is renewed: a `Dialect` states them.
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
    """A member of the family.

    header: (account, credentials, tokens) → who asks.
    error: the error in an answer, or None when it is good.
    files: paths whose answer is a file of lines; an object in its place is an error.
    refresh: (app id, app secret, tokens, account) → the request that renews the tokens, below the base URL;
        `refresh_host` where another host does it. refresh_read: the new tokens from its answer.
    """

    header: Header
    error: Callable[[Any], DaybookError | None]
    files: frozenset[str] = frozenset()
    refresh: Callable[[str, str, Tokens, Account], dict[str, Any]] | None = None
    refresh_host: str | None = None
    refresh_read: Callable[[bytes], Tokens] | None = None


class HeaderBody:
    """Speaks the dialect for one account."""

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
    """The codes and words of a header's failures, for an error's text."""
    failures = header.get("failures") or []
    texts = [
        " ".join(str(entry[name]) for name in ("code", "message") if entry.get(name))
        for entry in failures
        if isinstance(entry, dict)
    ]
    return "; ".join(text for text in texts if text) or str(header.get("desc") or "no reason given")
