{#- Statuses: SDK comments of `alibaba.trade.refund.queryOrderRefundList`. -#}
{%- set states = {
    'waitselleragree': 'requested',
    'waitbuyermodify': 'processing',
    'waitbuyersend': 'processing',
    'waitsellerreceive': 'processing',
    'refundsuccess': 'success',
    'refundclose': 'closed',
} %}
{%- set counts = parse_payload("nullif(latest.record.orderEntryCountMap, '')", 'texts') %}

with

refunds as (
    select
        latest.account_id,
        latest.record_key as refund_id,
        latest.load_id,
        nullif(nullif(latest.record.orderId, ''), '0') as order_id,
        case
            when {{ array_length('latest.record.orderEntryIdList') }} = 1 then {{ first_of('latest.record.orderEntryIdList') }}
        end as line_id,
        {{ translate('latest.record.status', states) }} as refund_state,
        case
            when latest.record.onlyRefund = 'false' then 'return_refund'
            when latest.record.disputeType = '1' and latest.record.goodsStatus = '1' then 'before_shipment'
            else 'refund_only'
        end as refund_type,
        {{ compact_time('latest.record.gmtApply') }} as requested_at,
        coalesce(
            {{ compact_time('latest.record.gmtCompleted') }}, {{ compact_time('latest.record.gmtModified') }}
        ) as done_at,
        {{ hundredths('latest.record.applyPayment') }} as asked_amount,
        {{ hundredths('latest.record.refundPayment') }} as given_amount,
        {{ hundredths('latest.record.applyCarriage') }} as asked_shipping,
        {{ hundredths('latest.record.refundCarriage') }} as given_shipping,
        {# `orderEntryCountMap` has the refunded pieces of each order line, by the line's id. #}
        nullif({{ array_sum('map_values(' ~ counts ~ ')', 'pieces', money('pieces')) }}, 0) as pieces,
        latest.record.applyReason as reason
    from {{ ref('base_alibaba_1688__refunds') }} as latest
),

{# `refundPayment` is for the goods alone and `refundCarriage` for the postage, so the refund is the sum of both. #}
amounts as (
    select
        *,
        case when refund_state = 'success' then coalesce(given_amount, asked_amount) else asked_amount end as refund_goods,
        coalesce(
            case when refund_state = 'success' then coalesce(given_shipping, asked_shipping) else asked_shipping end, 0
        ) as refund_shipping
    from refunds
)

select
    'alibaba_1688' as platform,
    amounts.account_id,
    account.store_id,
    refund_id,
    order_id,
    line_id,
    refund_state,
    refund_type,
    requested_at,
    case when refund_state = 'success' then done_at end as refunded_at,
    cast(refund_goods + refund_shipping as decimal(18, 4)) as refund_amount,
    cast(refund_goods as decimal(18, 4)) as refund_goods,
    cast(refund_shipping as decimal(18, 4)) as refund_shipping,
    cast(0 as decimal(18, 4)) as refund_tax,
    cast(case when refund_type = 'return_refund' then pieces end as decimal(18, 4)) as quantity,
    reason,
    {{ null_as('boolean') }} as is_disputed,
    {{ null_as('boolean') }} as is_platform_decided,
    account.currency,
    amounts.load_id
from amounts
left join {{ source('raw_daybook', 'accounts') }} as account
    on amounts.account_id = account.account_id
