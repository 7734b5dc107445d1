{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'detail': {
        'orderState': 'text', 'paymentDate': 'text', 'sendDate': 'text', 'lastModifyTime': 'text',
        'buyerInfo': {
            'buyerPayMode': 'text', 'realPaidAmount': 'text', 'totalBarginPrice': 'text', 'giftCardMoney': 'text',
            'accountBalance': 'text', 'postage': 'text', 'activityDeductAmount': 'text', 'pointDeductionAmount': 'text'
        },
        'sendGoodsInfo': {'consigneeAddr_Province': 'text'},
        'ItemsList': {'ItemInfo': [{'itemID': 'text', 'itemName': 'text', 'unitPrice': 'text', 'orderCount': 'text'}]},
        'OrderOperateList': {'OperateInfo': [{'operateTime': 'text', 'operateDetails': 'text'}]}
    },
    'buyer_key': 'text'
} -%}

{%- set status = 'record.detail.orderState' %}
{# The vendor has no time of delivery, success or closing, so it is taken from the first version with that `orderState`. #}
{{ latest_records(source('raw_dangdang', 'orders'), shape, over_versions={
    'delivered_seen_at': ('min', "case when " ~ status ~ " = '400' then cursor_at end"),
    'completed_seen_at': ('min', "case when " ~ status ~ " = '1000' then cursor_at end"),
    'closed_seen_at': ('min', "case when " ~ status ~ " in ('-100', '1100', '-200') then cursor_at end"),
}) }}
