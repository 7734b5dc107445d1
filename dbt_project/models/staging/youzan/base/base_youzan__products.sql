{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'title': 'text', 'price': 'text', 'quantity': 'text', 'created_time': 'text', 'update_time': 'text', 'shelf': 'text'
} -%}

{{ latest_records(source('raw_youzan', 'products'), shape) }}
