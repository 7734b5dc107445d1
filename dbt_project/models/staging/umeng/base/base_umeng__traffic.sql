{{ config(materialized='incremental', **replace_rows(['account_id', 'stream', 'report_date'])) }}

{%- set shape = {
    'report': 'text', 'gran': 'text', 'entry': 'text', 'value': 'text', 'activityUsers': 'text', 'newUsers': 'text',
    'launches': 'text', 'activeUser': 'text', 'newUser': 'text', 'launch': 'text'
} -%}

{{ report_rows('umeng', ['traffic', 'traffic_weekly', 'traffic_monthly'], shape, keep='latest') }}
