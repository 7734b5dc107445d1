"""What the DAGs share: their assets, and the rules for retrying a failed task."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import Asset, ExceptionRetryPolicy, RetryAction, RetryRule

from daybook.names import BREAKFAST_ASSET
from daybook.problems import HopelessErrors
from extractors.errors import AuthError, ConfigError, ContractError, RateLimitedError, TransientError
from warehouse.errors import BuildError, LoadErrors, LockedError, PublishError, StorageError


def raw_asset(platform: str) -> Asset:
    """Emitted when every account of the platform is loaded for the night."""
    return Asset(name=f"raw_{platform}", uri=f"daybook://raw/{platform}", group="raw")


def breakfast_asset() -> Asset:
    """Emitted when the marts are to be built without waiting for the platforms that are not in yet."""
    return Asset(name=BREAKFAST_ASSET, uri="daybook://breakfast", group="transform")


RETRY_POLICY = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception=[
                AuthError,
                ConfigError,
                ContractError,
                HopelessErrors,
                LoadErrors,  # a damaged partition
                StorageError,  # a full disk
                BuildError,  # a model or test that did not pass
                PublishError,  # an audit that has doubts
            ],
            action=RetryAction.FAIL,
            reason="trying again cannot help: see the advice in the log",
        ),
        RetryRule(
            exception=LockedError,
            action=RetryAction.RETRY,
            retry_delay=timedelta(minutes=1),
            reason="another process writes to the warehouse",
        ),
        RetryRule(
            exception=RateLimitedError,
            action=RetryAction.RETRY,
            retry_delay=timedelta(minutes=10),
            reason="the vendor said wait for longer than a read may wait",
        ),
        RetryRule(exception=TransientError, action=RetryAction.RETRY, reason="the vendor may be back soon"),
    ]
)
