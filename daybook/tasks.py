"""What wraps the steps in Airflow tasks: failures are stored where the verdict and `daybook night` find
them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from airflow.sdk import get_current_context

from daybook.problems import problems_of

PROBLEMS = "problems"
"""XCom key under which a failed task leaves its problems."""


@contextlib.contextmanager
def telling(account: str | None = None) -> Iterator[None]:
    """Store the problems of an exception raised inside as an XCom of the task, then re-raise it.

    account: named in problems that name none.
    """
    try:
        yield
    except Exception as error:
        value = [problem.as_dict() for problem in problems_of(error, account)]
        get_current_context()["ti"].xcom_push(key=PROBLEMS, value=value)
        raise
