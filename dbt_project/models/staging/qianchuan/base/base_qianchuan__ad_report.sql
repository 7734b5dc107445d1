{{ config(materialized='incremental', **replace_rows(['account_id', 'report_date', 'as_of_date'])) }}

{%- set shape = {
    'campaign_id': 'text', 'campaign_name': 'text', 'ad_id': 'text', 'ad_name': 'text',
    'stat_cost': 'text', 'show_cnt': 'text', 'click_cnt': 'text',
    'pay_order_count': 'text', 'pay_order_amount': 'text'
} -%}

{{ report_rows('qianchuan', 'ad_report', shape, keep='all') }}
