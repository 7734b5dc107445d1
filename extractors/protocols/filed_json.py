"""The filed-JSON protocol: a granted JSON API whose finished reports are packed files at separate URLs.

The URL is in the answer that says that a report is finished, is signed, and works for a limited time. The
token must not be sent there: it is another host, and the storage refuses a request with two credentials.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from extractors.accounts import Account
from extractors.core.decode import loads
from extractors.core.model import Reply, Request
from extractors.credentials import Credentials
from extractors.errors import AddressExpired, AuthError, ContractError, TransientError
from extractors.protocols import granted_json
from extractors.protocols.granted_json import GrantedJson
from extractors.protocols.http_status import raise_for_status
from extractors.tokens import Tokens

BUSY = (408, 425, 429)


@dataclass(frozen=True, kw_only=True)
class Dialect(granted_json.Dialect):
    """What differs between the vendors of this protocol, in addition to `granted_json.Dialect`.

    unpack: (a file's bytes, its name for errors) → its content.
    answered: (HTTP status, body) → the reply's body when the vendor sends a good answer with an error status;
        None when it is an error.
    doubtful: names of requests whose HTTP 401 may be temporary. The token is renewed once; further ones are
        treated as transient.
    """

    unpack: Callable[[bytes, str], Any]
    answered: Callable[[int, Any], Any] = lambda status, body: None
    doubtful: frozenset[str] = frozenset()


class FiledJson(GrantedJson):
    """The speaker for one account. Its connection is as for `GrantedJson`."""

    def __init__(self, dialect: Dialect, url: str, account: Account, credentials: Credentials) -> None:
        super().__init__(dialect, url, account, credentials)
        self._filed = dialect
        self._renewed = False

    def prepare(self, request: Request, tokens: Tokens) -> dict[str, Any]:
        if _is_address(request):
            return {"method": "GET", "url": self._safe(request.path)}
        arguments = super().prepare(request, tokens)
        if request.verb == "GET":
            del arguments["data"]
            arguments |= {"method": "GET", "params": request.params}
        return arguments

    def check(self, request: Request, status: int, headers: dict[str, str], body: bytes) -> Reply:
        if _is_address(request):
            return self._file(request, status, headers, body)
        if status == 401 and request.name in self._filed.doubtful:
            if self._renewed:
                raise TransientError(f"{request.name}: HTTP 401 with a token that is good")
            self._renewed = True
            raise AuthError(f"{request.name}: HTTP 401", refreshable=True, advice=granted_json.ADVICE)
        if status >= 400:
            found = self._answered(request, status, body)
            if found is not None:
                return Reply(found, headers)
        return super().check(request, status, headers, body)

    def _answered(self, request: Request, status: int, body: bytes) -> Any:
        try:
            return self._filed.answered(status, loads(body, request.name))
        except TransientError:
            return None

    def _file(self, request: Request, status: int, headers: dict[str, str], body: bytes) -> Reply:
        if 400 <= status < 500 and status not in BUSY:
            raise AddressExpired(
                f"{request.name}: HTTP {status}, its address is no longer good", advice="run again later"
            )
        raise_for_status(request.name, status, headers)
        return Reply(self._filed.unpack(body, request.name), headers)

    def _safe(self, address: str) -> str:
        """The address. Raises ContractError unless it is https or on the API's own host (the sandbox)."""
        parts, own = urlsplit(address), urlsplit(self._url)
        if parts.scheme != "https" and (parts.scheme, parts.netloc) != (own.scheme, own.netloc):
            raise ContractError("a finished report lies at an address that is not https")
        return address


def _is_address(request: Request) -> bool:
    return request.path.startswith(("https://", "http://"))
