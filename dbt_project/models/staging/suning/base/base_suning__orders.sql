{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'orderTime': 'text', 'orderSaleTime': 'text', 'orderTotalStatus': 'text', 'provinceName': 'text', 'buyer_key': 'text',
    'orderDetail': [{
        'orderLineNumber': 'text', 'productCode': 'text', 'productName': 'text', 'unitPrice': 'text', 'saleNum': 'text',
        'payAmount': 'text', 'transportFee': 'text', 'vouchertotalMoney': 'text'
    }]
} -%}

{# The only times in the record are those of order and sale. Every later state begins with the window in which it was first listed. #}
{{ latest_records(source('raw_suning', 'orders'), shape, over_versions={
    'unpaid_seen_at': ('min', "case when record.orderTotalStatus = '5' then listed_by end"),
    'paid_seen_at': ('min', "case when record.orderTotalStatus in ('10', '15', '20', '21', '30') then listed_by end"),
    'shipped_seen_at': ('min', "case when record.orderTotalStatus in ('20', '21', '30') then listed_by end"),
    'done_seen_at': ('min', "case when record.orderTotalStatus = '30' then listed_by end"),
    'closed_seen_at': ('min', "case when record.orderTotalStatus in ('0', '40') then listed_by end"),
}) }}
