{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'title': 'text', 'categoryId': 'text', 'wareStatus': 'text', 'jdPrice': 'text', 'stockNum': 'text',
    'onlineTime': 'text', 'created': 'text', 'modified': 'text'
} -%}

{{ latest_records(source('raw_jd', 'products'), shape) }}
