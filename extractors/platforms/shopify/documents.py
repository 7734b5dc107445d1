"""What is asked of Shopify: each field is charged for, and none is personal but the buyer's identity.

Orders and products are asked for in two ways: by pages, and in bulk, where connections are whole, every node
says what it is (the file holds one object a line) and no connection may stand within a list. A list is whole
where no size is asked for; a connection within a record has a first page, and a document for the others."""

from __future__ import annotations

SHOP_MONEY = "{ shopMoney { amount currencyCode } }"
PAGE = "pageInfo { hasNextPage endCursor }"
# Postage that an edit removed is left out unless it is asked for.
_REMOVED = "includeRemovals: true"

_LINE = f"""
    id name title sku quantity currentQuantity isGiftCard
    product {{ legacyResourceId }} variant {{ legacyResourceId }}
    originalTotalSet {SHOP_MONEY}
    discountAllocations {{ allocatedAmountSet {SHOP_MONEY} }}
    taxLines {{ priceSet {SHOP_MONEY} }}
"""
_SHIPPING = f"isRemoved discountedPriceSet {SHOP_MONEY} taxLines {{ priceSet {SHOP_MONEY} }}"


def _order(shipping_lines: str, line_items: str) -> str:
    """The fields of an order, its two connections given."""
    return f"""
      id legacyResourceId name createdAt processedAt updatedAt cancelledAt cancelReason closedAt
      test confirmed edited currencyCode taxesIncluded sourceName paymentGatewayNames
      displayFinancialStatus displayFulfillmentStatus returnStatus
      email customer {{ id }} purchasingEntity {{ __typename }}
      shippingAddress {{ countryCodeV2 provinceCode }}
      originalTotalPriceSet {SHOP_MONEY} totalPriceSet {SHOP_MONEY}
      currentTotalPriceSet {SHOP_MONEY} totalDiscountsSet {SHOP_MONEY}
      totalTaxSet {SHOP_MONEY} totalTipReceivedSet {SHOP_MONEY}
      originalTotalDutiesSet {SHOP_MONEY} originalTotalAdditionalFeesSet {SHOP_MONEY}
      {shipping_lines}
      transactions {{ id kind status gateway processedAt test amountSet {SHOP_MONEY} }}
      fulfillments {{ createdAt deliveredAt status }}
      {line_items}
      refunds {{ id }}
"""


_ORDERS = f"""
query Orders($search: String!, $first: Int!, $after: String) {{
  ordersCount(query: $search, limit: 25001) {{ count precision }}
  orders(first: $first, after: $after, query: $search, sortKey: UPDATED_AT) {{
    nodes {{
      {
    _order(
        f"shippingLines(first: 5, {_REMOVED}) {{ nodes {{ {_SHIPPING} }} {PAGE} }}",
        f"lineItems(first: 20) {{ nodes {{ {_LINE} }} {PAGE} }}",
    )
}
    }}
    {PAGE}
  }}
}}
"""

_REFUND_LINE = f"""
    id quantity restockType lineItem {{ id isGiftCard }} subtotalSet {SHOP_MONEY} totalTaxSet {SHOP_MONEY}
"""
_REFUND_SHIPPING = f"subtotalAmountSet {SHOP_MONEY} taxAmountSet {SHOP_MONEY}"
_ADJUSTMENT = f"reason amountSet {SHOP_MONEY} taxAmountSet {SHOP_MONEY}"
_REFUND_PAYMENT = f"id kind status processedAt amountSet {SHOP_MONEY}"

_REFUNDS = f"""
query Refunds($id: ID!) {{
  order(id: $id) {{
    refunds {{
      id legacyResourceId createdAt processedAt updatedAt totalRefundedSet {SHOP_MONEY}
      refundLineItems(first: 50) {{ nodes {{ {_REFUND_LINE} }} {PAGE} }}
      refundShippingLines(first: 5) {{ nodes {{ {_REFUND_SHIPPING} }} {PAGE} }}
      orderAdjustments(first: 10) {{ nodes {{ {_ADJUSTMENT} }} {PAGE} }}
      transactions(first: 20) {{ nodes {{ {_REFUND_PAYMENT} }} {PAGE} }}
    }}
  }}
}}
"""

_VARIANT = "legacyResourceId title sku price compareAtPrice inventoryQuantity createdAt updatedAt"

_PRODUCT = (
    "id legacyResourceId title handle status productType vendor createdAt updatedAt publishedAt "
    "totalInventory tracksInventory isGiftCard"
)

_PRODUCTS = f"""
query Products($search: String!, $first: Int!, $after: String) {{
  productsCount(query: $search, limit: 25001) {{ count precision }}
  products(first: $first, after: $after, query: $search, sortKey: UPDATED_AT) {{
    nodes {{
      {_PRODUCT}
      variants(first: 30) {{ nodes {{ {_VARIANT} }} {PAGE} }}
    }}
    {PAGE}
  }}
}}
"""

NESTED = {
    "order": {"lineItems": _LINE, "shippingLines": _SHIPPING},
    "refund": {
        "refundLineItems": _REFUND_LINE,
        "refundShippingLines": _REFUND_SHIPPING,
        "orderAdjustments": _ADJUSTMENT,
        "transactions": _REFUND_PAYMENT,
    },
    "product": {"variants": _VARIANT},
}
"""Record → the connections within it → what is asked of their nodes."""


def _rest(of: str, field: str, node: str) -> str:
    removed = f", {_REMOVED}" if field == "shippingLines" else ""
    return f"""
query Rest($id: ID!, $first: Int!, $after: String) {{
  {of}(id: $id) {{ {field}(first: $first, after: $after{removed}) {{ nodes {{ {node} }} {PAGE} }} }}
}}
"""


_RUN = """
mutation Run($query: String!) {
  bulkOperationRunQuery(query: $query, groupObjects: false) {
    bulkOperation { id status } userErrors { field message code }
  }
}
"""

_LOOK = """
query Look($id: ID!) {
  bulkOperation(id: $id) { id status errorCode objectCount rootObjectCount fileSize url partialDataUrl }
}
"""


_SCOPES = "query Scopes { currentAppInstallation { accessScopes { handle } } }"


def bulk_orders(search: str) -> str:
    """The orders of a search, to be asked for in bulk."""
    shipping = f"shippingLines({_REMOVED}) {{ edges {{ node {{ __typename {_SHIPPING} }} }} }}"
    lines = f"lineItems {{ edges {{ node {{ __typename {_LINE} }} }} }}"
    node = f"__typename {_order(shipping, lines)}"
    return f'{{ orders(query: "{search}") {{ edges {{ node {{ {node} }} }} }} }}'


def bulk_products(search: str) -> str:
    """The products of a search, to be asked for in bulk."""
    variants = f"variants {{ edges {{ node {{ __typename {_VARIANT} }} }} }}"
    node = f"__typename {_PRODUCT} {variants}"
    return f'{{ products(query: "{search}") {{ edges {{ node {{ {node} }} }} }} }}'


DOCUMENTS = {
    "orders": _ORDERS,
    "refunds": _REFUNDS,
    "products": _PRODUCTS,
    "run": _RUN,
    "scopes": _SCOPES,
    "look": _LOOK,
    **{
        f"{of}.{field}": _rest(of, field, node)
        for of, fields in NESTED.items()
        for field, node in fields.items()
    },
}
