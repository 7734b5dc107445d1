{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'order_status': 'text', 'order_time': 'text', 'pay_success_time': 'text', 'deliver_time': 'text',
    'finish_time': 'text', 'waiting_cancel_time': 'text', 'order_real_price': 'text', 'express_fee': 'text', 'tax_fee': 'text',
    'pay_method_name': 'text', 'receiver_province_name': 'text', 'buyer_key': 'text',
    'order_skus': [{
        'sku_key': 'text', 'goods_no': 'text', 'product_name': 'text', 'origin_price': 'text', 'count': 'text',
        'activity_totle_amount': 'text', 'coupon_totle_amount': 'text'
    }]
} -%}

{# A cancellation changes no date of the record. It happened when it was first read, unless the very first read shows it already. #}
{{ latest_records(source('raw_kaola', 'orders'), shape, over_versions={
    'cancelled_seen_at': ('min', "case when record.order_status = '6' then read_at end"),
    'first_seen_at': ('min', 'read_at'),
}) }}
