"""The GraphQL protocol: one URL, a document with variables, and a cost for every query.

Errors are sent beside the data with HTTP 200. Data that comes with errors is incomplete and never used. The
cost of a query is taken from an allowance that refills over time; the answer tells how much is left. All
queries share one allowance, so all have the same request name; `Request.path` says which document is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from extractors.accounts import Account
from extractors.core.decode import dumps, load_lines, loads
from extractors.core.model import Page, Record, Reply, Request
from extractors.core.paging import TooDeep, number_at, records_at
from extractors.credentials import Credentials
from extractors.errors import (
    AuthError,
    ConfigError,
    ContractError,
    DaybookError,
    RateLimitedError,
    TransientError,
)
from extractors.personal import dig
from extractors.protocols.http_status import raise_for_status
from extractors.tokens import Tokens

JSON = {"Content-Type": "application/json", "Accept": "application/json"}


class TooCostly(ConfigError):
    """The query costs more than a single query may. Only smaller pages help."""


@dataclass(frozen=True)
class Dialect:
    """What differs between the vendors of this protocol.

    path: path of the API's URL.
    documents: `Request.path` → the GraphQL document to send. A path that is a full URL is a finished file of
        JSON lines instead; it is downloaded without the token.
    token_header: the header for the access token.
    throttled, too_costly: error codes for a used-up allowance and for a single query that costs too much.
    errors: other error codes → the error they stand for. Codes not listed give a ContractError.
    inner: finds an error within the data, as mutations report it.
    version_header, version: the header that names the API version which answered, and the expected one.
    grant_path, grant: where a token is requested with key and secret, and further fields to post there.
    """

    path: str
    documents: Mapping[str, str]
    token_header: str
    throttled: str
    too_costly: str
    errors: Mapping[str, Callable[[str], DaybookError]]
    version_header: str
    version: str
    grant_path: str
    grant: Mapping[str, str] = field(default_factory=dict)
    inner: Callable[[dict[str, Any]], DaybookError | None] | None = None


class GraphQL:
    """The speaker for one account."""

    renews_by_key = True

    def __init__(self, dialect: Dialect, url: str, account: Account, credentials: Credentials) -> None:
        self._dialect = dialect
        self._url = url.rstrip("/")
        self._credentials = credentials

    def prepare(self, request: Request, tokens: Tokens) -> dict[str, Any]:
        if _is_address(request.path):
            if request.path.startswith("http:") and not self._url.startswith("http:"):
                raise ContractError(f"{request.name} stands at an address that is not https")
            return {"method": "GET", "url": request.path}
        body = dumps({"query": self._dialect.documents[request.path], "variables": request.params})
        headers = {**JSON, self._dialect.token_header: tokens.access_token}
        return {"method": "POST", "url": self._url + self._dialect.path, "data": body, "headers": headers}

    def check(self, request: Request, status: int, headers: dict[str, str], body: bytes) -> Reply:
        if _is_address(request.path):
            return _lines(request.name, status, headers, body)
        raise_for_status(request.name, status, headers)
        data = loads(body, request.name)
        if not isinstance(data, dict):
            raise TransientError(f"{request.name} answered with something that is no GraphQL answer")
        cost = dig(data, ("extensions", "cost")) or {}
        if data.get("errors"):
            raise self._error(request.name, data["errors"], cost)
        if not isinstance(data.get("data"), dict):
            raise ContractError(f"{request.name} answered with neither data nor errors")
        refusal = self._dialect.inner(data["data"]) if self._dialect.inner is not None else None
        if refusal is not None:
            raise refusal
        served = headers.get(self._dialect.version_header.lower())
        if served is not None and served != self._dialect.version:
            raise ContractError(
                f"{request.name} was served by version {served}, not {self._dialect.version}",
                advice="the version this client speaks has ended: update Daybook before reading on",
            )
        # The next page will cost as much as this one: wait until the allowance covers it.
        return Reply(data["data"], headers, hold=_shortfall(cost))

    def refresh(self, tokens: Tokens) -> tuple[dict[str, Any], Callable[[bytes], Tokens]] | None:
        key, secret = self._credentials.login, self._credentials.password
        if not key or not secret:
            return None  # the connection has a token that does not expire
        form = {"client_id": key, "client_secret": secret, **self._dialect.grant}
        return {"method": "POST", "url": self._url + self._dialect.grant_path, "data": form}, _granted

    def _error(self, name: str, errors: Any, cost: dict[str, Any]) -> DaybookError:
        if not isinstance(errors, list):
            return ContractError(f"{name}: {str(errors)[:200]}")
        found = [error for error in errors if isinstance(error, dict)]
        codes = [str(dig(error, ("extensions", "code")) or "") for error in found]
        text = "; ".join(str(error.get("message"))[:200] for error in found) or "an error without a message"
        if self._dialect.throttled in codes:
            # Without the cost (some proxies remove it) the session backs off by its own rule.
            return RateLimitedError(f"{name}: {text}", retry_after=_shortfall(cost) or None)
        if self._dialect.too_costly in codes:
            return TooCostly(f"{name}: {text}", advice="ask for smaller pages")
        for code in codes:
            if code in self._dialect.errors:
                return self._dialect.errors[code](f"{name}: {text}")
        return ContractError(f"{name}: {text} ({', '.join(filter(None, codes)) or 'no code'})")


def _is_address(path: str) -> bool:
    return path.startswith(("https://", "http://"))


def _lines(name: str, status: int, headers: dict[str, str], body: bytes) -> Reply:
    """The lines of a finished file. Raises ContractError when it is gone (its URL works for some days), so
    that the read is repeated with a new job."""
    if status in (403, 404, 410):
        raise ContractError(f"{name}: HTTP {status}, the file is not there any more")
    raise_for_status(name, status, headers)
    return Reply(load_lines(body, name), headers)


def _shortfall(cost: dict[str, Any]) -> float:
    """Seconds until the allowance covers the cost of the same query; 0 when it does now or is not told."""
    status = cost.get("throttleStatus") or {}
    try:
        missing = float(cost["requestedQueryCost"]) - float(status["currentlyAvailable"])
        return max(0.0, missing / float(status["restoreRate"]))
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return 0.0


def _granted(body: bytes) -> Tokens:
    data = loads(body, "token refresh")
    token = data.get("access_token") if isinstance(data, dict) else None
    if not token:
        raise AuthError(
            "the vendor gives no token for this key and secret",
            advice="check that the app is still installed in this shop and that its secret is current",
        )
    return Tokens(access_token=token)


def has_more(info: Any) -> bool:
    """`hasNextPage` of a connection's `pageInfo`. Raises ContractError when it is missing: by the GraphQL
    convention it never is, so without it the answer is incomplete."""
    found = info.get("hasNextPage") if isinstance(info, dict) else None
    if not isinstance(found, bool):
        raise ContractError("an answer that does not say whether there is a next page")
    return found


@dataclass(frozen=True)
class Connection:
    """Pages of a GraphQL connection, by its cursor.

    path: the connection in the data. page_size: records to ask for; halved while the query costs too much.
    count: the path of the vendor's count of the whole read, if the document asks for one.
    depth: the most records the vendor allows to page through; a longer read raises TooDeep.
    """

    path: str
    page_size: int
    count: str | None = None
    depth: int | None = None

    def records(self, reply: Reply) -> list[Record]:
        """The nodes of one page."""
        return records_at(f"{self.path}.nodes", always=True)(reply)

    def pages(self, call: Callable[[Request], Reply], request: Request) -> Iterator[Page]:
        size, after, seen = self.page_size, None, set[str]()
        while True:
            try:
                reply = call(request.with_params(first=size, after=after))
            except TooCostly:
                if size == 1:
                    raise
                size = (size + 1) // 2
                continue
            total = number_at(f"{self.count}.count")(reply) if self.count else None
            if self.depth is not None and after is None and total is not None and total > self.depth:
                raise TooDeep(total)
            yield Page(self.records(reply), total)
            info = dig(reply.body, (*self.path.split("."), "pageInfo"))
            if not has_more(info):
                return
            after = info.get("endCursor")
            if not after or after in seen:
                what = "the same page cursor twice" if after else "no cursor for the next page"
                raise ContractError(f"{request.name} sent {what}: the read would never end")
            seen.add(after)
            del reply
