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
    """The credentials of one account.

    host: a full base URL that replaces the platform's own (a proxy, the sandbox). login: app key, consumer
    key or user. password: the secret. extra: tokens and what else the platform needs.
    The repr shows no secret, so that a traceback cannot leak one.
    White space and byte order marks around values are removed: they come from copying, never from a vendor,
    and every vendor would refuse the credential because of them.
    """

    host: str | None = None
    login: str | None = None
    password: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("host", "login", "password"):
            object.__setattr__(self, name, _stripped(getattr(self, name)))
        object.__setattr__(self, "extra", {name: _stripped(value) for name, value in self.extra.items()})

    def __repr__(self) -> str:
        return f"Credentials(host={shown(self.host or '')!r}, …)"

    def need(self, name: str, account: str) -> str:
        """The value of `login`, `password`, `host` or a key of extra. Raises ConfigError when it is missing.

        account: the account's id, for the error.
        """
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
        """Read the variable AIRFLOW_CONN_<ID>. Raises ConfigError when it is not set or cannot be parsed."""
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
        """Parse either form that Airflow accepts in an environment variable, JSON or URI.

        Raises ConfigError for any other text.
        """
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


def _stripped(value: Any) -> Any:
    return value.strip("\ufeff \t\r\n") if isinstance(value, str) else value


def address(host: str | None, schema: str | None, port: str | int | None) -> str | None:
    """A connection's host, schema and port as one base URL; None without a host.

    The schema is https unless given; the port is added unless the host has one. A host that is not a valid
    URL is returned as it is: `core.session.base_url` reports it with the account.
    """
    if not host:
        return None
    whole = host if "://" in host else f"{schema or 'https'}://{host}"
    try:
        parts = urlsplit(whole)
        if port and parts.port is None:
            parts = parts._replace(netloc=f"{parts.netloc}:{port}")
        return parts.geturl()
    except ValueError:
        return whole


def shown(address: str) -> str:
    """An address that is safe to show: without user, password and query."""
    before, _, place = address.rpartition("@")
    scheme = re.match(r"\w+://", before)
    # With a ? or # before the last @, that @ may belong to the password or to the query: show no host at all.
    if re.search(r"[?#]", before):
        place = "…"
    return (scheme[0] if scheme else "") + re.split(r"[?#]", place)[0]


def variable(account_id: str) -> str:
    """The name of the environment variable in which Airflow looks for this account's connection."""
    return f"AIRFLOW_CONN_{account_id.upper()}"
