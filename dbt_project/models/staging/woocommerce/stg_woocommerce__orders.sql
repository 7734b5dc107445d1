{#
  Statuses: WooCommerce REST v3, `order.status`. What a status added by a plugin means, the merchant says in the variable
  `woocommerce_statuses: {packed: paid}`.
#}
{%- set states = {
    'pending': 'created',
    'on-hold': 'created',
    'checkout-draft': 'created',
    'processing': 'paid',
    'completed': 'completed',
    'cancelled': 'cancelled',
    'refunded': 'cancelled',
    'failed': 'closed_unpaid',
    'trash': 'cancelled',
} -%}
{%- do states.update(var('woocommerce_statuses', {})) -%}

with

{# An order that was opened again and then cancelled: it is over since its first version after the last open one. #}
called_off_again as (
    select
        latest.account_id,
        latest.record_key,
        min(version.cursor_at) as over_again_at
    from {{ ref('base_woocommerce__orders') }} as latest
    inner join {{ source('raw_woocommerce', 'orders') }} as version
        on latest.account_id = version.account_id
        and latest.record_key = version.record_key
        and latest.open_seen_at < version.cursor_at
    where latest.open_seen_at > latest.over_seen_at
    group by latest.account_id, latest.record_key
),

orders as (
    select
        latest.account_id,
        account.store_id,
        latest.record_key as order_id,
        latest.load_id,
        latest.loaded_at,
        coalesce(called_off_again.over_again_at, greatest(latest.over_seen_at, latest.open_seen_at)) as over_at,
        latest.record,
        {{ translate('latest.record.status', states) }} as status_state,
        {{ parse_instant('latest.record.date_created_gmt') }} as created_at,
        {{ parse_instant('latest.record.date_paid_gmt') }} as paid_at,
        {{ parse_instant('latest.record.date_completed_gmt') }} as completed_at,
        {{ parse_instant('latest.record.date_modified_gmt') }} as modified_at,
        {{ excluded_by_mark({
            'created_via': 'latest.record.created_via',
            'payment_method': 'latest.record.payment_method',
            'customer_id': 'latest.record.customer_id',
        }) }} as marked
    from {{ ref('base_woocommerce__orders') }} as latest
    left join called_off_again
        on latest.account_id = called_off_again.account_id and latest.record_key = called_off_again.record_key
    left join {{ source('raw_daybook', 'accounts') }} as account
        on latest.account_id = account.account_id
)

select
    'woocommerce' as platform,
    account_id,
    store_id,
    order_id,
    orders.record.buyer_key as buyer_key,
    orders.record.currency as currency,
    case
        {# An order that the shop put on hold after it was paid stays a sale. #}
        when orders.record.status = 'on-hold' and paid_at is not null then 'paid'
        when status_state = 'paid' and paid_at is null then 'created'
        when status_state = 'cancelled' and paid_at is null then 'closed_unpaid'
        when status_state = 'cancelled' and completed_at is not null then 'completed'
        else status_state
    end as order_state,
    case when orders.record.payment_method = 'cod' then 'cod' else 'standard' end as order_type,
    created_at,
    {# An order that was paid and then failed (the gateway took the payment back) is not paid. #}
    case when status_state not in ('created', 'closed_unpaid') or orders.record.status = 'on-hold' then paid_at end as paid_at,
    {{ null_as('instant') }} as shipped_at,
    {# With cash on delivery the shop completes the order when it has the money, so it was delivered by then. #}
    case when orders.record.payment_method = 'cod' then completed_at end as delivered_at,
    {{ null_as('instant') }} as promised_delivery_at,
    completed_at,
    {# Not the modified time: a later edit moves that. #}
    case
        when orders.record.status in ('cancelled', 'refunded', 'failed', 'trash') and completed_at is null
            then coalesce(over_at, modified_at)
    end as cancelled_at,
    modified_at,
    coalesce({{ money('orders.record.shipping_total') }}, 0) as shipping_charged,
    coalesce({{ money('orders.record.total_tax') }}, 0) as tax,
    {# Coupons are in the lines already: `total` of a line is its `subtotal` less its share of them. #}
    cast(0 as decimal(18, 4)) as order_discount,
    cast(0 as decimal(18, 4)) as platform_subsidy,
    {{ money('orders.record.total') }} as buyer_paid_total,
    {{ null_as('decimal(18, 4)') }} as deposit_paid_amount,
    {{ null_as('instant') }} as deposit_paid_at,
    false as is_deposit_forfeited,
    nullif(orders.record.payment_method, '') as payment_type,
    case
        when nullif(orders.record.shipping.country, '') is not null
            then concat_ws('-', orders.record.shipping.country, nullif(orders.record.shipping.state, ''))
        when nullif(orders.record.billing.country, '') is not null
            then concat_ws('-', orders.record.billing.country, nullif(orders.record.billing.state, ''))
    end as region,
    case {{ value_of('orders.record.meta_data', '_buyer_type') }}
        when 'organisation' then 'organisation'
        when 'individual' then 'individual'
    end as buyer_type,
    case
        {# WooPayments marks orders that it took in test mode. #}
        when {{ value_of('orders.record.meta_data', '_wcpay_mode') }} = 'test' then 'test'
        when marked is not null then marked
        {# A draft is a cart that the shop deletes by itself. #}
        when orders.record.status in ('trash', 'checkout-draft') then 'deleted'
    end as exclude_reason,
    orders.record.status as source_status,
    load_id,
    loaded_at
from orders
