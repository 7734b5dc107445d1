{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'item': {'categoryId': 'text'},
    'sku': {
        'name': 'text', 'price': 'text', 'stock': 'text', 'buyable': 'text', 'createTime': 'text', 'updateTime': 'text'
    }
} -%}

{{ latest_records(source('raw_xiaohongshu', 'products'), shape) }}
