"""Amazon Ads: asynchronous gzip JSON of three products (reporting v3). Facts from the pages in README.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from extractors.accounts import Account
from extractors.core.decode import loads
from extractors.core.jobs import State
from extractors.core.model import Job, Platform, Rate, Read, Record, Reply, Request, Stream
from extractors.core.paging import OnePage
from extractors.core.window import Window
from extractors.credentials import Credentials
from extractors.errors import AuthError, ConfigError, ContractError, DaybookError, TransientError
from extractors.protocols.filed_json import Dialect, FiledJson
from extractors.protocols.packed import gunzipped

HOSTS = {
    "na": "https://advertising-api.amazon.com",
    "eu": "https://advertising-api-eu.amazon.com",
    "fe": "https://advertising-api-fe.amazon.com",
}
REPORTS, LOOK = "/reporting/reports", "report status"
CONTENT_TYPE = "application/vnd.createasyncreportrequest.v3+json"
DUPLICATE = re.compile(r"duplicate of\s*:?\s*([0-9A-Za-z-]{8,})")
AUTH_ADVICE = "authorise again for Amazon Ads and update the connection"

FIGURES = (
    "date", "campaignId", "campaignName", "campaignBudgetCurrencyCode", "impressions", "clicks", "cost",
)  # fmt: skip
GROUP = ("adGroupId", "adGroupName")
BUDGET = ("campaignBudgetAmount", "campaignBudgetType")
# One definition for all: purchases within 14 days of a click.
SP, SB_SD = ("purchases14d", "sales14d"), ("purchasesClicks", "salesClicks")


@dataclass(frozen=True)
class Product:
    """What a product calls its reports, each with what it is grouped by, and the text of a keyword."""

    name: str
    purchases: tuple[str, str]
    budget: tuple[str, ...]
    reports: dict[str, tuple[str, str]]
    text: str = ""


PRODUCTS = (
    Product(
        "SPONSORED_PRODUCTS",
        SP,
        (*BUDGET, "campaignRuleBasedBudgetAmount"),
        {
            "campaign": ("spCampaigns", "campaign"),
            "ad": ("spAdvertisedProduct", "advertiser"),
            "keyword": ("spTargeting", "targeting"),
        },
        text="keyword",
    ),
    Product(
        "SPONSORED_BRANDS",
        SB_SD,
        BUDGET,
        {
            "campaign": ("sbCampaigns", "campaign"),
            "ad": ("sbAds", "ads"),
            "keyword": ("sbTargeting", "targeting"),
        },
        text="keywordText",
    ),
    # Display has no keywords, and does not say whether a budget is that of a day.
    Product(
        "SPONSORED_DISPLAY",
        SB_SD,
        (),
        {"campaign": ("sdCampaigns", "campaign"), "ad": ("sdAdvertisedProduct", "advertiser")},
    ),
)
# A targeting report also tells of products and categories that are bid on.
KEYWORDS_ONLY = [{"field": "keywordType", "values": ["BROAD", "PHRASE", "EXACT"]}]


def error_of(status: int, body: Any, account: Account) -> DaybookError | None:
    """The error of an HTTP status, in the words of the body: `{code, detail}` or `{code, details}`."""
    if status < 400:
        good = isinstance(body, dict)
        return None if good else TransientError("Amazon Ads answered with something that is no object")
    said = (
        (body.get("detail") or body.get("details") or body.get("message")) if isinstance(body, dict) else ""
    )
    text = f"Amazon Ads HTTP {status}: {said}"
    if status == 401:
        return AuthError(text, refreshable=True, advice=AUTH_ADVICE)
    if status == 403:
        return AuthError(text, advice="check profile_id and region, and that the user may see the profile")
    if status == 404:
        return ContractError(text, advice="the report is gone; the next run asks for it anew")
    if status in (400, 422):
        return ConfigError(text, advice="check profile_id and that the days are not older than 60 days")
    return None  # the status says it all: too many, too busy


def _known(status: int, body: Any) -> Any:
    """425: the same report is being made already, and its number stands in the words."""
    found = DUPLICATE.search(str(body.get("detail"))) if status == 425 and isinstance(body, dict) else None
    return {"reportId": found.group(1), "status": "PENDING"} if found else None


def _headers(account: Account, credentials: Credentials) -> dict[str, str]:
    profile = account.need("profile_id")
    return {
        "Amazon-Advertising-API-ClientId": credentials.need("login", account.id),
        "Amazon-Advertising-API-Scope": profile,
        "Content-Type": CONTENT_TYPE,
    }


def _state(reply: Reply) -> State:
    status = reply.body.get("status")
    if status in ("PENDING", "PROCESSING"):
        return State.WAITING
    if status == "COMPLETED":
        return State.READY
    if status == "FAILED":
        return State.FAILED
    raise ContractError(f"a report status no document names: {status!r}")


def _address(reply: Reply) -> str:
    url = reply.body.get("url")
    if not url:
        raise ContractError("a completed report without its url")
    return str(url)


JOB = Job(
    ticket=lambda reply: reply.body.get("reportId"),
    look=lambda number: Request(LOOK, f"{REPORTS}/{number}"),
    state=_state,
    address=_address,
    fetch=lambda address: Request("the report's file", address),
    patience=timedelta(minutes=100),
)


def _unpacked(body: bytes, what: str) -> Any:
    return loads(gunzipped(body, what), what)


def _rows(product: str, reply: Reply) -> list[Record]:
    """The rows, each with its product: no column tells it."""
    if not isinstance(reply.body, list) or any(not isinstance(row, dict) for row in reply.body):
        raise ContractError("a report that is no list of rows")
    return [{**row, "adProduct": product} for row in reply.body]


def _reports(level: str, account: Account, window: Window) -> Iterator[Read]:
    days = window.dates(account.zone)
    for product in (product for product in PRODUCTS if level in product.reports):
        kind, by = product.reports[level]
        own = {
            "campaign": product.budget,
            "ad": (*GROUP, "adId"),
            "keyword": (*GROUP, "keywordId", product.text, "keywordType"),
        }[level]
        params = {
            "name": f"{kind} {days[0]} {days[-1]}",
            "startDate": days[0].isoformat(),
            "endDate": days[-1].isoformat(),
            "configuration": {
                "adProduct": product.name,
                "groupBy": [by],
                "columns": [*FIGURES, *own, *product.purchases],
                "reportTypeId": kind,
                "timeUnit": "DAILY",
                "format": "GZIP_JSON",
                **({"filters": KEYWORDS_ONLY} if level == "keyword" else {}),
            },
        }
        yield Read(
            Request(kind, REPORTS, params, verb="POST"), OnePage(partial(_rows, product.name)), job=JOB
        )


def _stream(name: str, level: str, *key: str) -> Stream:
    return Stream(
        name=name,
        kind="report",
        key=("date", "adProduct", *key),
        day="date",
        reads=partial(_reports, level),
        widest=timedelta(days=31),
        lookback_days=30,
        # Sponsored Brands are kept for 60 days, Display for 65, Products for 95: all three or none.
        retention=timedelta(days=60),
    )


DIALECT = Dialect(
    scope="advertising::campaign_management",
    token_url="https://api.amazon.com/auth/o2/token",  # noqa: S106  an address
    error=error_of,
    headers=_headers,
    unpack=_unpacked,
    answered=_known,
    doubtful=frozenset({LOOK}),
)


def _speaker(url: str, account: Account, credentials: Credentials) -> FiledJson:
    """The account's region decides the host; all regions share one token page."""
    if not credentials.host:
        region = account.text("region") or "na"
        if region not in HOSTS:
            raise ConfigError(
                f"unknown region {region!r}", account=account.id, advice=f"regions: {', '.join(HOSTS)}"
            )
        url = HOSTS[region]
    return FiledJson(DIALECT, url, account, credentials)


PLATFORM = Platform(
    name="amazon_ads",
    title="Amazon Ads",
    base_url=HOSTS["na"],
    protocol=_speaker,
    rate=Rate(calls=2, seconds=1.0),
    is_rate_shared=True,
    width=2,
    options=frozenset({"profile_id", "region"}),
    streams=(
        _stream("campaign_report", "campaign", "campaignId"),
        _stream("ad_report", "ad", "adGroupId", "adId"),
        _stream("keyword_report", "keyword", "adGroupId", "keywordId"),
    ),
)
