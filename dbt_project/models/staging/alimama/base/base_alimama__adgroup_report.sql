{{ config(materialized='incremental', **replace_rows(['account_id', 'report_date', 'as_of_date'])) }}

{%- set shape = {
    'adgroup_id': 'text', 'adgroup_name': 'text',
    'campaign_id': 'text', 'campaign_name': 'text',
    'report_index': {
        'charge': 'text', 'ad_pv': 'text', 'click': 'text', 'alipay_inshop_num': 'text', 'alipay_inshop_amt': 'text'
    }
} -%}

{{ report_rows('alimama', 'adgroup_report', shape, keep='all') }}
