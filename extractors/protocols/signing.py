"""Signatures over sorted parameters, as pure functions. Checked against the vendors' published examples."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping


def sorted_pairs(params: Mapping[str, str]) -> str:
    """`key1value1key2value2…` in ASCII order of the keys, without empty names and values."""
    return "".join(f"{name}{params[name]}" for name in sorted(params) if name and params[name] != "")


def md5_wrapped(secret: str, params: Mapping[str, str]) -> str:
    """UPPER(md5(secret + pairs + secret)): the usual digest of TOP and its copies."""
    return hashlib.md5((secret + sorted_pairs(params) + secret).encode()).hexdigest().upper()  # noqa: S324  the vendor's choice


def hmac_sha256_wrapped(secret: str, params: Mapping[str, str]) -> str:
    """lower(HMAC-SHA256(secret, secret + pairs + secret))."""
    text = secret + sorted_pairs(params) + secret
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def hmac_sha256_over_path(secret: str, path: str, params: Mapping[str, str], body: bytes) -> str:
    """lower(HMAC-SHA256(secret, secret + path + pairs + body + secret))."""
    text = (secret + path + sorted_pairs(params)).encode() + body + secret.encode()
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def hmac_sha1_path(secret: str, path: str, params: Mapping[str, str]) -> str:
    """UPPER(HMAC-SHA1(secret, path + sorted `keyvalue` texts)): sorted after joining, not by key alone."""
    text = path + "".join(sorted(f"{name}{value}" for name, value in params.items()))
    return hmac.new(secret.encode(), text.encode(), hashlib.sha1).hexdigest().upper()


def md5_query(params: Mapping[str, str], ending: str, beginning: str = "") -> str:
    """lower(md5(beginning + `k=v&k=v` sorted by key + ending)). `ending` contains the secret."""
    text = beginning + "&".join(f"{name}={params[name]}" for name in sorted(params)) + ending
    return hashlib.md5(text.encode()).hexdigest()  # noqa: S324  the vendor's choice


def md5_joined(*parts: str) -> str:
    """lower(md5(parts one after the other))."""
    return hashlib.md5("".join(parts).encode()).hexdigest()  # noqa: S324  the vendor's choice


def base64_text(body: bytes) -> str:
    """The body in base64."""
    return base64.b64encode(body).decode()


def token_proof(token: str, secret: str) -> str:
    """lower(HMAC-SHA256(secret, token)): proves that the caller has the app's secret as well as the token."""
    return hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()


def jwt_rs256(claims: Mapping[str, object], private_key: str) -> str:
    """A JSON Web Token signed RS256 with a PEM private key (RFC 7519, RFC 7515).

    Raises ValueError when the key cannot be read.
    """
    from cryptography.hazmat.primitives.asymmetric import padding, rsa  # heavy, and only needed here
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = load_pem_private_key(private_key.replace("\\n", "\n").encode(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("not an RSA key")
    parts = [_url64(json.dumps(part).encode()) for part in ({"alg": "RS256", "typ": "JWT"}, dict(claims))]
    text = ".".join(parts)
    return f"{text}.{_url64(key.sign(text.encode(), padding.PKCS1v15(), SHA256()))}"


def _url64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
