{{ config(materialized='incremental', **replace_rows(['account_id', 'report_date', 'as_of_date'])) }}

{%- set shape = {
    'dimensions': {
        'stat_time_day': 'text', 'cdp_project_id': 'text', 'cdp_project_name': 'text',
        'cdp_promotion_id': 'text', 'cdp_promotion_name': 'text'
    },
    'metrics': {
        'stat_cost': 'text', 'show_cnt': 'text', 'click_cnt': 'text', 'convert_cnt': 'text', 'stat_pay_amount': 'text'
    }
} -%}

{{ report_rows('ocean_engine', 'ad_report', shape, keep='all') }}
