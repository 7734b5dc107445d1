{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'orderCode': 'text', 'productCode': 'text', 'dealMoney': 'text', 'returnMoney': 'text', 'applyTime': 'text',
    'statusDesc': 'text', 'returnReason': 'text'
} -%}

{#
  `statusPassTime` is the end of a countdown and says nothing of what happened. Returns are listed by the time at which their state
  changed, so one succeeded in the window in which it was first listed so.
#}
{{ latest_records(source('raw_suning', 'refunds'), shape, over_versions={
    'success_seen_at': ('min', "case when " ~ suning_return_succeeded('record.statusDesc') ~ " then listed_by end"),
}) }}
