{{ config(materialized='incremental', **replace_rows(['account_id', 'stream', 'report_date'])) }}

{%- set shape = {
    'format': 'text', 'grain': 'text', 'product_id': 'text', 'sku_id': 'text', 'product_name': 'text',
    'exposures': 'text', 'exposed_visitors': 'text', 'search_exposures': 'text', 'search_clicks': 'text',
    'visitors': 'text', 'page_views': 'text', 'cart_visitors': 'text', 'cart_units': 'text',
    'fav_visitors': 'text', 'buyers_created': 'text', 'created_amount': 'text', 'buyers': 'text',
    'orders': 'text', 'units': 'text', 'paid_amount': 'text'
} -%}

{{ report_rows('files', ['product_traffic', 'product_traffic_weekly', 'product_traffic_monthly'], shape, keep='latest') }}
