{{ config(materialized='incremental', **replace_rows(['account_id', 'report_date'])) }}

{%- set shape = {'level': 'text', 'entity': 'text', 'metrics': {'reach': 'text'}} -%}

{{ report_rows('tiktok_ads', 'reach_weekly', shape, keep='latest') }}
