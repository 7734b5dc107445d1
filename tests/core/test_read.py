"""The read loop over answers that no code of ours fits: an error with a place, never a bare exception or a wrong key."""

from __future__ import annotations

import json
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from extractors.accounts import Account
from extractors.core.jobs import State
from extractors.core.model import Job, Page, Paging, Platform, Read, Reply, Request, Stream
from extractors.core.paging import ForwardPages, LastPageFirst, NextToken, OnePage, number_at, records_at
from extractors.core.read import READ_ATTEMPTS, Refused, WindowReader
from extractors.core.window import Window, days_window
from extractors.errors import AddressExpired, ContractError, TooMuchError
from extractors.personal import Personal, Scrubber
from extractors.protocols.graphql import Connection

WINDOW = Window(datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC))
STREAM = Stream("orders", "cursor", ("id",), lambda account, window: [])


class Answers:
    """Stands for a session: gives the same rows whenever it is called."""

    platform = Platform("shop", "Shop", "", None, (STREAM,))

    def __init__(self, account: Account, rows: list[dict[str, Any]]) -> None:
        self.account, self.rows, self.calls = account, rows, 0

    def call(self, request: Request) -> Reply:
        self.calls += 1
        return Reply({"rows": [dict(row) for row in self.rows]})

    def wait(self, seconds: float) -> None:
        raise AssertionError("nothing to wait for")


def read(
    session: Answers,
    finish: Callable[[list[Any]], list[Any]] | None = None,
    paging: Paging = OnePage(records_at("rows")),  # noqa: B008  facts
) -> list[bytes]:
    paged = Read(Request("shop.orders.get"), paging, finish)
    stream = replace(STREAM, reads=lambda account, window: [paged])
    lines: list[bytes] = []
    scrubber = Scrubber(Personal(), "shop", b"key")
    WindowReader(stream, session, scrubber, lines.append).read(WINDOW)  # type: ignore[arg-type]
    return lines


def test_an_answer_of_another_shape_is_tried_again_and_then_told_without_its_values(make_account):
    session = Answers(make_account("shop__one"), [{"id": "1", "buyer": "Ann"}])
    with pytest.raises(ContractError) as told:
        read(session, lambda records: [{"id": record["buyer"]["id"]} for record in records])
    assert session.calls == READ_ATTEMPTS
    assert "shop.orders.get" in str(told.value) and "test_read.py" in str(told.value)
    assert "Ann" not in str(told.value)


@pytest.mark.parametrize("key", [None, "", True, ["7"], {"value": 7}])
def test_a_key_that_is_no_plain_value_is_refused(make_account, key):
    with pytest.raises(Refused, match="primary key"):
        read(Answers(make_account("shop__one"), [{"id": key}]))


@pytest.mark.parametrize("key", ["7", 7])
def test_a_number_and_its_text_are_the_same_key(make_account, key):
    (line,) = read(Answers(make_account("shop__one"), [{"id": key}]))
    assert line.startswith(b'{"key":"7"')


class Overwhelmed(Answers):
    """A vendor that answers for a few days at once, with a row a day."""

    def __init__(self, account: Account, most: int) -> None:
        super().__init__(account, [])
        self.most = most

    def call(self, request: Request) -> Reply:
        self.calls += 1
        days = request.params["days"]
        if len(days) > self.most:
            raise TooMuchError("too many days")
        return Reply({"rows": [{"id": "1", "day": day} for day in days]})


def read_days(session: Answers, first: date, last: date) -> list[str]:
    def reads(account: Account, window: Window) -> list[Read]:
        days = [day.isoformat() for day in window.dates(account.zone)]
        return [Read(Request("report", params={"days": days}), OnePage(records_at("rows")))]

    stream = Stream("ads", "report", ("day", "id"), reads, day="day")
    lines: list[bytes] = []
    reader = WindowReader(stream, session, Scrubber(Personal(), "shop", b"key"), lines.append)  # type: ignore[arg-type]
    reader.read(days_window(first, last, session.account.zone))
    return [json.loads(line)["report_date"] for line in lines]


@pytest.mark.parametrize("most", [1, 2, 3, 30])
def test_days_that_are_too_much_at_once_are_read_in_halves_and_each_once(make_account, most):
    session = Overwhelmed(make_account("shop__one", time_zone="America/New_York"), most)
    found = read_days(session, date(2026, 10, 26), date(2026, 11, 6))  # with a day of 25 hours
    assert len(found) == len(set(found)) == 12 and found == sorted(found)
    assert session.calls <= 24


def test_a_day_that_is_too_much_is_told(make_account):
    with pytest.raises(TooMuchError):
        read_days(Overwhelmed(make_account("shop__one"), 0), date(2026, 11, 5), date(2026, 11, 6))


class Astray(Answers):
    """A vendor whose second answer is that to the first question."""

    def __init__(self, account: Account, times: int) -> None:
        super().__init__(account, [])
        self.times, self.first = times, ()

    def call(self, request: Request) -> Reply:
        self.calls += 1
        days = self.first = self.first or request.params["days"]
        if not 1 < self.calls <= 1 + self.times:
            days = request.params["days"]
        return Reply({"rows": [{"id": "1", "day": day} for day in days]})


@pytest.mark.parametrize("times", [1, 2, 100])
def test_rows_of_days_that_were_not_asked_for_are_no_answer(make_account, times):
    """Landed, they moved the mark, and only loading refused the partition: its own days stayed away."""
    session = Astray(make_account("shop__one"), times)
    days = [date(2026, 11, day) for day in (1, 2, 3, 4)]
    assert read_days(session, *days[:2]) == ["2026-11-01", "2026-11-02"]
    if times < READ_ATTEMPTS:
        assert read_days(session, *days[2:]) == ["2026-11-03", "2026-11-04"]
    else:
        with pytest.raises(ContractError, match="2026-11-01, which was not asked for"):
            read_days(session, *days[2:])


class InTurn(Answers):
    """A vendor that answers each call with the next rows, the last ones for ever, and a total if it has one."""

    def __init__(self, account: Account, *answers: list[tuple[str, int]], total: int | None = None) -> None:
        super().__init__(account, [])
        self.answers, self.total, self.asked = list(answers), total, [""]

    def call(self, request: Request) -> Reply:
        self.asked.append(request.name)
        if request.name != "rows":
            return Reply({})
        self.calls += 1
        rows = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not rows:
            raise AddressExpired("the address has expired")
        records = [{"id": key, "n": n, "day": "2026-11-20"} for key, n in rows]
        return Reply(
            {"rows": records, "total": self.total, "next": str(self.calls) if self.answers[1:] else None}
        )


ONE = NextToken(records_at("rows"), lambda reply: None, "token", number_at("total"))
ALL = NextToken(records_at("rows"), lambda reply: reply.body["next"], "token")
REPORT = Stream("ads", "report", ("id",), lambda account, window: [], day="day")


def landed(session: InTurn, stream: Stream, *reads: Read) -> list[tuple[str, int]]:
    lines: list[bytes] = []
    stream = replace(stream, reads=lambda account, window: reads)
    WindowReader(stream, session, Scrubber(Personal(), "shop", b"key"), lines.append).read(WINDOW)  # type: ignore[arg-type]
    return [(row["key"], row["payload"]["n"]) for row in map(json.loads, lines)]


@pytest.mark.parametrize("stream", [STREAM, REPORT], ids=["cursor", "report"])
def test_fewer_records_than_the_vendor_counts_are_asked_for_again_and_then_told(make_account, stream):
    short, whole = [("a", 1)], [("b", 1), ("c", 1)]
    read = Read(Request("rows"), ONE)
    again = landed(InTurn(make_account("shop__one", time_zone="UTC"), short, whole, total=2), stream, read)
    # A report that was not whole has left nothing; a record that was seen was there.
    assert again == (short if stream is STREAM else []) + whole
    session = InTurn(make_account("shop__one", time_zone="UTC"), short, total=2)
    with pytest.raises(ContractError, match="says 2 records and sent 1"):
        landed(session, stream, read)
    assert session.calls == READ_ATTEMPTS


def test_a_record_that_changes_while_it_is_paged_is_written_as_often_as_it_changed(make_account):
    session = InTurn(make_account("shop__one"), [("a", 1)], [("a", 1), ("b", 1)], [("a", 2)], [("c", 1)])
    pages = NextToken(records_at("rows"), lambda reply: None, "token")
    found = landed(session, STREAM, *[Read(Request("rows"), pages)] * 4)
    assert found == [("a", 1), ("b", 1), ("a", 2), ("c", 1)]


@pytest.mark.parametrize("reads", [1, 2])
def test_two_figures_of_one_row_are_an_error_on_two_pages_and_in_two_reads(make_account, reads):
    session = InTurn(make_account("shop__one", time_zone="UTC"), *[[("a", n)] for n in range(9)])
    paging = ALL if reads == 1 else NextToken(records_at("rows"), lambda reply: None, "token")
    with pytest.raises(ContractError, match="same key" if reads == 1 else "another version"):
        landed(session, REPORT, *[Read(Request("rows"), paging)] * reads)


@pytest.mark.parametrize(
    ("first", "jobs"), [([("a", 1)], 2), ([], 1)], ids=["a short report", "an address that expired"]
)
def test_a_report_that_is_not_whole_is_made_anew_and_one_whose_address_expired_is_not(
    make_account, first, jobs
):
    session = InTurn(make_account("shop__one", time_zone="UTC"), first, [("a", 1), ("b", 1)], total=2)
    job = Job(
        ticket=lambda reply: "7",
        look=lambda number: Request("look"),
        state=lambda reply: State.READY,
        fetch=lambda number: Request("rows"),
    )
    assert landed(session, REPORT, Read(Request("make"), ONE, job=job)) == [("a", 1), ("b", 1)]
    assert session.asked.count("make") == jobs


class Kept(dict[str, Any]):
    """A record that can be watched."""


class Watching(Answers):
    """A vendor of six records, two a page, that looks at every call which of those it sent are still held."""

    def __init__(self, account: Account) -> None:
        super().__init__(account, [])
        self.sent: list[tuple[str, weakref.ref[Kept]]] = []
        self.held: set[str] = set()

    def call(self, request: Request) -> Reply:
        self.held |= {key for key, record in self.sent if record() is not None}
        page = int(request.params.get("page", 1))
        rows = [Kept(id=f"{page}{place}") for place in "ab"]
        self.sent += [(row["id"], weakref.ref(row)) for row in rows]
        more = {"hasNextPage": page < 3, "endCursor": page + 1}
        return Reply({"nodes": rows, "total": 6, "next": page + 1 if page < 3 else None, "pageInfo": more})


class Nodes(Connection):
    def pages(self, call: Callable[[Request], Reply], request: Request) -> Iterator[Page]:
        def asked(one: Request) -> Reply:
            reply = call(one.with_params(page=one.params["after"] or 1))
            return Reply({"shop": reply.body})

        return super().pages(asked, request)


ROWS, TOTAL = records_at("nodes"), number_at("total")


@pytest.mark.parametrize(
    ("paging", "needed"),
    [
        (LastPageFirst(ROWS, TOTAL, 2, page="page"), {"1a", "1b"}),  # what the first look showed comes last
        (ForwardPages(ROWS, TOTAL, 2), set()),
        (NextToken(ROWS, lambda reply: reply.body["next"], "page"), set()),
        (Nodes("shop", 2), set()),
    ],
)
def test_a_page_is_let_go_of_before_the_next_is_asked_for(make_account, paging, needed):
    """Held until the next was decoded it kept that one from its place: a tenth of what a read costs."""
    session = Watching(make_account("shop__one"))
    lines = read(session, paging=paging)
    assert sorted(json.loads(line)["key"] for line in lines) == ["1a", "1b", "2a", "2b", "3a", "3b"]
    assert session.held == needed


class Endless(Answers):
    """A vendor with a new page token for ever, and nothing new under it after a while."""

    fruitful, limit = 150, 2_000

    def call(self, request: Request) -> Reply:
        self.calls += 1
        assert self.calls < self.limit, "the read does not end"
        page = int(request.params.get("token", 0))
        return Reply({"rows": [{"id": f"{min(page, self.fruitful)}"}] * (page % 2), "token": str(page + 1)})


def test_pages_that_bring_nothing_new_for_ever_end_in_an_error(make_account):
    session = Endless(make_account("shop__one"), [])
    paged = Read(
        Request("shop.orders.get"), NextToken(records_at("rows"), lambda reply: reply.body["token"], "token")
    )
    stream = replace(STREAM, reads=lambda account, window: [paged])
    lines: list[bytes] = []
    reader = WindowReader(stream, session, Scrubber(Personal(), "shop", b"key"), lines.append)
    with pytest.raises(ContractError, match="without a new record"):
        reader.read(WINDOW)
    assert len(lines) >= Endless.fruitful // 2
