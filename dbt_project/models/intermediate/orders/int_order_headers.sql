-- Orders of all platforms with their clocks: the moment each became a sale, its days in the store's zone, and
-- the rates of its money. One row per order.
{{ config(**rebuilt(["{{ in_changed_orders('held') }}"])) }}
with

orders as (

    select *
    from (
        {{ union_staging('orders') }}
    ) as orders
    where {{ is_heard('orders', 'orders') }}
    {%- if only_changes() %}
        and {{ in_staged_orders('orders') }}
    {%- endif %}

),

recognised as (

    select
        orders.*,
        -- Paid means paid in full: staging gives the balance payment of a presale and the forming of a group.
        case
            when orders.order_state in ('deposit_paid', 'closed_unpaid') then null
            when orders.order_type = 'cod' then {{ cod_recognised_at('orders') }}
            when orders.order_state = 'created' then null
            else orders.paid_at
        end as sale_at
    from orders

),

dated as (

    select
        recognised.*,
        {{ store_date('recognised.created_at', 'created_zone.time_zone') }} as created_date,
        {{ store_date('recognised.sale_at', 'paid_zone.time_zone') }} as paid_date,
        {{ store_date('recognised.deposit_paid_at', 'created_zone.time_zone') }} as deposit_date,
        case
            when recognised.is_deposit_forfeited
                then {{ store_date('coalesce(recognised.cancelled_at, recognised.modified_at)', 'created_zone.time_zone') }}
        end as forfeited_date,
        stores.store_currency
    from recognised
    left join {{ ref('int_stores') }} as stores on recognised.store_id = stores.store_id
    left join {{ ref('int_store_zones') }} as created_zone
        on recognised.store_id = created_zone.store_id
        and recognised.created_at >= created_zone.valid_from_at
        and recognised.created_at < created_zone.valid_until_at
    left join {{ ref('int_store_zones') }} as paid_zone
        on recognised.store_id = paid_zone.store_id
        and recognised.sale_at >= paid_zone.valid_from_at
        and recognised.sale_at < paid_zone.valid_until_at

)

select
    dated.platform,
    dated.account_id,
    dated.store_id,
    dated.order_id,
    dated.buyer_key,
    dated.buyer_type,
    dated.region,
    dated.payment_type,
    dated.order_type,
    dated.order_state,
    dated.source_status,
    dated.exclude_reason,
    dated.created_at,
    dated.sale_at as paid_at,
    dated.shipped_at,
    dated.delivered_at,
    dated.completed_at,
    dated.cancelled_at,
    dated.modified_at,
    dated.created_date,
    dated.paid_date,
    dated.deposit_date,
    dated.forfeited_date,
    dated.currency,
    dated.store_currency,
    rates.rate_to_reporting,
    case
        when dated.currency = dated.store_currency then cast(1 as decimal(18, 8))
        else cast(round(
            cast(rates.rate_to_reporting as double) / cast(store_rates.rate_to_reporting as double), 8
        ) as decimal(18, 8))
    end as rate_to_store,
    -- A deposit is money of its own day, whatever the sale is worth when the balance comes.
    deposit_rates.rate_to_reporting as deposit_rate,
    forfeited_rates.rate_to_reporting as forfeited_rate,
    coalesce(dated.shipping_charged, 0) as shipping_charged,
    dated.tax,
    coalesce(dated.order_discount, 0) as order_discount,
    coalesce(dated.platform_subsidy, 0) as platform_subsidy,
    dated.buyer_paid_total,
    -- Null: paid, and nobody says how much (a source may tell of the total alone once the balance is paid).
    case when dated.deposit_paid_at is null then coalesce(dated.deposit_paid_amount, 0) else dated.deposit_paid_amount end
        as deposit_paid_amount,
    coalesce(dated.is_deposit_forfeited, false) as is_deposit_forfeited,
    dated.load_id
from dated
left join {{ ref('int_fx_rates') }} as rates
    on dated.currency = rates.currency
    and coalesce(dated.paid_date, dated.created_date) = rates.date_day
left join {{ ref('int_fx_rates') }} as store_rates
    on dated.store_currency = store_rates.currency
    and coalesce(dated.paid_date, dated.created_date) = store_rates.date_day
left join {{ ref('int_fx_rates') }} as deposit_rates
    on dated.currency = deposit_rates.currency
    and dated.deposit_date = deposit_rates.date_day
left join {{ ref('int_fx_rates') }} as forfeited_rates
    on dated.currency = forfeited_rates.currency
    and dated.forfeited_date = forfeited_rates.date_day
