{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'orderType': 'text', 'orderStatus': 'text', 'createdTime': 'text', 'paidTime': 'text', 'updateTime': 'text',
    'deliveryTime': 'text', 'cancelTime': 'text', 'finishTime': 'text', 'totalPayAmount': 'text', 'totalShippingFree': 'text',
    'totalDepositAmount': 'text', 'sellerRemarkFlag': 'text', 'receiverProvinceName': 'text', 'buyer_key': 'text',
    'skuList': [{
        'skuId': 'text', 'skuName': 'text', 'skuQuantity': 'text', 'totalPaidAmount': 'text',
        'totalMerchantDiscount': 'text', 'totalRedDiscount': 'text', 'totalTaxAmount': 'text', 'skuTag': 'text'
    }]
} -%}

{# No document says whether a later close changes `finishTime`, so it is read only from versions with status 7 (finished). #}
{{ latest_records(source('raw_xiaohongshu', 'orders'), shape, over_versions={
    'finished_seen_at': ('min', "case when record.orderStatus = '7' then " ~ epoch_time('record.finishTime', 1000) ~ " end"),
    'closed_seen_at': ('min', "case when record.orderStatus in ('8', '9') then cursor_at end"),
}) }}
