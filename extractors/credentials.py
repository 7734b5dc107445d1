"""Credentials of an account, in the shape of an Airflow connection."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from extractors.errors import ConfigError


@dataclass(frozen=True)
class Credentials:
    """login is the app key / consumer key / user, password the secret, extra the tokens.

    host, when set, is a full base URL that replaces the platform's own (a proxy, the sandbox).
    The repr shows no value, so a traceback cannot leak one.
    What stands around a value, as a file or a clipboard leaves it (a line's end, a space, a byte order
    mark), is no part of it: no vendor gives such a secret, and all of them call it wrong.
    """

    host: str | None = None
    login: str | None = None
    password: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("host", "login", "password"):
            object.__setattr__(self, name, _bare(getattr(self, name)))
        object.__setattr__(self, "extra", {name: _bare(value) for name, value in self.extra.items()})

    def __repr__(self) -> str:
        return f"Credentials(host={shown(self.host or '')!r}, …)"

    def need(self, name: str, account: str) -> str:
        """The value of `login`, `password` or a key of extra. Raises ConfigError when it is missing."""
        value = getattr(self, name) if name in ("login", "password", "host") else self.extra.get(name)
        if not value:
            raise ConfigError(
                f"the connection has no {name}",
                account=account,
                advice=f"set it on the Airflow connection {account} (environment {variable(account)})",
            )
        return str(value)

    @classmethod
    def from_environment(cls, account_id: str) -> Credentials:
        """Read AIRFLOW_CONN_<ID>. Raises ConfigError when it is not there or not readable."""
        text = os.environ.get(variable(account_id))
        if not text:
            raise ConfigError(
                "no credentials",
                account=account_id,
                advice=f"add the Airflow connection {account_id}, or set {variable(account_id)}",
            )
        return cls.from_airflow(text, account_id)

    @classmethod
    def from_airflow(cls, text: str, account_id: str) -> Credentials:
        """Parse either form Airflow accepts in an environment variable: JSON or URI."""
        try:
            if text.lstrip().startswith("{"):
                return cls._from_json(json.loads(text))
            if not re.match(r"\s*[\w.+-]+://", text, re.ASCII):
                raise ValueError
            return cls._from_uri(text)
        except (ValueError, TypeError, AttributeError):
            raise ConfigError(
                "the connection cannot be read",
                account=account_id,
                advice=f"{variable(account_id)} must be Airflow's JSON or URI form of a connection",
            ) from None

    @classmethod
    def _from_json(cls, data: dict[str, Any]) -> Credentials:
        extra = data.get("extra") or {}
        if isinstance(extra, str):
            extra = json.loads(extra)
        host = address(data.get("host"), data.get("schema"), data.get("port"))
        return cls(host, data.get("login"), data.get("password"), dict(extra))

    @classmethod
    def _from_uri(cls, text: str) -> Credentials:
        whole = re.match(r"\s*[\w.+-]+://(\w+://.*)", text, re.ASCII | re.DOTALL)  # the host with its scheme
        parts = urlsplit(whole[1] if whole else text)
        name = unquote(parts.hostname or "")
        host = address(
            f"{parts.scheme}://{name}" if whole else name, unquote(parts.path.strip("/")), parts.port
        )
        login = unquote(parts.username) if parts.username else None
        password = unquote(parts.password) if parts.password else None
        extra = dict(parse_qsl(parts.query))
        return cls(host, login, password, json.loads(extra["__extra__"]) if "__extra__" in extra else extra)


def _bare(value: Any) -> Any:
    return value.strip("\ufeff \t\r\n") if isinstance(value, str) else value


def address(host: str | None, schema: str | None, port: str | int | None) -> str | None:
    """A connection's host as a base URL, with its schema (https without one) and its port where the host has
    none. One rule for a night and for what tries it beforehand."""
    if not host:
        return None
    whole = host if "://" in host else f"{schema or 'https'}://{host}"
    try:
        parts = urlsplit(whole)
        if port and parts.port is None:
            parts = parts._replace(netloc=f"{parts.netloc}:{port}")
        return parts.geturl()
    except ValueError:  # no address: told where it would be used, with the account
        return whole


def shown(address: str) -> str:
    """An address as it may be shown: without the user, password and query that some write into it."""
    before, _, place = address.rpartition("@")
    scheme = re.match(r"\w+://", before)
    if re.search(r"[?#]", before):  # of a password, or what stands before the @ of a query: nobody can tell
        place = "…"
    return (scheme[0] if scheme else "") + re.split(r"[?#]", place)[0]


def variable(account_id: str) -> str:
    """The environment variable Airflow reads the connection of this account from."""
    return f"AIRFLOW_CONN_{account_id.upper()}"
