{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key', 'cursor_at'])) }}

{%- set shape = {
    'item': {'categoryId': 'text'},
    'sku': {
        'name': 'text', 'price': 'text', 'stock': 'text', 'buyable': 'text', 'createTime': 'text', 'updateTime': 'text'
    }
} -%}

{{ record_versions(source('raw_xiaohongshu', 'products'), shape) }}
