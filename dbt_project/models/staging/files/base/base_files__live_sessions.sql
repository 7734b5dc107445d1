{{ config(materialized='incremental', **replace_rows(['account_id', 'report_date'])) }}

{%- set shape = {
    'format': 'text', 'grain': 'text', 'live_id': 'text', 'host_id': 'text', 'host_name': 'text',
    'started_at': 'text', 'ended_at': 'text', 'hours': 'text', 'views': 'text', 'viewers': 'text',
    'peak_concurrent': 'text', 'average_concurrent': 'text', 'seconds_per_viewer': 'text', 'comments': 'text',
    'likes': 'text', 'new_fans': 'text', 'product_exposures': 'text', 'product_clicks': 'text',
    'exposed_viewers': 'text', 'clicked_viewers': 'text', 'buyers': 'text', 'orders': 'text', 'units': 'text',
    'paid_amount': 'text', 'valid_amount': 'text', 'refund_amount': 'text', 'ad_spend': 'text'
} -%}

{{ report_rows('files', ['live_sessions'], shape, keep='latest') }}
