{{ config(materialized='incremental', **replace_rows(['account_id', 'report_date', 'as_of_date'])) }}

{%- set shape = {
    'CurrencyCode': 'text', 'Spend': 'text', 'Impressions': 'text', 'Clicks': 'text',
    'Conversions': 'text', 'ConversionsQualified': 'text', 'Revenue': 'text'
} -%}

{{ report_rows('microsoft_ads', 'account_report', shape, keep='all') }}
