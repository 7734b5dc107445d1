"""Microsoft Advertising: asynchronous zipped CSV (v13, REST). Facts from the pages listed in README.md."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from typing import Any

from extractors.accounts import Account
from extractors.core.jobs import State
from extractors.core.model import Job, Platform, Rate, Read, Reply, Request, Stream
from extractors.core.paging import OnePage
from extractors.core.window import Window
from extractors.credentials import Credentials
from extractors.errors import (
    AuthError,
    ConfigError,
    ContractError,
    DaybookError,
    RateLimitedError,
    TransientError,
)
from extractors.personal import dig
from extractors.protocols.csvfile import named_rows
from extractors.protocols.filed_json import Dialect, FiledJson
from extractors.protocols.packed import unzipped

# `Conversions` is deprecated: it cuts parts of conversions off.
METRICS = ("CurrencyCode", "Spend", "Impressions", "Clicks", "ConversionsQualified", "Revenue")
CAMPAIGN = ("CampaignId", "CampaignName", "CampaignStatus")
GROUP = ("CampaignId", "CampaignName", "AdGroupId", "AdGroupName")
AD = (*GROUP, "AdId", "AdTitle")
KEYWORD = (*GROUP, "KeywordId", "Keyword", "BidMatchType")

SUBMIT, POLL = "GenerateReport/Submit", "GenerateReport/Poll"
PATH = "/Reporting/v13"

MINUTE = 60.0
TOKEN_EXPIRED, NO_SUCH_REPORT = 109, 2100
BUSY = {117, 207}  # too many calls in a minute, too many reports at once
DEAD = {105, 106, 110, 120, 2003}
TRANSIENT = {0, 2004}


def error_of(status: int, body: Any, account: Account) -> DaybookError | None:
    """The error in `OperationErrors` (the call's) or `Errors` (the door's): `{Code, ErrorCode, Message}`."""
    if not isinstance(body, dict):
        return (
            None if status != 200 else TransientError("Microsoft answered with something that is no object")
        )
    entries = [e for name in ("OperationErrors", "Errors", "BatchErrors") for e in body.get(name) or []]
    if not entries:
        return None
    error = entries[0]
    code = error.get("Code")
    text = f"Microsoft error {code} {error.get('ErrorCode')}: {error.get('Message')}"
    if code in BUSY:
        return RateLimitedError(text, retry_after=MINUTE)
    if code == TOKEN_EXPIRED:
        return AuthError(text, refreshable=True, advice="authorise again and update the connection")
    if code in DEAD:
        return AuthError(text, advice="check developer_token and that the user may see the account")
    if code == NO_SUCH_REPORT:
        return ContractError(text, advice="the report is gone; the next run asks for it anew")
    if code in TRANSIENT or status >= 500:
        return TransientError(text)
    return ConfigError(text, advice="check account_id and customer_id of this account")


def _headers(account: Account, credentials: Credentials) -> dict[str, str]:
    developer = credentials.extra.get("developer_token")
    if not developer:
        raise ConfigError(
            "the developer token is missing",
            account=account.id,
            advice="add developer_token to the connection's extra",
        )
    return {
        "DeveloperToken": str(developer),
        "CustomerId": account.need("customer_id"),
        "CustomerAccountId": account.need("account_id"),
    }


def _state(reply: Reply) -> State:
    status = dig(reply.body, ("ReportRequestStatus", "Status"))
    if status == "Pending":
        return State.WAITING
    if status == "Success":
        return State.READY
    if status == "Error":
        return State.FAILED
    raise ContractError(f"a report status no document names: {status!r}")


JOB = Job(
    ticket=lambda reply: reply.body.get("ReportRequestId"),
    look=lambda number: Request(POLL, f"{PATH}/{POLL}", {"ReportRequestId": number}, verb="POST"),
    state=_state,
    # Success without an address is a report without rows.
    address=lambda reply: dig(reply.body, ("ReportRequestStatus", "ReportDownloadUrl")),
    fetch=lambda address: Request("the report's file", address),
    patience=timedelta(hours=1),
)


def _unpacked(body: bytes, what: str) -> str:
    try:
        return unzipped(body, what).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ContractError(f"{what} is not UTF-8") from None


def _report(kind: str, names: tuple[str, ...], account: Account, window: Window) -> Iterator[Read]:
    days = window.dates(account.zone)
    columns = ("TimePeriod", "AccountId", *names, *METRICS)
    report = {
        "Type": f"{kind}PerformanceReportRequest",
        "ReportName": f"{kind}Performance",
        "Aggregation": "Daily",
        "Columns": list(columns),
        "Scope": {"AccountIds": [account.need("account_id")]},
        "Time": {"CustomDateRangeStart": _day(days[0]), "CustomDateRangeEnd": _day(days[-1])},
        "ReturnOnlyCompleteData": False,
        "ExcludeColumnHeaders": False,
        "ExcludeReportHeader": True,
        "ExcludeReportFooter": True,
        "Format": "Csv",
        # Numbers without separators and percent signs.
        "FormatVersion": "2.0",
    }
    request = Request(f"{kind}PerformanceReport", f"{PATH}/{SUBMIT}", {"ReportRequest": report}, verb="POST")
    yield Read(request, OnePage(partial(named_rows, columns=columns, what=request.name)), job=JOB)


def _day(day: date) -> dict[str, int]:
    return {"Day": day.day, "Month": day.month, "Year": day.year}


def _stream(name: str, kind: str, names: tuple[str, ...], *key: str) -> Stream:
    return Stream(
        name=name,
        kind="report",
        key=("TimePeriod", *key),
        day="TimePeriod",
        reads=partial(_report, kind, names),
        widest=timedelta(days=30),
        lookback_days=30,
        weekly_lookback_days=90,  # a purchase may be told 90 days after its click
        retention=timedelta(days=36 * 30),
    )


DIALECT = Dialect(
    scope="https://ads.microsoft.com/msads.manage offline_access",
    token_url="https://login.microsoftonline.com/common/oauth2/v2.0/token",  # noqa: S106  an address
    is_scope_renewed=True,
    error=error_of,
    headers=_headers,
    unpack=_unpacked,
)

PLATFORM = Platform(
    name="microsoft_ads",
    title="Microsoft Advertising",
    base_url="https://reporting.api.bingads.microsoft.com",
    protocol=partial(FiledJson, DIALECT),
    rate=Rate(calls=2, seconds=1.0),
    is_rate_shared=True,
    width=2,
    options=frozenset({"account_id", "customer_id"}),
    streams=(
        _stream("account_report", "Account", (), "AccountId"),
        _stream("campaign_report", "Campaign", CAMPAIGN, "CampaignId"),
        _stream("ad_report", "Ad", AD, "AdGroupId", "AdId"),
        _stream("keyword_report", "Keyword", KEYWORD, "AdGroupId", "KeywordId"),
    ),
)
