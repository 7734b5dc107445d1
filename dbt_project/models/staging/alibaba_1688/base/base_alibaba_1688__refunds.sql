{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'orderId': 'text', 'orderEntryIdList': ['text'], 'orderEntryCountMap': 'text', 'status': 'text',
    'applyPayment': 'text', 'applyCarriage': 'text',
    'refundPayment': 'text', 'refundCarriage': 'text', 'goodsStatus': 'text', 'onlyRefund': 'text',
    'disputeType': 'text', 'applyReason': 'text', 'gmtApply': 'text', 'gmtModified': 'text', 'gmtCompleted': 'text'
} -%}

{{ latest_records(source('raw_alibaba_1688', 'refunds'), shape) }}
