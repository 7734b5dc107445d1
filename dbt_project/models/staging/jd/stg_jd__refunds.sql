{#- Statuses: JOS documentation of 13151 (cancellations) and 15040 (services: 13 done, 14 failed, any other is still open). -#}
{%- set cancellation_states = {
    '0': 'requested',
    '1': 'processing',
    '2': 'closed',
    '3': 'success',
    '4': 'closed',
    '5': 'processing',
    '6': 'success',
    '7': 'processing',
    '8': 'closed',
    '9': 'success',
    '10': 'processing',
    '11': 'closed',
    '16': 'processing',
    '17': 'processing',
    '18': 'closed',
    '19': 'processing',
    '27': 'processing',
} -%}
{%- set in_fen = var('jd_after_sales_amounts', 'yuan') == 'fen' -%}

with

kinds as (
    {# Cancellations and services are numbered separately and could have the same number, so the kind is part of the id. #}
    select
        account_id,
        'cancellation-' || record_key as refund_id,
        latest.record.orderId as order_id,
        {{ null_as('text') }} as line_id,
        {{ translate('latest.record.status', cancellation_states) }} as refund_state,
        'before_shipment' as refund_type,
        {{ local_time('latest.record.applyTime', "'Asia/Shanghai'") }} as requested_at,
        success_seen_at as refunded_at,
        {{ hundredths('latest.record.applyRefundSum') }} as refund_amount,
        latest.record.reason as reason,
        load_id
    from {{ ref('base_jd__cancellations') }} as latest
    union all
    select
        account_id,
        'service-' || record_key as refund_id,
        latest.record.sameOrderServiceBill.orderId as order_id,
        {# A service names the ware it is about, and no order line; the marts find the line by it. A cancellation is of the whole order. #}
        nullif(latest.record.sameOrderServiceBill.wareId, '0') as line_id,
        case latest.record.status when '13' then 'success' when '14' then 'closed' else 'processing' end as refund_state,
        {# The list of services does not say whether goods come back. #}
        'other' as refund_type,
        {{ epoch_time('latest.record.sameOrderServiceBill.afsApplyTime', 1000) }} as requested_at,
        case when latest.record.status = '13' then {{ epoch_time('latest.record.completeTime', 1000) }} end as refunded_at,
        {{ hundredths('latest.record.refoundAmount') if in_fen else money('latest.record.refoundAmount') }} as refund_amount,
        nullif(latest.record.sameOrderServiceBill.applyReason, '') as reason,
        load_id
    from {{ ref('base_jd__after_sales') }} as latest
)

select
    'jd' as platform,
    kinds.account_id,
    account.store_id,
    refund_id,
    order_id,
    line_id,
    refund_state,
    refund_type,
    requested_at,
    case when refund_state = 'success' then refunded_at end as refunded_at,
    refund_amount,
    {{ null_as('decimal(18, 4)') }} as refund_goods,
    {{ null_as('decimal(18, 4)') }} as refund_shipping,
    {{ null_as('decimal(18, 4)') }} as refund_tax,
    {{ null_as('decimal(18, 4)') }} as quantity,
    reason,
    {{ null_as('boolean') }} as is_disputed,
    {{ null_as('boolean') }} as is_platform_decided,
    account.currency,
    load_id
from kinds
left join {{ source('raw_daybook', 'accounts') }} as account
    on kinds.account_id = account.account_id
