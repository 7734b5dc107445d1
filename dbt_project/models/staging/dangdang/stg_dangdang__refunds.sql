{#- Statuses and kinds: public Dangdang integrations, `isAgree` and `refundSource`. -#}
{%- set states = {'1': 'requested', '2': 'success', '3': 'closed'} -%}
{#-
  `refundSource`: 1 a part was not sent, 2 not delivered, 4 returned, 5 returned for an exchange that is out of stock, 7 postage of a
  return.
-#}
{%- set types = {
    '1': 'before_shipment',
    '2': 'other',
    '4': 'return_refund',
    '5': 'return_refund',
    '7': 'refund_only',
} -%}

with

refunds as (
    select
        account_id,
        record_key as refund_id,
        latest.record.orderId as order_id,
        {{ translate('latest.record.isAgree', states) }} as refund_state,
        {{ translate('latest.record.refundSource', types) }} as refund_type,
        {{ local_time('latest.record.creationDate', "'Asia/Shanghai'") }} as requested_at,
        coalesce({{ local_time('latest.record.refundDate', "'Asia/Shanghai'") }}, agreed_seen_at) as agreed_at,
        {{ money('latest.record.refundAmount') }} as refund_amount,
        load_id
    from {{ ref('base_dangdang__refunds') }} as latest
),

{# When a paid order is cancelled before shipment, the platform gives the money back itself and lists no refund: one is made here. #}
cancelled as (
    select
        account_id,
        concat('cancelled-', order_id) as refund_id,
        order_id,
        'success' as refund_state,
        'before_shipment' as refund_type,
        cancelled_at as requested_at,
        cancelled_at as agreed_at,
        buyer_paid_total as refund_amount,
        load_id
    from {{ ref('stg_dangdang__orders') }}
    where order_state = 'cancelled' and source_status = '-100'
),

given_back as (
    select * from refunds
    union all
    select * from cancelled
)

select
    'dangdang' as platform,
    given_back.account_id,
    account.store_id,
    refund_id,
    order_id,
    {{ null_as('text') }} as line_id,
    refund_state,
    refund_type,
    requested_at,
    case when refund_state = 'success' then agreed_at end as refunded_at,
    refund_amount,
    {{ null_as('decimal(18, 4)') }} as refund_goods,
    {{ null_as('decimal(18, 4)') }} as refund_shipping,
    {{ null_as('decimal(18, 4)') }} as refund_tax,
    {{ null_as('decimal(18, 4)') }} as quantity,
    {{ null_as('text') }} as reason,
    {{ null_as('boolean') }} as is_disputed,
    {{ null_as('boolean') }} as is_platform_decided,
    account.currency,
    load_id
from given_back
left join {{ source('raw_daybook', 'accounts') }} as account
    on given_back.account_id = account.account_id
