{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set money = {'currencyAmount': 'text', 'currencyCode': 'text'} -%}
{%- set part = {'breakdownType': 'text', 'breakdownAmount': money} -%}
{%- set shape = {
    'transactionType': 'text', 'description': 'text', 'postedDate': 'text', 'totalAmount': money,
    'relatedIdentifiers': [{'relatedIdentifierName': 'text', 'relatedIdentifierValue': 'text'}],
    'items': [{'breakdowns': [dict(part, breakdowns=[{'breakdowns': [part]}])]}],
    'breakdowns': [dict(part, breakdowns=[part])]
} -%}

{{ latest_records(source('raw_amazon', 'settlements'), shape) }}
