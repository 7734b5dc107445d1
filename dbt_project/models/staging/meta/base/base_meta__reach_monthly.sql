{{ config(materialized='incremental', **replace_rows(['account_id', 'report_date'])) }}

{%- set shape = {'level': 'text', 'campaign_id': 'text', 'adset_id': 'text', 'ad_id': 'text', 'reach': 'text'} -%}

{{ report_rows('meta', 'reach_monthly', shape, keep='latest') }}
