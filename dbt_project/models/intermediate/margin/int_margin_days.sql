-- What was sold and refunded each day, and what it cost. A sale has the cost valid on its paid date; goods that come back have the cost
-- they were sold with. All of it is in whole cents for each item and day, so that everything above adds up. Goods without a cost are
-- told apart, never counted as free.
-- The store itself has each of its days, also those with ads alone, because what was spent on a day without a sale counts all the same.
-- The columns ending in _cohort are what a day's sales are worth by now, after what came back of them. Without a list of costs there is
-- no row. One row per store, level (store, category, product), item and day.
{%- set levels = {'store': "'ALL'", 'category': 'category_path', 'product': 'product_id'} %}
{%- set sums = ['units_paid', 'net_sales', 'net_sales_with_cost', 'cogs', 'order_costs', 'unrated', 'uncosted',
    'orders_without_costs', 'days_read', 'net_sales_cohort', 'net_sales_with_cost_cohort', 'cogs_cohort', 'unrated_cohort',
    'uncosted_cohort'] %}
{%- set no_cohort = '0, 0, 0, 0, 0' %}

with

-- Goods by the day they count on (date_day) and the day whose cost they have (cost_date).
moved as (

    select
        store_id, product_id, sku_id, category_path, date_day, cost_date, is_back,
        sum(units_paid) as units_paid,
        sum(units_costed) as units_costed,
        sum(goods) as net_sales,
        count(*) - count(goods) as unrated,
        sum(goods_cohort) as net_sales_cohort,
        count(*) - count(goods_cohort) as unrated_cohort
    from (
        {{ goods_moved() }}
    ) as lines
    group by store_id, product_id, sku_id, category_path, date_day, cost_date, is_back

),

priced as (

    select moved.*, {{ unit_cost() }} as unit_cost
    from moved
    {{ joined_to_unit_costs('moved') }}

),

goods as (

    select
        store_id,
        coalesce(product_id, 'unknown') as product_id,
        coalesce(category_path, 'unknown') as category_path,
        date_day,
        cost_date,
        units_paid,
        {%- for basis in ['', '_cohort'] %}
        {{ without_tax('net_sales' ~ basis) }} as net_sales{{ basis }},
        case when unit_cost is not null then {{ without_tax('net_sales' ~ basis) }} else 0 end as net_sales_with_cost{{ basis }},
        unrated{{ basis }},
        {%- endfor %}
        cast(coalesce(units_costed * unit_cost, 0) as decimal(18, 2)) as cogs,
        case when unit_cost is null then 1 else 0 end as uncosted
    from priced

),

days as (

    {%- for level, item in levels.items() %}
    select
        store_id, '{{ level }}' as level, {{ item }} as item_id, date_day,
        sum(units_paid) as units_paid,
        sum(net_sales) as net_sales,
        sum(net_sales_with_cost) as net_sales_with_cost,
        sum(cogs) as cogs,
        0 as order_costs,
        sum(unrated) as unrated,
        sum(uncosted) as uncosted,
        0 as orders_without_costs,
        0 as days_read
        {%- for name in sums[9:] %},
        0 as {{ name }}
        {%- endfor %}
    from goods
    group by store_id, {{ item }}, date_day
    union all
    {%- endfor %}

    -- The columns ending in _cohort: sales, and what came back of them, on the day of the sale.
    select
        store_id, 'store', 'ALL', cost_date, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        sum(net_sales_cohort), sum(net_sales_with_cost_cohort), sum(cogs), sum(unrated_cohort), sum(uncosted)
    from goods
    group by store_id, cost_date

    union all

    -- What an order costs beside its goods, if a setting says so.
    select
        store_id, 'store', 'ALL', paid_date,
        0, 0, 0, 0,
        sum({{ costs_of_an_order('coalesce(paid_amount, 0)') }}),
        count(*) - count(paid_amount),
        0,
        sum(case when {{ costs_of_an_order('0') }} is null then 1 else 0 end),
        0, {{ no_cohort }}
    from {{ ref('fct_orders') }} as orders
    where is_counted and exists (select 1 from {{ ref('int_unit_costs') }})
    group by store_id, paid_date

    union all

    select store_id, 'store', 'ALL', date_day, 0, 0, 0, 0, 0, 0, 0, 0, case when has_orders then 1 else 0 end, {{ no_cohort }}
    from {{ ref('int_store_calendar') }}
    where store_id <> 'ALL' and (has_orders or has_ads) and exists (select 1 from {{ ref('int_unit_costs') }})

)

select
    store_id,
    level,
    item_id,
    date_day
    {%- for name in sums %},
    coalesce(sum({{ name }}), 0) as {{ name }}
    {%- endfor %}
from days
where date_day is not null
group by store_id, level, item_id, date_day
