"""The ways a pull can fail, each with where it happened and what to do about it (design §3, "Errors").

Four kinds matter to whoever retries: transient (try again), rate limited (wait exactly that long), auth
(refresh once, then stop) and contract (the vendor sent what its document does not allow). A fifth, config,
is ours to mend before any call is made.
"""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

# What reading code trips over when an answer has not the shape its document gives it.
MISFITS = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError)


class DaybookError(Exception):
    """A failure that names its place.

    Args:
        message: what happened, in words an operator understands. Never carries a secret or personal data.
        account, stream, window: where it happened; the outer loops fill in what the inner ones cannot know.
        advice: the next thing to do.
    """

    def __init__(
        self,
        message: str,
        *,
        account: str | None = None,
        stream: str | None = None,
        window: str | None = None,
        advice: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.account = account
        self.stream = stream
        self.window = window
        self.advice = advice

    def at(
        self, *, account: str | None = None, stream: str | None = None, window: str | None = None
    ) -> DaybookError:
        """Fill in the parts of the place that are still unknown and return the error itself."""
        self.account = self.account or account
        self.stream = self.stream or stream
        self.window = self.window or window
        return self

    @property
    def place(self) -> str:
        return " · ".join(part for part in (self.account, self.stream, self.window) if part)

    def __str__(self) -> str:
        text = f"{self.place}: {self.message}" if self.place else self.message
        return f"{text} → {self.advice}" if self.advice else text

    def __reduce__(self) -> Any:  # Airflow moves exceptions between processes
        return (_rebuild, (type(self), self.message, self.__dict__.copy()))


def _rebuild(kind: type[DaybookError], message: str, state: dict[str, Any]) -> DaybookError:
    error = kind.__new__(kind)
    Exception.__init__(error, message)
    error.__dict__.update(state)
    return error


class TransientError(DaybookError):
    """The vendor or the network hiccupped; the same call may work later."""


class TooMuchError(TransientError):
    """The vendor cannot answer for so many days at once; it is asked for fewer."""


class RateLimitedError(DaybookError):
    """The vendor said wait. `retry_after` is the seconds it named (None: it named none)."""

    def __init__(self, message: str, *, retry_after: float | None = None, **where: Any) -> None:
        super().__init__(message, **where)
        self.retry_after = retry_after


class AuthError(DaybookError):
    """The credential was refused. `refreshable` tells an expired token from a wrong or revoked one."""

    def __init__(self, message: str, *, refreshable: bool = False, **where: Any) -> None:
        super().__init__(message, **where)
        self.refreshable = refreshable


class ContractError(DaybookError):
    """The vendor answered with something its document does not allow, or a read that does not add up."""


class AddressExpired(ContractError):
    """The address of a finished report is no longer good: looking at the job again brings a new one."""


class LandingError(DaybookError):
    """A file of landing's own is gone or damaged.

    `partition`: what the id alone tells of the partition it is of (Manifest.from_id), if it is of one.
    """

    def __init__(self, message: str, *, partition: Any = None, **where: Any) -> None:
        super().__init__(message, **where)
        self.partition = partition


class ConfigError(DaybookError):
    """Our own configuration is wrong: an account, a credential, an option, a mapping."""


class ExtractErrors(DaybookError):
    """Several streams of one account failed; the others were read and landed."""

    def __init__(self, errors: list[DaybookError], **where: Any) -> None:
        super().__init__("; ".join(str(error) for error in errors), **where)
        self.errors = errors

    def __str__(self) -> str:
        return "\n".join(str(error) for error in self.errors)

    @property
    def hopeless(self) -> bool:
        """True when no error in here would go away by trying again."""
        return not any(isinstance(error, TransientError | RateLimitedError) for error in self.errors)


def misfit(name: str, error: Exception) -> ContractError:
    """An answer that no reading code of ours fits. Told without the values: they may be personal."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(frame.filename).parent.name}/{Path(frame.filename).name}:{frame.lineno}"
    return ContractError(
        f"{name} answered in a shape its document does not give ({type(error).__name__} at {where})",
        advice="run again; if it stays so, the vendor changed its answers: look at its news",
    )
