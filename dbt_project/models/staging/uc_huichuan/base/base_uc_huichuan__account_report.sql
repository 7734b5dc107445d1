{{ config(materialized='incremental', **replace_rows(['account_id', 'report_date', 'as_of_date'])) }}

{%- set shape = {'date': 'text', 'srch': 'text', 'click': 'text', 'consume': 'text', 'bindingConversion': 'text'} -%}

{{ report_rows('uc_huichuan', 'account_report', shape, keep='all') }}
