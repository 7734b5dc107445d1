-- Who bought in each week and month: distinct buyers are counted in the span itself. One row per store (and ALL), grain, period
-- and span in which somebody bought.
{{ config(**rebuilt(["{{ in_affected_spans('held') }}"])) }}
with

days as (

    select * from {{ days_to_write() }} where grain in ('week', 'month')

),

buyers as (

    select
        days.store_id,
        days.grain,
        days.period_start,
        days.span_days,
        orders.platform,
        orders.buyer_key,
        count(*) as orders,
        min(orders.order_number) as lowest_order_number,
        min(orders.previous_paid_date) as previous_paid_date,
        sum(orders.paid_amount) as paid_amount,
        count(*) - count(orders.paid_amount) as unrated,
        sum(case when orders.order_number = 1 then orders.paid_amount else 0 end) as first_order_amount,
        sum(case when orders.order_number > 1 then {{ days_between('orders.previous_paid_date', 'orders.paid_date') }} else 0 end)
            as days_since_order,
        sum(case when orders.order_number > 1 then 1 else 0 end) as repeat_orders
    from {{ ref('int_buyer_orders') }} as orders
    inner join days
        on orders.store_id = days.store_id
        and orders.paid_date = days.date_day
    {{ joined_to_first_days('orders', 'order_store_id') }}
    where orders.store_id <> 'ALL' or {{ counts_in_all('orders.paid_date') }}
    group by days.store_id, days.grain, days.period_start, days.span_days, orders.platform, orders.buyer_key

)

select
    store_id,
    grain,
    period_start,
    span_days,
    count(*) as buyers,
    sum(case when lowest_order_number = 1 then 1 else 0 end) as new_buyers,
    sum(case when lowest_order_number > 1 then 1 else 0 end) as returning_buyers,
    sum(case when orders >= 2 then 1 else 0 end) as repeat_in_period_buyers,
    sum(case when lowest_order_number > 1 and previous_paid_date < {{ add_days('period_start', -365) }} then 1 else 0 end)
        as reactivated_buyers,
    sum(orders) as orders_by_buyers,
    sum(repeat_orders) as repeat_orders,
    sum(days_since_order) as days_since_order,
    sum(paid_amount) as paid_amount_by_buyers,
    sum(first_order_amount) as first_order_amount,
    sum(case when lowest_order_number = 1 then paid_amount else 0 end) as new_buyer_amount,
    sum(case when lowest_order_number > 1 then paid_amount else 0 end) as returning_buyer_amount,
    sum(unrated) as unrated
from buyers
group by store_id, grain, period_start, span_days
