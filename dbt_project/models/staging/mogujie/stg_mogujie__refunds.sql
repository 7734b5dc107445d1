{#- Statuses: public Mogujie integrations, `refundStatus` of an item order; empty means no refund. -#}
{%- set states = {
    'refund_requested': 'requested',
    'return_goods_requested': 'requested',
    'return_goods_agreed': 'processing',
    'return_goods_shipped': 'processing',
    'return_goods_seller_declare_not_received': 'processing',
    'refund_or_return_deal_agreed': 'processing',
    'refund_or_return_seller_refused': 'processing',
    'refund_completed': 'success',
    'refund_cancelled': 'closed',
} -%}

with

exploded as (
    select
        account_id,
        record_key,
        latest.record.orderStatus = 'ORDER_CLOSED' and coalesce(trim(latest.record.payTimeStr), '') <> '' as is_given_back,
        closed_seen_at,
        {{ hundredths('latest.record.shopOrderPrice') }} as paid,
        load_id,
        {{ explode('latest.record.itemOrderInfos') }} as line
    from {{ ref('base_mogujie__orders') }} as latest
),

lines as (
    select
        exploded.*,
        exploded.line.itemOrderId as line_id,
        {{ money('exploded.line.number') }} as quantity,
        coalesce(trim(exploded.line.refundStatus), '') as status,
        cast(coalesce({{ hundredths('exploded.line.nowPrice') }}, {{ hundredths('exploded.line.price') }})
            * {{ money('exploded.line.number') }} as double) as weight
    from exploded
),

{#
  A closed order gave back all of `shopOrderPrice`, which is split by the prices of its lines. Each share is the difference of two rounded
  running totals, so that the shares add up to the cent. Of other refunds the vendor says only that they were completed, not how much
  they were: their amount stays null.
#}
shared as (
    select
        lines.*,
        sum(weight) over (partition by account_id, record_key) as whole,
        sum(weight) over (
            partition by account_id, record_key order by line_id rows between unbounded preceding and current row
        ) as so_far
    from lines
)

select
    'mogujie' as platform,
    shared.account_id,
    account.store_id,
    shared.line_id as refund_id,
    shared.record_key as order_id,
    shared.line_id,
    case when is_given_back then 'success' else {{ translate('status', states) }} end as refund_state,
    case
        when seen.is_return then 'return_refund'
        when seen.is_before_shipment then 'before_shipment'
        else 'other'
    end as refund_type,
    coalesce(seen.requested_seen_at, closed_seen_at) as requested_at,
    case
        when is_given_back or status = 'refund_completed' then coalesce(seen.success_seen_at, closed_seen_at)
    end as refunded_at,
    case
        when is_given_back then cast(
            round(cast(paid as double) * so_far / nullif(whole, 0), 2)
            - round(cast(paid as double) * (so_far - weight) / nullif(whole, 0), 2)
            as decimal(18, 4)
        )
    end as refund_amount,
    {{ null_as('decimal(18, 4)') }} as refund_goods,
    {{ null_as('decimal(18, 4)') }} as refund_shipping,
    {{ null_as('decimal(18, 4)') }} as refund_tax,
    {# How many pieces went back is known only where the whole order did. #}
    case when is_given_back then quantity end as quantity,
    {{ null_as('text') }} as reason,
    {{ null_as('boolean') }} as is_disputed,
    {{ null_as('boolean') }} as is_platform_decided,
    account.currency,
    shared.load_id
from shared
left join {{ ref('base_mogujie__refunds') }} as seen
    on shared.account_id = seen.account_id
    and shared.record_key = seen.record_key
    and shared.line_id = seen.item_order_id
left join {{ source('raw_daybook', 'accounts') }} as account
    on shared.account_id = account.account_id
where is_given_back or status <> ''
