"""Checking the vendors' signatures, written from their documents and apart from the clients that make
them.

* TOP (platforms-cn §1.1): parameters sorted by name, names and values run together, secret around or as
  HMAC key.
* OAuth 1.0a one-legged (platforms-global §2): WooCommerce over plain HTTP.
* The other two algorithms of ``signing-vectors.json`` are here for the platforms that follow.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from urllib.parse import quote


def _run_together(params: Mapping[str, str]) -> str:
    return "".join(key + params[key] for key in sorted(params) if key and params[key] != "")


def top(params: Mapping[str, str], secret: str, method: str = "md5") -> str:
    """The upper-case hex signature of TOP-family parameters; ``sign`` itself is left out.

    ``method`` md5 | hmac | hmac-sha256. Raises ValueError for another.
    """
    text = _run_together({key: value for key, value in params.items() if key != "sign"})
    if method == "md5":
        return hashlib.md5((secret + text + secret).encode(), usedforsecurity=False).hexdigest().upper()
    digests = {"hmac": "md5", "hmac-sha256": "sha256"}
    if method not in digests:
        raise ValueError(f"sign_method {method!r} is none of md5, hmac, hmac-sha256")
    return hmac.new(secret.encode(), text.encode(), digests[method]).hexdigest().upper()


def aop(url_path: str, params: Mapping[str, str], secret: str) -> str:
    """The 1688/Umeng gateway signature: HMAC-SHA1 over the path and the sorted pairs, upper-case hex."""
    text = url_path + _run_together(params)
    return hmac.new(secret.encode(), text.encode(), "sha1").hexdigest().upper()


def doudian(fields: Mapping[str, str], secret: str) -> str:
    """The Doudian signature: the secret around the sorted pairs, HMAC-SHA256 with the secret,
    lower-case hex."""
    text = secret + _run_together(fields) + secret
    return hmac.new(secret.encode(), text.encode(), "sha256").hexdigest()


def _escape(text: str) -> str:
    return quote(text, safe="-._~")


def oauth1(method: str, url: str, params: Iterable[tuple[str, str]], secret: str, algorithm: str) -> str:
    """The base64 OAuth 1.0a signature of a one-legged request (RFC 5849 §3.4), key ``secret&``.

    ``url`` without query; ``params`` all query and oauth parameters but ``oauth_signature``;
    ``algorithm`` HMAC-SHA1 | HMAC-SHA256. Raises ValueError for another.
    """
    digests = {"HMAC-SHA1": "sha1", "HMAC-SHA256": "sha256"}
    if algorithm not in digests:
        raise ValueError(f"oauth_signature_method {algorithm!r} is none of HMAC-SHA1, HMAC-SHA256")
    pairs = sorted((_escape(key), _escape(value)) for key, value in params if key != "oauth_signature")
    joined = "&".join(f"{key}={value}" for key, value in pairs)
    base = "&".join((method.upper(), _escape(url), _escape(joined)))
    return base64.b64encode(
        hmac.new(f"{secret}&".encode(), base.encode(), digests[algorithm]).digest()
    ).decode()


def same(left: str, right: str) -> bool:
    """Whether two signatures are equal, in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())
