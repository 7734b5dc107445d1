{{ config(materialized='incremental', **replace_rows(['account_id', 'report_date', 'as_of_date'])) }}

{%- set shape = {
    'entityId': 'text', 'impression': 'text', 'click': 'text', 'spend': 'text', 'gmv': 'text',
    'orderNum': 'text'
} -%}

{{ report_rows('pinduoduo_ads', 'campaign_report', shape, keep='all') }}
