{{ config(materialized='incremental', **replace_rows(['account_id', 'report_date', 'as_of_date'])) }}

{%- set shape = {
    'stat_cost': 'text', 'show_cnt': 'text', 'click_cnt': 'text',
    'pay_order_count': 'text', 'pay_order_amount': 'text',
    'total_pay_order_count_for_roi2': 'text', 'total_pay_order_gmv_for_roi2': 'text'
} -%}

{{ report_rows('qianchuan', 'account_report', shape, keep='all') }}
