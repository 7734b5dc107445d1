{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key', 'cursor_at'])) }}

{%- set shape = {
    'title': 'text', 'cid': 'text', 'price': 'text', 'num': 'text', 'approve_status': 'text',
    'list_time': 'text', 'modified': 'text'
} -%}

{{ record_versions(source('raw_taobao', 'products'), shape) }}
