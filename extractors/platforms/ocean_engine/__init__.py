"""Ocean Engine (巨量引擎) ad reports. Facts from the official SDK and the pages listed in README.md."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from extractors.accounts import Account
from extractors.core.model import Platform, Rate, Read, Request, Stream
from extractors.core.paging import ForwardPages, number_at, records_at
from extractors.core.window import Window
from extractors.errors import AuthError, ConfigError, DaybookError, RateLimitedError, TransientError
from extractors.protocols.http_status import retry_after
from extractors.protocols.oauth import data_of, ends_in
from extractors.protocols.token_rest import Dialect, TokenRest
from extractors.tokens import Tokens

DIMENSIONS = ["stat_time_day", "cdp_project_id", "cdp_project_name", "cdp_promotion_id", "cdp_promotion_name"]
METRICS = ["stat_cost", "show_cnt", "click_cnt", "convert_cnt", "stat_pay_amount"]

DEVELOPER = 40110  # too many calls in a minute: the vendor blocks the caller for five minutes
SHUT_OUT = 300.0
RATE_CODES = {40100, DEVELOPER, 40130}  # of the interface, the developer, the advertiser
TOKEN_CODES = {40102, 40103, 40104, 40105, 40107}
REFRESH_DEAD_CODES = {40103, 40107}
RETRY_CODES = {50000, 51010}
AUTHORISE = "authorise the advertiser again and update the connection"


def error_of(body: Any, headers: dict[str, str]) -> DaybookError | None:
    """The error in an envelope `{code, message, data}`; 0 is success, HTTP is 200 even on failure."""
    if not isinstance(body, dict) or "code" not in body:
        return TransientError("Ocean Engine answered with something that is no envelope")
    code = body["code"]
    if code == 0:
        return None
    text = f"Ocean Engine error {code}: {body.get('message')}"
    if code in RATE_CODES:
        dimension = headers.get("x-ratelimit-dimension")
        named = retry_after({"retry-after": headers.get("x-ratelimit-retryin", "")})
        wait = named or (SHUT_OUT if code == DEVELOPER else None)
        return RateLimitedError(f"{text} ({dimension})" if dimension else text, retry_after=wait)
    if code in TOKEN_CODES:
        return AuthError(text, refreshable=code not in REFRESH_DEAD_CODES, advice=AUTHORISE)
    if code in RETRY_CODES:
        return TransientError(text)
    return ConfigError(text, advice="check advertiser_id, the app's permissions and the report's fields")


def _ads(account: Account, window: Window) -> Iterator[Read]:
    days = window.dates(account.zone)
    params = {
        "advertiser_id": account.need("advertiser_id"),
        "data_topic": "BASIC_DATA",
        "dimensions": DIMENSIONS,
        "metrics": METRICS,
        "filters": [],
        "start_time": days[0].isoformat(),
        "end_time": days[-1].isoformat(),
        "order_by": [{"field": "stat_time_day", "type": "ASC"}, {"field": "cdp_promotion_id", "type": "ASC"}],
    }
    paging = ForwardPages(records_at("data.rows"), number_at("data.page_info.total_number"), 100)
    yield Read(Request("report/custom/get", "/open_api/v3.0/report/custom/get/", params), paging)


def _funds(account: Account, window: Window) -> Iterator[Read]:
    days = window.dates(account.zone)
    params = {
        "advertiser_id": account.need("advertiser_id"),
        "start_date": days[0].isoformat(),
        "end_date": days[-1].isoformat(),
    }
    paging = ForwardPages(records_at("data.list"), number_at("data.page_info.total_number"), 100)
    yield Read(Request("fund/daily_stat", "/open_api/2/advertiser/fund/daily_stat/", params), paging)


def _refresh(app_id: str, secret: str, tokens: Tokens) -> dict[str, Any]:
    body = {"app_id": app_id, "secret": secret, "refresh_token": tokens.refresh_token}
    return {"method": "POST", "url": "/open_api/oauth2/refresh_token/", "json": body}


def read_tokens(body: bytes) -> Tokens:
    """The pair a refresh answers with; both tokens are new and the old ones dead."""
    data = data_of(body, partial(error_of, headers={}), AUTHORISE)
    return Tokens(
        access_token=data["access_token"],
        refresh_token=data["refresh_token"],
        expires_at=ends_in(data.get("expires_in")),
        refresh_expires_at=ends_in(data.get("refresh_token_expires_in")),
    )


DIALECT = Dialect(
    token_header="Access-Token",  # noqa: S106  the name of a header
    error=error_of,
    refresh=_refresh,
    refresh_read=read_tokens,
)

PLATFORM = Platform(
    name="ocean_engine",
    title="Ocean Engine",
    base_url="https://api.oceanengine.com",
    protocol=partial(TokenRest, DIALECT),
    rate=Rate(calls=10, seconds=1.0),
    options=frozenset({"advertiser_id"}),
    streams=(
        Stream(
            name="ad_report",
            kind="report",
            key=("dimensions.stat_time_day", "dimensions.cdp_project_id", "dimensions.cdp_promotion_id"),
            day="dimensions.stat_time_day",
            reads=_ads,
            widest=timedelta(days=30),
            lookback_days=30,
        ),
        Stream(
            name="account_report",
            kind="report",
            key=("date",),
            day="date",
            reads=_funds,
            widest=timedelta(days=30),
            lookback_days=30,
        ),
    ),
)
