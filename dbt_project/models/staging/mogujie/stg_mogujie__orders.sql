{#- Statuses: public Mogujie integrations, `orderStatus`. ORDER_CLOSED was paid and refunded, ORDER_CANCELLED was never paid. -#}
{%- set states = {
    'ORDER_CREATED': 'created',
    'ORDER_CANCELLED': 'closed_unpaid',
    'ORDER_PAID': 'paid',
    'ORDER_SHIPPED': 'shipped',
    'ORDER_RECEIVED': 'delivered',
    'ORDER_COMPLETED': 'completed',
    'ORDER_CLOSED': 'cancelled',
} -%}

with

orders as (
    select
        latest.account_id,
        account.store_id,
        account.currency,
        latest.record_key as order_id,
        latest.load_id,
        latest.loaded_at,
        latest.completed_seen_at,
        latest.closed_seen_at,
        latest.record.buyer_key,
        latest.record.orderStatus as source_status,
        {{ translate('latest.record.orderStatus', states) }} as status_state,
        {{ local_time('latest.record.createdStr', "'Asia/Shanghai'") }} as created_at,
        {{ local_time('latest.record.payTimeStr', "'Asia/Shanghai'") }} as paid_at,
        {{ local_time('latest.record.shipTimeStr', "'Asia/Shanghai'") }} as shipped_at,
        coalesce({{ local_time('latest.record.updatedStr', "'Asia/Shanghai'") }}, latest.cursor_at) as modified_at,
        coalesce({{ hundredths('latest.record.shipExpense') }}, 0) as shipping_charged,
        coalesce({{ hundredths('latest.record.platformPromotionAmount') }}, 0) as platform_subsidy,
        {{ hundredths('latest.record.shopOrderPrice') }} as price,
        {{ array_sum('latest.record.itemOrderInfos', 'line',
            'coalesce(' ~ hundredths('line.nowPrice') ~ ', ' ~ hundredths('line.price') ~ ') * ' ~ money('line.number')) }}
            as goods,
        latest.record.receiverProvince as region
    from {{ ref('base_mogujie__orders') }} as latest
    left join {{ source('raw_daybook', 'accounts') }} as account
        on latest.account_id = account.account_id
),

settled as (
    select
        orders.*,
        case
            when status_state = 'cancelled' and paid_at is null then 'closed_unpaid'
            when status_state = 'cancelled' and shipped_at is not null then 'completed'
            else status_state
        end as order_state
    from orders
)

select
    'mogujie' as platform,
    account_id,
    store_id,
    order_id,
    buyer_key,
    currency,
    order_state,
    'standard' as order_type,
    created_at,
    paid_at,
    shipped_at,
    {# receiveTimeStr is when the buyer takes the goods in (收货), days after the parcel came. #}
    {{ null_as('instant') }} as delivered_at,
    {{ null_as('instant') }} as promised_delivery_at,
    case
        when order_state = 'completed' then coalesce(completed_seen_at, closed_seen_at)
    end as completed_at,
    case when order_state in ('cancelled', 'closed_unpaid') then closed_seen_at end as cancelled_at,
    modified_at,
    cast(shipping_charged as decimal(18, 4)) as shipping_charged,
    cast(0 as decimal(18, 4)) as tax,
    {# Shop promotions, prices changed by hand and red packets are not told apart: together they are what the price is below its parts. #}
    cast(coalesce(goods + shipping_charged - platform_subsidy - price, 0) as decimal(18, 4)) as order_discount,
    cast(platform_subsidy as decimal(18, 4)) as platform_subsidy,
    case when paid_at is not null then price end as buyer_paid_total,
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
from settled
