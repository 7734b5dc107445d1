"""Qianchuan (巨量千川) ad reports, through Ocean Engine's door. Facts from the pages listed in README.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial

from extractors.accounts import Account
from extractors.core.model import Platform, Rate, Read, Record, Reply, Request, Stream
from extractors.core.paging import ForwardPages, OnePage, number_at, records_at
from extractors.core.window import Window
from extractors.errors import ContractError
from extractors.personal import dig
from extractors.platforms.ocean_engine import DIALECT
from extractors.protocols.token_rest import TokenRest

FIELDS = ["stat_cost", "show_cnt", "click_cnt", "pay_order_count", "pay_order_amount"]
# Metrics of 全域推广: cost, orders and what buyers paid for them.
UNI = "qianchuan/report/uni_promotion"
UNI_FIELDS = ["stat_cost", "total_pay_order_count_for_roi2", "total_pay_order_gmv_for_roi2"]


def _report(level: str, account: Account, window: Window) -> Iterator[Read]:
    days = window.dates(account.zone)
    # Without order_platform only orders from the PC side are counted.
    filtering = {"marketing_goal": "ALL", "order_platform": "ALL"}
    if level == "creative":
        filtering["is_highlight"] = "ALL"  # otherwise videos cut from live streams by the vendor are missing
    params = {
        "advertiser_id": account.need("advertiser_id"),
        "start_date": days[0].isoformat(),
        "end_date": days[-1].isoformat(),
        "fields": FIELDS,
        "filtering": filtering,
        "time_granularity": "TIME_GRANULARITY_DAILY",
        "order_field": "stat_cost",
        "order_type": "ASC",
    }
    paging = ForwardPages(partial(_marked, level), number_at("data.page_info.total_number"), 100)
    path = f"/open_api/v1.0/qianchuan/report/{level}/get/"
    yield Read(Request(f"qianchuan/report/{level}", path, params), paging)


def _marked(report: str, reply: Reply) -> list[Record]:
    """The rows, each marked with its report: an account's total is the sum of two reports."""
    return [{**row, "report": report} for row in records_at("data.list")(reply)]


def _account(account: Account, window: Window) -> Iterator[Read]:
    """The account's figures, with those of 全域推广, which are in a separate report only. That one is
    called per day, because it adds up the days that it is asked for."""
    yield from _report("advertiser", account, window)
    if not account.switch("uni_promotion", True):
        return
    for day in window.dates(account.zone):
        params = {
            "advertiser_id": account.need("advertiser_id"),
            "start_date": f"{day} 00:00:00",
            "end_date": f"{day} 23:59:59",
            "marketing_goal": "ALL",
            "order_platform": "ALL",  # without it ads of small shops are left out
            "fields": UNI_FIELDS,
        }
        request = Request(UNI, f"/open_api/v1.0/{UNI}/get/", params)
        yield Read(request, OnePage(partial(_day_of_uni, account.need("advertiser_id"), day)))


def _day_of_uni(advertiser: str, day: date, reply: Reply) -> list[Record]:
    """The figures of a day as a row; none where nothing was spent or sold, as the other reports have it."""
    figures = dig(reply.body, ("data",))
    missing = [name for name in UNI_FIELDS if name not in (figures or {})]
    if missing:
        raise ContractError(
            f"{UNI} answered without {missing[0]}",
            advice="run again; an account that never uses 全域推广 may set the option uni_promotion: false",
        )
    if all(str(figures[name] or 0).strip("0.") == "" for name in UNI_FIELDS):
        return []
    facts = {"stat_datetime": f"{day} 00:00:00", "advertiser_id": advertiser, "report": "uni_promotion"}
    return [{**figures, **facts}]


def _stream(name: str, reads: Callable[[Account, Window], Iterator[Read]], *key: str) -> Stream:
    return Stream(
        name=name,
        kind="report",
        key=("stat_datetime", *key),
        day="stat_datetime",
        reads=reads,
        widest=timedelta(days=30),
        lookback_days=15,
        retention=timedelta(days=179),
    )


PLATFORM = Platform(
    name="qianchuan",
    title="Qianchuan",
    base_url="https://api.oceanengine.com",
    protocol=partial(TokenRest, DIALECT),
    rate=Rate(calls=5, seconds=1.0),
    options=frozenset({"advertiser_id", "uni_promotion"}),
    streams=(
        _stream("account_report", _account, "advertiser_id", "report"),
        _stream("ad_report", partial(_report, "ad"), "ad_id"),
        _stream("creative_report", partial(_report, "creative"), "ad_id", "creative_id"),
    ),
)
