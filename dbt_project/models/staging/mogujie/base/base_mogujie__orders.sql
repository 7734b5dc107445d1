{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'orderStatus': 'text', 'shopOrderPrice': 'text', 'shipExpense': 'text', 'platformPromotionAmount': 'text',
    'createdStr': 'text', 'payTimeStr': 'text', 'shipTimeStr': 'text', 'updatedStr': 'text',
    'receiverProvince': 'text', 'buyer_key': 'text',
    'itemOrderInfos': [{
        'itemOrderId': 'text', 'itemId': 'text', 'skuId': 'text', 'title': 'text', 'number': 'text', 'price': 'text',
        'nowPrice': 'text', 'refundStatus': 'text'
    }]
} -%}

{# The vendor has no time of completion or closing, so it is taken from the first version with that status. #}
{{ latest_records(source('raw_mogujie', 'orders'), shape, over_versions={
    'completed_seen_at': ('min', "case when record.orderStatus = 'ORDER_COMPLETED' then cursor_at end"),
    'closed_seen_at': ('min', "case when record.orderStatus in ('ORDER_CLOSED', 'ORDER_CANCELLED') then cursor_at end"),
}) }}
