{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'created_at': 'text', 'paid_at': 'text', 'buyer_key': 'text', 'currency': 'text', 'region': 'text',
    'payment_type': 'text', 'order_state': 'text', 'shipping_charged': 'text', 'tax': 'text',
    'order_discount': 'text', 'platform_subsidy': 'text', 'buyer_paid_total': 'text', 'exclude_reason': 'text',
    'lines': [{
        'line_id': 'text', 'product_id': 'text', 'sku_id': 'text', 'product_name': 'text', 'category_path': 'text',
        'line_class': 'text', 'quantity': 'text', 'list_amount': 'text', 'merchant_item_discount': 'text',
        'line_amount': 'text'
    }]
} -%}

{{ latest_records(source('raw_files', 'orders'), shape) }}
