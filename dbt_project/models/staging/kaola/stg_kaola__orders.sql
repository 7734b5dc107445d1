{#- Statuses: public Kaola integrations, `order_status`. The search finds only orders that were paid. -#}
{%- set states = {
    '1': 'paid',
    '2': 'shipped',
    '3': 'delivered',
    '4': 'paid',
    '5': 'paid',
    '6': 'cancelled',
    '7': 'paid',
    '8': 'paid',
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
        latest.cursor_at,
        {#
          An order that was cancelled already in its first read may have been so for weeks (back-fill). It takes the time at which the
          cancellation was asked for, else the last date of the record.
        #}
        case
            when latest.cancelled_seen_at = latest.first_seen_at
                then coalesce({{ local_time('latest.record.waiting_cancel_time', "'Asia/Shanghai'") }}, latest.cursor_at)
            else latest.cancelled_seen_at
        end as cancelled_seen_at,
        latest.record.buyer_key,
        latest.record.order_status as source_status,
        {{ translate('latest.record.order_status', states) }} as status_state,
        {{ local_time('latest.record.order_time', "'Asia/Shanghai'") }} as created_at,
        {{ local_time('latest.record.pay_success_time', "'Asia/Shanghai'") }} as paid_at,
        {{ local_time('latest.record.deliver_time', "'Asia/Shanghai'") }} as shipped_at,
        {{ local_time('latest.record.finish_time', "'Asia/Shanghai'") }} as delivered_at,
        coalesce({{ money('latest.record.express_fee') }}, 0) as shipping_charged,
        coalesce({{ money('latest.record.tax_fee') }}, 0) as tax,
        {{ money('latest.record.order_real_price') }} as real_price,
        latest.record.pay_method_name as payment_type,
        latest.record.receiver_province_name as region
    from {{ ref('base_kaola__orders') }} as latest
    left join {{ source('raw_daybook', 'accounts') }} as account
        on latest.account_id = account.account_id
)

select
    'kaola' as platform,
    account_id,
    store_id,
    order_id,
    buyer_key,
    currency,
    {# An order that was cancelled after shipment was a completed sale and is refunded; only one that never left is cancelled. #}
    case when status_state = 'cancelled' and shipped_at is not null then 'completed' else status_state end as order_state,
    'standard' as order_type,
    created_at,
    paid_at,
    shipped_at,
    delivered_at,
    {{ null_as('instant') }} as promised_delivery_at,
    {# Kaola has no status after the signature (3), so an order that is not cancelled never shows when it was completed. #}
    case when status_state = 'cancelled' and shipped_at is not null then cancelled_seen_at end as completed_at,
    case when status_state = 'cancelled' and shipped_at is null then cancelled_seen_at end as cancelled_at,
    cursor_at as modified_at,
    cast(shipping_charged as decimal(18, 4)) as shipping_charged,
    cast(tax as decimal(18, 4)) as tax,
    cast(0 as decimal(18, 4)) as order_discount,
    cast(0 as decimal(18, 4)) as platform_subsidy,
    case when paid_at is not null then real_price end as buyer_paid_total,
    {{ null_as('decimal(18, 4)') }} as deposit_paid_amount,
    {{ null_as('instant') }} as deposit_paid_at,
    false as is_deposit_forfeited,
    nullif(payment_type, '') as payment_type,
    region,
    {{ null_as('text') }} as buyer_type,
    {{ null_as('text') }} as exclude_reason,
    source_status,
    load_id,
    loaded_at
from orders
