{{ config(materialized='incremental', **replace_rows(['account_id', 'report_date', 'as_of_date'])) }}

{%- set shape = {
    'dimensions': {'advertiser_id': 'text'},
    'metrics': {
        'spend': 'text', 'impressions': 'text', 'reach': 'text', 'clicks': 'text',
        'complete_payment': 'text', 'total_complete_payment_rate': 'text',
        'cost': 'text', 'orders': 'text', 'gross_revenue': 'text'
    }
} -%}

{{ report_rows('tiktok_ads', 'account_report', shape, keep='all') }}
