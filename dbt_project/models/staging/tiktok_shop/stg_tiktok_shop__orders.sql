{#- Statuses: API 202309, `order.status` (third-party sources). -#}
{%- set states = {
    'UNPAID': 'created',
    'ON_HOLD': 'paid',
    'AWAITING_SHIPMENT': 'paid',
    'PARTIALLY_SHIPPING': 'paid',
    'AWAITING_COLLECTION': 'paid',
    'IN_TRANSIT': 'shipped',
    'DELIVERED': 'delivered',
    'COMPLETED': 'completed',
    'CANCELLED': 'cancelled',
} -%}

with

orders as (
    select
        latest.account_id,
        account.store_id,
        account.currency as account_currency,
        latest.record_key as order_id,
        latest.load_id,
        latest.loaded_at,
        latest.record,
        {{ translate('latest.record.status', states) }} as state,
        {{ epoch_time('latest.record.create_time') }} as created_at,
        {{ epoch_time('latest.record.update_time') }} as modified_at,
        latest.completed_seen_at,
        {# Cash on delivery is paid when the parcel arrives, also where `paid_time` is empty. #}
        coalesce(
            {{ epoch_time('latest.record.paid_time') }},
            case
                when latest.record.is_cod = 'true'
                    then coalesce({{ epoch_time('latest.record.delivery_time') }}, latest.delivered_seen_at)
            end
        ) as paid_at,
        {{ epoch_time('latest.record.collection_time') }} as collected_at,
        coalesce({{ epoch_time('latest.record.collection_time') }}, {{ epoch_time('latest.record.rts_time') }}) as shipped_at,
        {{ epoch_time('latest.record.delivery_time') }} as delivered_at,
        {# `delivery_sla_time` is what TikTok judges late deliveries by; else it is the end of the delivery option that the buyer chose. #}
        coalesce(
            {{ epoch_time('latest.record.delivery_sla_time') }},
            {{ epoch_time('latest.record.delivery_option_required_delivery_time') }}
        ) as promised_delivery_at,
        {{ epoch_time('latest.record.cancel_time') }} as cancelled_at,
        {{ excluded_by_mark({'payment_method': 'latest.record.payment_method_name'}) }} as marked
    from {{ ref('base_tiktok_shop__orders') }} as latest
    left join {{ source('raw_daybook', 'accounts') }} as account
        on latest.account_id = account.account_id
)

select
    'tiktok_shop' as platform,
    account_id,
    store_id,
    order_id,
    orders.record.buyer_key as buyer_key,
    coalesce(orders.record.payment.currency, account_currency) as currency,
    case
        when state = 'cancelled' and paid_at is null then 'closed_unpaid'
        when state = 'cancelled' and collected_at is not null then 'completed'
        when state = 'paid' and paid_at is null then 'created'
        else state
    end as order_state,
    case when orders.record.is_cod = 'true' then 'cod' else 'standard' end as order_type,
    created_at,
    paid_at,
    shipped_at,
    delivered_at,
    promised_delivery_at,
    case
        when state = 'completed' then coalesce(completed_seen_at, modified_at)
        when state = 'cancelled' and paid_at is not null and collected_at is not null
            then coalesce(completed_seen_at, cancelled_at, modified_at)
    end as completed_at,
    case
        when state = 'cancelled' and (paid_at is null or collected_at is null) then coalesce(cancelled_at, modified_at)
    end as cancelled_at,
    modified_at,
    coalesce({{ money('orders.record.payment.shipping_fee') }}, 0) as shipping_charged,
    coalesce({{ money('orders.record.payment.tax') }}, 0) as tax,
    {# The seller's and the platform's discounts are in the lines already. #}
    cast(0 as decimal(18, 4)) as order_discount,
    cast(0 as decimal(18, 4)) as platform_subsidy,
    {{ money('orders.record.payment.total_amount') }} as buyer_paid_total,
    {{ null_as('decimal(18, 4)') }} as deposit_paid_amount,
    {{ null_as('instant') }} as deposit_paid_at,
    false as is_deposit_forfeited,
    nullif(orders.record.payment_method_name, '') as payment_type,
    nullif(orders.record.recipient_address.region_code, '') as region,
    {{ null_as('text') }} as buyer_type,
    {# A replacement for returned goods is an order of its own. It is no sale. #}
    case when orders.record.is_replacement_order = 'true' then 'not_a_sale' else marked end as exclude_reason,
    orders.record.status as source_status,
    load_id,
    loaded_at
from orders
