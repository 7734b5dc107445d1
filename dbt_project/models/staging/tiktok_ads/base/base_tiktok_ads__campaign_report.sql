{{ config(materialized='incremental', **replace_rows(['account_id', 'report_date', 'as_of_date'])) }}

{%- set shape = {
    'dimensions': {'campaign_id': 'text'},
    'metrics': {
        'campaign_name': 'text',
        'spend': 'text', 'impressions': 'text', 'reach': 'text', 'clicks': 'text',
        'complete_payment': 'text', 'total_complete_payment_rate': 'text',
        'cost': 'text', 'orders': 'text', 'gross_revenue': 'text'
    }
} -%}

{{ report_rows('tiktok_ads', 'campaign_report', shape, keep='all') }}
