-- The days on which a buyer of a store placed orders, what they led to, and the last such day before. A buyer is counted in a week or month
-- on their first such day in it: the one whose last such day before lies outside. So no query has to search a period for its buyers. A
-- buyer who pays two orders of one basket has not come again: only an order placed after the first was paid is another one. Seven days from
-- an instant are written in hours, which costs DuckDB a sixth of the work. One row per store, buyer and day with an order that is not
-- excluded.
{{ config(**rebuilt(["{{ in_changed_buyers('held') }}"])) }}
with

orders as (

    select *
    from {{ ref('int_orders') }} as orders
    where exclude_reason is null and buyer_key is not null
        {%- if only_changes() %}
        and {{ in_changed_buyers('orders') }}
        {%- endif %}

),

later as (

    select platform, store_id, order_id, buyer_key, created_at, paid_at
    from {{ ref('int_orders') }} as orders
    where is_counted and buyer_order_number > 1
        {%- if only_changes() %}
        and {{ in_changed_buyers('orders') }}
        {%- endif %}

),

placed as (

    select
        orders.store_id,
        orders.platform,
        orders.buyer_key,
        orders.created_date,
        max(case when orders.is_counted and orders.paid_at <= orders.created_at + interval {{ 7 * 24 }} hour then 1 else 0 end) as has_paid,
        max(case when orders.is_counted and orders.paid_at <= orders.created_at + interval {{ 7 * 24 }} hour and later.order_id is not null then 1 else 0 end)
            as has_come_again
    from orders
    left join later
        on orders.platform = later.platform
        and orders.store_id = later.store_id
        and orders.buyer_key = later.buyer_key
        and later.created_at > orders.paid_at
        and later.paid_at <= orders.paid_at + interval {{ 7 * 24 }} hour
    group by orders.store_id, orders.platform, orders.buyer_key, orders.created_date

)

select
    store_id,
    platform,
    buyer_key,
    created_date,
    has_paid = 1 as has_paid,
    has_come_again = 1 as has_come_again,
    max(created_date) over earlier as last_create_date,
    max(case when has_paid = 1 then created_date end) over earlier as last_pay_date,
    max(case when has_come_again = 1 then created_date end) over earlier as last_repurchase_date
from placed
window earlier as (
    partition by store_id, platform, buyer_key
    order by created_date rows between unbounded preceding and 1 preceding
)
