"""Turns Airflow connections into the credentials of platforms."""

from __future__ import annotations

import os
from typing import Any

from extractors.credentials import Credentials, address, variable
from extractors.errors import ConfigError


class MissingCredentials(ConfigError):
    """There is no connection with this account's id in any of the places where Airflow looks."""


def in_task(account_id: str) -> Credentials:
    """The credentials of an account inside an Airflow task, from the connection with the account's id.

    Raises MissingCredentials when there is none; its advice says where to add it.
    """
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        return from_connection(Connection.get(account_id))
    except AirflowNotFoundException:
        raise missing(account_id) from None


def outside_airflow(account_id: str) -> Credentials:
    """The credentials of an account on the command line: the environment is tried first, then the places
    where Airflow looks.

    Raises MissingCredentials when there is none, ConfigError when it cannot be read.
    """
    if os.environ.get(variable(account_id)):
        return Credentials.from_environment(account_id)
    from daybook.engine.home import in_this_process
    from daybook.settings import Settings

    if not in_this_process(Settings.from_environment()):
        raise missing(account_id)
    from airflow.exceptions import AirflowNotFoundException
    from airflow.models import Connection

    try:
        return from_connection(Connection.get_connection_from_secrets(account_id))
    except AirflowNotFoundException:
        raise missing(account_id) from None


def from_connection(connection: Any) -> Credentials:
    host = address(connection.host, connection.schema, connection.port)
    return Credentials(host, connection.login, connection.password, dict(connection.extra_dejson))


def missing(account_id: str) -> MissingCredentials:
    return MissingCredentials(
        "no credentials",
        account=account_id,
        advice=f"add an Airflow connection with the id {account_id}, or set {variable(account_id)}; "
        "README, “Add a store”, lists what each platform needs",
    )
