{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key', 'cursor_at'])) }}

{%- set shape = {
    'subject': 'text', 'status': 'text', 'categoryID': 'text', 'createTime': 'text', 'modifyTime': 'text',
    'lastUpdateTime': 'text',
    'saleInfo': {'amountOnSale': 'text', 'priceRanges': [{'price': 'text'}]},
    'skuInfos': [{'skuId': 'text', 'price': 'text', 'amountOnSale': 'text'}]
} -%}

{{ record_versions(source('raw_alibaba_1688', 'products'), shape) }}
