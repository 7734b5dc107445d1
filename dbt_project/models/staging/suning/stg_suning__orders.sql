{#- Statuses: `orderTotalStatus` as public ERP code reads it; 5 (not paid) is not confirmed. -#}
{%- set states = {
    '0': 'cancelled',
    '5': 'created',
    '10': 'paid',
    '15': 'paid',
    '20': 'shipped',
    '21': 'paid',
    '30': 'completed',
    '40': 'cancelled',
} %}

with

trades as (
    select
        latest.account_id,
        account.store_id,
        account.currency,
        latest.record_key as order_id,
        latest.load_id,
        latest.loaded_at,
        latest.cursor_at as modified_at,
        {# Most orders appear only once they are paid. One that appeared unpaid (5) stays so until a version shows it paid. #}
        coalesce(latest.record.orderTotalStatus = '5', false)
            or (latest.unpaid_seen_at is not null and latest.paid_seen_at is null)
            as is_unpaid,
        latest.shipped_seen_at,
        latest.done_seen_at,
        latest.closed_seen_at,
        latest.record.buyer_key,
        latest.record.orderTotalStatus as source_status,
        {{ translate('latest.record.orderTotalStatus', states) }} as status_state,
        {{ local_time('latest.record.orderSaleTime', "'Asia/Shanghai'") }} as sold_at,
        {{ local_time('latest.record.orderTime', "'Asia/Shanghai'") }} as ordered_at,
        coalesce({{ array_sum('latest.record.orderDetail', 'line', money('line.transportFee')) }}, 0) as shipping_charged,
        {{ array_sum('latest.record.orderDetail', 'line', money('line.payAmount')) }} as goods,
        latest.record.provinceName as region
    from {{ ref('base_suning__orders') }} as latest
    left join {{ source('raw_daybook', 'accounts') }} as account
        on latest.account_id = account.account_id
)

select
    'suning' as platform,
    account_id,
    store_id,
    order_id,
    buyer_key,
    currency,
    case
        when status_state = 'unknown' then 'unknown'
        when status_state = 'cancelled' and is_unpaid then 'closed_unpaid'
        when status_state = 'cancelled' and shipped_seen_at is not null then 'completed'
        else status_state
    end as order_state,
    'standard' as order_type,
    {# `orderSaleTime` is when it was paid (ERP code); it stands for both where the record does not tell when it was ordered. #}
    coalesce(ordered_at, sold_at) as created_at,
    case when not is_unpaid then sold_at end as paid_at,
    shipped_seen_at as shipped_at,
    {{ null_as('instant') }} as delivered_at,
    {{ null_as('instant') }} as promised_delivery_at,
    coalesce(done_seen_at, case when status_state = 'cancelled' and shipped_seen_at is not null then closed_seen_at end) as completed_at,
    case when status_state = 'cancelled' and shipped_seen_at is null then closed_seen_at end as cancelled_at,
    modified_at,
    cast(shipping_charged as decimal(18, 4)) as shipping_charged,
    cast(0 as decimal(18, 4)) as tax,
    cast(0 as decimal(18, 4)) as order_discount,
    cast(0 as decimal(18, 4)) as platform_subsidy,
    case when not is_unpaid then cast(goods + shipping_charged as decimal(18, 4)) end as buyer_paid_total,
    {{ null_as('decimal(18, 4)') }} as deposit_paid_amount,
    {{ null_as('instant') }} as deposit_paid_at,
    false as is_deposit_forfeited,
    {{ null_as('text') }} as payment_type,
    region,
    {{ null_as('text') }} as buyer_type,
    {{ null_as('text') }} as exclude_reason,
    source_status,
    load_id,
    loaded_at
from trades
