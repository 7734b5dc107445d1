{#- Statuses: document of `open.order.cursor.list`, `orderBaseInfo.status`. -#}
{%- set states = {
    '10': 'created',
    '30': 'paid',
    '40': 'shipped',
    '50': 'delivered',
    '70': 'completed',
    '80': 'cancelled',
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
        latest.done_seen_at,
        latest.closed_seen_at,
        latest.record.buyer_key,
        latest.record.orderBaseInfo.status as source_status,
        {{ translate('latest.record.orderBaseInfo.status', states) }} as status_state,
        {{ epoch_time('latest.record.orderBaseInfo.createTime', 1000) }} as created_at,
        {{ epoch_time('latest.record.orderBaseInfo.payTime', 1000) }} as paid_at,
        {{ epoch_time('latest.record.orderBaseInfo.sendTime', 1000) }} as shipped_at,
        {{ epoch_time('latest.record.orderBaseInfo.updateTime', 1000) }} as modified_at,
        {{ hundredths('latest.record.orderBaseInfo.totalFee') }} as total_fee,
        coalesce({{ hundredths('latest.record.orderBaseInfo.expressFee') }}, 0) as shipping_charged,
        latest.record.orderAddress.province as region
    from {{ ref('base_kuaishou_shop__orders') }} as latest
    left join {{ source('raw_daybook', 'accounts') }} as account
        on latest.account_id = account.account_id
)

select
    'kuaishou_shop' as platform,
    account_id,
    store_id,
    order_id,
    buyer_key,
    currency,
    case
        when status_state = 'unknown' then 'unknown'
        when status_state = 'cancelled' and paid_at is null then 'closed_unpaid'
        when status_state = 'cancelled' and shipped_at is not null then 'completed'
        else status_state
    end as order_state,
    'standard' as order_type,
    created_at,
    paid_at,
    shipped_at,
    {# recvTime is when the buyer confirms (确认收货), days after the parcel came or by itself. #}
    {{ null_as('instant') }} as delivered_at,
    {{ null_as('instant') }} as promised_delivery_at,
    coalesce(
        done_seen_at, case when status_state = 'cancelled' and paid_at is not null and shipped_at is not null then closed_seen_at end
    ) as completed_at,
    case when status_state = 'cancelled' and (paid_at is null or shipped_at is null) then closed_seen_at end as cancelled_at,
    modified_at,
    cast(shipping_charged as decimal(18, 4)) as shipping_charged,
    cast(0 as decimal(18, 4)) as tax,
    cast(0 as decimal(18, 4)) as order_discount,
    cast(0 as decimal(18, 4)) as platform_subsidy,
    case when paid_at is not null then total_fee end as buyer_paid_total,
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
