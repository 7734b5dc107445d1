{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'status': 'text', 'create_time': 'text', 'update_time': 'text', 'paid_time': 'text', 'rts_time': 'text',
    'collection_time': 'text', 'delivery_time': 'text', 'delivery_sla_time': 'text',
    'delivery_option_required_delivery_time': 'text', 'cancel_time': 'text', 'is_cod': 'text',
    'is_sample_order': 'text', 'is_replacement_order': 'text', 'payment_method_name': 'text', 'buyer_key': 'text',
    'recipient_address': {'region_code': 'text'},
    'payment': {
        'currency': 'text', 'sub_total': 'text', 'shipping_fee': 'text', 'tax': 'text', 'total_amount': 'text',
        'retail_delivery_fee': 'text', 'small_order_fee': 'text', 'buyer_service_fee': 'text', 'handling_fee': 'text',
        'shipping_insurance_fee': 'text', 'item_insurance_fee': 'text', 'distance_fee': 'text',
        'payment_discount_service_fee': 'text'
    },
    'line_items': [{
        'id': 'text', 'product_id': 'text', 'product_name': 'text', 'sku_id': 'text', 'is_gift': 'text',
        'original_price': 'text', 'seller_discount': 'text', 'platform_discount': 'text', 'sale_price': 'text',
        'item_tax': [{'tax_amount': 'text'}]
    }]
} -%}

{#
  No field says when an order was completed, and not every cash-on-delivery order has a time of payment or delivery. Both are then the time
  of the first version that shows them.
#}
{{ latest_records(source('raw_tiktok_shop', 'orders'), shape, over_versions={
    'delivered_seen_at': ('min', "case when record.status in ('DELIVERED', 'COMPLETED') then cursor_at end"),
    'completed_seen_at': ('min', "case when record.status = 'COMPLETED' then cursor_at end"),
}) }}
