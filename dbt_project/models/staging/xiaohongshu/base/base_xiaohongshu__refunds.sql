{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{%- set shape = {
    'returnType': 'text', 'status': 'text', 'orderId': 'text', 'applyTime': 'text', 'updatedAt': 'text',
    'reasonNameZh': 'text', 'expectedRefundAmountYuan': 'text',
    'detail': {
        'refundStatus': 'text', 'refundAmountYuan': 'text', 'appliedShipFeeAmountYuan': 'text',
        'appliedSkusAmountYuan': 'text', 'skus': [{'skuId': 'text', 'appliedCount': 'text'}]
    }
} -%}

{# The unit of `refundTime` is not documented, so the time is that of the first version that shows the money (or other goods) given. #}
{{ latest_records(source('raw_xiaohongshu', 'refunds'), shape, over_versions={
    'success_seen_at': ('min', "case when record.detail.refundStatus = '2'"
        ~ " or record.status = '4' and record.returnType = '2' and coalesce(record.detail.refundStatus, '') <> '108' then cursor_at end"),
    'money_seen_at': ('min', "case when record.detail.refundStatus = '2' then cursor_at end"),
    'disputed_at': ('min', "case when record.status = '14' then cursor_at end"),
}) }}
