{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key', 'cursor_at'])) }}

{%- set shape = {
    'sku': 'text',
    'summary': {
        'asin': 'text', 'itemName': 'text', 'status': ['text'], 'createdDate': 'text', 'lastUpdatedDate': 'text'
    },
    'offers': [{'offerType': 'text', 'price': {'amount': 'text'}}],
    'fulfillmentAvailability': [{'quantity': 'text'}]
} -%}

{{ record_versions(source('raw_amazon', 'products'), shape) }}
