{{ config(materialized='incremental', **replace_rows(['account_id', 'report_date', 'as_of_date'])) }}

{%- set shape = {
    'customer': {'id': 'text', 'currencyCode': 'text', 'timeZone': 'text'},
    'campaign': {'id': 'text', 'name': 'text'},
    'adGroup': {'id': 'text', 'name': 'text'},
    'adGroupCriterion': {'criterionId': 'text', 'keyword': {'text': 'text', 'matchType': 'text'}},
    'metrics': {
        'costMicros': 'text', 'impressions': 'text', 'clicks': 'text', 'conversions': 'text', 'conversionsValue': 'text'
    }
} -%}

{{ report_rows('google_ads', 'keyword_report', shape, keep='all') }}
