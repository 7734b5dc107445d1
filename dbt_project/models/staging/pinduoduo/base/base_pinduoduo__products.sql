{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key', 'cursor_at'])) }}

{%- set shape = {
    'goods_name': 'text', 'is_onsale': 'text', 'goods_quantity': 'text',
    'sku_list': [{'sku_id': 'text', 'sku_quantity': 'text', 'is_sku_onsale': 'text'}]
} -%}

{{ record_versions(source('raw_pinduoduo', 'products'), shape) }}
