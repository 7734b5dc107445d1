"""TikTok ads: basic reports and GMV Max (Business API v1.3). Facts from the pages listed in README.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from extractors.accounts import Account
from extractors.core.model import Platform, Rate, Read, Record, Reply, Request, Stream
from extractors.core.paging import ForwardPages, Records, number_at, records_at
from extractors.core.window import Window, period_bounds
from extractors.errors import AuthError, ConfigError, DaybookError, RateLimitedError, TransientError
from extractors.protocols.http_status import retry_after
from extractors.protocols.token_rest import Dialect, TokenRest

METRICS = ("spend", "impressions", "reach", "clicks", "complete_payment", "total_complete_payment_rate")
CAMPAIGN = ("campaign_name",)
AD = ("campaign_id", "campaign_name", "adgroup_id", "adgroup_name", "ad_name")
GMV_METRICS = ("cost", "orders", "gross_revenue")
MOST_ROWS = 1000

# By the appendix of return codes: a token that ended, is empty, is wrong, is of somebody else's account.
TOKEN_CODES = {40102, 40104, 40105, 40106}
RATE_CODES = {40016, 40100, 40132, 40133}  # of an endpoint, the app, a value, the advertiser
RETRY_CODES = {40200, 40201, 40202, 40700}  # a task that failed or is not ready, a conflict, their own
SUSPENSION = 300.0  # of who made too many calls in a minute; the same code tells that a day's are spent


def error_of(body: Any, headers: dict[str, str]) -> DaybookError | None:
    """The error in `{code, message, data}`: HTTP is 200 whatever happened, 0 is success."""
    if not isinstance(body, dict) or "code" not in body:
        return TransientError("TikTok answered with something that is no envelope")
    code = body["code"]
    if code == 0:
        return None
    text = f"TikTok error {code}: {body.get('message')}"
    if code in RATE_CODES:
        return RateLimitedError(text, retry_after=retry_after(headers) or SUSPENSION)
    if code in TOKEN_CODES:
        return AuthError(text, advice="authorise the app for this advertiser again and update the connection")
    if code in RETRY_CODES or str(code).startswith(("50", "51")):
        return TransientError(text)
    return ConfigError(text, advice="check advertiser_id and store_ids, and that the app may read reports")


def _marked(kind: str, reply: Reply) -> list[Record]:
    """The rows, each marked with its report, because auction and GMV Max rows may have equal keys."""
    return [{**record, "report": kind} for record in records_at("data.list")(reply)]


def _paging(records: Records) -> ForwardPages:
    return ForwardPages(records, number_at("data.page_info.total_number"), MOST_ROWS)


def _auction(
    account: Account,
    span: dict[str, str],
    entity: str,
    names: tuple[str, ...],
    metrics: tuple[str, ...] = METRICS,
) -> Read:
    level = f"AUCTION_{entity.upper()}"
    params: dict[str, Any] = {
        "advertiser_id": account.need("advertiser_id"),
        "report_type": "BASIC",
        "service_type": "AUCTION",
        "data_level": level,
        "dimensions": [f"{entity}_id", "stat_time_day"],
        "metrics": [*metrics, *names],
        **span,
    }
    if entity != "advertiser":  # without this filter the spend of what was deleted is left out
        every = {"field_name": f"{entity}_status", "filter_type": "IN", "filter_value": '["STATUS_ALL"]'}
        params["filtering"] = [every]
    request = Request("report/integrated", "/open_api/v1.3/report/integrated/get/", params)
    return Read(request, _paging(partial(_marked, level)))


def _gmv_max(account: Account, span: dict[str, str], entity: str, names: tuple[str, ...]) -> Iterator[Read]:
    """Figures of GMV Max, which are in no auction report; one call per TikTok shop."""
    for store in account.several("store_ids"):
        params = {
            "advertiser_id": account.need("advertiser_id"),
            "store_ids": [store],
            "dimensions": [f"{entity}_id", "stat_time_day"],
            "metrics": [*GMV_METRICS, *names],
            "filtering": {"gmv_max_promotion_types": ["PRODUCT", "LIVE"]},
            **span,
        }
        request = Request("gmv_max/report", "/open_api/v1.3/gmv_max/report/get/", params)
        yield Read(request, _paging(partial(_marked, f"GMV_MAX {store}")))


def _reads(entity: str, names: tuple[str, ...], account: Account, window: Window) -> Iterator[Read]:
    days = window.dates(account.zone)
    span = {"start_date": days[0].isoformat(), "end_date": days[-1].isoformat()}
    yield _auction(account, span, entity, names)
    if entity != "ad":  # GMV Max chooses its own creatives: it has no ads here
        yield from _gmv_max(account, span, entity, names)


def _reach(grain: str, account: Account, window: Window) -> Iterator[Read]:
    """People reached per complete week or month: without a time dimension, a report counts each person once.

    Accounts with GMV Max get no rows: nobody counts its people together with those of the auctions.
    """
    ends = {period_bounds(grain, day)[0]: day for day in window.dates(account.zone)}
    entities = ["campaign"] if account.several("store_ids") else ["advertiser", "campaign"]
    for first, last in ends.items():
        span = {"start_date": first.isoformat(), "end_date": last.isoformat()}
        for entity in entities:
            read = _auction(account, span, entity, (), ("spend", "reach"))
            params = {**read.request.params, "dimensions": [f"{entity}_id"]}
            told = partial(_told, entity, first.isoformat())
            yield replace(read, request=replace(read.request, params=params), finish=told)


def _told(entity: str, period_start: str, records: list[Record]) -> list[Record]:
    """The rows with period and entity added, which these reports do not name."""
    level = "account" if entity == "advertiser" else entity
    return [
        {**row, "period_start": period_start, "level": level, "entity": row["dimensions"].get(f"{entity}_id")}
        for row in records
    ]


def _reach_stream(name: str, grain: Any, lookback_days: int) -> Stream:
    return Stream(
        name=name,
        kind="report",
        key=("period_start", "level", "entity"),
        day="period_start",
        reads=partial(_reach, grain),
        lookback_days=lookback_days,
        period=grain,
    )


def _stream(name: str, entity: str, names: tuple[str, ...]) -> Stream:
    return Stream(
        name=name,
        kind="report",
        key=("dimensions.stat_time_day", f"dimensions.{entity}_id", "report"),
        day="dimensions.stat_time_day",
        reads=partial(_reads, entity, names),
        widest=timedelta(days=30),
        lookback_days=28,
    )


PLATFORM = Platform(
    name="tiktok_ads",
    title="TikTok Ads",
    base_url="https://business-api.tiktok.com",
    protocol=partial(TokenRest, Dialect(token_header="Access-Token", error=error_of)),  # noqa: S106
    # All reports together may be asked 10 times a second, those of GMV Max 240 times a minute.
    rate=Rate(calls=4, seconds=1.0),
    is_rate_shared=True,
    width=3,
    options=frozenset({"advertiser_id", "store_ids"}),
    streams=(
        _stream("account_report", "advertiser", ()),
        _stream("campaign_report", "campaign", CAMPAIGN),
        _stream("ad_report", "ad", AD),
        _reach_stream("reach_weekly", "week", 14),
        _reach_stream("reach_monthly", "month", 35),
    ),
)
