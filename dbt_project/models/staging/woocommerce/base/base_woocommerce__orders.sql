{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set charge = {'total': 'text', 'total_tax': 'text'} -%}
{%- set shape = {
    'status': 'text', 'currency': 'text', 'customer_id': 'text', 'buyer_key': 'text', 'payment_method': 'text',
    'created_via': 'text',
    'date_created_gmt': 'text', 'date_modified_gmt': 'text', 'date_paid_gmt': 'text', 'date_completed_gmt': 'text',
    'shipping_total': 'text', 'total_tax': 'text', 'total': 'text',
    'shipping': {'country': 'text', 'state': 'text'}, 'billing': {'country': 'text', 'state': 'text'},
    'meta_data': [{'key': 'text', 'value': 'text'}],
    'line_items': [{
        'id': 'text', 'name': 'text', 'product_id': 'text', 'variation_id': 'text', 'quantity': 'text',
        'subtotal': 'text', 'total': 'text', 'total_tax': 'text'
    }],
    'fee_lines': [{'id': 'text', 'name': 'text', 'total': 'text', 'total_tax': 'text'}],
    'refunds_detail': [{
        'id': 'text', 'date_created_gmt': 'text', 'amount': 'text',
        'line_items': [{
            'id': 'text', 'quantity': 'text', 'total': 'text', 'total_tax': 'text',
            'meta_data': [{'key': 'text', 'value': 'text'}]
        }],
        'shipping_lines': [charge], 'fee_lines': [charge]
    }]
} -%}

{%- set is_over = "record.status in ('cancelled', 'refunded', 'failed', 'trash')" -%}

{#
  The shop has no time at which an order was cancelled. It is taken from the versions, with the last open one, because a late payment may
  open a cancelled order again, and it may then be cancelled a second time.
#}
{{ latest_records(source('raw_woocommerce', 'orders'), shape, over_versions={
    'over_seen_at': ('min', 'case when ' ~ is_over ~ ' then cursor_at end'),
    'open_seen_at': ('max', 'case when not ' ~ is_over ~ ' then cursor_at end'),
}) }}
