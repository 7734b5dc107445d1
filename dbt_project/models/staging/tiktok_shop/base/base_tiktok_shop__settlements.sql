{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set of_affiliates, left_out, taxes = tiktok_shop_fees() -%}
{%- set shape = {
    'statement_time': 'text', 'currency': 'text',
    'transactions': [{
        'id': 'text', 'order_id': 'text', 'revenue_amount': 'text', 'shipping_cost_amount': 'text', 'fee_tax_amount': 'text',
        'adjustment_amount': 'text', 'settlement_amount': 'text',
        'fee_tax_breakdown': {'fee': dict.fromkeys(of_affiliates + left_out, 'text'), 'tax': dict.fromkeys(taxes, 'text')}
    }]
} -%}

{{ latest_records(source('raw_tiktok_shop', 'settlements'), shape) }}
