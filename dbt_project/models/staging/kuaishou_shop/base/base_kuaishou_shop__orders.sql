{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'orderBaseInfo': {
        'status': 'text', 'createTime': 'text', 'payTime': 'text', 'sendTime': 'text',
        'updateTime': 'text', 'totalFee': 'text', 'expressFee': 'text'
    },
    'orderItemInfo': {
        'itemId': 'text', 'skuId': 'text', 'itemTitle': 'text', 'num': 'text', 'originalPrice': 'text'
    },
    'orderAddress': {'province': 'text'},
    'buyer_key': 'text'
} -%}

{# The vendor has no time at which an order was completed or closed, so it is taken from the first version with that status. #}
{{ latest_records(source('raw_kuaishou_shop', 'orders'), shape, over_versions={
    'done_seen_at': ('min', "case when record.orderBaseInfo.status = '70' then cursor_at end"),
    'closed_seen_at': ('min', "case when record.orderBaseInfo.status = '80' then cursor_at end"),
}) }}
