{{ config(materialized='incremental', **replace_rows(['account_id', 'report_date', 'as_of_date'])) }}

{%- set shape = {
    'dimensions': {'ad_id': 'text'},
    'metrics': {
        'campaign_id': 'text', 'campaign_name': 'text', 'adgroup_id': 'text', 'adgroup_name': 'text', 'ad_name': 'text',
        'spend': 'text', 'impressions': 'text', 'reach': 'text', 'clicks': 'text',
        'complete_payment': 'text', 'total_complete_payment_rate': 'text'
    }
} -%}

{{ report_rows('tiktok_ads', 'ad_report', shape, keep='all') }}
