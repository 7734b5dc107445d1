{{ config(materialized='incremental', **replace_rows(['account_id', 'report_date', 'as_of_date'])) }}

{%- set shape = {
    'adgroupId': 'text', 'adgroupName': 'text',
    'date': 'text', 'srch': 'text', 'click': 'text', 'consume': 'text', 'bindingConversion': 'text'
} -%}

{{ report_rows('uc_huichuan', 'adgroup_report', shape, keep='all') }}
