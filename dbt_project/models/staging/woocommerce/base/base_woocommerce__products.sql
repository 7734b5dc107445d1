{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key', 'cursor_at'])) }}

{%- set shape = {
    'name': 'text', 'status': 'text', 'price': 'text', 'regular_price': 'text', 'stock_quantity': 'text',
    'date_created_gmt': 'text', 'date_modified_gmt': 'text',
    'categories': [{'id': 'text', 'name': 'text'}],
    'variations_detail': [{
        'id': 'text', 'status': 'text', 'price': 'text', 'regular_price': 'text', 'stock_quantity': 'text',
        'date_created_gmt': 'text', 'date_modified_gmt': 'text'
    }]
} -%}

{{ record_versions(source('raw_woocommerce', 'products'), shape) }}
