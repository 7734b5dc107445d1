{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'title': 'text', 'cid': 'text', 'price': 'text', 'num': 'text', 'approve_status': 'text',
    'list_time': 'text', 'modified': 'text'
} -%}

{{ latest_records(source('raw_taobao', 'products'), shape) }}
