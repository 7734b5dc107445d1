"""Pinduoduo's ad reports, through its open platform's door. Facts from the pages listed in README.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from extractors.accounts import Account
from extractors.core.model import Platform, Rate, Read, Record, Reply, Request, Stream
from extractors.core.paging import ForwardPages, NextToken, Summed
from extractors.core.window import Window
from extractors.errors import ConfigError, ContractError, DaybookError, TransientError
from extractors.platforms.pinduoduo import DIALECT as POP
from extractors.platforms.pinduoduo import PATH
from extractors.protocols.signed_form import SignedForm
from extractors.protocols.words import error_in_words

DAILY, BY_ENTITY = "pdd.ad.api.report.daily.report.query", "pdd.ad.api.report.entity.report.query"
SCENES = (0, 1, 2)  # search, star shop, display: a report is of one
ADVERTISER, PLAN = 0, 1  # what a report can be of; further ones need the id of what is above


def error_of(body: Any) -> DaybookError | None:
    """The gateway's own error, or the report's inside a good answer: `{success, errorCode, errorMsg}`."""
    error = POP.error(body)
    if error is not None or not isinstance(body, dict):
        return error
    answer = _answer(body)
    if not {"success", "result"} & set(answer):
        return TransientError("Pinduoduo ads answered with something that is no report")
    if answer.get("success") not in (False, "false"):
        return None
    # No table of the reports' codes is published, so unknown ones are retried; the last attempt raises the
    # error.
    return error_in_words(
        "Pinduoduo ads", str(answer.get("errorCode")), str(answer.get("errorMsg")), rest=TransientError
    )


def _answer(body: dict[str, Any]) -> dict[str, Any]:
    """The report's answer: below one key (`response`, or the method's own), or the body itself."""
    inside = (value for value in body.values() if isinstance(value, dict) and "success" in value)
    return next(inside, body)


def _result(reply: Reply) -> dict[str, Any]:
    """What was found; nothing at all is an empty report."""
    found = _answer(reply.body).get("result") or {}
    if not isinstance(found, dict):
        raise ContractError("a report of Pinduoduo ads came with a result that is no object")
    return found


def _rows(name: str, known: dict[str, Any], reply: Reply) -> list[Record]:
    """The rows, with what only the request says added: the scene, and the day if the rows do not name it."""
    found = _result(reply).get(name) or []
    if not isinstance(found, list) or any(not isinstance(row, dict) for row in found):
        raise ContractError(f"a report of Pinduoduo ads came with a {name} that is no list of rows")
    return [{**known, **row} for row in found]


def _total(reply: Reply) -> int | None:
    total = _result(reply).get("total")
    return None if total is None else int(total)


def _spent(row: Record) -> Decimal:
    return Decimal(str(row.get("spend") or 0))


def _sum(reply: Reply) -> Decimal | None:
    found = _result(reply).get("sumReport")
    spent = found.get("spend") if isinstance(found, dict) else None
    return None if spent is None else Decimal(str(spent))


def _scenes(account: Account) -> list[int]:
    named = account.several("scenes") if "scenes" in account.options else [str(scene) for scene in SCENES]
    if not named or any(scene not in map(str, SCENES) for scene in named):
        raise ConfigError(
            f"the option scenes is {account.options['scenes']!r}",
            account=account.id,
            advice="list some of 0 (search), 1 (star shop), 2 (display), as in `options: {scenes: [0, 2]}`",
        )
    return sorted({int(scene) for scene in named})


def _asked(scene: int, dimension: int, first: date, last: date) -> dict[str, Any]:
    return {
        "scenesType": scene,
        "queryDimensionType": dimension,
        "startDateString": first.isoformat(),
        "endDateString": last.isoformat(),
    }


def _account(account: Account, window: Window) -> Iterator[Read]:
    """Account figures per scene. The last day is a separate call: it may be today, which the vendor does not
    allow together with other days."""
    days = window.dates(account.zone)
    spans = [(days[0], days[-2])] if len(days) > 1 else []
    for scene in _scenes(account):
        for first, last in [*spans, (days[-1], days[-1])]:
            rows = partial(_rows, "dailyReportList", {"scenesType": scene})
            # The answer counts no rows; it adds them up.
            paging = Summed(NextToken(rows, lambda reply: None, "none"), _spent, _sum)
            yield Read(Request(DAILY, PATH, _asked(scene, ADVERTISER, first, last)), paging)


def _plans(account: Account, window: Window) -> Iterator[Read]:
    """Campaign figures per scene and day, one call each: this report adds up the days that it is asked
    for."""
    for scene in _scenes(account):
        for day in window.dates(account.zone):
            known = {"date": day.isoformat(), "scenesType": scene}
            paging = ForwardPages(
                partial(_rows, "entityReportList", known),
                _total,
                100,
                page="pageNumber",
                size="pageSize",
                within="queryRange",
            )
            asked = {**_asked(scene, PLAN, day, day), "entityDimensionType": ADVERTISER}
            yield Read(Request(BY_ENTITY, PATH, asked), paging)


def _stream(name: str, reads: Any, *key: str) -> Stream:
    return Stream(
        name=name,
        kind="report",
        key=("date", "scenesType", *key),
        day="date",
        reads=reads,
        widest=timedelta(days=30),
        lookback_days=15,
        retention=timedelta(days=89),
    )


PLATFORM = Platform(
    name="pinduoduo_ads",
    title="Pinduoduo ads",
    base_url="https://gw-api.pinduoduo.com",
    protocol=partial(SignedForm, replace(POP, error=error_of)),
    # Of the reports by entity and by hour, for a shop; that by day is taken to have the same.
    rate=Rate(calls=20, seconds=10.0),
    options=frozenset({"scenes"}),
    renewal_prolongs=False,
    streams=(
        _stream("account_report", _account),
        _stream("campaign_report", _plans, "entityId"),
    ),
)
