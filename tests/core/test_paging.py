"""Each way of paging, against a list that changes while it is read."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from extractors.core.model import Reply, Request
from extractors.core.paging import (
    ForwardPages,
    LastPageFirst,
    NextToken,
    Offsets,
    OnePage,
    SizedNextToken,
    TooDeep,
    header_number,
    number_at,
    records_at,
)
from extractors.errors import ContractError

PAGES = LastPageFirst(records_at("rows"), number_at("total"), 10)


class Shop:
    """Serves rows newest first and may change one between two pages."""

    def __init__(self, count: int, *, leave_after: int | None = None) -> None:
        self.rows = [{"id": n} for n in range(count)]
        self.leave_after = leave_after
        self.calls: list[int] = []

    def __call__(self, request: Request) -> Reply:
        page, size = request.params["page_no"], request.params["page_size"]
        self.calls.append(page)
        body = {"total": len(self.rows), "rows": self.rows[(page - 1) * size : page * size]}
        if self.leave_after == len(self.calls):
            self.rows.pop(3)  # modified again: it leaves the window, all behind it move up
        return Reply(body)


def ids(paging: Any, call: Any) -> list[int]:
    request = Request("list")
    return [record["id"] for page in paging.pages(call, request) for record in page.records]


def test_a_short_list_costs_one_call() -> None:
    shop = Shop(9)
    assert ids(PAGES, shop) == list(range(9)) and shop.calls == [1]


OFFSETS = Offsets(records_at("rows"), number_at("total"), 10, start="start", size="page_size")


@pytest.mark.parametrize(
    "paging", [PAGES, ForwardPages(records_at("rows"), number_at("total"), 10, page="page_no"), OFFSETS]
)
def test_a_full_page_that_is_said_to_be_all_is_asked_for_again(paging: Any) -> None:
    """The one wrong count that no page contradicts: of 25, the first answer says 10."""

    def read(rows: int, first_total: int) -> tuple[list[int], int]:
        shop = Shop(rows)

        def answer(request: Request) -> Reply:
            if "start" in request.params:
                request = request.with_params(page_no=1 + request.params["start"] // 10)
            reply = shop(request)
            if len(shop.calls) == 1:
                reply.body["total"] = first_total
            return reply

        return sorted(set(ids(paging, answer))), len(shop.calls)

    def worse(request: Request) -> Reply:
        return Reply(next(answers))

    answers = iter([{"rows": [{"id": n} for n in range(10)], "total": 10}, {"rows": [], "total": 0}])
    with suppress(ContractError):  # told, and read again
        assert ids(paging, worse) == list(range(10))
    assert read(10, 10) == (list(range(10)), 2)
    assert read(25, 10)[0] == list(range(25))
    assert read(9, 9)[1] == 1


def test_an_empty_list_is_one_empty_page() -> None:
    shop = Shop(0)
    assert ids(PAGES, shop) == [] and shop.calls == [1]


@pytest.mark.parametrize("leave_after", [1, 2, 3])
def test_no_row_is_skipped_when_another_leaves_the_window_between_pages(leave_after: int) -> None:
    shop = Shop(35, leave_after=leave_after)
    seen = set(ids(PAGES, shop))
    assert seen >= {row["id"] for row in shop.rows}
    assert shop.calls == [1, 4, 3, 2, 1]


def test_walking_forward_would_have_skipped_one() -> None:
    shop = Shop(35, leave_after=1)
    seen = set()
    for page in range(1, 5):
        seen |= {row["id"] for row in shop(Request("x", "", {"page_no": page, "page_size": 10})).body["rows"]}
    assert {row["id"] for row in shop.rows} - seen, "the trap this order of reading exists for"


@pytest.mark.parametrize(
    "paging",
    [
        LastPageFirst(records_at("rows"), number_at("total"), 10, depth=30),
        ForwardPages(records_at("rows"), number_at("total"), 10, page="page_no", depth=30),
    ],
)
def test_a_read_deeper_than_the_vendor_allows_asks_to_be_split(paging: Any) -> None:
    assert len(ids(paging, Shop(30))) >= 30
    with pytest.raises(TooDeep):
        ids(paging, Shop(31))


def test_a_read_by_tokens_deeper_than_the_vendor_allows_asks_to_be_split() -> None:
    def pages(total: int) -> list[int]:
        body = {"rows": [{"id": 1}], "total": total, "next": None}
        paging = NextToken(
            records_at("rows"), lambda reply: reply.body["next"], "cursor", number_at("total"), depth=30
        )
        return [len(page.records) for page in paging.pages(lambda request: Reply(body), Request("list"))]

    assert pages(30) == [1]
    with pytest.raises(TooDeep):
        pages(31)


def test_a_missing_list_is_an_error_where_the_vendor_always_sends_one() -> None:
    assert records_at("rows")(Reply({})) == []
    assert records_at("rows", always=True)(Reply({"rows": []})) == []
    for body in ({}, {"rows": None}):
        with pytest.raises(ContractError, match="rows"):
            records_at("rows", always=True)(Reply(body))


def test_a_missing_total_is_an_error_where_the_document_promises_one() -> None:
    with pytest.raises(ContractError, match="total"):
        ids(PAGES, lambda request: Reply({"rows": []}))


@pytest.mark.parametrize("total", [0, 3])
@pytest.mark.parametrize(
    "paging",
    [
        PAGES,
        ForwardPages(records_at("rows"), number_at("total"), 4),
        Offsets(records_at("rows"), number_at("total"), 4, start="offset", size="limit"),
    ],
)
def test_more_records_than_are_counted_are_an_error_and_not_the_end(paging: Any, total: int) -> None:
    """A count that came as 0 ended a read at its first page."""
    full = Reply({"total": total, "rows": [{"id": n} for n in range(4)]})
    with pytest.raises(ContractError, match=f"list says {total} records and sent 4"):
        ids(paging, lambda request: full)


@pytest.mark.parametrize("lie", [0, 1])
def test_a_last_page_that_counts_fewer_than_it_shows_does_not_excuse_those_that_are_missing(lie: int) -> None:
    """The total of the last answer counts: rows may leave while they are read, but not the page they are on."""
    shop = Shop(25)

    def lying(request: Request) -> Reply:
        reply = shop(request)
        if len(shop.calls) == 4:  # page one again
            reply.body["total"] = lie
        return reply

    with pytest.raises(ContractError, match="sent 10"):
        ids(PAGES, lying)
    tokens = NextToken(records_at("rows"), lambda reply: None, "cursor", number_at("total"))
    with pytest.raises(ContractError, match="sent 2"):
        ids(tokens, lambda request: Reply({"rows": [{"id": 1}, {"id": 2}], "total": lie}))


def test_forward_pages_stop_at_the_total_and_at_an_empty_page() -> None:
    paging = ForwardPages(records_at("rows"), number_at("total"), 10, page="page_no")
    assert ids(paging, Shop(25)) == list(range(25))
    assert ids(paging, lambda request: Reply({"rows": [], "total": 25})) == []


def test_a_report_that_loses_a_row_while_it_is_read_is_not_taken_for_complete() -> None:
    paging = ForwardPages(records_at("rows"), number_at("total"), 10, page="page_no")
    with pytest.raises(ContractError, match="35 rows and then 34"):
        ids(paging, Shop(35, leave_after=1))


def test_a_total_that_is_missing_is_that_of_a_page_which_is_not_full_where_the_vendor_may_leave_it_out() -> (
    None
):
    def read(*answers: tuple[int, int | None]) -> list[int]:
        left = iter(answers)
        number = iter(range(100))

        def answer(request: Request) -> Reply:
            rows, total = next(left)
            return Reply({"rows": [{"id": next(number)} for _ in range(rows)], "total": total})

        return ids(ForwardPages(records_at("rows"), number_at("total"), 3, may_not_count=True), answer)

    assert read((2, None)) == [0, 1] and read((0, None)) == []
    assert read((3, 5), (2, None)) == [0, 1, 2, 3, 4]
    for lost in ([(3, None)], [(3, 8), (2, None)], [(3, 8), (3, None)]):
        with pytest.raises(ContractError):
            read(*lost)


def test_offsets_over_a_list_that_grows_meanwhile_are_not_taken_for_complete() -> None:
    totals = iter([7, 8])

    def call(request: Request) -> Reply:
        start = request.params["start_index"]
        return Reply({"total": next(totals), "rows": [{"id": n} for n in range(start, start + 3)]})

    with pytest.raises(ContractError, match="7 rows and then 8"):
        ids(Offsets(records_at("rows"), number_at("total"), 3, "start_index", "max_results"), call)


def test_offsets_advance_by_what_came() -> None:
    rows = [{"id": n} for n in range(7)]

    def call(request: Request) -> Reply:
        start = request.params["start_index"]
        return Reply({"total": 7, "rows": rows[start : start + 3]})

    assert ids(Offsets(records_at("rows"), number_at("total"), 3, "start_index", "max_results"), call) == [
        *range(7)
    ]


def test_a_page_token_sent_twice_is_an_error_not_an_endless_loop() -> None:
    paging = NextToken(records_at("rows"), lambda reply: reply.body["next"], "cursor")
    with pytest.raises(ContractError, match="same page token twice"):
        ids(paging, lambda request: Reply({"rows": [{"id": 1}], "next": "a"}))


def test_next_tokens_are_followed_to_the_end() -> None:
    pages = {None: ("a", 1), "a": ("b", 2), "b": (None, 3)}

    def call(request: Request) -> Reply:
        token, number = pages[request.params.get("cursor")]
        return Reply({"rows": [{"id": number}], "next": token})

    assert ids(NextToken(records_at("rows"), lambda reply: reply.body["next"], "cursor"), call) == [1, 2, 3]


@pytest.mark.parametrize("value", [{"rows": {"id": 1}}, {"rows": "none"}, {"rows": [1, 2]}])
def test_a_list_that_changed_its_type_is_an_error(value: dict[str, Any]) -> None:
    with pytest.raises(ContractError, match="list of records"):
        records_at("rows")(Reply(value))


@pytest.mark.parametrize(("value", "number"), [("12", 12), (12, 12), (None, None), ("", None)])
def test_totals_come_as_numbers_or_text(value: Any, number: int | None) -> None:
    assert number_at("total")(Reply({"total": value})) == number
    assert header_number("X-WP-Total")(Reply([], {"x-wp-total": value})) == number


@pytest.mark.parametrize("value", ["many", -1, [3], False, True, 2.5, 1e400])
def test_a_total_that_is_no_count_is_an_error(value: Any) -> None:
    with pytest.raises(ContractError):
        number_at("total")(Reply({"total": value}))


@pytest.mark.parametrize("emptied", [0, 1, 2])
def test_an_empty_page_around_a_token_is_a_lost_page_where_tokens_promise_records(emptied: int) -> None:
    answers = [{"rows": [{"id": n}], "next": token} for n, token in enumerate(("a", "b", None))]
    answers[emptied]["rows"] = []
    replies = iter(answers)
    paging = NextToken(records_at("rows"), lambda reply: reply.body["next"], "cursor", never_empty=True)
    with pytest.raises(ContractError, match="empty page"):
        list(paging.pages(lambda request: Reply(next(replies)), Request("list")))
    nothing = [{"rows": [], "next": None}]
    assert [p.records for p in paging.pages(lambda request: Reply(nothing[0]), Request("list"))] == [[]]


def test_nothing_is_asked_for_twice_where_nothing_else_would_tell_of_a_lost_page() -> None:
    def read(*answers: list[dict[str, str]]) -> tuple[list[str], int]:
        replies = [Reply({"rows": rows, "next": None}) for rows in answers]
        paging = NextToken(records_at("rows"), lambda reply: None, "cursor", asks_twice=True)
        left = iter(replies)
        pages = list(paging.pages(lambda request: next(left), Request("list")))
        return [record["id"] for page in pages for record in page.records], len(list(left))

    assert read([], [{"id": "1"}], []) == (["1"], 1)  # it was lost
    assert read([], [], []) == ([], 1)  # there is nothing
    assert read([{"id": "1"}], [{"id": "1"}], []) == (["1", "1"], 1)  # no size tells whether it was full
    assert read([{"id": "1"}], [], []) == (["1"], 1)  # a worse answer takes back nothing


def test_nothing_is_asked_for_twice_where_one_answer_is_everything() -> None:
    left = iter([[], [{"id": 1}], [{"id": 2}], [], []])
    paging = OnePage(records_at("rows"))
    answer = lambda request: Reply({"rows": next(left)})  # noqa: E731
    assert [ids(paging, answer) for _ in range(3)] == [[1], [2], []]


def test_an_empty_page_behind_others_is_asked_for_twice_too() -> None:
    left = iter([([1], "a"), ([], None), ([2], "b"), ([], "c"), ([], "c"), ([3], None), ([3], None)])

    def answer(request: Request) -> Reply:
        rows, token = next(left)
        return Reply({"rows": [{"id": n} for n in rows], "next": token})

    paging = NextToken(records_at("rows"), lambda reply: reply.body["next"], "cursor", asks_twice=True)
    assert ids(paging, answer) == [1, 2, 3, 3]  # some vendors filter after they page


def test_a_full_page_that_names_no_next_one_is_asked_for_again() -> None:
    """A token that was lost looks like the end, and nothing else tells."""

    def read(*answers: tuple[list[int], str | None]) -> tuple[list[int], int]:
        left = iter([Reply({"rows": [{"id": n} for n in rows], "next": token}) for rows, token in answers])
        paging = SizedNextToken(
            records_at("rows"), lambda reply: reply.body["next"], "cursor", asks_twice=True, page_size=2
        )
        return ids(paging, lambda request: next(left)), len(list(left))

    assert read(([1, 2], None), ([1, 2], "a"), ([3], None)) == ([1, 2, 1, 2, 3], 0)  # it was lost
    assert read(([], "a"), ([1, 2], None), ([3], None)) == ([1, 2, 3], 0)  # by the second reply
    assert read(([1, 2], "a"), ([3, 4], None), ([3, 4], None), ([9], None)) == ([1, 2, 3, 4, 3, 4], 1)
    assert read(([1, 2], None), ([], None), ([9], None)) == ([1, 2], 1)  # a worse answer takes back nothing
    assert read(([1, 2], "a"), ([3], None), ([9], None)) == ([1, 2, 3], 1)  # no reason to ask again


def test_a_first_page_that_counts_records_and_shows_none_is_a_lost_page() -> None:
    def read(*answers: tuple[list[dict[str, str]], int | None]) -> list[str]:
        replies = iter(Reply({"rows": rows, "count": count}) for rows, count in answers)
        paging = SizedNextToken(
            records_at("rows"), lambda reply: None, "cursor", asks_twice=True, counted=number_at("count")
        )
        pages = list(paging.pages(lambda request: next(replies), Request("list")))
        return [record["id"] for page in pages for record in page.records]

    with pytest.raises(ContractError, match="an empty page and counts 3 records"):
        read(([], 3), ([], 3))
    assert read(([], 1), ([{"id": "1"}], 1)) == ["1"]  # it came when asked again
    assert read(([], 0), ([], 0)) == []
    assert read(([{"id": "1"}], 3)) == ["1"]  # a list that moves may end below its count
    assert read(([], None), ([], None)) == []  # a vendor that counts no more


def test_a_last_look_that_shows_nothing_takes_back_nothing() -> None:
    shop = Shop(25)

    def forgetful(request: Request) -> Reply:
        if len(shop.calls) == 3:  # after the first look at page 1, and pages 3 and 2
            shop.rows.clear()
        return shop(request)

    assert set(ids(PAGES, forgetful)) == set(range(25))
