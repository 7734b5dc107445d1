{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key', 'cursor_at'])) }}

{%- set shape = {
    'name': 'text', 'status': 'text', 'discount_price': 'text', 'category_detail': {'first_cid': 'text'},
    'create_time': 'text', 'update_time': 'text'
} -%}

{{ record_versions(source('raw_doudian', 'products'), shape) }}
