"""Google Ads reports through searchStream and GAQL (v26). Facts from the pages listed in README.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from typing import Any

from extractors.accounts import Account
from extractors.core.model import Platform, Rate, Read, Record, Reply, Request, Stream
from extractors.core.paging import OnePage
from extractors.core.window import Window
from extractors.credentials import Credentials
from extractors.errors import (
    AuthError,
    ConfigError,
    ContractError,
    DaybookError,
    RateLimitedError,
    TooMuchError,
    TransientError,
)
from extractors.personal import dig
from extractors.protocols.granted_json import Dialect, GrantedJson

VERSION = "v26"
ENDS = date(2027, 11, 1)  # of November 2027 the timetable names no day; then it fails hard
FIGURES = (
    "metrics.cost_micros, metrics.impressions, metrics.clicks, metrics.conversions, metrics.conversions_value"
)
ACCOUNT = "customer.id, customer.currency_code, customer.time_zone, segments.date"
CAMPAIGN = "campaign.id, campaign.name, campaign.status, campaign.advertising_channel_type"
# The budget at the time of the call, whatever the day of the row. It does not split a campaign's rows.
BUDGET = "campaign_budget.amount_micros, campaign_budget.explicitly_shared, campaign_budget.period"
GROUP = "ad_group.id, ad_group.name"
AD = f"{GROUP}, ad_group_ad.ad.id, ad_group_ad.ad.name"
WORD = (
    "ad_group_criterion.criterion_id, ad_group_criterion.keyword.text, ad_group_criterion.keyword.match_type"
)
KEYWORD = f"{GROUP}, {WORD}"

QUOTA_WORDS = ("RESOURCE_EXHAUSTED", "RESOURCE_TEMPORARILY_EXHAUSTED", "EXCESSIVE_")
TOKEN_WORDS = ("OAUTH_TOKEN_EXPIRED", "OAUTH_TOKEN_INVALID", "UNAUTHENTICATED")
# A customer that is not there comes with UNAUTHENTICATED: no new token would find it.
DEAD_WORDS = ("OAUTH_TOKEN_REVOKED", "NOT_ADS_USER", "PERMISSION_DENIED", "CUSTOMER_NOT_")
TOO_MUCH_WORDS = ("DEADLINE_EXCEEDED",)
RETRY_WORDS = ("INTERNAL", "UNAVAILABLE", "TRANSIENT_ERROR", "ABORTED")


def error_of(status: int, body: Any, account: Account) -> DaybookError | None:
    """The error of an answer, or in the middle of a stream: `{"error": {code, status, details}}`."""
    chunks = body if isinstance(body, list) else [body]
    error = next((chunk["error"] for chunk in chunks if isinstance(chunk, dict) and "error" in chunk), None)
    if error is None:
        good = isinstance(body, list) and all(isinstance(chunk, dict) for chunk in body)
        return None if good or status != 200 else TransientError("Google Ads answered with no stream")
    codes = [str(error.get("status", "")), *_codes(error)]
    text = f"Google Ads {error.get('code')} {', '.join(codes)}: {error.get('message', '')}"

    def says(words: tuple[str, ...]) -> bool:
        return any(code.startswith(words) for code in codes)

    if says(QUOTA_WORDS):
        return RateLimitedError(text, retry_after=_delay(error))
    if says(DEAD_WORDS):
        return AuthError(
            text, advice="check access, customer_id, and login_customer_id if a manager has access"
        )
    if says(TOKEN_WORDS):
        return AuthError(text, refreshable=True, advice="authorise again and update the connection")
    if says(TOO_MUCH_WORDS):
        return TooMuchError(text)
    if says(RETRY_WORDS) or status >= 500:
        return TransientError(text)
    if says(("UNSUPPORTED_VERSION",)):
        return ConfigError(text, advice=f"{VERSION} is no longer served: update Daybook")
    return ConfigError(text, advice="check customer_id (digits only, no manager) and the account's access")


def _failures(error: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for detail in error.get("details") or []:
        yield from (detail.get("errors") or []) if isinstance(detail, dict) else []


def _codes(error: dict[str, Any]) -> list[str]:
    return [str(code) for failure in _failures(error) for code in (failure.get("errorCode") or {}).values()]


def _delay(error: dict[str, Any]) -> float | None:
    """Seconds of `retryDelay: "30s"`, where the vendor names them."""
    for failure in _failures(error):
        delay = dig(failure, ("details", "quotaErrorDetails", "retryDelay"))
        found = re.fullmatch(r"([\d.]+)s", str(delay))
        if found:
            return float(found.group(1))
    return None


def _digits(value: Any) -> str:
    return str(value).replace("-", "")


def _headers(account: Account, credentials: Credentials) -> dict[str, str]:
    manager = account.text("login_customer_id")
    developer = credentials.extra.get("developer_token")
    headers = {"login-customer-id": _digits(manager)} if manager else {}
    return {**headers, "developer-token": str(developer)} if developer else headers


def _rows(account: Account, reply: Reply) -> list[Record]:
    """The rows of all chunks, held to the stream's own summary row."""
    found = [row for chunk in reply.body for row in chunk.get("results", [])]
    for row in found[:1]:
        zone = dig(row, ("customer", "timeZone"))
        if zone != account.time_zone:
            raise ConfigError(
                f"the customer's days are those of {zone}, the account's of {account.time_zone}",
                advice=f"set time_zone: {zone} for this account in accounts.yml",
            )
    summary = [chunk["summaryRow"] for chunk in reply.body if "summaryRow" in chunk]
    claimed = sum(int(dig(row, ("metrics", "costMicros")) or 0) for row in summary)
    sent = sum(int(dig(row, ("metrics", "costMicros")) or 0) for row in found)
    if claimed != sent or (found and not summary):
        raise ContractError(f"the stream's summary says {claimed} micros of cost, its rows come to {sent}")
    return found


def _report(resource: str, fields: tuple[str, ...], account: Account, window: Window) -> Iterator[Read]:
    customer = account.need("customer_id", "like 123-456-7890")
    days = window.dates(account.zone)
    dates = f"segments.date BETWEEN '{days[0]}' AND '{days[-1]}'"
    query = f"SELECT {', '.join((ACCOUNT, *fields, FIGURES))} FROM {resource} WHERE {dates}"  # noqa: S608  GAQL
    path = f"/{VERSION}/customers/{_digits(customer)}/googleAds:searchStream"
    params = {"query": query, "summaryRowSetting": "SUMMARY_ROW_WITH_RESULTS"}
    yield Read(Request("googleAds:searchStream", path, params), OnePage(partial(_rows, account)))


def _stream(name: str, resource: str, fields: tuple[str, ...], key: tuple[str, ...]) -> Stream:
    return Stream(
        name=name,
        kind="report",
        key=("segments.date", *key),
        day="segments.date",
        reads=partial(_report, resource, fields),
        widest=timedelta(days=7),  # a stream comes whole: it is kept small
        lookback_days=30,
        weekly_lookback_days=90,  # a purchase may be told 90 days after its click
        retention=timedelta(days=37 * 30),
    )


DIALECT = Dialect(
    scope="https://www.googleapis.com/auth/adwords",
    token_url="https://oauth2.googleapis.com/token",  # noqa: S106  an address
    error=error_of,
    headers=_headers,
)

PLATFORM = Platform(
    name="google_ads",
    title="Google Ads",
    base_url="https://googleads.googleapis.com",
    protocol=partial(GrantedJson, DIALECT),
    rate=Rate(calls=2, seconds=1.0),
    width=2,
    options=frozenset({"customer_id", "login_customer_id"}),
    version_ends=ENDS,
    is_end_estimated=True,
    streams=(
        # Performance Max has no ads: only the customer's own figures are the whole spend.
        _stream("account_report", "customer", (), ("customer.id",)),
        _stream("campaign_report", "campaign", (CAMPAIGN, BUDGET), ("campaign.id",)),
        _stream("ad_report", "ad_group_ad", (CAMPAIGN, AD), ("adGroup.id", "adGroupAd.ad.id")),
        # A criterion is one text and one way of matching, and has the same id in every ad group.
        _stream(
            "keyword_report",
            "keyword_view",
            (CAMPAIGN, KEYWORD),
            ("adGroup.id", "adGroupCriterion.criterionId"),
        ),
    ),
)
