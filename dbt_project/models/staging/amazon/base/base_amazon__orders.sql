{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set money = {'amount': 'text', 'currencyCode': 'text'} -%}
{%- set shape = {
    'createdTime': 'text', 'lastUpdatedTime': 'text', 'programs': ['text'], 'buyer_key': 'text',
    'associatedOrders': [{'associationType': 'text'}],
    'salesChannel': {'channelName': 'text', 'marketplaceId': 'text'},
    'proceeds': {'grandTotal': money, 'breakdowns': [{'type': 'text', 'status': 'text', 'subtotal': money}]},
    'fulfillment': {'fulfillmentStatus': 'text', 'fulfilledBy': 'text'},
    'recipient': {'deliveryAddress': {'stateOrRegion': 'text', 'countryCode': 'text'}},
    'packages': [{'shipTime': 'text'}],
    'orderItems': [{
        'orderItemId': 'text', 'quantityOrdered': 'text',
        'fulfillment': {'quantityFulfilled': 'text', 'quantityUnfulfilled': 'text'},
        'product': {'asin': 'text', 'sellerSku': 'text', 'title': 'text', 'price': {'unitPrice': money}},
        'proceeds': {'breakdowns': [{
            'type': 'text', 'subtotal': money, 'detailedBreakdowns': [{'subtype': 'text', 'value': money}]
        }]}
    }]
} -%}

{{ latest_records(source('raw_amazon', 'orders'), shape) }}
