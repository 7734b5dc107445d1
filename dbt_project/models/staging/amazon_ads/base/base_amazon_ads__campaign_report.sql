{{ config(materialized='incremental', **replace_rows(['account_id', 'report_date', 'as_of_date'])) }}

{%- set shape = {
    'campaignId': 'text', 'campaignName': 'text',
    'campaignBudgetAmount': 'text', 'campaignBudgetType': 'text', 'campaignRuleBasedBudgetAmount': 'text',
    'campaignBudgetCurrencyCode': 'text', 'impressions': 'text', 'clicks': 'text', 'cost': 'text',
    'purchases14d': 'text', 'sales14d': 'text', 'purchasesClicks': 'text', 'salesClicks': 'text'
} -%}

{{ report_rows('amazon_ads', 'campaign_report', shape, keep='all') }}
