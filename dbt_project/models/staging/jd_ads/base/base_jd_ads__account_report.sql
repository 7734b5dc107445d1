{{ config(materialized='incremental', **replace_rows(['account_id', 'report_date', 'as_of_date'])) }}

{%- set shape = {
    'impressions': 'text', 'clicks': 'text', 'cost': 'text', 'totalOrderCnt': 'text',
    'totalOrderSum': 'text'
} -%}

{{ report_rows('jd_ads', 'account_report', shape, keep='all') }}
