"""Listings as searchListingsItems shows them (model ``listingsItems_2021-08-01``): one a SKU."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from extractors.sandbox.catalogue import ProductView
from extractors.sandbox.merchants import Shop
from extractors.sandbox.router import names

LISTING_NAMES = (
    "issueLocale includedData identifiers identifiersType variationParentSku packageHierarchySku "
    "createdAfter createdBefore lastUpdatedAfter lastUpdatedBefore withIssueSeverity withStatus "
    "withoutStatus sortBy sortOrder pageSize pageToken"
)
LISTING_DATA = names(
    "summaries attributes issues offers fulfillmentAvailability procurement relationships productTypes"
)
LISTING_DEPTH = 1_000
"""No more can be paged through."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One SKU of a product of the shop."""

    view: ProductView
    place: int

    @property
    def sku(self) -> str:
        return f"{self.view.item.key}-{self.view.item.skus[self.place][0]}"


def listings(views: list[ProductView], start: int, end: int) -> list[Listing]:
    """The listings changed after ``start`` and before ``end``, oldest first."""
    found = [Listing(v, i) for v in views if start < v.modified < end for i in range(len(v.prices))]
    return sorted(found, key=lambda listing: (listing.view.modified, listing.sku))


def listing_record(shop: Shop, marketplace: str, listing: Listing, data: set[str]) -> dict[str, Any]:
    """A listing with what was asked for of it; the marketplace's own summary and offers only."""
    view, item = listing.view, listing.view.item
    cents, odd = view.prices[listing.place], item.number % 2
    out: dict[str, Any] = {"sku": listing.sku}
    if "summaries" in data:
        out["summaries"] = [
            {
                "marketplaceId": marketplace,
                "asin": f"B0{item.number:08d}",
                "productType": "HOME",
                "conditionType": "new_new",
                "status": ["BUYABLE", "DISCOVERABLE"] if view.is_on_sale else ["DISCOVERABLE"][:odd],
                "itemName": item.english,
                "createdDate": _at(view.listed),
                "lastUpdatedDate": _at(view.modified),
            }
        ]
    if "offers" in data:
        prices = [("B2C", cents), ("B2B", cents * 9 // 10)][: 1 + odd]
        out["offers"] = [
            {
                "marketplaceId": marketplace,
                "offerType": kind,
                "price": {"amount": f"{price // 100}.{price % 100:02d}", "currencyCode": shop.currency},
            }
            for kind, price in prices
        ]
    if "fulfillmentAvailability" in data:
        quantity = view.stock[listing.place]
        out["fulfillmentAvailability"] = [{"fulfillmentChannelCode": "DEFAULT", "quantity": quantity}]
    return out


def _at(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
