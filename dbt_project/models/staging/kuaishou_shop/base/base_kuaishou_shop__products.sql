{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key', 'cursor_at'])) }}

{%- set shape = {
    'title': 'text', 'categoryId': 'text', 'price': 'text', 'shelfStatus': 'text', 'createTime': 'text',
    'updateTime': 'text', 'skuList': [{'kwaiSkuId': 'text', 'skuSalePrice': 'text', 'skuStock': 'text'}]
} -%}

{{ record_versions(source('raw_kuaishou_shop', 'products'), shape) }}
