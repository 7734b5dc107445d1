-- Who came back within 30 to 365 days of the first order. Only buyers whose window has passed whole are in the denominator. A buyer of
-- last week has had no 30 days yet; a buyer of a store that is read no further never will, in ALL either.
with

firsts as (

    select
        orders.store_id,
        {{ month_start('orders.paid_date') }} as cohort_month,
        {{ days_between('orders.paid_date', 'least(ends.last_day, coalesce(own.last_day, orders.paid_date))') }} as days_seen,
        {{ days_between('orders.paid_date', 'orders.next_paid_date') }} as days_to_next,
        ends.data_through_at
    from {{ ref('int_buyer_orders') }} as orders
    inner join {{ ref('int_last_days') }} as ends on orders.store_id = ends.store_id and orders.paid_date <= ends.last_day
    left join {{ ref('int_last_days') }} as own on orders.order_store_id = own.store_id
    where orders.order_number = 1 and orders.paid_date <= coalesce(own.last_day, orders.paid_date)

)

select
    firsts.store_id,
    firsts.cohort_month,
    cast(windows.window_days as integer) as window_days,
    coalesce(max(months.history_from) < firsts.cohort_month, false) as is_history_before,
    min(firsts.days_seen) >= windows.window_days
        and max(firsts.data_through_at) is not null as is_complete,
    max(firsts.data_through_at) as data_through_at,
    cast(count(*) as bigint) as first_buyers,
    cast(sum(case when firsts.days_seen >= windows.window_days then 1 else 0 end) as bigint) as first_buyers_mature,
    cast(sum(case
        when firsts.days_seen >= windows.window_days and firsts.days_to_next <= windows.window_days then 1
        else 0
    end) as bigint) as first_buyers_repurchased,
    {{ ratio(
        'sum(case when firsts.days_seen >= windows.window_days and firsts.days_to_next <= windows.window_days then 1 else 0 end)',
        'sum(case when firsts.days_seen >= windows.window_days then 1 else 0 end)'
    ) }} as repurchase_rate
from firsts
cross join (
    select 30 as window_days union all select 60 union all select 90 union all select 180 union all select 365
) as windows
left join {{ ref('int_spans') }} as months
    on firsts.store_id = months.store_id
    and firsts.cohort_month = months.period_start
    and months.grain = 'month'
    and months.span_days = 0
group by firsts.store_id, firsts.cohort_month, windows.window_days
