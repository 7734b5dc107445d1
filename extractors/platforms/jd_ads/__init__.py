"""JD's 京准通 ad reports, through JOS's door. Facts from the pages listed in README.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from extractors.accounts import Account
from extractors.core.model import Platform, Rate, Read, Record, Reply, Request, Stream
from extractors.core.paging import ForwardPages
from extractors.core.window import Window
from extractors.errors import ContractError, DaybookError, TransientError
from extractors.personal import Personal
from extractors.platforms.jd import DIALECT as JOS
from extractors.platforms.jd import PATH
from extractors.protocols.signed_form import SignedForm
from extractors.protocols.words import error_in_words

WITHIN_DAYS = 15  # the attribution window that is asked for, and so the look-back
PAGE = 100
ACCOUNT = "jingdong.dsp.report.queryAccountReport"


def error_of(body: Any) -> DaybookError | None:
    """JOS's own error, or that of the report inside a good answer: `{code, …_result{success, …}}`."""
    error = JOS.error(body)
    if error is not None or not isinstance(body, dict):
        return error
    for name, answer in body.items():
        if not name.endswith("_responce") or not isinstance(answer, dict):
            continue
        found = _result(answer)
        if str(answer.get("code", "0")) == "0" and found.get("success") not in (False, "false"):
            continue
        code = str(found.get("resultCode") or answer.get("code"))
        text = str(found.get("errorMsg") or answer.get("error_description") or answer.get("msg"))
        # No table of the reports' codes is published, so unknown ones are retried; the last attempt raises
        # the error.
        return error_in_words("JD ads", code, text, rest=TransientError)
    return None


def _result(answer: dict[str, Any]) -> dict[str, Any]:
    """The business part of an answer; every report is said to call it by the campaign report's name."""
    found = next((value for name, value in answer.items() if name.endswith("_result")), None)
    return found if isinstance(found, dict) else {}


def _answer(reply: Reply) -> dict[str, Any]:
    found = next((value for name, value in reply.body.items() if name.endswith("_responce")), None)
    if not isinstance(found, dict) or not _result(found):
        raise ContractError("a report of JD ads came without its result")
    return _result(found)


def _entities(reply: Reply) -> list[Record]:
    return _listed(_answer(reply).get("value"))


def _entity_total(reply: Reply) -> int | None:
    total = _answer(reply).get("total")
    return None if total is None else int(total)


def _days(reply: Reply) -> list[Record]:
    return _listed((_answer(reply).get("value") or {}).get("datas"))


def _day_total(reply: Reply) -> int | None:
    paginator = (_answer(reply).get("value") or {}).get("paginator")
    items = paginator.get("items") if isinstance(paginator, dict) else None
    return None if items is None else int(items)


def _listed(found: Any) -> list[Record]:
    if found is not None and not isinstance(found, list):
        raise ContractError("a report of JD ads came with rows that are no list")
    return found or []


ACCOUNT_PAGES = ForwardPages(_days, _day_total, PAGE, page="pageIndex", size="pageSize", may_not_count=True)
ENTITY_PAGES = ForwardPages(_entities, _entity_total, PAGE, page="pageIndex", size="pageSize")


def _account(account: Account, window: Window) -> Iterator[Read]:
    """Paid orders within 15 days of a click, on the day of the click."""
    days = window.dates(account.zone)
    params = {
        "startDay": days[0].isoformat(),
        "endDay": days[-1].isoformat(),
        "isDaily": "true",
        "platform": "all",
        "clickOrOrderDay": WITHIN_DAYS,
        "clickOrOrderCaliber": 0,
        "orderStatusCategory": 1,
    }
    yield Read(Request(ACCOUNT, PATH, params), ACCOUNT_PAGES)


def _level(name: str, account: Account, window: Window) -> Iterator[Read]:
    """The same figures for a level below the account; these older reports take other parameters."""
    days = window.dates(account.zone)
    params = {
        "startDay": f"{days[0]} 00:00:00",
        "endDay": f"{days[-1]} 23:59:59",
        "isDaily": True,
        "platform": "all",
        "isTodayOr15Days": True,
        "isOrderOrClick": False,
        "OrderStatusCategory": 1,
    }
    yield Read(Request(f"jingdong.dsp.report.query{name}DailySum", PATH, params), ENTITY_PAGES)


def _stream(name: str, reads: Any, *key: str) -> Stream:
    return Stream(
        name=name,
        kind="report",
        key=("date", *key),
        day="date",
        reads=reads,
        widest=timedelta(days=30),
        lookback_days=WITHIN_DAYS,
        personal=Personal(drop=("pin",)),  # a person's login at JD
    )


PLATFORM = Platform(
    name="jd_ads",
    title="JD ads",
    base_url="https://api.jd.com",
    protocol=partial(SignedForm, replace(JOS, error=error_of)),
    # No limit of a live app is published: our own restraint.
    rate=Rate(calls=5, seconds=1.0),
    # Within its last 24 hours, or later, a token is renewed no more: three nights leave one to spare.
    renew_ahead=timedelta(days=3),
    streams=(
        _stream("account_report", _account),
        _stream("campaign_report", partial(_level, "Camp"), "id"),
        _stream("group_report", partial(_level, "Group"), "id"),
        _stream("ad_report", partial(_level, "Ad"), "id"),
    ),
)
