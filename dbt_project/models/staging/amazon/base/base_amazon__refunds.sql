{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set money = {'currencyAmount': 'text', 'currencyCode': 'text'} -%}
{%- set shape = {
    'transactionStatus': 'text', 'description': 'text', 'postedDate': 'text', 'totalAmount': money,
    'relatedIdentifiers': [{'relatedIdentifierName': 'text', 'relatedIdentifierValue': 'text'}],
    'items': [{'breakdowns': [{'breakdownType': 'text', 'breakdownAmount': money}], 'contexts': [{'sku': 'text'}]}]
} -%}

{{ latest_records(source('raw_amazon', 'refunds'), shape) }}
