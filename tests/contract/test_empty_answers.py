"""An answer that shows neither records nor how many there are is no empty page: it is told, by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from contract_bench import BUSY_DAY, Bench, a_few_records, keys_of, one_a_platform

from extractors.accounts import Account
from extractors.core.model import Reply, Request
from extractors.core.window import Window
from extractors.errors import ContractError, ExtractErrors
from extractors.registry import platforms

SHOPS = (
    "alibaba_1688", "beibei", "dangdang", "doudian", "jd", "kaola", "kuaishou_shop", "mogujie", "pinduoduo",
    "suning", "taobao", "tiktok_shop", "xiaohongshu", "youzan",
)  # fmt: skip
# Good envelopes, with nothing in them.
HOLLOW = ({"data": {}, "result": {}, "sn_responseContent": {"sn_body": {}}}, {"sn_responseContent": {}})
# Answers with status 200 and without any envelope of the vendor's.
STRANGE = (b"{}", b"null", b'{"code":50000,"message":"system error"}', b'{"success":false,"msg":"busy"}')
START = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize("name", SHOPS)
def test_an_answer_without_list_and_without_count_is_not_taken_for_an_empty_page(name: str) -> None:
    platform = platforms()[name]
    account = Account(f"{name}__x", name, name, "x", "Asia/Shanghai", "CNY")
    asked = 0
    for stream in platform.streams:
        for read in stream.reads(account, Window(START, START + timedelta(minutes=20))):
            for body in HOLLOW:

                def answer(request: Request, body: object = body) -> Reply:
                    return Reply(body)

                with pytest.raises(ContractError):
                    list(read.paging.pages(answer, read.request))
                asked += 1
    assert asked >= 2 * len(platform.streams)


@pytest.mark.parametrize("body", STRANGE)
@pytest.mark.parametrize(("platform", "stream"), one_a_platform(0))
def test_an_answer_in_nobodys_words_is_told_and_not_taken_for_nothing(
    platform: str, stream: str, body: bytes, bench: Callable[..., Bench]
) -> None:
    on = bench(platform, stream)
    window = a_few_records(on, BUSY_DAY)
    on.set_mark(window.start)
    on.wire.change = lambda sent: body
    with pytest.raises(ExtractErrors):
        on.run(window)
    assert not on.rows() and on.mark() == window.start


def test_a_cancellation_is_listed_by_when_it_changed_and_a_page_without_its_list_is_missed_by_the_total(
    bench: Callable[..., Bench],
) -> None:
    """However long before it was asked for. TikTok leaves the list out where there is nothing to list."""
    on = bench("tiktok_shop", "cancellations")
    on.stream = replace(on.stream, slice=None)  # some ten of several days, in one read
    window = a_few_records(on, BUSY_DAY)
    on.in_pages_of(2)
    on.run(window)
    listed = sum(len(json.loads(body)["data"].get("cancellations", ())) for body in on.wire.bodies)
    assert set(keys_of(on.rows())) == on.truth(window) and len(on.rows()) == listed > 2
    behind = False

    def without_list(body: bytes) -> bytes:
        nonlocal behind
        data = json.loads(body)
        if behind:
            data["data"].pop("cancellations")
        behind = bool(data["data"]["next_page_token"])
        return json.dumps(data).encode()

    on.wire.change = without_list
    with pytest.raises(ExtractErrors, match=r"says \d+ records and sent \d"):
        on.run(window)
    assert len(on.rows()) == listed


def test_a_suning_answer_that_says_it_has_no_error_shows_its_records() -> None:
    order = {"orderCode": "1"}
    content = {
        "sn_error": None,
        "sn_head": {"totalSize": "1"},
        "sn_body": {"orderQuery": [order]},
    }
    suning = next(stream for stream in platforms()["suning"].streams if stream.name == "orders")
    account = Account("suning__x", "suning", "suning", "x", "Asia/Shanghai", "CNY")
    (read,) = suning.reads(account, Window(START, START + timedelta(minutes=20)))
    pages = read.paging.pages(lambda request: Reply({"sn_responseContent": content}), read.request)
    assert [record for page in pages for record in page.records] == [order]
