{{ config(materialized='incremental', **replace_rows(['account_id', 'report_date', 'as_of_date'])) }}

{%- set shape = {
    'wInfoId': 'text', 'wInfoNameStatus': 'text', 'mixWmatchEnum': 'text',
    'adGroupId': 'text', 'adGroupNameStatus': 'text',
    'campaignId': 'text', 'campaignNameStatus': 'text',
    'impression': 'text', 'click': 'text', 'cost': 'text', 'ocpcConversionsDetail90': 'text'
} -%}

{{ report_rows('baidu_marketing', 'keyword_report', shape, keep='all') }}
