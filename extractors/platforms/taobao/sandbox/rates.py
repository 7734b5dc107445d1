"""What buyers and seller say of each other (API 55)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from extractors.sandbox.control import Fault
from extractors.sandbox.market import wall, yuan
from extractors.sandbox.reviews import Review

from .call import Call, listing
from .parameters import choice, instant, invalid, number_of
from .trades import num_iid
from .words import RATE_RESULTS, names

SHOWN = timedelta(days=180)
MOST = 1_500
"""Records of one window that can be had, by the page; its total says no more either."""


def oid_of(review: Review) -> int:
    """A trade with one line has its own id as oid."""
    order = review.order
    return order.id if len(order.lines) == 1 else order.id + review.line.number


def result_of(review: Review) -> str:
    return "good" if review.stars > 3 else "neutral" if review.stars == 3 else "bad"


def traderates(call: Call, fault: Fault | None) -> dict[str, Any]:
    """taobao.traderates.get, newest first. The seller's own words about buyers are none of this world."""
    params = call.params
    kind, role = (
        choice(params, name, names(words))
        for name, words in (("rate_type", "get give"), ("role", "seller buyer"))
    )
    result = choice(params, "result", RATE_RESULTS)
    oldest = call.now - int(SHOWN.total_seconds())
    start, end = instant(params, "start_date", oldest), instant(params, "end_date", call.now)
    if number_of(params, "page_no", 1) > 200:
        raise invalid("page_no must not exceed 200")
    found = call.desk.world.reviews[call.shop.store].between(max(start, oldest), end, call.now)
    wanted = [
        review
        for review in reversed(found)
        if (kind, role) == ("get", "buyer")
        and (result is None or result_of(review) == result)
        and params.get("tid", str(review.order.id)) in (str(review.order.id), str(oid_of(review)))
        and params.get("num_iid", str(num_iid(review.line))) == str(num_iid(review.line))
    ]
    return listing(
        call, wanted[:MOST], "trade_rates", "trade_rate", lambda r: rate_record(call, r), fault, 150
    )


def rate_record(call: Call, review: Review) -> dict[str, Any]:
    order, line = review.order, review.line
    nick = "" if order.buyer is None else order.buyer.nick
    values: dict[str, Any] = {
        "tid": order.id,
        "oid": oid_of(review),
        "role": "buyer",
        "nick": nick,
        "result": result_of(review),
        "created": wall(review.written),
        "rated_nick": call.shop.seller,
        "item_title": line.item.chinese,
        "item_price": yuan(line.unit_price),
        "content": f"{nick}：{review.stars} 星",
        "reply": f"谢谢 {nick}",
        "num_iid": num_iid(line),
        "valid_score": order.index % 13 != 5,
    }
    return {name: value for name in call.fields if (value := values.get(name)) is not None}
