{{ config(materialized='incremental', **replace_rows(['account_id', 'report_date', 'as_of_date'])) }}

{%- set shape = {
    'id': 'text',
    'figureData': {
        'CampaignId': 'text', 'CampaignName': 'text', 'GroupId': 'text', 'GroupName': 'text',
        'AdName': 'text', 'r0_Impressions': 'text', 'r0_Clicks': 'text', 'r0_Cost': 'text',
        'r0_TotalOrderCnt': 'text', 'r0_TotalOrderSum': 'text', 'Impressions': 'text', 'Clicks': 'text',
        'Cost': 'text', 'TotalOrderCnt': 'text', 'TotalOrderSum': 'text'
    }
} -%}

{{ report_rows('jd_ads', 'ad_report', shape, keep='all') }}
