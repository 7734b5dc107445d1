{{ config(materialized='incremental', **replace_rows(['account_id', 'stream', 'report_date'])) }}

{%- set shape = {
    'report': 'text', 'gran': 'text', 'entry': 'text', 'pageviews': 'text', 'visitors': 'text', 'visits': 'text',
    'bounces': 'text', 'totaltime': 'text'
} -%}

{{ report_rows('umami', ['traffic', 'traffic_weekly', 'traffic_monthly'], shape, keep='latest') }}
