{{ config(materialized='incremental', **replace_rows(['account_id', 'report_date', 'as_of_date'])) }}

{%- set shape = {
    'id': 'text',
    'figureData': {
        'CampaignName': 'text', 'Impressions': 'text', 'Clicks': 'text', 'Cost': 'text',
        'TotalOrderCnt': 'text', 'TotalOrderSum': 'text'
    }
} -%}

{{ report_rows('jd_ads', 'campaign_report', shape, keep='all') }}
