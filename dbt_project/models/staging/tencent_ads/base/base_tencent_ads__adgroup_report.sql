{{ config(materialized='incremental', **replace_rows(['account_id', 'report_date', 'as_of_date'])) }}

{%- set shape = {
    'adgroup_id': 'text', 'view_count': 'text', 'valid_click_count': 'text', 'cost': 'text', 'order_pv': 'text', 'order_amount': 'text'
} -%}

{{ report_rows('tencent_ads', 'adgroup_report', shape, keep='all') }}
