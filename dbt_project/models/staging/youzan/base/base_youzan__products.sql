{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key', 'cursor_at'])) }}

{%- set shape = {
    'title': 'text', 'price': 'text', 'quantity': 'text', 'created_time': 'text', 'update_time': 'text', 'shelf': 'text'
} -%}

{{ record_versions(source('raw_youzan', 'products'), shape) }}
