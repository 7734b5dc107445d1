"""Magento 2 / Adobe Commerce, REST V1. Facts from the pages listed in README.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from extractors.accounts import Account
from extractors.core.decode import loads
from extractors.core.model import Instant, Platform, Rate, Read, Request, Stream
from extractors.core.paging import LastPageFirst, number_at, records_at
from extractors.core.window import Window
from extractors.errors import AuthError, ConfigError, DaybookError, TransientError
from extractors.personal import Personal
from extractors.protocols.token_rest import Dialect, TokenRest
from extractors.tokens import Tokens

API = "/rest/all/V1"
FORM = "%Y-%m-%d %H:%M:%S"
# A page past the end is answered with the last one again: pages are counted from the total, never tried.
PAGES = LastPageFirst(
    records_at("items"),
    number_at("total_count"),
    100,
    page="searchCriteria[currentPage]",
    size="searchCriteria[pageSize]",
)


def _criteria(account: Account, window: Window, by: str, *, of_store: bool) -> dict[str, str]:
    """The filters of a window: groups are joined by AND, so each has one of its own. Times are UTC, naive."""
    wanted = [
        ("updated_at", f"{window.start:{FORM}}", "gteq"),
        ("updated_at", f"{window.end:{FORM}}", "lt"),
    ]
    stores = account.several("store_ids")
    if of_store and stores:
        wanted.append(("store_id", ",".join(stores), "in"))
    params = {}
    for n, (field, value, condition) in enumerate(wanted):
        place = f"searchCriteria[filter_groups][{n}][filters][0]"
        params[f"{place}[field]"] = field
        params[f"{place}[value]"] = value
        params[f"{place}[condition_type]"] = condition
    # An id never changes, so records cannot swap pages while they are read.
    params["searchCriteria[sortOrders][0][field]"] = by
    params["searchCriteria[sortOrders][0][direction]"] = "ASC"
    return params


def _reads(
    name: str, by: str = "entity_id", of_store: bool = True
) -> Callable[[Account, Window], Iterator[Read]]:
    def reads(account: Account, window: Window) -> Iterator[Read]:
        yield Read(Request(name, f"{API}/{name}", _criteria(account, window, by, of_store=of_store)), PAGES)

    return reads


def _error(body: Any, headers: dict[str, str]) -> DaybookError | None:
    if isinstance(body, dict) and "message" in body and "items" not in body:
        return ConfigError(f"Magento: {_said(body)}", advice="see the message of the shop")
    return None


def _refusal(name: str, status: int, headers: dict[str, str], body: bytes) -> DaybookError | None:
    try:
        data = loads(body, name)
    except TransientError:
        # A firewall's page: blocks of 403 pass, everything else the status tells.
        return TransientError(f"{name}: HTTP 403 from the host or its firewall") if status == 403 else None
    text = f"{name}: {_said(data)}"
    if status in (401, 403):
        return AuthError(
            text,
            refreshable=True,
            advice="allow the integration Sales and Catalog, and its token as a bearer (Stores → "
            "Configuration → Services → OAuth → Consumer Settings); admin users with two-factor sign-in "
            "cannot be used",
        )
    if status in (400, 404):
        return ConfigError(text, advice="check the shop's address and version")
    return None


def _said(data: Any) -> str:
    """The shop's message, its placeholders filled in."""
    if not isinstance(data, dict):
        return "an error without a message"
    text, given = str(data.get("message")), data.get("parameters")
    named = (
        given.items() if isinstance(given, dict) else enumerate(given, 1) if isinstance(given, list) else ()
    )
    for name, value in named:
        text = text.replace(f"%{name}", str(value))
    return text[:300]


def _sign_in(user: str, secret: str, tokens: Tokens) -> dict[str, Any]:
    url = f"{API}/integration/admin/token"
    return {"method": "POST", "url": url, "json": {"username": user, "password": secret}}


def _signed_in(body: bytes) -> Tokens:
    data = loads(body, "token refresh")
    if not isinstance(data, str) or not data:
        raise AuthError(
            f"the shop refused the sign-in: {_said(data)}",
            advice="check user and password, or use the access token of an integration instead",
        )
    return Tokens(data)


DIALECT = Dialect(
    error=_error,
    token_header="Authorization",  # noqa: S106  the name of a header
    token_prefix="Bearer ",  # noqa: S106  stands before the token
    refusal=_refusal,
    refresh=_sign_in,
    refresh_read=_signed_in,
    renews_by_key=True,
)
# Country and region stay: they say where, not who.
_PERSONAL = (
    "street", "city", "postcode", "company", "fax", "vat_id", "*taxvat*", "*prefix*", "*suffix*",
    "*middlename*", "customer_dob", "customer_gender", "remote_ip", "x_forwarded_for", "cc_*",
    "additional_information", "payment_additional_info", "echeck_*", "company_name", "comment",
    "gift_message*", "quote_id", "protect_code",
    # What a buyer typed for a line (an engraving, who is given a card); codes of gift cards, which are money.
    "product_option", "gift_cards",
)  # fmt: skip

PLATFORM = Platform(
    name="magento",
    title="Magento (Adobe Commerce)",
    base_url="",  # every shop is its own host: the connection names it
    protocol=partial(TokenRest, DIALECT),
    # No limit in the core; a shop's own server should not feel us.
    rate=Rate(calls=4, seconds=1.0),
    zone="UTC",
    options=frozenset({"store_ids"}),
    streams=(
        Stream(
            name="orders",
            kind="cursor",
            key=("entity_id",),
            cursor=Instant("updated_at"),
            reads=_reads("orders"),
            personal=Personal(drop=_PERSONAL, keep=("address",), buyer=("customer_id", "customer_email")),
        ),
        Stream(
            name="invoices",
            kind="cursor",
            key=("entity_id",),
            cursor=Instant("updated_at"),
            reads=_reads("invoices"),
            personal=Personal(drop=_PERSONAL),
        ),
        Stream(
            name="refunds",
            kind="cursor",
            key=("entity_id",),
            cursor=Instant("updated_at"),
            reads=_reads("creditmemos"),
            personal=Personal(drop=_PERSONAL),
        ),
        Stream(
            name="products",
            kind="cursor",
            key=("id",),
            cursor=Instant("updated_at"),
            reads=_reads("products", by="entity_id", of_store=False),
            slice=None,
            from_beginning=True,
            weekly_whole=True,
        ),
    ),
)
