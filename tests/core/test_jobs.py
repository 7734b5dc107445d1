"""Asynchronous reports: asked for once whatever is killed, never waited for without end."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from extractors.core.jobs import Forgetful, Jobs, State
from extractors.core.model import Job, Reply, Request
from extractors.errors import ConfigError, ContractError, TransientError

REPORT = Request("report", "/report", {"day": "2026-01-05"})


class Vendor:
    """A vendor whose jobs go through `states`, one a look."""

    def __init__(self, states: list[State]) -> None:
        self.states = states
        self.asked = 0
        self.looks = 0

    def __call__(self, request: Request) -> Reply:
        if request.name == "report":
            self.asked += 1
            return Reply({"id": f"job{self.asked}"})
        self.looks += 1
        return Reply({"state": self.states.pop(0) if self.states else State.WAITING})


JOB = Job(
    ticket=lambda reply: reply.body["id"],
    look=lambda number: Request("look", "/look", {"id": number}),
    state=lambda reply: reply.body["state"],
    fetch=lambda number: Request("fetch", "/fetch", {"id": number}),
    patience=timedelta(minutes=10),
)


@pytest.fixture
def jobs() -> Callable[..., Jobs]:
    notes = Forgetful()

    def make(now: datetime = datetime(2026, 1, 6, tzinfo=UTC), waits: list[float] | None = None) -> Jobs:
        return Jobs(notes, "p/a/s", (waits if waits is not None else []).append, lambda: now)

    return make


def test_a_finished_job_is_fetched_by_its_number(jobs: Callable[..., Jobs]) -> None:
    vendor = Vendor([State.WAITING, State.WAITING, State.READY])
    waits: list[float] = []
    assert jobs(waits=waits).finished(vendor, REPORT, JOB) == Request("fetch", "/fetch", {"id": "job1"})
    assert waits == [2.0, 3.0]


@pytest.mark.parametrize("dies_at_look", [1, 2, 3])
def test_a_run_killed_while_it_waits_goes_on_with_the_same_job(
    dies_at_look: int, jobs: Callable[..., Jobs]
) -> None:
    vendor = Vendor([State.WAITING, State.WAITING, State.READY, State.READY])

    def mortal(request: Request) -> Reply:
        if request.name == "look" and vendor.looks + 1 == dies_at_look:
            raise KeyboardInterrupt
        return vendor(request)

    with pytest.raises(KeyboardInterrupt):
        jobs().finished(mortal, REPORT, JOB)
    assert jobs().finished(vendor, REPORT, JOB).params == {"id": "job1"}
    assert vendor.asked == 1


def test_another_request_is_another_job(jobs: Callable[..., Jobs]) -> None:
    vendor = Vendor([State.READY, State.READY])
    book = jobs()
    book.finished(vendor, REPORT, JOB)
    assert book.finished(vendor, REPORT.with_params(day="2026-01-06"), JOB).params == {"id": "job2"}


def test_what_has_landed_is_asked_for_anew_the_next_time(jobs: Callable[..., Jobs]) -> None:
    vendor = Vendor([State.READY, State.READY])
    book = jobs()
    book.finished(vendor, REPORT, JOB)
    book.landed()
    assert jobs().finished(vendor, REPORT, JOB).params == {"id": "job2"}


@pytest.mark.parametrize("side", [1, -1])  # -1: the clock was ahead then, and has been set
def test_a_job_older_than_its_life_is_not_gone_on_with(side: int, jobs: Callable[..., Jobs]) -> None:
    vendor = Vendor([State.READY, State.READY])
    jobs().finished(vendor, REPORT, JOB)
    later = jobs(now=datetime(2026, 1, 6, tzinfo=UTC) + side * JOB.life)
    assert later.finished(vendor, REPORT, JOB).params == {"id": "job2"}


@pytest.mark.parametrize("end", [State.FAILED, State.GONE])
def test_a_job_that_failed_or_expired_is_asked_for_again_and_three_times_are_enough(
    end: State, jobs: Callable[..., Jobs]
) -> None:
    assert jobs().finished(Vendor([end, State.READY]), REPORT, JOB).params == {"id": "job2"}
    with pytest.raises(TransientError, match="3 times"):
        jobs().finished(Vendor([end] * 9), REPORT.with_params(day="x"), JOB)


def test_a_job_that_never_ends_is_given_up_and_asked_for_anew_by_the_next_run(
    jobs: Callable[..., Jobs],
) -> None:
    vendor, waits = Vendor([]), []
    with pytest.raises(TransientError, match="10 minutes"):
        jobs(waits=waits).finished(vendor, REPORT, JOB)
    assert 600 <= sum(waits) < 700 and vendor.asked == 1
    vendor.states = [State.READY]
    assert jobs().finished(vendor, REPORT, JOB).params == {"id": "job2"}


def test_the_time_a_killed_run_waited_counts(jobs: Callable[..., Jobs]) -> None:
    vendor, waits = Vendor([]), []

    def mortal(request: Request) -> Reply:
        if request.name == "look":
            raise KeyboardInterrupt
        return vendor(request)

    with pytest.raises(KeyboardInterrupt):
        jobs().finished(mortal, REPORT, JOB)
    late = datetime(2026, 1, 6, 0, 9, tzinfo=UTC)
    with pytest.raises(TransientError):
        jobs(now=late, waits=waits).finished(vendor, REPORT, JOB)
    assert 60 <= sum(waits) < 120


def test_a_job_the_vendor_will_not_speak_of_is_asked_for_anew_by_the_next_run(
    jobs: Callable[..., Jobs],
) -> None:
    vendor = Vendor([State.READY])

    def refuses(request: Request) -> Reply:
        if request.name == "look":
            raise ConfigError("HTTP 404")
        return vendor(request)

    with pytest.raises(ConfigError, match="404"):
        jobs().finished(refuses, REPORT, JOB)
    assert jobs().finished(vendor, REPORT, JOB).params == {"id": "job2"}


@pytest.mark.parametrize("number", ["", None, True, ["job1"], {"value": "job1"}])
def test_an_answer_without_a_number_is_no_job(number: object, jobs: Callable[..., Jobs]) -> None:
    """Written down it would be what the next run asks after, in vain."""
    book = jobs()
    with pytest.raises(ContractError, match="number of the job"):
        book.begin(lambda request: Reply({"id": number}), REPORT, JOB)
    assert jobs().finished(Vendor([State.READY]), REPORT, JOB).params == {"id": "job1"}


def test_a_note_holds_the_number_and_nothing_of_the_call() -> None:
    notes: dict[str, str] = {}

    class Seen(Forgetful):
        def put_text(self, name: str, text: str) -> None:
            notes[name] = text

    Jobs(Seen(), "p/a/s", lambda s: None).finished(Vendor([State.READY]), REPORT, JOB)
    ((name, text),) = notes.items()
    assert name.startswith("p/a/s/job-") and set(json.loads(text)) == {"id", "asked_at"}


def lying_at(address: str | None) -> Job:
    return replace(JOB, address=lambda reply: address, fetch=lambda place: Request("file", place))


def test_a_report_that_lies_somewhere_is_fetched_from_there(jobs: Callable[..., Jobs]) -> None:
    vendor = Vendor([State.WAITING, State.READY])
    found = jobs().finished(vendor, REPORT, lying_at("https://files.example/1"))
    assert found == Request("file", "https://files.example/1")


def test_a_finished_report_that_lies_nowhere_is_empty_when_that_is_said_twice(
    jobs: Callable[..., Jobs],
) -> None:
    vendor = Vendor([State.READY, State.READY])
    assert jobs().finished(vendor, REPORT, lying_at(None)) is None
    assert vendor.looks == 2
    said = iter([None, "https://files.example/1"])
    job = replace(lying_at(None), address=lambda reply: next(said))
    found = jobs().finished(Vendor([State.READY, State.READY]), REPORT, job)
    assert found == Request("file", "https://files.example/1")


def test_jobs_are_begun_side_by_side_and_each_only_once(jobs: Callable[..., Jobs]) -> None:
    vendor = Vendor([State.READY, State.READY])
    other = REPORT.with_params(day="2026-01-06")
    book = jobs()
    for request in (REPORT, other, REPORT):
        book.begin(vendor, request, JOB)
    assert (vendor.asked, vendor.looks) == (2, 0)
    numbers = [book.finished(vendor, request, JOB).params["id"] for request in (REPORT, other)]  # type: ignore[union-attr]
    assert numbers == ["job1", "job2"] and vendor.asked == 2
    book.landed()
    jobs().begin(vendor, REPORT, JOB)
    assert vendor.asked == 3, "a landed job was remembered"


@pytest.mark.parametrize("text", ["", '{"id": "job1", "asked', "[]", '{"id": "job1"}'])
def test_a_note_that_cannot_be_read_is_asked_for_anew(text: str) -> None:
    notes, vendor = Forgetful(), Vendor([State.READY])
    jobs = Jobs(notes, "p/a/s", [].append, lambda: datetime(2026, 1, 6, tzinfo=UTC))
    jobs.begin(vendor, REPORT, JOB)
    (name,) = notes._texts
    notes.put_text(name, text)
    assert jobs.finished(vendor, REPORT, JOB) == Request("fetch", "/fetch", {"id": "job2"})
