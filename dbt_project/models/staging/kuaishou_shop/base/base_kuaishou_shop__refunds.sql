{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'oid': 'text', 'status': 'text', 'handlingWay': 'text', 'receiptStatus': 'text', 'refundFee': 'text',
    'refundReasonDesc': 'text', 'createTime': 'text', 'submitTime': 'text', 'updateTime': 'text', 'endTime': 'text'
} -%}

{{ latest_records(source('raw_kuaishou_shop', 'refunds'), shape, over_versions={
    'success_seen_at': ('min', "case when record.status = '60' then cursor_at end"),
    'disputed_at': ('min', "case when record.status in ('20', '21', '22') then cursor_at end"),
}) }}
