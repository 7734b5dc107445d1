{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'order_id': 'text', 'return_status': 'text', 'create_time': 'text', 'update_time': 'text',
    'refund_amount': {
        'currency': 'text', 'refund_total': 'text', 'refund_subtotal': 'text', 'refund_shipping_fee': 'text',
        'refund_tax': 'text', 'retail_delivery_fee': 'text'
    },
    'return_type': 'text', 'return_reason_text': 'text', 'arbitration_status': 'text',
    'return_line_items': [{'order_line_item_id': 'text'}]
} -%}

{# No field says when the money went back, so it is the time of the first version that shows the return complete. #}
{{ latest_records(source('raw_tiktok_shop', 'returns'), shape, over_versions={
    'done_seen_at': ('min', "case when record.return_status in ('RETURN_OR_REFUND_REQUEST_COMPLETE',"
        ~ " 'REPLACEMENT_REQUEST_COMPLETE', 'REPLACEMENT_REQUEST_REFUND_SUCCESS') then cursor_at end"),
    'disputed_at': ('min', "case when record.arbitration_status <> '' then cursor_at end"),
    'decided_at': ('min', "case when record.arbitration_status in ('SUPPORT_BUYER', 'SUPPORT_SELLER') then cursor_at end"),
}) }}
