{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'orderId': 'text', 'applyRefundSum': 'text', 'status': 'text', 'applyTime': 'text', 'checkTime': 'text',
    'modified': 'text', 'reason': 'text'
} -%}

{# A refund keeps its day when the record is edited later, so its time is taken from the first version that shows it done. #}
{{ latest_records(source('raw_jd', 'cancellations'), shape, over_versions={
    'success_seen_at': ('min', "case when record.status in ('3', '6', '9') then cursor_at end"),
}) }}
