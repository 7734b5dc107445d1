{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'sku': 'text',
    'summary': {
        'asin': 'text', 'itemName': 'text', 'status': ['text'], 'createdDate': 'text', 'lastUpdatedDate': 'text'
    },
    'offers': [{'offerType': 'text', 'price': {'amount': 'text'}}],
    'fulfillmentAvailability': [{'quantity': 'text'}]
} -%}

{{ latest_records(source('raw_amazon', 'products'), shape) }}
