{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'title': 'text', 'status': 'text', 'productType': 'text', 'createdAt': 'text', 'updatedAt': 'text',
    'publishedAt': 'text', 'totalInventory': 'text', 'tracksInventory': 'text',
    'variants': {'nodes': [{
        'legacyResourceId': 'text', 'title': 'text', 'price': 'text', 'compareAtPrice': 'text',
        'inventoryQuantity': 'text', 'createdAt': 'text', 'updatedAt': 'text'
    }]}
} -%}

{{ latest_records(source('raw_shopify', 'products'), shape) }}
