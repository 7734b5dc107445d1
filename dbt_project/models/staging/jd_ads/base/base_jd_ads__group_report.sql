{{ config(materialized='incremental', **replace_rows(['account_id', 'report_date', 'as_of_date'])) }}

{%- set shape = {
    'id': 'text',
    'figureData': {
        'CampaignId': 'text', 'CampaignName': 'text', 'GroupName': 'text', 'r0_Impressions': 'text',
        'r0_Clicks': 'text', 'r0_Cost': 'text', 'r0_TotalOrderCnt': 'text', 'r0_TotalOrderSum': 'text'
    }
} -%}

{{ report_rows('jd_ads', 'group_report', shape, keep='all') }}
