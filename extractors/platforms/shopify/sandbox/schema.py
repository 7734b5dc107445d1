"""The part of the Admin API's schema 2026-10 that is served, and the API's bounds."""

from __future__ import annotations

from extractors.sandbox import graphql

VERSION = "2026-10"
SUPPORTED = ("2026-01", "2026-04", "2026-07", "2026-10")
DEEPEST = 25_000
MOST_COST = 1_000
FINANCIAL = frozenset(
    ("PENDING", "AUTHORIZED", "PARTIALLY_PAID", "PAID", "PARTIALLY_REFUNDED", "REFUNDED", "VOIDED", "EXPIRED")
)
RECENT = 60 * 86_400
SCOPES = ("read_all_orders", "read_customers", "read_orders", "read_products")
BUCKET, RESTORE = 40_000.0, 2_000.0

TYPES = graphql.schema(
    {
        "Query": "orders:Order@ ordersCount:Count products:Product@ productsCount:Count order:Order "
        "refund:Refund product:Product bulkOperation:BulkOperation currentAppInstallation:AppInstallation",
        "AppInstallation": "id accessScopes:[AccessScope]",
        "AccessScope": "handle description",
        "Mutation": "bulkOperationRunQuery:BulkStarted",
        "BulkStarted": "bulkOperation:BulkOperation userErrors:[BulkError]",
        "BulkError": "field message code",
        "BulkOperation": "id status errorCode objectCount rootObjectCount fileSize url partialDataUrl "
        "createdAt completedAt",
        "Count": "count precision",
        "Money": "amount currencyCode",
        "MoneyBag": "shopMoney:Money presentmentMoney:Money",
        "Order": "id legacyResourceId name number createdAt processedAt updatedAt cancelledAt cancelReason "
        "closedAt closed test confirmed edited currencyCode presentmentCurrencyCode taxesIncluded "
        "displayFinancialStatus displayFulfillmentStatus returnStatus sourceName paymentGatewayNames email "
        "phone note clientIp "
        "customer:Customer purchasingEntity:PurchasingEntity shippingAddress:MailingAddress "
        "billingAddress:MailingAddress originalTotalPriceSet:MoneyBag totalPriceSet:MoneyBag "
        "subtotalPriceSet:MoneyBag currentTotalPriceSet:MoneyBag totalDiscountsSet:MoneyBag "
        "totalTaxSet:MoneyBag totalShippingPriceSet:MoneyBag totalTipReceivedSet:MoneyBag "
        "originalTotalDutiesSet:MoneyBag originalTotalAdditionalFeesSet:MoneyBag "
        "totalRefundedSet:MoneyBag totalReceivedSet:MoneyBag "
        "shippingLines:ShippingLine@includeRemovals transactions:[OrderTransaction] "
        "fulfillments:[Fulfillment] lineItems:LineItem@ refunds:[Refund]",
        "Customer": "id legacyResourceId email firstName lastName phone",
        "PurchasingEntity": "",
        "MailingAddress": "name address1 city zip phone countryCodeV2 provinceCode",
        "ShippingLine": "title isRemoved discountedPriceSet:MoneyBag originalPriceSet:MoneyBag "
        "taxLines:[TaxLine]",
        "TaxLine": "title rate priceSet:MoneyBag",
        "OrderTransaction": "id kind status gateway processedAt createdAt test amountSet:MoneyBag",
        "Fulfillment": "id createdAt deliveredAt status",
        "LineItem": "id name title sku quantity currentQuantity isGiftCard product:Sold "
        "variant:Sold originalUnitPriceSet:MoneyBag originalTotalSet:MoneyBag "
        "discountedTotalSet:MoneyBag "
        "discountAllocations:[DiscountAllocation] taxLines:[TaxLine]",
        "Sold": "id legacyResourceId",
        "LineOfRefund": "id isGiftCard",
        "DiscountAllocation": "allocatedAmountSet:MoneyBag",
        "Refund": "id legacyResourceId createdAt processedAt updatedAt note totalRefundedSet:MoneyBag "
        "refundLineItems:RefundLineItem@ refundShippingLines:RefundShippingLine@ "
        "orderAdjustments:OrderAdjustment@ transactions:OrderTransaction@",
        "RefundLineItem": "id quantity restockType lineItem:LineOfRefund subtotalSet:MoneyBag "
        "totalTaxSet:MoneyBag priceSet:MoneyBag",
        "RefundShippingLine": "id subtotalAmountSet:MoneyBag taxAmountSet:MoneyBag",
        "OrderAdjustment": "id reason amountSet:MoneyBag taxAmountSet:MoneyBag",
        "Product": "id legacyResourceId title handle status productType vendor createdAt updatedAt "
        "publishedAt totalInventory tracksInventory isGiftCard variants:ProductVariant@",
        "ProductVariant": "id legacyResourceId title sku price compareAtPrice inventoryQuantity createdAt "
        "updatedAt",
    }
)
LISTING = frozenset({"first", "after", "query", "sortKey", "reverse", "savedSearchId"})
ROOTS = {
    "orders": LISTING,
    "products": LISTING,
    "ordersCount": frozenset({"query", "limit", "savedSearchId"}),
    "productsCount": frozenset({"query", "limit", "savedSearchId"}),
    "order": frozenset({"id"}),
    "refund": frozenset({"id"}),
    "product": frozenset({"id"}),
    "currentAppInstallation": frozenset(),
    "bulkOperation": frozenset({"id"}),
    "bulkOperationRunQuery": frozenset({"query", "groupObjects"}),
}
