{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set charge = {'total': 'text', 'total_tax': 'text'} -%}
{%- set shape = {
    'id': 'text', 'parent_id': 'text', 'date_created_gmt': 'text', 'amount': 'text',
    'line_items': [{
        'id': 'text', 'quantity': 'text', 'total': 'text', 'total_tax': 'text',
        'meta_data': [{'key': 'text', 'value': 'text'}]
    }],
    'shipping_lines': [charge], 'fee_lines': [charge]
} -%}

{{ latest_records(source('raw_woocommerce', 'refunds'), shape) }}
