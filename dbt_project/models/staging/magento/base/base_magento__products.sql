{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key', 'cursor_at'])) }}

{%- set shape = {
    'sku': 'text', 'name': 'text', 'price': 'text', 'status': 'text', 'type_id': 'text', 'created_at': 'text',
    'updated_at': 'text', 'extension_attributes': {'category_links': [{'category_id': 'text'}]}
} -%}

{{ record_versions(source('raw_magento', 'products'), shape) }}
