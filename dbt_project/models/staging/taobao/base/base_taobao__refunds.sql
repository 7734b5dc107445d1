{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'tid': 'text', 'oid': 'text', 'status': 'text', 'order_status': 'text', 'has_good_return': 'text',
    'refund_fee': 'text', 'reason': 'text', 'created': 'text', 'modified': 'text', 'end_time': 'text',
    'refund_phase': 'text', 'dispute_type': 'text'
} -%}

{# The list has no time of success (only `taobao.refund.get` has `end_time`), so it is that of the first version with SUCCESS. #}
{{ latest_records(source('raw_taobao', 'refunds'), shape, over_versions={
    'success_seen_at': ('min', "case when record.status = 'SUCCESS' then cursor_at end"),
    'asked_unshipped_at': ('min',
        "case when record.order_status in ('WAIT_SELLER_SEND_GOODS', 'PAID_FORBID_CONSIGN') then cursor_at end"),
}) }}
