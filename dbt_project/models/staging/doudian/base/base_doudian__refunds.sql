{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'aftersale_info': {
        'aftersale_type': 'text', 'aftersale_status': 'text', 'refund_status': 'text', 'refund_amount': 'text',
        'refund_post_amount': 'text', 'refund_tax_amount': 'text', 'aftersale_num': 'text', 'apply_time': 'text',
        'update_time': 'text', 'reason': 'text', 'arbitrate_status': 'text'
    },
    'order_info': {'shop_order_id': 'text', 'related_order_info': [{
        'sku_order_id': 'text', 'aftersale_pay_amount': 'text', 'aftersale_item_num': 'text'
    }]},
    'detail': {
        'refund_status': 'text', 'real_refund_amount': 'text', 'refund_post_amount': 'text', 'refund_time': 'text'
    }
} -%}

{{ latest_records(source('raw_doudian', 'refunds'), shape, over_versions={
    'success_seen_at': ('min', "case when record.aftersale_info.aftersale_status = '14' or record.aftersale_info.aftersale_status = '12'"
        ~ " and coalesce(record.detail.refund_status, record.aftersale_info.refund_status, '0') not in ('1', '2', '4') then cursor_at end"),
    'disputed_at': ('min', "case when record.aftersale_info.arbitrate_status in ('1', '2', '3', '4', '5', '255') then cursor_at end"),
    'decided_at': ('min', "case when record.aftersale_info.arbitrate_status in ('2', '3', '255') then cursor_at end"),
}) }}
