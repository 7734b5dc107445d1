{{ config(materialized='incremental', **replace_rows(['account_id', 'report_date', 'as_of_date'])) }}

{%- set shape = {'date': 'text', 'cost': 'text'} -%}

{{ report_rows('ocean_engine', 'account_report', shape, keep='all') }}
