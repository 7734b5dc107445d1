{{ config(materialized='incremental', **replace_rows(['account_id', 'report_date', 'as_of_date'])) }}

{%- set shape = {
    'CampaignId': 'text', 'CampaignName': 'text', 'AdGroupId': 'text', 'AdGroupName': 'text',
    'KeywordId': 'text', 'Keyword': 'text', 'BidMatchType': 'text',
    'CurrencyCode': 'text', 'Spend': 'text', 'Impressions': 'text', 'Clicks': 'text',
    'Conversions': 'text', 'ConversionsQualified': 'text', 'Revenue': 'text'
} -%}

{{ report_rows('microsoft_ads', 'keyword_report', shape, keep='all') }}
