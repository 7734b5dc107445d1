{#- Statuses: document of `open.seller.order.refund.pcursor.list`, `status`. -#}
{%- set states = {
    '10': 'requested',
    '11': 'processing',
    '12': 'processing',
    '20': 'processing',
    '21': 'processing',
    '22': 'processing',
    '30': 'processing',
    '40': 'processing',
    '45': 'processing',
    '50': 'processing',
    '60': 'success',
    '70': 'closed',
} %}

with

refunds as (
    select
        latest.account_id,
        latest.record_key as refund_id,
        latest.load_id,
        nullif(nullif(latest.record.oid, ''), '0') as order_id,
        {{ translate('latest.record.status', states) }} as refund_state,
        case
            when latest.record.handlingWay = '1' then 'return_refund'
            when latest.record.handlingWay = '3' then 'exchange'
            {#
              `receiptStatus` 1 (not received) is also said of a parcel on its way. The refund is before shipment only if the order has no
              `sendTime`, or one later than the application.
            #}
            when latest.record.receiptStatus = '1'
                and coalesce(
                    {{ epoch_time('sold.record.orderBaseInfo.sendTime', 1000) }}
                    > coalesce(
                        {{ epoch_time('latest.record.submitTime', 1000) }}, {{ epoch_time('latest.record.createTime', 1000) }}
                    ),
                    true
                )
                then 'before_shipment'
            else 'refund_only'
        end as refund_type,
        coalesce(
            {{ epoch_time('latest.record.submitTime', 1000) }}, {{ epoch_time('latest.record.createTime', 1000) }}
        ) as requested_at,
        coalesce({{ epoch_time('latest.record.endTime', 1000) }}, latest.success_seen_at) as done_at,
        {{ hundredths('latest.record.refundFee') }} as refund_amount,
        latest.record.refundReasonDesc as reason,
        latest.disputed_at is not null as is_disputed
    from {{ ref('base_kuaishou_shop__refunds') }} as latest
    left join {{ ref('base_kuaishou_shop__orders') }} as sold
        on latest.account_id = sold.account_id and latest.record.oid = sold.record_key
)

select
    'kuaishou_shop' as platform,
    refunds.account_id,
    account.store_id,
    refund_id,
    order_id,
    order_id as line_id,
    refund_state,
    refund_type,
    requested_at,
    case when refund_state = 'success' then done_at end as refunded_at,
    refund_amount,
    {{ null_as('decimal(18, 4)') }} as refund_goods,
    {{ null_as('decimal(18, 4)') }} as refund_shipping,
    {{ null_as('decimal(18, 4)') }} as refund_tax,
    {{ null_as('decimal(18, 4)') }} as quantity,
    reason,
    is_disputed,
    {# The vendor does not say who decided a dispute. #}
    case when not is_disputed then false end as is_platform_decided,
    account.currency,
    refunds.load_id
from refunds
left join {{ source('raw_daybook', 'accounts') }} as account
    on refunds.account_id = account.account_id
