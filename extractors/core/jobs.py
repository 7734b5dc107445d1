"""Asynchronous reports: requested once, polled until finished, and remembered if the process is killed.

    request → ticket (written down) → poll … poll → download → landed → ticket removed

The ticket is kept beside the stream's mark, so the next run, on whatever machine, continues with the same job
instead of requesting a second one. A ticket older than the job's `life` is not used: figures made that long
ago may have been restated since.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Protocol

from extractors.core.decode import dumps
from extractors.core.model import Job, Reply, Request
from extractors.errors import ConfigError, ContractError, TransientError

FIRST_PAUSE, LONGEST_PAUSE = 2.0, 30.0  # seconds between two polls; the pause grows from one to the other
MAX_REQUESTS = 3  # a job that the vendor fails to finish is requested this many times in one run


class State(Enum):
    """The status of a job."""

    WAITING = "waiting"
    READY = "ready"
    FAILED = "failed"
    GONE = "gone"  # expired or unknown to the vendor


class Notes(Protocol):
    """Where tickets are kept. A write is atomic: after a kill the old or the new text is there."""

    def get_text(self, name: str) -> str | None: ...
    def put_text(self, name: str, text: str) -> None: ...
    def remove(self, name: str) -> None: ...


@dataclass(frozen=True)
class _Ticket:
    id: str
    asked_at: datetime


class Jobs:
    """The asynchronous reports of one stream.

    notes: where tickets are kept. folder: the stream's folder in there. wait: sleeps for some seconds.
    """

    def __init__(
        self,
        notes: Notes,
        folder: str,
        wait: Callable[[float], None],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._notes = notes
        self._folder = folder
        self._wait = wait
        self._clock = clock
        self._open: set[str] = set()

    def begin(self, call: Callable[[Request], Reply], request: Request, job: Job) -> None:
        """Start the job of a request, unless one is already under way, and do not wait for it.

        Raises ContractError when the answer holds no job id.
        """
        name = self._name(request)
        if self._remembered(name, job.life) is None:
            self._ask(name, call, request, job)
        self._open.add(name)

    def finished(self, call: Callable[[Request], Reply], request: Request, job: Job) -> Request | None:
        """Wait for a job; returns the request that downloads its report, or None when the report is empty.

        Raises:
            TransientError: the job failed MAX_REQUESTS times, or was not finished within its patience.
            ConfigError: the vendor refuses the status call, or does not know the job.
            ContractError: the answer holds no job id.
        After the first two the next run starts a new job.
        """
        name = self._name(request)
        for _ in range(MAX_REQUESTS):
            ticket = self._remembered(name, job.life) or self._ask(name, call, request, job)
            self._open.add(name)
            try:
                state, reply = self._look_after(call, job, ticket)
            except ConfigError:
                # With the ticket kept, every later run would ask for the same job and fail the same way.
                self._notes.remove(name)
                raise
            if state is State.READY:
                place = ticket.id if job.address is None else job.address(reply)
                # No address means an empty report. An address lost on the way looks the same: ask again.
                if not place and job.address is not None:
                    place = job.address(call(job.look(ticket.id)))
                return job.fetch(place) if place else None
            self._notes.remove(name)
            if state is State.WAITING:
                minutes = round(job.patience.total_seconds() / 60)
                raise TransientError(
                    f"{request.name}: the vendor has not finished the report in {minutes} minutes",
                    advice="the next run asks for it anew; if it stays so, ask for fewer days at a time",
                )
        raise TransientError(
            f"{request.name}: the vendor failed to make the report {MAX_REQUESTS} times",
            advice="run again later; if it stays so, tell the vendor",
        )

    def again(self, request: Request) -> None:
        """Forget the job of a request whose report was not consistent; the next try starts a new one."""
        self._notes.remove(self._name(request))

    def landed(self) -> None:
        """Remove the tickets of the jobs used so far: what they brought has landed."""
        for name in sorted(self._open):
            self._notes.remove(name)
        self._open.clear()

    def _look_after(self, call: Callable[[Request], Reply], job: Job, ticket: _Ticket) -> tuple[State, Reply]:
        waited = max(0.0, (self._clock() - ticket.asked_at).total_seconds())
        pause = FIRST_PAUSE
        while True:
            reply = call(job.look(ticket.id))
            state = job.state(reply)
            if state is not State.WAITING or waited > job.patience.total_seconds():
                return state, reply
            self._wait(pause)
            waited += pause
            pause = min(pause * 1.5, LONGEST_PAUSE)

    def _ask(self, name: str, call: Callable[[Request], Reply], request: Request, job: Job) -> _Ticket:
        asked_at = self._clock()
        number = job.ticket(call(request))
        if isinstance(number, bool) or not isinstance(number, str | int) or number == "":
            raise ContractError(f"{request.name} answered without the number of the job")
        ticket = _Ticket(str(number), asked_at)
        self._notes.put_text(name, json.dumps({"id": ticket.id, "asked_at": asked_at.isoformat()}))
        return ticket

    def _remembered(self, name: str, life: timedelta) -> _Ticket | None:
        try:
            note = json.loads(self._notes.get_text(name) or "null")
            if note is None:
                return None
            ticket = _Ticket(str(note["id"]), datetime.fromisoformat(note["asked_at"]))
            return ticket if abs(self._clock() - ticket.asked_at) < life else None
        except (ValueError, LookupError, TypeError):
            return None  # a damaged ticket: starting another job loses nothing

    def _name(self, request: Request) -> str:
        text = dumps([request.name, request.path, sorted(request.params.items())])
        return f"{self._folder}/job-{hashlib.sha256(text).hexdigest()[:24]}.json"


class Forgetful:
    """Notes in memory, for reads that land nothing."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def get_text(self, name: str) -> str | None:
        return self._texts.get(name)

    def put_text(self, name: str, text: str) -> None:
        self._texts[name] = text

    def remove(self, name: str) -> None:
        self._texts.pop(name, None)
