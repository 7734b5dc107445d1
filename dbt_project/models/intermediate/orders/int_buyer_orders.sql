-- Every order that makes a buyer, in the buyer's own sequence: in each store, and in ALL over the stores of a platform, where
-- one buyer key is one person. Guests are nobody's history. By the day first, as in int_orders: a day before the one it follows would
-- begin a spell before the last one ends. One row per store (and ALL) and order.
{{ config(**rebuilt(["{{ in_changed_buyers('held') }}"])) }}
with

orders as (

    select
        platform,
        store_id as order_store_id,
        order_id,
        buyer_key,
        coalesce(buyer_type, 'unknown') as buyer_type,
        region,
        paid_at,
        created_at,
        paid_date,
        units,
        goods_paid,
        paid_amount,
        refund_amount_cohort,
        goods_paid - refund_goods_cohort as net_sales_cohort,
        outcome
    from {{ ref('fct_orders') }} as orders
    where is_counted and buyer_key is not null
    {%- if only_changes() %}
    and {{ in_changed_buyers('orders') }}
    {%- endif %}

),

placed as (

    select order_store_id as store_id, orders.* from orders
    union all
    select 'ALL' as store_id, orders.* from orders

)

select
    placed.*,
    row_number() over history as order_number,
    lag(paid_date) over history as previous_paid_date,
    lead(paid_date) over history as next_paid_date,
    first_value(paid_date) over history as first_paid_date,
    first_value(buyer_type) over history as first_buyer_type
from placed
window history as (
    partition by store_id, platform, buyer_key
    order by paid_date, paid_at, created_at, order_store_id, order_id
)
