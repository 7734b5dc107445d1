"""The GraphQL family: one address, a document with variables, a price on every query.

Errors stand beside the data in an answer with HTTP 200, and data that came with errors is incomplete: it is
never used. Every query is charged in advance from an allowance that refills; the answer tells what is left.
All queries draw on one allowance, so all have one request name; `Request.path` says which document is sent.
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
    """The query alone costs more than one query may; only a smaller page helps."""


@dataclass(frozen=True)
class Dialect:
    """A member of the family.

    path: of the one address. documents: a request's path → the GraphQL document sent for it. A path that is
        an address is that of a finished file of JSON lines: it is fetched as it is, without the token.
    token_header: where the access token goes.
    throttled, too_costly: codes of the two errors about price.
    errors: other codes → the error of that kind; a code not named is the vendor's contract.
    inner: finds the error that stands in the data itself, where a document asks for something to be done.
    version_header, version: where the answer names the version that served it, and which it must be.
    grant_path, grant: where key and secret buy a token (the host is the account's), and what to post there.
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
    """Speaks the dialect for one account."""

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
        # The next page costs what this one did: wait until that much is there again.
        return Reply(data["data"], headers, hold=_shortfall(cost))

    def refresh(self, tokens: Tokens) -> tuple[dict[str, Any], Callable[[bytes], Tokens]] | None:
        key, secret = self._credentials.login, self._credentials.password
        if not key or not secret:
            return None  # a token that does not expire was given
        form = {"client_id": key, "client_secret": secret, **self._dialect.grant}
        return {"method": "POST", "url": self._url + self._dialect.grant_path, "data": form}, _granted

    def _error(self, name: str, errors: Any, cost: dict[str, Any]) -> DaybookError:
        if not isinstance(errors, list):
            return ContractError(f"{name}: {str(errors)[:200]}")
        found = [error for error in errors if isinstance(error, dict)]
        codes = [str(dig(error, ("extensions", "code")) or "") for error in found]
        text = "; ".join(str(error.get("message"))[:200] for error in found) or "an error without a message"
        if self._dialect.throttled in codes:
            # Without the price (some proxies cut it) the caller backs off by itself.
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
    """A finished file. One that is gone (its address lasts for some days) has to be made anew."""
    if status in (403, 404, 410):
        raise ContractError(f"{name}: HTTP {status}, the file is not there any more")
    raise_for_status(name, status, headers)
    return Reply(load_lines(body, name), headers)


def _shortfall(cost: dict[str, Any]) -> float:
    """Seconds until the allowance covers the price of the same query again; 0 when it does already."""
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
            "the key and secret buy no token",
            advice="check that the app is still installed in this shop and that its secret is current",
        )
    return Tokens(access_token=str(token))


def has_more(info: Any) -> bool:
    """What the `pageInfo` of a connection says of further pages; it always says it."""
    found = info.get("hasNextPage") if isinstance(info, dict) else None
    if not isinstance(found, bool):
        raise ContractError("an answer that does not say whether there is a next page")
    return found


@dataclass(frozen=True)
class Connection:
    """Pages of one connection, by its own cursor.

    path: of the connection in the data. page_size: how many to ask for; halved while the query is too costly.
    count: path of the vendor's own count of what the read holds, where the document asks for it.
    depth: how many records one may page through; more must be split (TooDeep).
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
