{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'order_status': 'text', 'confirm_status': 'text', 'group_status': 'text', 'refund_status': 'text',
    'created_time': 'text', 'pay_time': 'text', 'confirm_time': 'text', 'shipping_time': 'text',
    'updated_at': 'text', 'goods_amount': 'text', 'discount_amount': 'text', 'platform_discount': 'text',
    'postage': 'text', 'pay_amount': 'text', 'pay_type': 'text', 'trade_type': 'text', 'province': 'text', 'buyer_key': 'text',
    'ship_additional_origin_order': 'text', 'related_order_list': [{'order_sn': 'text', 'relation_type': 'text'}],
    'step_order_info': {'step_trade_status': 'text', 'advanced_paid_fee': 'text', 'step_paid_fee': 'text'},
    'item_list': [{'goods_id': 'text', 'sku_id': 'text', 'goods_name': 'text', 'goods_price': 'text', 'goods_count': 'text'}]
} -%}

{# The vendor has no time of a cancellation, nor of a presale's balance, so each is taken from the first version that shows it. #}
{{ latest_records(source('raw_pinduoduo', 'orders'), shape, over_versions={
    'cancelled_seen_at': ('min',
        "case when record.confirm_status = '2' or record.group_status = '2'"
        ~ " or (record.order_status = '1' and record.refund_status = '4') then cursor_at end"),
    'balance_seen_at': ('min', "case when record.step_order_info.step_trade_status = '2' then cursor_at end"),
}) }}
