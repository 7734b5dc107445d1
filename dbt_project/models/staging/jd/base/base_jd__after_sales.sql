{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'refoundAmount': 'text', 'completeTime': 'text', 'status': 'text',
    'sameOrderServiceBill': {'orderId': 'text', 'wareId': 'text', 'afsApplyTime': 'text', 'applyReason': 'text'}
} -%}

{{ latest_records(source('raw_jd', 'after_sales'), shape) }}
