{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'order_sn': 'text', 'after_sales_status': 'text', 'after_sales_type': 'text', 'after_sale_reason': 'text',
    'refund_amount': 'text', 'goods_number': 'text', 'sku_id': 'text', 'created_time': 'text', 'updated_time': 'text',
    'dispute_refund_status': 'text'
} -%}

{# A refund keeps its day when the record is edited later, so its time is taken from the first version that shows it done. #}
{{ latest_records(source('raw_pinduoduo', 'refunds'), shape, over_versions={
    'success_seen_at': ('min', "case when record.after_sales_status in ('10', '16', '25') then cursor_at end"),
    'disputed_at': ('min',
        "case when record.after_sales_status in ('5', '8', '9') or record.dispute_refund_status = '1' then cursor_at end"),
    'decided_at': ('min',
        "case when record.after_sales_status in ('5', '9') or record.dispute_refund_status = '1' then cursor_at end"),
}) }}
