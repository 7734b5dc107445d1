"""Signatures over sorted parameters, as pure functions. Checked against the vendors' published examples."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping


def sorted_pairs(params: Mapping[str, str]) -> str:
    """`key1value1key2value2…` in ASCII order of the keys; empty names and values left out."""
    return "".join(f"{name}{params[name]}" for name in sorted(params) if name and params[name] != "")


def md5_wrapped(secret: str, params: Mapping[str, str]) -> str:
    """UPPER(md5(secret + pairs + secret)): the TOP family's default."""
    return hashlib.md5((secret + sorted_pairs(params) + secret).encode()).hexdigest().upper()  # noqa: S324  the vendor's choice


def hmac_md5(secret: str, params: Mapping[str, str]) -> str:
    """UPPER(HMAC-MD5(secret, pairs)), without wrapping."""
    return hmac.new(secret.encode(), sorted_pairs(params).encode(), hashlib.md5).hexdigest().upper()


def hmac_sha256(secret: str, params: Mapping[str, str]) -> str:
    """UPPER(HMAC-SHA256(secret, pairs)), without wrapping."""
    return hmac.new(secret.encode(), sorted_pairs(params).encode(), hashlib.sha256).hexdigest().upper()
