-- Units of a day. No order counts with more than the 99th percentile of its store's orders, so that one bulk order cannot carry a festival
-- (marts, trap 40). One row per store (and ALL) and day with an order.
with

orders as (

    select store_id, paid_date, units
    from {{ ref('fct_orders') }}
    where is_counted

),

caps as (

    select
        store_id,
        ceil(percentile_cont(0.99) within group (order by cast(units as double))) as most_units
    from orders
    where units > 0
    group by store_id

),

days as (

    select
        orders.store_id,
        orders.paid_date as date_day,
        sum(least(orders.units, cast(caps.most_units as decimal(18, 4)))) as units_winsorised
    from orders
    left join caps on orders.store_id = caps.store_id
    group by orders.store_id, orders.paid_date

)

select store_id, date_day, cast(units_winsorised as decimal(18, 2)) as units_winsorised from days
union all
select 'ALL', days.date_day, cast(sum(days.units_winsorised) as decimal(18, 2))
from days
{{ joined_to_first_days('days') }}
where {{ counts_in_all('days.date_day') }}
group by days.date_day
