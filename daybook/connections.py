"""From an Airflow connection to the credentials a platform's client takes."""

from __future__ import annotations

import os
from typing import Any

from extractors.credentials import Credentials, address, variable
from extractors.errors import ConfigError


class MissingCredentials(ConfigError):
    """Nowhere that Airflow looks is a connection of this account's id."""


def in_task(account_id: str) -> Credentials:
    """The connection named like the account, from wherever Airflow keeps it. Call it inside a task.

    Raises MissingCredentials saying where to put it when there is none.
    """
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        return from_connection(Connection.get(account_id))
    except AirflowNotFoundException:
        raise missing(account_id) from None


def outside_airflow(account_id: str) -> Credentials:
    """The same, for the command line: the environment first, then Airflow's own places.

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
