{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'full_order_info': {
        'order_info': {
            'status': 'text', 'type': 'text', 'created': 'text', 'update_time': 'text', 'pay_time': 'text',
            'confirm_time': 'text', 'consign_time': 'text', 'success_time': 'text', 'refund_state': 'text',
            'pay_type': 'text', 'pay_type_str': 'text', 'order_tags': {'is_down_payment_pre': 'text'}
        },
        'pay_info': {
            'post_fee': 'text', 'payment': 'text',
            'phase_payments': [{'phase': 'text', 'pay_time': 'text', 'real_price': 'text'}]
        },
        'address_info': {'delivery_province': 'text'},
        'orders': [{
            'oid': 'text', 'item_id': 'text', 'sku_id': 'text', 'title': 'text', 'num': 'text', 'price': 'text',
            'total_fee': 'text', 'item_type': 'text'
        }]
    },
    'buyer_key': 'text'
} -%}

{%- set status = 'record.full_order_info.order_info.status' %}
{#
  The vendor has no time of closing, so it is taken from the first version with TRADE_CLOSED. An order may be closed after it succeeded:
  when it succeeded is kept from the versions with TRADE_SUCCESS.
#}
{{ latest_records(source('raw_youzan', 'orders'), shape, over_versions={
    'done_seen_at': ('min', "case when " ~ status ~ " = 'TRADE_SUCCESS' then "
        ~ local_time('record.full_order_info.order_info.success_time', "'Asia/Shanghai'") ~ " end"),
    'closed_seen_at': ('min', "case when " ~ status ~ " = 'TRADE_CLOSED' then cursor_at end"),
}) }}
