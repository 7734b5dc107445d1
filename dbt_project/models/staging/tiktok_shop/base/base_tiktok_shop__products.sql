{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key', 'cursor_at'])) }}

{%- set shape = {
    'title': 'text', 'status': 'text', 'create_time': 'text', 'update_time': 'text',
    'skus': [{
        'id': 'text', 'price': {'sale_price': 'text', 'tax_exclusive_price': 'text'}, 'inventory': [{'quantity': 'text'}]
    }]
} -%}

{{ record_versions(source('raw_tiktok_shop', 'products'), shape) }}
