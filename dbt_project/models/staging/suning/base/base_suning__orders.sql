{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'orderSaleTime': 'text', 'orderTotalStatus': 'text', 'provinceName': 'text', 'buyer_key': 'text',
    'orderDetail': [{
        'orderLineNumber': 'text', 'productCode': 'text', 'productName': 'text', 'unitPrice': 'text', 'saleNum': 'text',
        'payAmount': 'text', 'transportFee': 'text', 'vouchertotalMoney': 'text'
    }]
} -%}

{# The only time in the record is that of the sale. Every later state begins with the first version that shows it. #}
{{ latest_records(source('raw_suning', 'orders'), shape, over_versions={
    'unpaid_seen_at': ('min', "case when record.orderTotalStatus = '5' then cursor_at end"),
    'paid_seen_at': ('min', "case when record.orderTotalStatus in ('10', '15', '20', '21', '30') then cursor_at end"),
    'shipped_seen_at': ('min', "case when record.orderTotalStatus in ('20', '21', '30') then cursor_at end"),
    'done_seen_at': ('min', "case when record.orderTotalStatus = '30' then cursor_at end"),
    'closed_seen_at': ('min', "case when record.orderTotalStatus in ('0', '40') then cursor_at end"),
}) }}
