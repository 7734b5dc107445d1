"""Qianchuan (巨量千川) ad reports, through Ocean Engine's door. Facts from the pages listed in README.md."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

from extractors.accounts import Account
from extractors.core.model import Platform, Rate, Read, Request, Stream
from extractors.core.paging import ForwardPages, number_at, records_at
from extractors.core.window import Window
from extractors.errors import ConfigError
from extractors.platforms.ocean_engine import DIALECT
from extractors.protocols.token_rest import TokenRest

FIELDS = ["stat_cost", "show_cnt", "click_cnt", "pay_order_count", "pay_order_amount"]


def _report(level: str, account: Account, window: Window) -> Iterator[Read]:
    advertiser = account.options.get("advertiser_id")
    if not advertiser:
        raise ConfigError(
            "the option advertiser_id is missing",
            account=account.id,
            advice='add `options: {advertiser_id: "…"}` to the account in accounts.yml',
        )
    days = window.dates(account.zone)
    filtering = {"marketing_goal": "ALL", "order_platform": "ALL"}  # else only the PC door's orders are told
    if level == "creative":
        filtering["is_highlight"] = "ALL"  # else what the vendor cut from live rooms is left out
    params = {
        "advertiser_id": str(advertiser),
        "start_date": days[0].isoformat(),
        "end_date": days[-1].isoformat(),
        "fields": FIELDS,
        "filtering": filtering,
        "time_granularity": "TIME_GRANULARITY_DAILY",
        "order_field": "stat_cost",
        "order_type": "ASC",
    }
    paging = ForwardPages(records_at("data.list"), number_at("data.page_info.total_number"), 100)
    path = f"/open_api/v1.0/qianchuan/report/{level}/get/"
    yield Read(Request(f"qianchuan/report/{level}", path, params), paging)


def _stream(name: str, level: str, *key: str) -> Stream:
    return Stream(
        name=name,
        kind="report",
        key=("stat_datetime", *key),
        day="stat_datetime",
        reads=partial(_report, level),
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
    options=frozenset({"advertiser_id"}),
    streams=(
        _stream("account_report", "advertiser", "advertiser_id"),
        _stream("ad_report", "ad", "ad_id"),
        _stream("creative_report", "creative", "ad_id", "creative_id"),
    ),
)
