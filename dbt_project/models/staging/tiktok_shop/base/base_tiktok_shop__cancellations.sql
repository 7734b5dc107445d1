{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'order_id': 'text', 'cancel_status': 'text', 'create_time': 'text', 'update_time': 'text',
    'refund_amount': {
        'currency': 'text', 'refund_total': 'text', 'refund_subtotal': 'text', 'refund_shipping_fee': 'text',
        'refund_tax': 'text', 'retail_delivery_fee': 'text'
    },
    'cancel_reason_text': 'text',
    'cancel_line_items': [{'order_line_item_id': 'text'}]
} -%}

{# No field says when the money went back, so it is the time of the first version that shows the cancellation complete. #}
{{ latest_records(source('raw_tiktok_shop', 'cancellations'), shape, over_versions={
    'done_seen_at': ('min', "case when record.cancel_status = 'CANCELLATION_REQUEST_COMPLETE' then cursor_at end"),
}) }}
