"""Asynchronous reports: asked for once, looked after until they are finished, and remembered over a kill.

    request → ticket (written down) → look … look → the request that fetches the report → landed → forgotten

The ticket stands beside the stream's mark, so whoever runs next on whatever machine goes on with the same job
instead of asking twice. A ticket older than the job's life is dropped: its figures would be of another day.
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

FIRST_PAUSE, LONGEST_PAUSE = 2.0, 30.0
ASKED_AT_MOST = 3


class State(Enum):
    """What a look at a job says."""

    WAITING = "waiting"
    READY = "ready"
    FAILED = "failed"
    GONE = "gone"  # expired, or the vendor knows no such job


class Notes(Protocol):
    """Where tickets are written down: whole or not at all, whatever is killed."""

    def get_text(self, name: str) -> str | None: ...
    def put_text(self, name: str, text: str) -> None: ...
    def remove(self, name: str) -> None: ...


@dataclass(frozen=True)
class _Ticket:
    id: str
    asked_at: datetime


class Jobs:
    """The asynchronous reports of one stream. `folder` is where in `notes` its tickets stand."""

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
        """Ask for a report that nobody has asked for yet, without waiting for it.

        Raises ContractError when the answer holds no ticket.
        """
        name = self._name(request)
        if self._remembered(name, job.life) is None:
            self._ask(name, call, request, job)
        self._open.add(name)

    def finished(self, call: Callable[[Request], Reply], request: Request, job: Job) -> Request | None:
        """The request that fetches the finished report; None when the vendor says that it is empty.

        Raises:
            TransientError: the job failed time and again, or has not ended within its patience; the next run
                asks anew.
            ConfigError: the vendor refuses to speak of the job, or knows none; the next run asks anew.
            ContractError: the answer holds no ticket.
        """
        name = self._name(request)
        for _ in range(ASKED_AT_MOST):
            ticket = self._remembered(name, job.life) or self._ask(name, call, request, job)
            self._open.add(name)
            try:
                state, reply = self._look_after(call, job, ticket)
            except ConfigError:
                # Refused, or no such job: whoever runs next asks anew, not after this one for ever.
                self._notes.remove(name)
                raise
            if state is State.READY:
                place = ticket.id if job.address is None else job.address(reply)
                if not place and job.address is not None:  # "empty" is believed when it is said twice
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
            f"{request.name}: the vendor failed to make the report {ASKED_AT_MOST} times",
            advice="run again later; if it stays so, tell the vendor",
        )

    def again(self, request: Request) -> None:
        """What came of the job does not add up: ask for another one."""
        self._notes.remove(self._name(request))

    def landed(self) -> None:
        """All that was read has landed: its tickets have done their work."""
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
            return ticket if self._clock() - ticket.asked_at < life else None
        except (ValueError, LookupError, TypeError):
            return None  # damaged: nothing is lost by asking once more

    def _name(self, request: Request) -> str:
        text = dumps([request.name, request.path, sorted(request.params.items())])
        return f"{self._folder}/job-{hashlib.sha256(text).hexdigest()[:24]}.json"


class Forgetful:
    """Notes of one process only, for reads outside a landing."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def get_text(self, name: str) -> str | None:
        return self._texts.get(name)

    def put_text(self, name: str, text: str) -> None:
        self._texts[name] = text

    def remove(self, name: str) -> None:
        self._texts.pop(name, None)
