{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'tid': 'text', 'status': 'text', 'return_goods': 'text', 'reason': 'text', 'refund_fee': 'text', 'created': 'text',
    'modified': 'text', 'cs_status': 'text', 'detail': {
        'oid': 'text', 'demand': 'text', 'refund_success_time': 'text', 'refund_postage': 'text',
        'refund_order_item': [{'oid': 'text', 'item_num': 'text'}]
    }
} -%}

{{ latest_records(source('raw_youzan', 'refunds'), shape, over_versions={
    'success_seen_at': ('min', "case when record.status = 'SUCCESS' then cursor_at end"),
    'disputed_at': ('min', "case when record.cs_status = '2' or record.status = 'CUSTOMER_SERVICE_IN' then cursor_at end"),
}) }}
