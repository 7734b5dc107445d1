"""An answer that shows neither records nor how many there are is no empty page: it is told, by name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from extractors.accounts import Account
from extractors.core.model import Reply, Request
from extractors.core.window import Window
from extractors.errors import ContractError
from extractors.registry import platforms

SHOPS = (
    "alibaba_1688", "beibei", "dangdang", "doudian", "jd", "kaola", "kuaishou_shop", "mogujie", "pinduoduo",
    "suning", "taobao", "tiktok_shop", "xiaohongshu", "youzan",
)  # fmt: skip
# Good envelopes, with nothing in them.
HOLLOW = ({"data": {}, "result": {}, "sn_responseContent": {"sn_body": {}}}, {"sn_responseContent": {}})
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


def test_a_suning_answer_that_says_it_has_no_error_shows_its_records() -> None:
    order = {"orderCode": "1"}
    content = {
        "sn_error": None,
        "sn_head": {"totalSize": "1"},
        "sn_body": {"ordmodtimeQuery": [order]},
    }
    suning = next(stream for stream in platforms()["suning"].streams if stream.name == "orders")
    account = Account("suning__x", "suning", "suning", "x", "Asia/Shanghai", "CNY")
    (read,) = suning.reads(account, Window(START, START + timedelta(minutes=20)))
    pages = read.paging.pages(lambda request: Reply({"sn_responseContent": content}), read.request)
    assert [record for page in pages for record in page.records] == [order]
