"""Suning's ad reports (苏宁推广), through its open platform's door. Facts from the pages in README.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Any

from extractors.accounts import Account
from extractors.core.model import Platform, Rate, Read, Record, Reply, Request, Stream
from extractors.core.paging import ForwardPages
from extractors.core.window import Window
from extractors.errors import ContractError, DaybookError, TransientError
from extractors.platforms.suning import DIALECT as SOP
from extractors.platforms.suning import PATH, shape_of
from extractors.protocols.signed_call import SignedCall
from extractors.protocols.words import error_in_words

REPORT = "suning.advertise.getpromotionrepdatalist.query"
CONTENT = {REPORT: "queryGetpromotionrepdatalist"}
TOTALS = ("totalSize", "totalCount", "total")


def error_of(body: Any) -> DaybookError | None:
    """The platform's own error, or that of the report inside a good answer: `{status "1", msg}`."""
    error = SOP.error(body)
    if error is not None:
        return error
    answer = _answer(body)
    if str(answer.get("status", "0")) == "0":
        return None
    # No table of the reports' errors is published, so unknown ones are retried; the last attempt raises
    # the error.
    return error_in_words("Suning ads", str(answer["status"]), str(answer.get("msg")), rest=TransientError)


def _answer(body: dict[str, Any]) -> dict[str, Any]:
    """What stands below the content's name; an empty one for "no result"."""
    parts = body["sn_responseContent"].get("sn_body") or {}
    found = next((value for value in parts.values() if isinstance(value, dict)), {})
    return found if isinstance(found, dict) else {}


def _rows(day: date, reply: Reply) -> list[Record]:
    """The rows with the requested day added: a report of one day does not name it."""
    data = _answer(reply.body).get("data") or {}
    found = (data.get("dataList") or []) if isinstance(data, dict) else data
    if not isinstance(found, list) or any(not isinstance(row, dict) for row in found):
        raise ContractError("a report of Suning ads came with rows that are no list")
    return [{"date": day.isoformat(), **row} for row in found]


def _total(reply: Reply) -> int | None:
    """The count of rows: of the head, or of the report's own data; 0 where nothing was found."""
    content, data = reply.body["sn_responseContent"], _answer(reply.body).get("data")
    if "sn_error" in content:
        return 0
    for part in (content.get("sn_head"), data):
        named = [part[name] for name in TOTALS if part.get(name)] if isinstance(part, dict) else []
        if named:
            return int(named[0])
    return 0 if not data else None


def _campaigns(account: Account, window: Window) -> Iterator[Read]:
    """One call per day: the report adds up the days that it is asked for."""
    custnum = account.need("custnum", "the number of the promoting user")
    for day in window.dates(account.zone):
        params = {
            "custnum": custnum,
            "startDate": day.isoformat(),
            "endDate": day.isoformat(),
            "dayType": "0",
        }
        paging = ForwardPages(partial(_rows, day), _total, 50, page="pagerNumber", size="pagerSize")
        yield Read(Request(REPORT, PATH, params), paging)


PLATFORM = Platform(
    name="suning_ads",
    title="Suning ads",
    base_url="https://open.suning.com",
    protocol=partial(SignedCall, replace(SOP, shape=shape_of(CONTENT), error=error_of)),
    # No limit is published: our own restraint.
    rate=Rate(calls=5, seconds=1.0),
    options=frozenset({"custnum"}),
    streams=(
        Stream(
            name="campaign_report",
            kind="report",
            key=("date", "promotionId"),
            day="date",
            reads=_campaigns,
            widest=timedelta(days=30),
            lookback_days=15,
        ),
    ),
)
