"""The read loop over answers that no code of ours fits: an error with a place, never a bare exception or a wrong key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from extractors.accounts import Account
from extractors.core.model import Platform, Read, Reply, Request, Stream
from extractors.core.paging import OnePage, records_at
from extractors.core.read import WINDOW_TRIES, Refused, WindowReader
from extractors.core.window import Window
from extractors.errors import ContractError
from extractors.personal import Personal, Scrubber

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


def read(session: Answers, finish: Callable[[list[Any]], list[Any]] | None = None) -> list[bytes]:
    paged = Read(Request("shop.orders.get"), OnePage(records_at("rows")), finish)
    stream = replace(STREAM, reads=lambda account, window: [paged])
    lines: list[bytes] = []
    scrubber = Scrubber(Personal(), "shop", b"key")
    WindowReader(stream, session, scrubber, lines.append).read(WINDOW)  # type: ignore[arg-type]
    return lines


def test_an_answer_of_another_shape_is_tried_again_and_then_told_without_its_values(make_account):
    session = Answers(make_account("shop__one"), [{"id": "1", "buyer": "Ann"}])
    with pytest.raises(ContractError) as told:
        read(session, lambda records: [{"id": record["buyer"]["id"]} for record in records])
    assert session.calls == WINDOW_TRIES
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
