{#- Statuses: public Beibei integrations, `status`. The list has only orders that were paid. -#}
{%- set states = {'1': 'paid', '2': 'shipped', '3': 'completed', '4': 'cancelled'} -%}

with

orders as (
    select
        latest.account_id,
        account.store_id,
        account.currency,
        latest.record_key as order_id,
        latest.load_id,
        latest.loaded_at,
        {# Without `ship_time`, a finished order was shipped even if no version shows it so. #}
        coalesce(
            {{ local_time('latest.record.ship_time', "'Asia/Shanghai'") }}, latest.shipped_seen_at, latest.completed_seen_at
        ) as shipped_at,
        latest.completed_seen_at,
        latest.closed_seen_at,
        latest.record.buyer_key,
        latest.record.status as source_status,
        {{ translate('latest.record.status', states) }} as status_state,
        {{ local_time('latest.record.create_time', "'Asia/Shanghai'") }} as created_at,
        {{ local_time('latest.record.pay_time', "'Asia/Shanghai'") }} as paid_at,
        {{ local_time('latest.record.modified_time', "'Asia/Shanghai'") }} as modified_at,
        coalesce({{ money('latest.record.shipping_fee') }}, 0) as shipping_charged,
        {{ money('latest.record.payment') }} as payment,
        {{ array_sum('latest.record.item', 'line',
            'coalesce(' ~ money('line.subtotal') ~ ', ' ~ money('line.price') ~ ' * ' ~ money('line.num') ~ ')') }} as subtotals,
        latest.record.province as region
    from {{ ref('base_beibei__orders') }} as latest
    left join {{ source('raw_daybook', 'accounts') }} as account
        on latest.account_id = account.account_id
)

select
    'beibei' as platform,
    account_id,
    store_id,
    order_id,
    buyer_key,
    currency,
    {# Status 4 (closed) is always after payment. After shipment as well, the order was a completed sale that is then refunded. #}
    case when status_state = 'cancelled' and shipped_at is not null then 'completed' else status_state end as order_state,
    'standard' as order_type,
    created_at,
    paid_at,
    shipped_at,
    {{ null_as('instant') }} as delivered_at,
    {{ null_as('instant') }} as promised_delivery_at,
    case
        when status_state = 'completed' or status_state = 'cancelled' and shipped_at is not null
            then coalesce(completed_seen_at, closed_seen_at)
    end as completed_at,
    case when status_state = 'cancelled' and shipped_at is null then closed_seen_at end as cancelled_at,
    modified_at,
    cast(shipping_charged as decimal(18, 4)) as shipping_charged,
    cast(0 as decimal(18, 4)) as tax,
    {# The list does not say who pays for the order's discount. It is taken as the merchant's. #}
    cast(coalesce(subtotals + shipping_charged - payment, 0) as decimal(18, 4)) as order_discount,
    cast(0 as decimal(18, 4)) as platform_subsidy,
    case when paid_at is not null then payment end as buyer_paid_total,
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
from orders
