"""The key-and-secret protocol: REST with Basic authentication over https, or one-legged OAuth 1.0a over http.

Some hosts remove the Authorization header before it reaches the shop. The account's option `keys_in_query`
then sends key and secret in the query instead (https only).
Totals are in headers, errors are HTTP statuses with an error code in the body, lists are bare arrays.
OAuth 1.0a is RFC 5849, section 3.4; the signing key is `secret&`, because there is no token.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit

from extractors.accounts import Account
from extractors.core.decode import loads
from extractors.core.model import Reply, Request
from extractors.credentials import Credentials
from extractors.errors import (
    OTHER_STREAMS,
    AuthError,
    ConfigError,
    ContractError,
    DaybookError,
    TransientError,
)
from extractors.protocols.http_status import raise_for_status
from extractors.tokens import Tokens


class KeyRest:
    """Speaks for one account with a consumer key and secret."""

    def __init__(self, url: str, account: Account, credentials: Credentials) -> None:
        self._url = url.rstrip("/")
        self._key = credentials.need("login", account.id)
        self._secret = credentials.need("password", account.id)
        self._keys_in_query = account.switch("keys_in_query", False)

    def prepare(self, request: Request, tokens: Tokens) -> dict[str, Any]:
        url = self._url + request.path
        params = {name: str(value) for name, value in request.params.items() if value is not None}
        if urlsplit(url).scheme == "https":
            if self._keys_in_query:
                keys = {"consumer_key": self._key, "consumer_secret": self._secret}
                return {"method": "GET", "url": url, "params": {**params, **keys}}
            pair = base64.b64encode(f"{self._key}:{self._secret}".encode()).decode()
            return {
                "method": "GET",
                "url": url,
                "params": params,
                "headers": {"Authorization": f"Basic {pair}"},
            }
        return {"method": "GET", "url": url, "params": self._signed("GET", url, params)}

    def check(self, request: Request, status: int, headers: dict[str, str], body: bytes) -> Reply:
        if 200 <= status < 300:
            data = loads(_without_notices(body), request.name)
            if isinstance(data, dict) and "code" in data and "message" in data and "data" in data:
                raise _typed(request.name, data, status)  # some hosts answer 200 with an error body
            return Reply(data, headers)
        if 400 <= status < 500 and status != 429:
            try:
                data = loads(body, request.name)
            except TransientError:
                data = None  # not the shop's answer, but a firewall's page
            if isinstance(data, dict) and "code" in data:
                raise _typed(request.name, data, status)
            if status == 403:
                raise TransientError(f"{request.name}: HTTP 403 from the host or its firewall")
        raise_for_status(request.name, status, headers)
        raise ContractError(f"{request.name}: HTTP {status}")

    def refresh(self, tokens: Tokens) -> tuple[dict[str, Any], Callable[[bytes], Tokens]] | None:
        return None  # keys do not expire

    def _signed(self, method: str, url: str, params: dict[str, str]) -> dict[str, str]:
        signed = {
            **params,
            "oauth_consumer_key": self._key,
            "oauth_nonce": secrets.token_hex(16),
            "oauth_signature_method": "HMAC-SHA256",
            "oauth_timestamp": str(int(time.time())),
        }
        signed["oauth_signature"] = oauth1_signature(method, url, signed, self._secret)
        return signed


def oauth1_signature(method: str, url: str, params: dict[str, str], consumer_secret: str) -> str:
    """The HMAC-SHA256 signature of a request without a token, base64."""
    pairs = "&".join(f"{k}={v}" for k, v in sorted((_escape(k), _escape(v)) for k, v in params.items()))
    base = "&".join((method.upper(), _escape(url), _escape(pairs)))
    digest = hmac.new(f"{_escape(consumer_secret)}&".encode(), base.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def _escape(text: str) -> str:
    return quote(text, safe="~")


def _without_notices(body: bytes) -> bytes:
    """The body without the PHP notices that a misconfigured shop prints before the JSON."""
    if not re.match(rb"[\xef\xbb\xbf\s]*(<br\s*/?>\s*)*(<b>)?(Notice|Warning|Deprecated)", body):
        return body
    start = re.search(rb"^[\[{]", body, re.M)
    return body[start.start() :] if start else body


def _typed(name: str, data: dict[str, Any], status: int) -> DaybookError:
    code = str(data.get("code"))
    if "authentication" in code and "timestamp" in str(data.get("message")).lower():
        return ConfigError(
            f"{name}: {code}: the store says that the signature's time is wrong",
            advice="set the clock of this machine or of the store: they may differ by at most 15 minutes",
        )
    told = data.get("data")
    if "cannot_view" in code and 403 in (status, told.get("status") if isinstance(told, dict) else None):
        # 401 is a key that did not arrive. With 403 the key is good, and its user may not read this one list.
        return ConfigError(
            f"{name}: {code}: the user of the key may not read this",
            advice="give the key to a user who may (reviews: one who may moderate comments), or "
            f"{OTHER_STREAMS}",
        )
    if "authentication" in code or "cannot_view" in code or status == 401:
        return AuthError(
            f"{name}: {code}",
            advice="create a key with read permission under Settings → Advanced → REST API, and check that "
            "the host uses https as the store itself sees it; one that strips the Authorization header needs "
            "the option keys_in_query",
        )
    if status >= 500:
        return TransientError(f"{name}: {code}")
    if code.endswith("invalid_page_number"):
        return ContractError(f"{name}: {code}: the list became shorter while it was read")
    params = told.get("params") if isinstance(told, dict) else None
    detail = f" ({', '.join(params)})" if isinstance(params, dict) else ""
    return ConfigError(f"{name}: {code}{detail}", advice="check the store's address, version and plugins")
