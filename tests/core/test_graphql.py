"""The GraphQL family: prices, cursors, and keys that buy tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from extractors.accounts import Account
from extractors.core.model import Rate, Reply, Request
from extractors.core.paging import TooDeep
from extractors.core.rate import Bucket
from extractors.credentials import Credentials
from extractors.errors import AuthError, ConfigError, ContractError
from extractors.protocols.graphql import Connection, Dialect, GraphQL, TooCostly
from extractors.tokens import Tokens

DIALECT = Dialect(
    path="/g",
    documents={"things": "query { things }"},
    token_header="X-Token",
    throttled="SLOW",
    too_costly="DEAR",
    errors={},
    version_header="X-Version",
    version="7",
    grant_path="/token",
    grant={"grant_type": "client_credentials"},
)
REQUEST = Request("graphql", "things", {"search": "s"})


def speaker(make_account: Callable[..., Account], **given: Any) -> GraphQL:
    return GraphQL(DIALECT, "http://127.0.0.1:1", make_account(), Credentials(**given))


def answer(numbers: list[int], more: str | None, total: int = 3) -> Reply:
    page = {"nodes": [{"n": n} for n in numbers], "pageInfo": {"hasNextPage": bool(more), "endCursor": more}}
    return Reply({"things": page, "count": {"count": total}})


def test_the_document_goes_out_with_its_variables(make_account: Callable[..., Account]) -> None:
    sent = speaker(make_account).prepare(REQUEST, Tokens("t"))
    assert orjson.loads(sent["data"]) == {"query": "query { things }", "variables": {"search": "s"}}
    assert sent["url"] == "http://127.0.0.1:1/g" and sent["headers"]["X-Token"] == "t"


def test_an_answer_says_how_long_the_next_page_has_to_wait(make_account: Callable[..., Account]) -> None:
    cost = {
        "requestedQueryCost": 500,
        "throttleStatus": {"maximumAvailable": 2000, "currentlyAvailable": 100, "restoreRate": 100},
    }
    body = {"data": {}, "extensions": {"cost": cost}}
    reply = speaker(make_account).check(REQUEST, 200, {}, orjson.dumps(body))
    assert reply.hold == 4.0
    cost["throttleStatus"]["currentlyAvailable"] = 500  # type: ignore[index]
    assert speaker(make_account).check(REQUEST, 200, {}, orjson.dumps(body)).hold == 0.0


def test_data_that_comes_with_errors_is_not_used(make_account: Callable[..., Account]) -> None:
    body = {"data": {"things": {"nodes": []}}, "errors": [{"message": "half of it failed"}]}
    with pytest.raises(ContractError, match="half of it failed"):
        speaker(make_account).check(REQUEST, 200, {}, orjson.dumps(body))


def test_key_and_secret_buy_a_token_and_a_given_token_needs_none(
    make_account: Callable[..., Account],
) -> None:
    assert speaker(make_account).refresh(Tokens("t")) is None
    renewal = speaker(make_account, login="k", password="s").refresh(Tokens(""))
    assert renewal is not None
    arguments, read = renewal
    assert arguments["url"].endswith("/token")
    assert arguments["data"] == {"client_id": "k", "client_secret": "s", "grant_type": "client_credentials"}
    assert read(b'{"access_token": "new"}').access_token == "new"
    with pytest.raises(AuthError):
        read(b'{"error": "app_not_installed"}')


def test_a_query_that_is_too_dear_is_asked_again_with_half_the_page() -> None:
    sizes = []

    def call(request: Request) -> Reply:
        size = request.params["first"]
        sizes.append(size)
        if size > 2:
            raise TooCostly("too dear")
        return answer([1, 2], "c") if request.params["after"] is None else answer([3], None)

    pages = list(Connection("things", 7, "count").pages(call, REQUEST))
    assert [[r["n"] for r in page.records] for page in pages] == [[1, 2], [3]]
    assert sizes == [7, 4, 2, 2] and pages[-1].total == 3


def test_a_single_record_that_is_too_dear_is_an_error() -> None:
    def call(request: Request) -> Reply:
        raise TooCostly("too dear")

    with pytest.raises(ConfigError):
        list(Connection("things", 4).pages(call, REQUEST))


def test_more_than_one_may_page_through_is_split() -> None:
    connection = Connection("things", 2, "count", depth=25_000)
    with pytest.raises(TooDeep):
        list(connection.pages(lambda request: answer([1, 2], "c", 25_001), REQUEST))


@pytest.mark.parametrize("info", [{}, {"hasNextPage": None}, {"hasNextPage": ["true"]}, [], None])
def test_an_answer_that_does_not_say_whether_there_is_more_is_not_the_end(info: Any) -> None:
    reply = answer([1, 2], None)
    reply.body["things"]["pageInfo"] = info
    with pytest.raises(ContractError, match="whether"):
        list(Connection("things", 2).pages(lambda request: reply, REQUEST))


@pytest.mark.parametrize("cursor", ["c", ""])
def test_a_cursor_that_leads_nowhere_is_an_error(cursor: str) -> None:
    def call(request: Request) -> Reply:
        reply = answer([1], "c")
        reply.body["things"]["pageInfo"]["endCursor"] = cursor
        return reply

    with pytest.raises(ContractError, match="would never end"):
        list(Connection("things", 2).pages(call, REQUEST))


def test_saved_up_calls_go_at_once_and_the_rest_are_spaced() -> None:
    now, waits = [0.0], []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        now[0] += seconds

    bucket = Bucket(Rate(1, 100.0, burst=3), clock=lambda: now[0], sleep=sleep)
    for _ in range(5):
        bucket.take()
    assert len(waits) == 2 and all(100 <= wait <= 104 for wait in waits)
    bucket.hold(500)
    bucket.take()
    assert waits[-1] >= 500
