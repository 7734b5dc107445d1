{{ config(materialized='incremental', **replace_rows(['account_id', 'report_date', 'as_of_date'])) }}

{%- set shape = {
    'report_index': {
        'charge': 'text', 'ad_pv': 'text', 'click': 'text', 'alipay_inshop_num': 'text', 'alipay_inshop_amt': 'text'
    }
} -%}

{{ report_rows('alimama', 'account_report', shape, keep='all') }}
