{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'orderStatus': 'text', 'createdTime': 'text', 'paidTime': 'text', 'updateTime': 'text', 'deliveryTime': 'text',
    'cancelTime': 'text', 'finishTime': 'text', 'totalPayAmount': 'text', 'totalShippingFree': 'text',
    'totalDepositAmount': 'text', 'sellerRemarkFlag': 'text', 'receiverProvinceName': 'text', 'buyer_key': 'text',
    'skuList': [{
        'skuId': 'text', 'skuName': 'text', 'skuQuantity': 'text', 'totalPaidAmount': 'text',
        'totalMerchantDiscount': 'text', 'totalRedDiscount': 'text', 'totalTaxAmount': 'text', 'skuTag': 'text'
    }]
} -%}

{{ latest_records(source('raw_xiaohongshu', 'orders'), shape, over_versions={
    'closed_seen_at': ('min', "case when record.orderStatus in ('8', '9') then cursor_at end"),
}) }}
