{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set money = {'shopMoney': {'amount': 'text', 'currencyCode': 'text'}} -%}
{%- set taxes = [{'priceSet': money}] -%}
{%- set shape = {
    'createdAt': 'text', 'processedAt': 'text', 'updatedAt': 'text', 'cancelledAt': 'text', 'closedAt': 'text',
    'test': 'text', 'confirmed': 'text', 'currencyCode': 'text', 'taxesIncluded': 'text', 'sourceName': 'text',
    'displayFinancialStatus': 'text', 'displayFulfillmentStatus': 'text', 'buyer_key': 'text',
    'paymentGatewayNames': ['text'], 'purchasingEntity': {'__typename': 'text'},
    'shippingAddress': {'countryCodeV2': 'text', 'provinceCode': 'text'},
    'originalTotalPriceSet': money, 'totalPriceSet': money, 'totalTaxSet': money, 'totalTipReceivedSet': money,
    'originalTotalDutiesSet': money, 'originalTotalAdditionalFeesSet': money,
    'shippingLines': {'nodes': [{'isRemoved': 'text', 'discountedPriceSet': money, 'taxLines': taxes}]},
    'transactions': [{'kind': 'text', 'status': 'text', 'gateway': 'text', 'processedAt': 'text', 'test': 'text', 'amountSet': money}],
    'fulfillments': [{'createdAt': 'text', 'deliveredAt': 'text', 'status': 'text'}],
    'lineItems': {'nodes': [{
        'id': 'text', 'name': 'text', 'quantity': 'text', 'currentQuantity': 'text', 'isGiftCard': 'text',
        'product': {'legacyResourceId': 'text'}, 'variant': {'legacyResourceId': 'text'},
        'originalTotalSet': money, 'discountAllocations': [{'allocatedAmountSet': money}], 'taxLines': taxes
    }]},
    'refunds': [{
        'legacyResourceId': 'text', 'createdAt': 'text', 'processedAt': 'text', 'totalRefundedSet': money,
        'refundLineItems': {'nodes': [{
            'quantity': 'text', 'restockType': 'text', 'lineItem': {'id': 'text', 'isGiftCard': 'text'},
            'subtotalSet': money, 'totalTaxSet': money
        }]},
        'refundShippingLines': {'nodes': [{'subtotalAmountSet': money, 'taxAmountSet': money}]},
        'orderAdjustments': {'nodes': [{'amountSet': money, 'taxAmountSet': money}]},
        'transactions': {'nodes': [{'kind': 'text', 'status': 'text', 'processedAt': 'text'}]}
    }]
} -%}

{{ latest_records(source('raw_shopify', 'orders'), shape) }}
