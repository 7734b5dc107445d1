{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'orderCode': 'text', 'productCode': 'text', 'dealMoney': 'text', 'returnMoney': 'text', 'applyTime': 'text',
    'statusPassTime': 'text', 'statusDesc': 'text', 'returnReason': 'text'
} -%}

{{ latest_records(source('raw_suning', 'refunds'), shape) }}
