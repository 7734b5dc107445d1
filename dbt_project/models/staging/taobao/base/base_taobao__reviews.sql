{{ config(materialized='incremental', **replace_rows(['account_id', 'report_date'])) }}

{%- set shape = {'tid': 'text', 'oid': 'text', 'result': 'text', 'created': 'text', 'num_iid': 'text'} -%}

{{ report_rows('taobao', 'reviews', shape, keep='latest') }}
