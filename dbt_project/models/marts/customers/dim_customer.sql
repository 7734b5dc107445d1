-- Buyers by what they did so far. An order still running is in here: a dimension holds everybody its facts name.
{{ config(**rebuilt(["{{ in_changed_buyers('held') }}"])) }}
with

orders as (

    select *
    from {{ ref('int_buyer_orders') }} as orders
    {%- if only_changes() %}
    where {{ in_changed_buyers('orders') }}
    {%- endif %}

),

customers as (

    select
        store_id,
        platform,
        buyer_key,
        max(first_buyer_type) as buyer_type,
        max_by(region, order_number) filter (where region is not null) as region,
        min(first_paid_date) as first_paid_date,
        min(case when order_number = 2 then paid_date end) as second_paid_date,
        max(paid_date) as last_paid_date,
        max(case when order_number = 1 then order_store_id end) as first_store_id,
        max(case when order_number = 1 then order_id end) as first_order_id,
        count(*) as orders,
        count(distinct order_store_id) as stores,
        sum(units) as units,
        count(*) - count(paid_amount) as unrated,
        sum(paid_amount) as paid_amount,
        count(*) - count(net_sales_cohort) as unrated_cohort,
        sum(refund_amount_cohort) as refund_amount_cohort,
        sum(net_sales_cohort) as net_sales_cohort,
        sum(case when outcome in ('cancelled', 'fully_refunded') then 1 else 0 end) as orders_given_back
    from orders
    group by store_id, platform, buyer_key

)

select
    store_id,
    platform,
    buyer_key,
    buyer_type,
    region,
    first_store_id,
    first_order_id,
    first_paid_date,
    {{ month_start('first_paid_date') }} as cohort_month,
    second_paid_date,
    cast({{ days_between('first_paid_date', 'second_paid_date') }} as bigint) as days_to_second_order,
    last_paid_date,
    cast(orders as bigint) as orders,
    cast(orders_given_back as bigint) as orders_given_back,
    cast(stores as bigint) as stores,
    cast(units as decimal(18, 4)) as units,
    {{ mart_money('paid_amount', 'unrated = 0') }} as paid_amount,
    {{ mart_money('refund_amount_cohort', 'unrated_cohort = 0') }} as refund_amount_cohort,
    {{ mart_money('net_sales_cohort', 'unrated_cohort = 0') }} as net_sales_cohort,
    case when unrated = 0 then {{ ratio('paid_amount', 'orders') }} end as aov
from customers
