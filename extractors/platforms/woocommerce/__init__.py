"""WooCommerce, REST v3. Facts from the controllers' source (Woo 11.0.1) and the pages listed in README.md."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

from extractors.accounts import Account
from extractors.core.model import Instant, Platform, Rate, Read, Record, Request, Stream
from extractors.core.paging import ForwardPages, LastPageFirst, header_number, records_at
from extractors.core.session import Session
from extractors.core.window import Window
from extractors.errors import ContractError
from extractors.personal import Personal
from extractors.protocols.key_rest import KeyRest

API = "/wp-json/wc/v3"
PAGES = LastPageFirst(records_at(""), header_number("X-WP-Total"), 100, page="page", size="per_page")
REVIEW_PAGES = ForwardPages(records_at(""), header_number("X-WP-Total"), 100, page="page", size="per_page")
# id never changes, so rows with equal times cannot swap pages (woocommerce#33386).
STABLE = {"orderby": "id", "order": "asc"}


def _between(window: Window, after: str, before: str) -> dict[str, str]:
    """Date filters: naive UTC, compared with the GMT columns only when asked to; `after` is exclusive."""
    return {
        after: f"{window.start - timedelta(seconds=1):%Y-%m-%dT%H:%M:%S}",
        before: f"{window.end:%Y-%m-%dT%H:%M:%S}",
        "dates_are_gmt": "true",
        **STABLE,
    }


def _orders(account: Account, window: Window) -> Iterator[Read]:
    # `any` leaves the trash out: a trashed order would stay a sale for ever.
    for status in ("any", "trash"):
        params = {"status": status, **_between(window, "modified_after", "modified_before")}
        yield Read(Request("orders", f"{API}/orders", params), PAGES)


def _refunds(account: Account, window: Window) -> Iterator[Read]:
    # A refund has no modified time of interest: it is made once, and swept by its own date because the
    # order it belongs to is not always touched (woocommerce#37047).
    yield Read(Request("refunds", f"{API}/refunds", _between(window, "after", "before")), PAGES)


def _products(account: Account, window: Window) -> Iterator[Read]:
    for status in ("any", "trash"):
        params = {"status": status, **_between(window, "modified_after", "modified_before")}
        yield Read(Request("products", f"{API}/products", params), PAGES)


def _reviews(account: Account, window: Window) -> Iterator[Read]:
    # WordPress compares these dates with the site's local time, and converts those that name a zone.
    params = {
        "status": "all",  # approved and waiting; neither spam nor the trash
        "after": f"{window.start - timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}",
        "before": f"{window.end:%Y-%m-%dT%H:%M:%SZ}",
        **STABLE,
    }
    request = Request("products/reviews", f"{API}/products/reviews", params)
    yield Read(request, REVIEW_PAGES, finish=lambda reviews: _dated(reviews, account.zone))


def _dated(reviews: list[Record], zone: ZoneInfo) -> list[Record]:
    """Adds the business day (account's zone): the dates of the answer are of the site's zone and of GMT.

    An import may leave a review without a GMT date: null, or WordPress's zero, which comes as the year -1.
    Then the site's own date stands, as if the site were in the account's zone.
    """
    created, local = Instant("date_created_gmt"), Instant("date_created", zone=zone.key)
    return [
        {
            **review,
            "review_date": (created if _is_date(review.get("date_created_gmt")) else local).day_in(
                review, zone
            ),
        }
        for review in reviews
    ]


def _is_date(text: object) -> bool:
    return bool(text) and not str(text).startswith(("-", "0000-"))


def _refunds_of(session: Session, order: Record) -> None:
    """The refunds of an order in full: the list embeds only their totals."""
    order["refunds_detail"] = _all(session, "orders/refunds", f"{API}/orders/{order['id']}/refunds")


def _variations_of(session: Session, product: Record) -> None:
    path = f"{API}/products/{product['id']}/variations"
    product["variations_detail"] = _all(session, "products/variations", path)


def _all(session: Session, name: str, path: str) -> list[Record]:
    found: dict[str, Record] = {}
    total = 0
    for page in PAGES.pages(session.call, Request(name, path, dict(STABLE))):
        for record in page.records:
            found.setdefault(str(record["id"]), record)
        total = total if page.total is None else page.total
    if len(found) < total:
        raise ContractError(f"{name} says {total} records and sent {len(found)}")
    # Sorted here, too: the same in another order would be taken for a change.
    return [found[key] for key in sorted(found, key=int)]


BUYER = ("billing.email", "billing.phone", "customer_id")
# Plug-ins write what they like into `meta_data`, e-mails and phones too: what staging reads, where a visit
# came from and which variant was chosen stay.
_META = (
    "meta_data",
    ("_wcpay_mode", "_buyer_type", "_refunded_item_id", "_wc_order_attribution_source_type",
     "_wc_order_attribution_utm_*", "pa_*"),
)  # fmt: skip
# Country and state stay: they say where, not who. The reason of a refund is what staff typed, as often as not
# about the buyer, and no shop has a list of reasons.
_ORDER_PERSONAL = Personal(
    drop=(
        "reason",
        "company",
        "city",
        "postcode",
        "*transaction_id*",
        "order_key",
        "cart_hash",
        "payment_url",
    ),
    buyer=BUYER,
    pairs=(_META,),
)

PLATFORM = Platform(
    name="woocommerce",
    title="WooCommerce",
    base_url="",  # every store is its own host: the connection names it
    protocol=KeyRest,
    options=frozenset({"keys_in_query"}),
    # No limit in the core; a shop's own server should not feel us (2-4 calls a second).
    rate=Rate(calls=4, seconds=1.0),
    is_rate_shared=True,
    zone="UTC",
    streams=(
        Stream(
            name="orders",
            kind="cursor",
            key=("id",),
            cursor=Instant("date_modified_gmt"),
            reads=_orders,
            detail=_refunds_of,
            incomplete=lambda order: bool(order.get("refunds")),
            personal=_ORDER_PERSONAL,
        ),
        Stream(
            name="refunds",
            kind="cursor",
            key=("id",),
            cursor=Instant("date_created_gmt"),
            reads=_refunds,
            # Refunds may be entered with a date of the past; a week is cheap and catches those.
            overlap=timedelta(days=7),
            personal=Personal(drop=("reason", "refunded_by"), pairs=(_META,)),
        ),
        Stream(
            name="products",
            kind="cursor",
            key=("id",),
            cursor=Instant("date_modified_gmt"),
            reads=_products,
            detail=_variations_of,
            incomplete=lambda product: product.get("type") == "variable",
            slice=None,
            from_beginning=True,
            weekly_whole=True,
            personal=Personal(pairs=(_META,)),
        ),
        # A review has no time of change (approval, edit, trash), so its days are read again.
        Stream(
            name="reviews",
            kind="report",
            key=("id",),
            day="review_date",
            reads=_reviews,
            widest=timedelta(days=31),
            lookback_days=30,
            weekly_lookback_days=180,
            personal=Personal(drop=("reviewer*", "review", "_links")),
        ),
    ),
)
