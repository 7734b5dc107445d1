{{ config(materialized='incremental', **replace_rows(['account_id', 'stream', 'report_date'])) }}

{%- set shape = {
    'report': 'text', 'gran': 'text', 'device': 'text', 'source': {'name': 'text', 'source': 'text'},
    'pv_count': 'text', 'visit_count': 'text', 'visitor_count': 'text', 'new_visitor_count': 'text',
    'bounce_ratio': 'text', 'avg_visit_time': 'text'
} -%}

{{ report_rows('baidu_tongji', ['traffic', 'traffic_weekly', 'traffic_monthly'], shape, keep='latest') }}
