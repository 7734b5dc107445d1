{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'orderId': 'text', 'applyRefundSum': 'text', 'status': 'text', 'applyTime': 'text', 'checkTime': 'text',
    'modified': 'text', 'reason': 'text'
} -%}

{# A record edited after it was done must keep its day: the first version that says so tells it. #}
{{ latest_records(source('raw_jd', 'cancellations'), shape, over_versions={
    'success_seen_at': ('min', "case when record.status in ('3', '6', '9') then cursor_at end"),
}) }}
