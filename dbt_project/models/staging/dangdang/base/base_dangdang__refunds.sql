{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'orderId': 'text', 'isAgree': 'text', 'refundSource': 'text', 'refundAmount': 'text', 'refundDate': 'text',
    'creationDate': 'text', 'lastModifiedDate': 'text'
} -%}

{{ latest_records(source('raw_dangdang', 'refunds'), shape, over_versions={
    'agreed_seen_at': ('min', "case when record.isAgree = '2' then cursor_at end"),
}) }}
