{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key', 'cursor_at'])) }}

{%- set shape = {
    'title': 'text', 'categoryId': 'text', 'wareStatus': 'text', 'jdPrice': 'text', 'stockNum': 'text',
    'onlineTime': 'text', 'created': 'text', 'modified': 'text'
} -%}

{{ record_versions(source('raw_jd', 'products'), shape) }}
