{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'oid': 'text', 'iid': 'text', 'status': 'text', 'num': 'text', 'reason': 'text', 'refund_fee': 'text', 'create_time': 'text',
    'modified_time': 'text'
} -%}

{# A refund succeeded at the modified time of the first version that says so; without one, in the window that first listed it so. #}
{{ latest_records(source('raw_beibei', 'refunds'), shape, over_versions={
    'success_seen_at': ('min', "case when record.status = '2' then"
        ~ " case when record.modified_time <> '' then cursor_at else listed_by end end"),
}) }}
