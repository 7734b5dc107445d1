"""What failed in a night, in the form that is passed from a task to the verdict, notification and summary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from extractors.errors import DaybookError, ExtractErrors


class HopelessErrors(ExtractErrors):
    """Streams of an account failed in ways that a retry cannot mend."""


class IncompleteError(DaybookError):
    """Not every account of a platform is read and loaded. problems: which, and why."""

    def __init__(self, message: str, problems: Sequence[Problem] = (), **where: Any) -> None:
        super().__init__(message, **where)
        self.problems = list(problems)

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True)
class Problem:
    """One failure: where, why and what to do. Plain text, so that it fits into an XCom."""

    account: str | None
    stream: str | None
    window: str | None
    cause: str
    advice: str | None

    def as_dict(self) -> dict[str, str | None]:
        return dict(self.__dict__)

    def lines(self) -> list[str]:
        """A line with place and cause, then one with the advice, if there is one."""
        place = " · ".join(part for part in (self.account, self.stream, self.window) if part)
        head = f"{place}: {self.cause}" if place else self.cause
        return [head, f"  → {self.advice}"] if self.advice else [head]


def problems_of(error: BaseException, account: str | None = None) -> list[Problem]:
    """The failures that an exception stands for: one, or one per stream, partition or dbt node.

    account: used where the exception names none.
    """
    if isinstance(error, IncompleteError) and error.problems:
        return error.problems
    several = getattr(error, "errors", None)
    if isinstance(error, DaybookError) and several:  # ExtractErrors, LoadErrors
        inner = [problem for one in several for problem in problems_of(one, error.account or account)]
        return list(dict.fromkeys(inner))
    failures = getattr(error, "failures", None)
    if isinstance(error, DaybookError) and failures:  # BuildError
        return [
            Problem(
                None, None, None, f"{one.resource_type} {one.name}: {one.message or one.status}", error.advice
            )
            for one in failures
        ]
    if isinstance(error, DaybookError):
        return [
            Problem(
                error.account or account,
                error.stream,
                error.window.told if error.window else None,
                error.message,
                error.advice,
            ),
        ]
    return [
        Problem(account, None, None, f"{type(error).__name__}: {error}", "the task's log has the traceback")
    ]


def verdict(
    platform: str,
    account_ids: Sequence[str],
    *,
    reads: Sequence[dict[str, Any] | None],
    read_problems: Sequence[list[dict[str, Any]] | None],
    loaded: dict[str, Any] | None,
    load_problems: list[dict[str, Any]] | None,
) -> dict[str, Any]:
    """Decide whether every account of a platform is read and loaded.

    Args:
        reads, read_problems: in the order of account_ids, what each account's `extract` task returned, or
            the problems that it left when it failed. Both are None if its process was killed.
        loaded, load_problems: the same for the platform's `load` task.
    Returns {"accounts", "rows"}. Raises IncompleteError with a problem for every account that is not in.
    """
    problems: list[Problem] = []
    late = 0
    for account, read, said in zip(account_ids, reads, read_problems, strict=True):
        if read is None:
            late += 1
            problems += [Problem(**one) for one in said or []] or [
                Problem(
                    account,
                    None,
                    None,
                    "the read ended without a word",
                    "look at the log of its extract task",
                )
            ]
    if loaded is None:
        problems += [Problem(**one) for one in load_problems or []] or [
            Problem(None, None, None, "the load ended without a word", "look at the log of the load task")
        ]
    if not problems:
        return {"accounts": len(account_ids), "rows": sum(read["rows"] for read in reads if read)}
    head = (
        f"{platform}: {late} of {len(account_ids)} accounts are not in"
        if late
        else f"{platform}: what was read could not be loaded"
    )
    raise IncompleteError("\n".join([head, *(line for one in problems for line in one.lines())]), problems)
