{{ config(materialized='incremental', **replace_rows(['account_id', 'report_date', 'as_of_date'])) }}

{%- set shape = {
    'campaign_id': 'text', 'campaign_name': 'text', 'adset_id': 'text', 'adset_name': 'text',
    'ad_id': 'text', 'ad_name': 'text', 'account_currency': 'text', 'spend': 'text', 'impressions': 'text', 'reach': 'text', 'clicks': 'text',
    'actions': [{'action_type': 'text', 'value': 'text'}], 'action_values': [{'action_type': 'text', 'value': 'text'}]
} -%}

{{ report_rows('meta', 'ad_report', shape, keep='all') }}
