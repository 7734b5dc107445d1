{{ config(materialized='incremental', **replace_rows(['account_id', 'report_date', 'as_of_date'])) }}

{%- set shape = {
    'charge': 'text', 'show': 'text', 'bclick': 'text', 'event_order_paid': 'text',
    'event_order_paid_purchase_amount': 'text'
} -%}

{{ report_rows('kuaishou_ads', 'account_report', shape, keep='all') }}
