"""The ways vendors page, and the one safe order to read each in.

While a window of modified times is read, it can only lose rows: a row that changes again gets a later time
and leaves the window, and every row behind it moves one place forward. Reading pages forward would then skip
a row. Reading from the last page to the first sees a row twice instead, and repeats are dropped later. So
numbered pages are read backwards, whatever the vendor sorts by. Page one is read first for the total, and
again at the end.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from extractors.core.model import Page, Record, Reply, Request
from extractors.errors import ContractError
from extractors.personal import dig

Records = Callable[[Reply], list[Record]]
Total = Callable[[Reply], int | None]
Call = Callable[[Request], Reply]


def records_at(path: str, *, always: bool = False) -> Records:
    """Returns the function that takes the list of records at a dotted path out of a reply ("": the body).

    A missing path is an empty list, because many vendors leave out empty lists. The function raises
    ContractError when something else stands there.

    always: this vendor sends the list even when it is empty, so a missing one is an error. Set it where no
        total would show that a page was lost.
    """
    steps = tuple(path.split(".")) if path else ()

    def records(reply: Reply) -> list[Record]:
        found = dig(reply.body, steps) if steps else reply.body
        if found is None and not always:
            return []
        if not isinstance(found, list) or any(not isinstance(item, dict) for item in found):
            raise ContractError(f"expected a list of records at {path or 'the body'}, got {_kind(found)}")
        return found

    return records


def number_at(path: str) -> Total:
    """The whole number at a dotted path of the body, sent as a number or as text."""
    steps = tuple(path.split("."))
    return lambda reply: _whole(dig(reply.body, steps), path)


def header_number(name: str) -> Total:
    """The whole number in a response header."""
    return lambda reply: _whole(reply.headers.get(name.lower()), name)


class TooDeep(Exception):
    """The window holds more records than the vendor allows to page through; read its halves instead."""


def _answers(call: Call, asked: Request, may_have_lost: Callable[[Reply], bool]) -> Iterator[Reply]:
    """The reply to a request, and a second reply to the same request when `may_have_lost` doubts the first.

    Records of both count: what either showed exists. The last reply is the one to continue from.
    """
    reply = call(asked)
    yield reply
    if may_have_lost(reply):
        yield call(asked)


@dataclass(frozen=True)
class _Counted:
    """What ways of paging with a total share: records and total of a reply, and the size of a page."""

    records: Records
    total: Total
    page_size: int

    def _is_said_to_be_all(self, reply: Reply) -> bool:
        """Whether the total equals the records of one full page. If it is wrong, no second page is read that
        would show it, so such a reply is asked for again."""
        return len(self.records(reply)) == self.total(reply) == self.page_size


@dataclass(frozen=True)
class LastPageFirst(_Counted):
    """Numbered pages, read from the last to the first (the module's docstring says why).

    page, size: the names of the vendor's parameters. first: the number of its first page.
    depth: the most records the vendor allows to page through; a longer read raises TooDeep.
    """

    page: str = "page_no"
    size: str = "page_size"
    first: int = 1
    depth: int | None = None

    def pages(self, call: Call, request: Request) -> Iterator[Page]:
        def ask(number: int) -> Request:
            return request.with_params(**{self.page: self.first + number, self.size: self.page_size})

        def page(reply: Reply) -> Page:
            records, total = self.records(reply), _required(self.total(reply), request)
            _refuse_uncounted(len(records), total, request)
            return Page(records, total)

        heads = [page(reply) for reply in _answers(call, ask(0), self._is_said_to_be_all)]
        total = heads[-1].total or 0
        if self.depth is not None and total > self.depth:
            raise TooDeep(total)
        last = -(-total // self.page_size) - 1
        if last <= 0:
            yield from heads
            return
        for number in range(last, -1, -1):
            yield page(call(ask(number)))
        # Records that the first reading of page one showed and the last one did not exist all the same.
        yield from (Page(head.records) for head in heads)


@dataclass(frozen=True)
class _Forward(_Counted, ABC):
    """Pages of a report, first to last.

    A total that changes between two pages is an error: when a row disappears, all behind it move one place
    forward, and the next page would skip one.

    within: the name of the object parameter that contains page number and size, for vendors that nest them.
    may_not_count: the vendor may leave the total out; then the first page that is not full is the last.
    depth: how many records the vendor lets one page through; a longer read must be split (TooDeep).
    """

    within: str | None = field(default=None, kw_only=True)
    may_not_count: bool = field(default=False, kw_only=True)
    depth: int | None = field(default=None, kw_only=True)

    def pages(self, call: Call, request: Request) -> Iterator[Page]:
        number, seen, total = 1, 0, None
        while True:
            place = self._place(number, seen)
            if self.within is not None:
                place = {self.within: {**request.params.get(self.within, {}), **place}}
            asked = request.with_params(**place)
            reply = call(asked) if seen else self._first(call, asked)
            records, told = self.records(reply), self.total(reply)
            seen += len(records)
            if told is None and self.may_not_count and len(records) < self.page_size:
                told = seen
            total = _steady(total, told, request)
            if self.depth is not None and total > self.depth:
                raise TooDeep(total)
            _refuse_uncounted(seen, total, request)
            yield Page(records, total)
            if seen >= total or not records:
                return
            del reply, records
            number += 1

    @abstractmethod
    def _place(self, number: int, seen: int) -> dict[str, Any]:
        """The parameters that ask for page `number`, which begins after `seen` rows."""

    def _first(self, call: Call, asked: Request) -> Reply:
        *doubted, reply = _answers(call, asked, self._is_said_to_be_all)
        if doubted:
            _refuse_uncounted(self.page_size, _required(self.total(reply), asked), asked)
        return reply


@dataclass(frozen=True)
class ForwardPages(_Forward):
    """Numbered pages, from 1."""

    page: str = "page"
    size: str = "page_size"

    def _place(self, number: int, seen: int) -> dict[str, Any]:
        return {self.page: number, self.size: self.page_size}


@dataclass(frozen=True)
class Offsets(_Forward):
    """Pages by the index of their first row (from 0) and a number of rows."""

    start: str
    size: str

    def _place(self, number: int, seen: int) -> dict[str, Any]:
        return {self.start: seen, self.size: self.page_size}


@dataclass(frozen=True)
class NextToken:
    """Pages by the vendor's own token, until a reply has none. A token seen twice is an error.

    token: takes it out of a reply. param: the parameter that sends it back.
    total: the vendor's count for the whole read, where it gives one. Where it gives none, a page that was
    lost can be noticed by these only:

    never_empty: the vendor gives a token only when records follow, so an empty page beside a token is an
        error.
    asks_twice: an empty page, or a last page that is full, is requested once more. Only for streams that keep
        every version, because the records of both replies are kept.
    counted: a count that the vendor gives on the first page: that page may not be empty when it is above 0.
    depth: the most records the vendor allows to page through; a longer read raises TooDeep.
    """

    records: Records
    token: Callable[[Reply], str | None]
    param: str
    total: Total | None = None
    never_empty: bool = False
    asks_twice: bool = False
    counted: Total | None = None
    depth: int | None = None

    def pages(self, call: Call, request: Request) -> Iterator[Page]:
        seen: set[str] = set()
        while True:
            *doubted, reply = _answers(call, request, self._may_have_lost)
            yield from (Page(self.records(one)) for one in doubted)
            page = Page(self.records(reply), _required(self.total(reply), request) if self.total else None)
            if page.total is not None:
                _refuse_uncounted(len(page.records), page.total, request)
                if self.depth is not None and page.total > self.depth:
                    raise TooDeep(page.total)
            # Of two replies the second may be the one that lost its token.
            token = next(filter(None, map(self.token, (reply, *doubted))), None)
            if self.never_empty and not page.records and (token or seen):
                raise ContractError(f"{request.name} sent an empty page where its token promised records")
            counted = self.counted(reply) if self.counted and not seen else None
            if counted and not page.records:
                raise ContractError(f"{request.name} sent an empty page and counts {counted} records")
            yield page
            if not token:
                return
            if token in seen:
                raise ContractError(
                    f"{request.name} sent the same page token twice: the read would never end"
                )
            seen.add(token)
            request = request.with_params(**{self.param: token})
            del doubted, reply, page

    def _may_have_lost(self, reply: Reply) -> bool:
        if not self.asks_twice:
            return False
        count = len(self.records(reply))
        return not count or (self._is_full(count) and not self.token(reply))

    def _is_full(self, count: int) -> bool:
        return True


@dataclass(frozen=True)
class SizedNextToken(NextToken):
    """Pages by token where the request also says how many records a page shall hold."""

    size: str = "page_size"
    page_size: int = 100

    def pages(self, call: Call, request: Request) -> Iterator[Page]:
        yield from NextToken.pages(self, call, request.with_params(**{self.size: self.page_size}))

    def _is_full(self, count: int) -> bool:
        return count >= self.page_size


@dataclass(frozen=True)
class Summed:
    """Pages by token, checked against the vendor's own sum of an amount where it gives no count of rows.

    amount: the amount of a record. claimed: the vendor's sum, taken from a reply (None: this reply has none;
    the latest one counts). slack: the most that rounding can change one record's amount.
    Raises ContractError when the records do not come to the sum.
    """

    paging: NextToken
    amount: Callable[[Record], Decimal]
    claimed: Callable[[Reply], Decimal | None]
    slack: Decimal = Decimal(0)

    @property
    def records(self) -> Records:
        return self.paging.records

    def pages(self, call: Call, request: Request) -> Iterator[Page]:
        told: list[Decimal] = []
        sent, count = Decimal(0), 0

        def listening(asked: Request) -> Reply:
            reply = call(asked)
            claimed = self.claimed(reply)
            if claimed is not None:
                told[:] = [claimed]
            return reply

        for page in self.paging.pages(listening, request):
            sent += sum((self.amount(record) for record in page.records), Decimal(0))
            count += len(page.records)
            yield page
        if told and abs(told[0] - sent) > self.slack * max(count, 1):
            raise ContractError(f"{request.name} says its rows come to {told[0]}, and they come to {sent}")


@dataclass(frozen=True)
class OnePage:
    """A call whose one reply holds everything, without a total.

    An empty reply is asked for once more before it is believed.
    asks_twice: request every reply twice and raise ContractError when the two differ. For files without an
        end mark whose content cannot change: a download that broke off looks like a shorter file.
    """

    records: Records
    asks_twice: bool = False

    def pages(self, call: Call, request: Request) -> Iterator[Page]:
        *doubted, found = map(self.records, _answers(call, request, self._may_have_lost))
        if self.asks_twice and doubted != [found]:
            raise ContractError(f"{request.name} was asked twice and did not answer the same")
        yield Page(found)

    def _may_have_lost(self, reply: Reply) -> bool:
        return self.asks_twice or not self.records(reply)


@dataclass(frozen=True)
class InParts:
    """A total and its breakdown, from two calls, where nothing says how many rows the breakdown has.

    Raises ContractError when the breakdown is empty although the total still counts something.

    records: of the total. part: the request for the breakdown; parts: its records. amount: what one record
    of either counts.
    """

    records: Records
    amount: Callable[[Record], int]
    part: Request
    parts: Records

    def pages(self, call: Call, request: Request) -> Iterator[Page]:
        whole = self.records(call(request))
        yield Page(whole)
        missing = sum(map(self.amount, whole))
        for found in self._lists(call):
            if not found and missing > 0:
                raise ContractError(f"{request.name} counts {missing} more than {self.part.name} lists")
            missing -= sum(map(self.amount, found))
            yield Page(found)

    def _lists(self, call: Call) -> Iterator[list[Record]]:
        yield self.parts(call(self.part))


@dataclass(frozen=True)
class InPagedParts(InParts):
    """InParts where the breakdown comes in numbered pages; a page that is not full is the last."""

    page_size: int
    page: str
    size: str

    def _lists(self, call: Call) -> Iterator[list[Record]]:
        number, found = 1, None
        while found is None or len(found) >= self.page_size:
            place = {self.page: number, self.size: self.page_size}
            found = self.parts(call(self.part.with_params(**place)))
            yield found
            number += 1


@dataclass(frozen=True)
class OneADay:
    """A call that answers with one record for each date asked for, and must leave out none.

    dates: the dates asked for. day: the field of a record that holds its date.
    """

    records: Records
    dates: frozenset[str]
    day: str = "date"

    def pages(self, call: Call, request: Request) -> Iterator[Page]:
        found = self.records(call(request))
        missing = sorted(self.dates - {str(record.get(self.day)) for record in found})
        if missing:
            raise ContractError(
                f"{request.name} left out {missing[0]}",
                advice="set `start` of this account in accounts.yml, if there was nothing to count before",
            )
        yield Page(found)


def _required(total: int | None, request: Request) -> int:
    if total is None:
        raise ContractError(f"{request.name} did not send the total its document promises")
    return total


def _steady(before: int | None, total: int | None, request: Request) -> int:
    """This page's total. Raises ContractError when it differs from `before`, that of the pages before."""
    now = _required(total, request)
    if before is not None and now != before:
        raise ContractError(f"{request.name} had {before} rows and then {now} while it was read")
    return now


def _refuse_uncounted(seen: int, total: int, request: Request) -> None:
    """Raises ContractError for more records than the total says: a total that is too low would end the read
    early."""
    if seen > total:
        raise ContractError(f"{request.name} says {total} records and sent {seen}")


def _whole(value: Any, where: str) -> int | None:
    if value is None or value == "":
        return None
    try:
        number = int(value)
        if isinstance(value, bool) or number != (value if isinstance(value, float) else number):
            raise ValueError  # int(False) is 0, which would mean that there is nothing to read
    except (TypeError, ValueError, OverflowError):
        raise ContractError(f"expected a whole number at {where}, got {_kind(value)}") from None
    if number < 0:
        raise ContractError(f"a negative count at {where}")
    return number


def _kind(value: Any) -> str:
    return type(value).__name__
