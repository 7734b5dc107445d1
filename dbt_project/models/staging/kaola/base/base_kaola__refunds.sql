{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'order_id': 'text', 'refund_type': 'text', 'refund_status_detail': 'text', 'refund_fee': 'text',
    'refund_reason': 'text', 'refund_create_time': 'text', 'refund_skus': [{'sku_key': 'text'}]
} -%}

{# The record has no time of success. It succeeded when that was first read, unless the very first read shows it already. #}
{{ latest_records(source('raw_kaola', 'refunds'), shape, over_versions={
    'success_seen_at': ('min', "case when record.refund_status_detail = '10' then read_at end"),
    'first_seen_at': ('min', 'read_at'),
}) }}
