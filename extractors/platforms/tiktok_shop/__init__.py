"""TikTok Shop, API version 202309. Mostly from third-party sources: README.md says what is unconfirmed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from extractors.accounts import Account
from extractors.core.decode import loads
from extractors.core.model import Instant, Platform, Rate, Read, Record, Reply, Request, Stream
from extractors.core.paging import NextToken, SizedNextToken, number_at, records_at
from extractors.core.session import Session
from extractors.core.window import Window
from extractors.errors import (
    PERMISSION_ADVICE,
    AuthError,
    ConfigError,
    ContractError,
    DaybookError,
    RateLimitedError,
    TransientError,
)
from extractors.personal import Personal, dig
from extractors.protocols.oauth import ends_at
from extractors.protocols.signed_call import Dialect, SignedCall, json_body_signed_over_path
from extractors.tokens import Tokens

VERSION = "202309"
SETTLED = "202501"  # transactions of a statement, for the sellers of all countries
PAGE = 100
PRODUCTS_AT_MOST = 10_000  # a search goes no further (12052180)
# As its page of common errors says; 101000 and 36004004 are its token desk's.
TOKEN_CODES = {105001, 105002, 101000, 36004004}
RATE_CODES = {36009002, 36009024}
SIGN_CODES = range(106000, 106010)
RETRY_CODES = {36009001, 36009003, 36009007, 12001000, 33001002}
NO_SCOPE = 105005  # the app lacks the permission of this call, or was authorised before it had it
BY_WORDS = 36009004  # stands for a dozen failures
OURS = re.compile("timestamp|credentials|signature|app_key")


def _token(reply: Reply) -> str | None:
    return dig(reply.body, ("data", "next_page_token")) or None


def _count(reply: Reply) -> int:
    """An answer without records has no list, and tells by its count that there are none."""
    found = number_at("data.total_count")(reply)
    if found is None:
        raise ContractError("TikTok Shop sent no total_count, which an empty answer has, too")
    return found


def _pages(records: str, *, depth: int | None = None) -> NextToken:
    return SizedNextToken(
        records_at(f"data.{records}"),
        _token,
        "page_token",
        _count,
        depth=depth,
        size="page_size",
        page_size=PAGE,
    )


def _statements(reply: Reply) -> list[Record]:
    """The statements of a page. An empty page has no list, and no count of them is given.

    Raises ContractError when the token is missing, too: then the answer is damaged and not empty.
    """
    if "next_page_token" not in (dig(reply.body, ("data",)) or {}):
        raise ContractError("TikTok Shop sent no next_page_token, which a page without statements has, too")
    return records_at("data.statements")(reply)


STATEMENTS = SizedNextToken(
    _statements,
    _token,
    "page_token",
    asks_twice=True,
    size="page_size",
    page_size=PAGE,
)


def _between(window: Window, field: str) -> dict[str, Any]:
    """[start, end) in whole seconds."""
    return {
        f"{field}_ge": int(window.start.timestamp()),
        f"{field}_lt": int(window.end.timestamp()),
    }


SORTED = {"sort_field": "update_time", "sort_order": "ASC"}


def _orders(account: Account, window: Window) -> Iterator[Read]:
    params = {**_between(window, "update_time"), **SORTED}
    yield Read(Request("orders", f"/order/{VERSION}/orders/search", params, "POST"), _pages("orders"))


def _returns(account: Account, window: Window) -> Iterator[Read]:
    params = {**_between(window, "update_time"), **SORTED}
    request = Request("returns", f"/return_refund/{VERSION}/returns/search", params, "POST")
    yield Read(request, _pages("return_orders"))


def _cancellations(account: Account, window: Window) -> Iterator[Read]:
    params = {**_between(window, "update_time"), **SORTED}
    request = Request("cancellations", f"/return_refund/{VERSION}/cancellations/search", params, "POST")
    yield Read(request, _pages("cancellations"))


def _products(account: Account, window: Window) -> Iterator[Read]:
    params = {
        "status": "ALL",
        "update_time_ge": int(window.start.timestamp()),
        "update_time_le": int(window.end.timestamp()) - 1,
    }
    request = Request("products", f"/product/{VERSION}/products/search", params, "POST")
    yield Read(request, _pages("products", depth=PRODUCTS_AT_MOST))


def _settlements(account: Account, window: Window) -> Iterator[Read]:
    params = {
        **_between(window, "statement_time"),
        "sort_field": "statement_time",
        "sort_order": "ASC",
    }
    yield Read(Request("statements", f"/finance/{VERSION}/statements", params), STATEMENTS)


def _transactions(session: Session, statement: Record) -> None:
    """Adds the transactions of a statement, of which the list has only the sums."""
    path = f"/finance/{SETTLED}/statements/{statement['id']}/statement_transactions"
    request = Request("statement_transactions", path, {"sort_field": "order_create_time"})
    found: dict[str, Record] = {}
    total = 0
    for page in _pages("transactions").pages(session.call, request):
        found |= {str(record["id"]): record for record in page.records}
        total = page.total or 0
    if len(found) < total:
        raise ContractError(f"statement {statement['id']} counts {total} transactions and sent {len(found)}")
    # Sorted: those of one second may come in another order the next time, which would be taken for a change.
    statement["transactions"] = [found[key] for key in sorted(found)]


def _error(body: Any) -> DaybookError | None:
    if not isinstance(body, dict) or "code" not in body:
        return TransientError("TikTok Shop answered with something that is no envelope")
    code = int(body.get("code") or 0)
    if code == 0:
        return None
    said = str(body.get("message"))
    text = f"TikTok Shop error {code}: {said[:200]}"
    if code in RATE_CODES:
        return RateLimitedError(text)
    if code in RETRY_CODES:
        return TransientError(text)
    if code in TOKEN_CODES or (code == BY_WORDS and "access" in said and "token" in said):
        return AuthError(text, refreshable=True, advice="authorise the app again in Seller Center")
    if code in SIGN_CODES or (code == BY_WORDS and OURS.search(said)):
        return AuthError(
            text,
            advice="check app key and secret, and the clock of this machine: five minutes behind TikTok's "
            "are allowed, and thirty seconds ahead",
        )
    if code == NO_SCOPE:
        return ConfigError(text, advice=PERMISSION_ADVICE)
    if code == 36009033:
        return ConfigError(text, advice="add this machine's address to the app's IP allow list")
    return ConfigError(text, advice="check the app's permissions and the shop_cipher of the connection")


def _refresh(speaker: SignedCall, tokens: Tokens) -> dict[str, Any]:
    params = {
        "app_key": speaker.key,
        "app_secret": speaker.secret,
        "refresh_token": tokens.refresh_token,
        "grant_type": "refresh_token",
    }
    url = speaker.elsewhere("https://auth.tiktok-shops.com/api/v2/token/refresh")
    return {"method": "GET", "url": url, "params": params}


def _refreshed(body: bytes, tokens: Tokens) -> Tokens:
    data = loads(body, "token refresh")
    given = data.get("data") if isinstance(data, dict) else None
    if not isinstance(given, dict) or not given.get("access_token"):
        said = str(data.get("message"))[:200] if isinstance(data, dict) else "no token"
        raise AuthError(
            f"TikTok Shop refused the refresh token: {said}",
            advice="authorise the app again in Seller Center and put both tokens into the connection",
        )
    return Tokens(
        given["access_token"],
        given.get("refresh_token") or tokens.refresh_token,
        ends_at(given.get("access_token_expire_in")),
        ends_at(given.get("refresh_token_expire_in")),
    )


DIALECT = Dialect(
    shape=partial(
        json_body_signed_over_path,
        query=frozenset({"page_size", "page_token", "sort_field", "sort_order"}),
        extra=("shop_cipher",),
        token_header="x-tts-access-token",  # noqa: S106  the name of a header
    ),
    error=_error,
    needs=("shop_cipher",),
    refresh=_refresh,
    refresh_read=_refreshed,
)

PLATFORM = Platform(
    name="tiktok_shop",
    title="TikTok Shop",
    base_url="https://open-api.tiktokglobalshop.com",
    protocol=partial(SignedCall, DIALECT),
    rate=Rate(calls=20, seconds=1.0),  # some 50 are said to be allowed
    zone="UTC",
    streams=(
        Stream(
            name="orders",
            kind="cursor",
            key=("id",),
            cursor=Instant("update_time"),
            reads=_orders,
            personal=Personal(
                drop=(
                    "user_id",
                    "name",
                    "postal_code",
                    "district_info",
                    "cpf*",
                    "seller_note",
                    "tracking_number",
                    "buyer_avatar",
                    "post_town",
                    "delivery_preferences",
                    "payment_auth_code",
                    "consultation_id",
                ),
                # Of an address only the country's code stays.
                keep=("recipient_address",),
                buyer=("user_id", "buyer_email"),
            ),
        ),
        Stream(
            name="returns",
            kind="cursor",
            key=("return_id",),
            cursor=Instant("update_time"),
            reads=_returns,
            personal=Personal(drop=("return_tracking_number", "buyer_user_id*")),
        ),
        Stream(
            name="cancellations",
            kind="cursor",
            key=("cancel_id",),
            cursor=Instant("update_time"),
            reads=_cancellations,
            personal=Personal(drop=("buyer_user_id*",)),
        ),
        Stream(
            name="products",
            kind="cursor",
            key=("id",),
            cursor=Instant("update_time"),
            reads=_products,
            slice=None,
            from_beginning=True,
        ),
        Stream(
            name="settlements",
            kind="cursor",
            key=("id",),
            cursor=Instant("statement_time"),
            reads=_settlements,
            # No page says how soon after midnight the statement of that midnight is listed.
            overlap=timedelta(days=2),
            detail=_transactions,
        ),
    ),
)
