{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'orderBaseInfo': {
        'status': 'text', 'createTime': 'text', 'payTime': 'text', 'sendTime': 'text', 'recvTime': 'text',
        'updateTime': 'text', 'totalFee': 'text', 'expressFee': 'text'
    },
    'orderItemInfo': {
        'itemId': 'text', 'skuId': 'text', 'itemTitle': 'text', 'num': 'text', 'originalPrice': 'text'
    },
    'orderAddress': {'province': 'text'},
    'buyer_key': 'text'
} -%}

{# The vendor does not say when an order was done or closed: the first version that shows it does. #}
{{ latest_records(source('raw_kuaishou_shop', 'orders'), shape, over_versions={
    'done_seen_at': ('min', "case when record.orderBaseInfo.status = '70' then cursor_at end"),
    'closed_seen_at': ('min', "case when record.orderBaseInfo.status = '80' then cursor_at end"),
}) }}
