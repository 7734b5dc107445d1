{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'status': 'text', 'create_time': 'text', 'pay_time': 'text', 'ship_time': 'text', 'modified_time': 'text', 'shipping_fee': 'text',
    'payment': 'text', 'province': 'text', 'buyer_key': 'text',
    'item': [{
        'iid': 'text', 'sku_id': 'text', 'title': 'text', 'price': 'text', 'num': 'text', 'subtotal': 'text'
    }]
} -%}

{# Of what comes after the shipment the order list has no time, so each later state begins with the first version that shows it. #}
{{ latest_records(source('raw_beibei', 'orders'), shape, over_versions={
    'shipped_seen_at': ('min', "case when record.status = '2' then cursor_at end"),
    'completed_seen_at': ('min', "case when record.status = '3' then cursor_at end"),
    'closed_seen_at': ('min', "case when record.status = '4' then cursor_at end"),
}) }}
