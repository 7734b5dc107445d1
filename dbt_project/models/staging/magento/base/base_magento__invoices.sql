{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {'order_id': 'text', 'state': 'text', 'created_at': 'text'} -%}

{{ latest_records(source('raw_magento', 'invoices'), shape) }}
