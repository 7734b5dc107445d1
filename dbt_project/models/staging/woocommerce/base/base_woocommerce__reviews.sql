{{ config(materialized='incremental', **replace_rows(['account_id', 'report_date'])) }}

{%- set shape = {'id': 'text', 'product_id': 'text', 'status': 'text', 'rating': 'text', 'date_created_gmt': 'text', 'date_created': 'text'} -%}

{{ report_rows('woocommerce', 'reviews', shape, keep='latest') }}
