{{ config(materialized='incremental', **replace_rows(['account_id', 'stream', 'report_date'])) }}

{%- set shape = {
    'format': 'text', 'grain': 'text', 'source_1': 'text', 'source_2': 'text', 'source_3': 'text',
    'device': 'text', 'exposed_visitors': 'text', 'clicked_visitors': 'text', 'visitors': 'text', 'new_visitors': 'text',
    'sessions': 'text', 'page_views': 'text', 'bounces': 'text', 'seconds': 'text', 'product_visitors': 'text',
    'cart_visitors': 'text', 'fav_visitors': 'text', 'buyers_created': 'text', 'created_amount': 'text',
    'buyers': 'text', 'orders': 'text', 'units': 'text', 'paid_amount': 'text'
} -%}

{{ report_rows('files', ['traffic', 'traffic_weekly', 'traffic_monthly'], shape, keep='latest') }}
