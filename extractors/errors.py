"""The ways in which reading can fail. Each error says where it happened and what to do.

Four kinds decide about retries: transient (try again), rate limited (wait as long as the vendor says), auth
(renew the token once, then stop) and contract (the vendor sent what its document does not allow). A fifth,
config, is a mistake of ours that has to be mended first.
"""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

from extractors.core.window import Window

# What parsing code raises when an answer does not have the documented shape. See `misfit`.
MISFITS = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError)
# How an account goes on without a stream that its vendor refuses. An update may bring a stream that an
# account which has been read for months has no permission for.
OTHER_STREAMS = "name the account's other streams in accounts.yml (`streams`)"
PERMISSION_ADVICE = (
    f"ask for this API's permission in the app console and authorise again, or {OTHER_STREAMS}"
)


class DaybookError(Exception):
    """A failure that names its place.

    Args:
        message: what happened, in words for an operator. Never contains a secret or personal data.
        account, stream, window: where it happened; callers add what the raising code does not know (`at`).
        advice: what to do next.

    `is_vendors` says whether the vendor's answer to a call is what failed (the session sets it).
    """

    is_vendors = False

    def __init__(
        self,
        message: str,
        *,
        account: str | None = None,
        stream: str | None = None,
        window: Window | None = None,
        advice: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.account = account
        self.stream = stream
        self.window = window
        self.advice = advice

    def at(
        self, *, account: str | None = None, stream: str | None = None, window: Window | None = None
    ) -> DaybookError:
        """Fill in the parts of the place that are still unknown and return the error itself."""
        self.account = self.account or account
        self.stream = self.stream or stream
        self.window = self.window or window
        return self

    @property
    def place(self) -> str:
        told = self.window.told if self.window else None
        return " · ".join(part for part in (self.account, self.stream, told) if part)

    def __str__(self) -> str:
        text = f"{self.place}: {self.message}" if self.place else self.message
        return f"{text} → {self.advice}" if self.advice else text

    def __reduce__(self) -> Any:  # Airflow moves exceptions between processes
        return (_unpickle, (type(self), self.message, self.__dict__.copy()))


def _unpickle(kind: type[DaybookError], message: str, state: dict[str, Any]) -> DaybookError:
    error = kind.__new__(kind)
    Exception.__init__(error, message)
    error.__dict__.update(state)
    return error


class TransientError(DaybookError):
    """A temporary failure of the vendor or the network; the same call may work later."""


class TooMuchError(TransientError):
    """The vendor cannot answer for so long a window; the caller asks for its halves."""


class RateLimitedError(DaybookError):
    """The vendor refused a call because of its rate limit. retry_after: seconds to wait (None: not told)."""

    def __init__(self, message: str, *, retry_after: float | None = None, **where: Any) -> None:
        super().__init__(message, **where)
        self.retry_after = retry_after


class AuthError(DaybookError):
    """The credential was refused. refreshable: renewing the token may help (it has expired, and is not wrong
    or revoked)."""

    def __init__(self, message: str, *, refreshable: bool = False, **where: Any) -> None:
        super().__init__(message, **where)
        self.refreshable = refreshable


class ContractError(DaybookError):
    """The vendor's answer is not what its document allows, or the answers of a read are not consistent."""


class AddressExpired(ContractError):
    """The download address of a finished report has expired. Asking for the job's status gives a new one."""


class LandingError(DaybookError):
    """A file in landing is missing or damaged.

    partition: a `Manifest.from_id` of the partition it belongs to; None when it belongs to none.
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
        """Whether trying again would help none of these errors."""
        return not any(isinstance(error, TransientError | RateLimitedError) for error in self.errors)


def misfit(name: str, error: Exception) -> ContractError:
    """The ContractError for an answer that our code could not parse; `error` is one of MISFITS.

    name: the method or report. The message leaves out the original text, which may contain personal data.
    """
    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(frame.filename).parent.name}/{Path(frame.filename).name}:{frame.lineno}"
    return ContractError(
        f"{name} answered in a shape that its document does not describe ({type(error).__name__} at {where})",
        advice="run again; if it stays so, the vendor has changed its answers: read its change log",
    )
