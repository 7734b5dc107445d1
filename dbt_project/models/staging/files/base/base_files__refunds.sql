{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'order_id': 'text', 'refunded_at': 'text', 'refund_amount': 'text', 'refund_goods': 'text',
    'refund_shipping': 'text', 'refund_tax': 'text', 'quantity': 'text', 'reason': 'text', 'currency': 'text'
} -%}

{{ latest_records(source('raw_files', 'refunds'), shape) }}
