-- Straight from the orders, for every store, for ALL, at every grain.
with

orders as (

    select store_id, platform, buyer_key, paid_date
    from {{ ref('fct_orders') }}
    where is_counted and buyer_key is not null
    union all
    select 'ALL', orders.platform, orders.buyer_key, orders.paid_date
    from {{ ref('fct_orders') }} as orders
    {{ joined_to_first_days('orders') }}
    where orders.is_counted and orders.buyer_key is not null and {{ counts_in_all('orders.paid_date') }}

),

-- One grain after the other: three small sets of names are cheaper than a large one.
counted as (
    {%- for grain in ['day', 'week', 'month'] %}

    select '{{ grain }}' as grain, store_id, period_start, count(*) as buyers
    from (
        select distinct orders.store_id, days.period_start, orders.platform, orders.buyer_key
        from orders
        inner join {{ ref('dim_period') }} as days
            on orders.store_id = days.store_id
            and orders.paid_date = days.date_day
        where days.grain = '{{ grain }}'
    ) as buyers_of_periods
    group by store_id, period_start
    {{ "union all" if not loop.last }}
    {%- endfor %}

),

published as (
    {%- for grain in ['daily', 'weekly', 'monthly'] %}
    select grain, store_id, period_start, buyers from {{ ref('store_' ~ grain) }} where buyers > 0
    {{ "union all" if not loop.last }}
    {%- endfor %}
)

select
    coalesce(counted.grain, published.grain) as grain,
    coalesce(counted.store_id, published.store_id) as store_id,
    coalesce(counted.period_start, published.period_start) as period_start,
    counted.buyers,
    published.buyers as published_buyers
from counted
full join published
    on counted.grain = published.grain
    and counted.store_id = published.store_id
    and counted.period_start = published.period_start
where counted.buyers is distinct from published.buyers
