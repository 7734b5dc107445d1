{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key', 'cursor_at'])) }}

{%- set shape = {
    'title': 'text', 'status': 'text', 'productType': 'text', 'createdAt': 'text', 'updatedAt': 'text',
    'publishedAt': 'text', 'totalInventory': 'text', 'tracksInventory': 'text',
    'variants': {'nodes': [{
        'legacyResourceId': 'text', 'title': 'text', 'price': 'text', 'compareAtPrice': 'text',
        'inventoryQuantity': 'text', 'createdAt': 'text', 'updatedAt': 'text'
    }]}
} -%}

{{ record_versions(source('raw_shopify', 'products'), shape) }}
