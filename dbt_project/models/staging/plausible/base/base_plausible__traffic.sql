{{ config(materialized='incremental', **replace_rows(['account_id', 'stream', 'report_date'])) }}

{%- set shape = {
    'report': 'text', 'gran': 'text', 'entry': 'text', 'device': 'text', 'channel': 'text', 'source': 'text',
    'visitors': 'text', 'visits': 'text', 'pageviews': 'text', 'bounce_rate': 'text', 'visit_duration': 'text'
} -%}

{{ report_rows('plausible', ['traffic', 'traffic_weekly', 'traffic_monthly'], shape, keep='latest') }}
