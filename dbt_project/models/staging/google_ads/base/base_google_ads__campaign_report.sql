{{ config(materialized='incremental', **replace_rows(['account_id', 'report_date', 'as_of_date'])) }}

{%- set shape = {
    'customer': {'id': 'text', 'currencyCode': 'text', 'timeZone': 'text'},
    'campaign': {'id': 'text', 'name': 'text'},
    'campaignBudget': {'amountMicros': 'text', 'explicitlyShared': 'text', 'period': 'text'},
    'metrics': {
        'costMicros': 'text', 'impressions': 'text', 'clicks': 'text', 'conversions': 'text', 'conversionsValue': 'text'
    }
} -%}

{{ report_rows('google_ads', 'campaign_report', shape, keep='all') }}
