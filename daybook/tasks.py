"""What surrounds the steps when Airflow runs them.

Failures are left where the verdict and the night find them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from airflow.sdk import get_current_context

from daybook.problems import problems_of

PROBLEMS = "problems"
"""XCom key under which a failed task leaves its problems."""


@contextlib.contextmanager
def telling(account: str | None = None) -> Iterator[None]:
    """Leave what goes wrong inside as an XCom of the task, then let it go wrong."""
    try:
        yield
    except Exception as error:
        value = [problem.as_dict() for problem in problems_of(error, account)]
        get_current_context()["ti"].xcom_push(key=PROBLEMS, value=value)
        raise
