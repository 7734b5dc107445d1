{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'status': 'text', 'type': 'text', 'step_trade_status': 'text', 'step_paid_fee': 'text',
    'created': 'text', 'pay_time': 'text', 'consign_time': 'text', 'end_time': 'text', 'modified': 'text',
    'payment': 'text', 'post_fee': 'text', 'platform_subsidy_fee': 'text', 'order_tax_fee': 'text',
    'buyer_key': 'text', 'receiver_state': 'text', 'seller_flag': 'text',
    'orders': {'order': [{
        'oid': 'text', 'oid_str': 'text', 'num_iid': 'text', 'sku_id': 'text', 'title': 'text', 'cid': 'text',
        'num': 'text', 'price': 'text', 'total_fee': 'text', 'discount_fee': 'text', 'adjust_fee': 'text',
        'payment': 'text', 'divide_order_fee': 'text', 'part_mjz_discount': 'text',
        'platform_subsidy_fee': 'text', 'sub_order_tax_fee': 'text', 'refund_status': 'text', 'status': 'text',
        'consign_time': 'text', 'end_time': 'text'
    }]}
} -%}

{#
  The vendor does not say when a deposit was paid, nor how large it was once the balance is paid. A trade whose group never formed looks
  like any other once it is closed. So these facts are kept from the versions in which they showed.
#}
{%- set deposit_only = "record.step_trade_status in ('FRONT_PAID_FINAL_NOPAID', 'FRONT_PAID_FRONT_FORFEITED')" -%}
{%- set shippable = "record.status in ('WAIT_SELLER_SEND_GOODS', 'SELLER_CONSIGNED_PART', 'WAIT_BUYER_CONFIRM_GOODS',"
    ~ " 'TRADE_BUYER_SIGNED', 'TRADE_FINISHED')" -%}

{{ latest_records(source('raw_taobao', 'orders'), shape, over_versions={
    'deposit_seen_at': ('min', "case when " ~ deposit_only ~ " then coalesce("
        ~ local_time('record.pay_time', "'Asia/Shanghai'") ~ ", cursor_at) end"),
    'deposit_seen_fee': ('max', "case when " ~ deposit_only ~ " then " ~ money('record.step_paid_fee') ~ " end"),
    'shipping_blocked_at': ('min', "case when record.status = 'PAID_FORBID_CONSIGN' then cursor_at end"),
    'shipping_allowed_at': ('min', "case when " ~ shippable ~ " then cursor_at end"),
    'signed_seen_at': ('min', "case when record.status = 'TRADE_BUYER_SIGNED' then cursor_at end"),
    'finished_seen_at': ('min', "case when record.status = 'TRADE_FINISHED' then coalesce("
        ~ local_time('record.end_time', "'Asia/Shanghai'") ~ ", cursor_at) end"),
}) }}
