{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'baseInfo': {
        'status': 'text', 'tradeType': 'text', 'createTime': 'text', 'payTime': 'text', 'modifyTime': 'text',
        'allDeliveredTime': 'text', 'receivingTime': 'text', 'completeTime': 'text', 'totalAmount': 'text',
        'shippingFee': 'text', 'couponFee': 'text',
        'newStepOrderList': [{'lastStep': 'text', 'payStatus': 'text', 'gmtPay': 'text', 'paidFee': 'text'}],
        'stepOrderList': [{'lastStep': 'text', 'stepPayStatus': 'text', 'payTime': 'text', 'actualPayFee': 'text'}]
    },
    'productItems': [{
        'subItemIDString': 'text', 'productID': 'text', 'skuID': 'text', 'name': 'text', 'quantity': 'text',
        'price': 'text', 'itemAmount': 'text'
    }],
    'nativeLogistics': {'province': 'text'},
    'buyer_key': 'text'
} -%}

{#
  The vendor has no time at which an order was closed, so it is taken from the first version with such a status. No document says
  whether a later close changes `completeTime`, so that is read only from versions with the status `success`.
#}
{{ latest_records(source('raw_alibaba_1688', 'orders'), shape, over_versions={
    'done_seen_at': ('min', "case when record.baseInfo.status = 'success' then " ~ compact_time('record.baseInfo.completeTime') ~ " end"),
    'closed_seen_at': ('min', "case when record.baseInfo.status in ('cancel', 'terminated') then cursor_at end"),
}) }}
