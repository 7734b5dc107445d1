"""Amazon Selling Partner API: orders 2026-01-01, finances 2024-06-19, listings 2021-08-01.

Facts from the models in README.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from extractors.accounts import Account
from extractors.core.decode import loads
from extractors.core.model import Instant, Platform, Rate, Read, Record, Request, Stream
from extractors.core.paging import NextToken, SizedNextToken, number_at, records_at
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
from extractors.personal import Personal, dig
from extractors.protocols.token_rest import Dialect, TokenRest
from extractors.tokens import Tokens

# The parts that the answer must include; by default an order has neither buyer nor amounts.
DATA = "BUYER,RECIPIENT,PROCEEDS,PROMOTION,CANCELLATION,FULFILLMENT,PACKAGES,TAX,PAYMENT"
FORM = "%Y-%m-%dT%H:%M:%SZ"
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
LATEST = 3 * DAY  # what was posted may not be listed before 48 hours have passed
# The refresh token outlives the secret: nobody has to authorise again.
ROTATE = (
    "the client secret is wrong, or its 180 days are over: make a new one (Seller Central: Develop Apps, LWA "
    "credentials) and put it into the connection"
)
HOSTS = {region: f"https://sellingpartnerapi-{region}.amazon.com" for region in ("na", "eu", "fe")}


def _token(*path: str) -> Any:
    return lambda reply: dig(reply.body, path)


ORDERS = SizedNextToken(
    records_at("orders", always=True),
    _token("pagination", "nextToken"),
    "paginationToken",
    asks_twice=True,
    size="maxResultsPerPage",
    page_size=100,
)
TRANSACTIONS = NextToken(
    records_at("payload.transactions", always=True),
    _token("payload", "nextToken"),
    "nextToken",
    asks_twice=True,
)
# No more than a thousand listings can be paged through.
LISTINGS = SizedNextToken(
    records_at("items"),
    _token("pagination", "nextToken"),
    "pageToken",
    total=number_at("numberOfResults"),
    depth=1_000,
    size="pageSize",
    page_size=20,
)


def _orders(account: Account, window: Window) -> Iterator[Read]:
    params = {
        "lastUpdatedAfter": f"{window.start:{FORM}}",
        # Inclusive, like the start: nothing that changed within a second falls between two windows.
        "lastUpdatedBefore": f"{window.end:{FORM}}",
        "marketplaceIds": ",".join(account.several("marketplaces")) or None,
        "includedData": DATA,
    }
    yield Read(Request("searchOrders", "/orders/2026-01-01/orders", params), ORDERS)


def _transactions(account: Account, window: Window, *, only: str = "") -> Iterator[Read]:
    """The money that moved, of every kind or of those whose type says ``only``."""
    # Without marketplaceId: with it, orders the seller ships himself are missing in the United States.
    params = {"postedAfter": f"{window.start:{FORM}}", "postedBefore": f"{window.end:{FORM}}"}
    request = Request("listTransactions", "/finances/2024-06-19/transactions", params)
    yield Read(request, TRANSACTIONS, finish=partial(_of_kind, only, account.several("marketplaces")))


def _of_kind(only: str, marketplaces: list[str], records: list[Record]) -> list[Record]:
    """Of a list of all financial transactions those of a kind, for which the API has no filter.

    The list is of all marketplaces of the seller. Those of other marketplaces are left out here; their own
    accounts read them.
    """
    if any(not isinstance(record.get("transactionType"), str) for record in records):
        raise ContractError("listTransactions sent a transaction without its transactionType")
    return [
        record
        for record in records
        if only in record["transactionType"].lower()
        and (not marketplaces or _moved_in(record) in (None, *marketplaces))
    ]


def _moved_in(record: Record) -> str | None:
    """The marketplace of a transaction, if it names one."""
    told = dig(record, ("marketplaceDetails", "marketplaceId"))
    return told or dig(record, ("sellingPartnerMetadata", "marketplaceId")) or None


def _listings(account: Account, window: Window) -> Iterator[Read]:
    """The seller's listings by time of change, one marketplace per call. The window is a second longer at
    both ends."""
    seller = account.text("seller_id")
    if not seller:
        raise ConfigError(
            "listings are asked for by the seller's id",
            account=account.id,
            advice="add options: {seller_id: …} (Seller Central: Account Info, Merchant Token), or leave "
            "products out of the account's streams",
        )
    for marketplace in account.several("marketplaces") or [""]:
        params = {
            "marketplaceIds": marketplace,
            "includedData": "summaries,offers,fulfillmentAvailability",
            "lastUpdatedAfter": f"{window.start - SECOND:{FORM}}",
            "lastUpdatedBefore": f"{window.end + SECOND:{FORM}}",
            "sortBy": "lastUpdatedDate",
            "sortOrder": "ASC",
        }
        request = Request("searchListingsItems", f"/listings/2021-08-01/items/{seller}", params)
        yield Read(request, LISTINGS, finish=partial(_of_marketplace, marketplace))


def _of_marketplace(marketplace: str, records: list[Record]) -> list[Record]:
    """Each listing with its marketplace, and with that marketplace's summary taken out of a list of one."""
    for record in records:
        record["marketplace"] = marketplace
        record["summary"] = next(iter(record.get("summaries") or []), {})
    return records


def _error(body: Any, headers: dict[str, str]) -> DaybookError | None:
    if isinstance(body, dict) and body.get("errors"):
        return ConfigError(f"Amazon: {_said(body)}", advice="see the message of the API")
    return None


def _refusal(name: str, status: int, headers: dict[str, str], body: bytes) -> DaybookError | None:
    """The kind of error that the typed body of an error status tells."""
    try:
        data = loads(body, name)
    except TransientError:
        return None  # a page of some server on the way: the status alone tells
    text = f"{name}: {_said(data)}"
    if status == 429:
        limit = _number(headers.get("x-amzn-ratelimit-limit"))
        return RateLimitedError(text, retry_after=1 / limit if limit else None)
    if status in (401, 403):
        worn = any(word in text.lower() for word in ("expired", "missing", "revoked", "malformed"))
        return AuthError(
            text,
            refreshable=worn,
            advice="authorise the app again in Seller Central, with the roles Inventory and Order Tracking, "
            "Product Listing, Finance and Accounting, and (for buyers) Buyer Communication",
        )
    if status in (400, 404):
        return ConfigError(text, advice="check the marketplaces of this account and the region of its host")
    return None


def _said(data: Any) -> str:
    errors = data.get("errors") if isinstance(data, dict) else None
    found = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    parts = (found.get("code"), found.get("message"), found.get("details"))
    return " ".join(str(part) for part in parts if part)[:300] or "an error without a message"


def _number(text: str | None) -> float:
    try:
        return float(text or 0)
    except ValueError:
        return 0.0


def _refresh(key: str, secret: str, tokens: Tokens) -> dict[str, Any]:
    form = {
        "grant_type": "refresh_token",
        "refresh_token": tokens.refresh_token,
        "client_id": key,
        "client_secret": secret,
    }
    return {"method": "POST", "url": "https://api.amazon.com/auth/o2/token", "data": form}


def _refreshed(body: bytes) -> Tokens:
    data = loads(body, "token refresh")
    if isinstance(data, dict) and data.get("access_token"):
        return Tokens(data["access_token"], data.get("refresh_token"))
    said = str(data.get("error")) if isinstance(data, dict) else "no token"
    if said in ("invalid_client", "unauthorized_client"):
        raise AuthError(f"Login with Amazon refused the client: {said}", advice=ROTATE)
    raise AuthError(
        f"Login with Amazon refused the refresh token: {said}",
        advice="authorise the app again in Seller Central and put its refresh token into the connection",
    )


DIALECT = Dialect(
    error=_error,
    token_header="x-amz-access-token",  # noqa: S106  the name of a header
    headers={"user-agent": "Daybook/1.0 (Language=Python)", "accept": "application/json"},
    refusal=_refusal,
    refresh=_refresh,
    refresh_read=_refreshed,
)


def _speaker(url: str, account: Account, credentials: Credentials) -> TokenRest:
    """The account's region decides the host; all regions share one token page."""
    region = account.text("region") or "na"
    if not credentials.host:
        if region not in HOSTS:
            raise ConfigError(
                f"unknown region {region!r}", account=account.id, advice=f"regions: {', '.join(HOSTS)}"
            )
        url = HOSTS[region]
    return TokenRest(DIALECT, url, account, credentials)


PLATFORM = Platform(
    name="amazon",
    title="Amazon",
    base_url=HOSTS["na"],
    protocol=_speaker,
    rate=Rate(calls=1, seconds=2.0, burst=10),
    # One call in three minutes, twenty of them saved up: a night is a handful of pages of 100 orders.
    rates={
        "searchOrders": Rate(calls=56, seconds=10_000.0, burst=20),
        "searchListingsItems": Rate(calls=5, seconds=1.0, burst=5),
    },
    width=1,
    zone="UTC",
    options=frozenset({"marketplaces", "region", "seller_id"}),
    streams=(
        Stream(
            name="orders",
            kind="cursor",
            key=("orderId",),
            cursor=Instant("lastUpdatedTime"),
            reads=_orders,
            # A night in one piece: a day of its own would cost a call of its own. More in stretches that even
            # a shop of thousands of orders reads in the hours of a task: what it has read is not read again.
            slice=None,
            long_from=4 * DAY,
            long_slice=3 * DAY,
            retention=730 * DAY,
            personal=Personal(
                drop=(
                    "buyer",
                    "name",
                    "companyname",
                    "city",
                    "postalcode",
                    "districtorcounty",
                    "municipality",
                    "deliverypreference",
                    "trackingnumber",
                    "customization",
                    "giftoption",
                    # The street of a Brazilian address once more; the buyer's tax number and legal name.
                    "extendedfields",
                    "taxregistrations",
                    "authorizationcode",
                ),
                # State and country say where, not who.
                keep=("deliveryaddress",),
                buyer=("buyer.buyerEmail",),
            ),
        ),
        Stream(
            name="refunds",
            kind="cursor",
            key=("transactionId",),
            cursor=Instant("postedDate"),
            reads=partial(_transactions, only="refund"),
            slice=None,
            long_from=8 * DAY,
            long_slice=7 * DAY,  # transactions of more than 180 days are answered with nothing
            overlap=LATEST,
            personal=Personal(),
        ),
        Stream(
            name="settlements",
            kind="cursor",
            key=("transactionId",),
            cursor=Instant("postedDate"),
            reads=_transactions,
            slice=None,
            long_from=8 * DAY,
            long_slice=7 * DAY,  # transactions of more than 180 days are answered with nothing
            overlap=LATEST,
            # Of a payment to the seller's bank.
            personal=Personal(drop=("paymentreference",)),
        ),
        Stream(
            name="products",
            kind="cursor",
            key=("marketplace", "sku"),
            cursor=Instant("summary.lastUpdatedDate", before=("summary.createdDate",)),
            reads=_listings,
            slice=None,
            from_beginning=True,
            weekly_whole=True,
        ),
    ),
)
