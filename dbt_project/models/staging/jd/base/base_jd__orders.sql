{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'orderState': 'text', 'payType': 'text', 'sellerDiscount': 'text', 'orderPayment': 'text', 'shouldPay': 'text',
    'balanceUsed': 'text', 'freightPrice': 'text', 'taxFee': 'text', 'serviceFee': 'text', 'orderStartTime': 'text',
    'orderEndTime': 'text', 'paymentConfirmTime': 'text', 'modified': 'text',
    'returnOrder': 'text', 'buyer_key': 'text', 'consigneeInfo': {'province': 'text'},
    'itemInfoList': [{'skuId': 'text', 'wareId': 'text', 'skuName': 'text', 'jdPrice': 'text', 'itemTotal': 'text'}],
    'couponDetailList': [{'skuId': 'text', 'couponType': 'text', 'couponPrice': 'text'}]
} -%}

{# JD has no time of shipment, so it is taken from the first version that shows the order on its way. #}
{{ latest_records(source('raw_jd', 'orders'), shape, over_versions={
    'shipped_seen_at': ('min', "case when record.orderState = 'WAIT_GOODS_RECEIVE_CONFIRM' then cursor_at end"),
}) }}
