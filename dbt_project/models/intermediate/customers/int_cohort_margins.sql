-- What cohorts brought above the cost of their goods: sales, and refunds taken back to the day of the sale, by the day of the buyer's
-- first order and the day of the sale. A store's running day is left out, in ALL too, and with it the buyers who came on it. Goods
-- without a cost are told apart. Without a list of costs there is no row. One row per store (and ALL), kind of buyer, source that won
-- them, first day and day.
{%- set sums = ['net_sales', 'net_sales_with_cost', 'cogs', 'unrated', 'uncosted'] %}

with

goods as (

    {{ goods_moved() }}

),

priced as (

    select goods.*, {{ unit_cost() }} as unit_cost
    from goods
    {{ joined_to_unit_costs('goods') }}

),

buyers as (

    select orders.*, coalesce(won.acquisition_source, 'unknown') as acquisition_source
    from {{ ref('int_buyer_orders') }} as orders
    left join {{ ref('int_buyer_sources') }} as won
        on orders.store_id = won.store_id
        and orders.platform = won.platform
        and orders.buyer_key = won.buyer_key
    left join {{ ref('int_left_out_buyers') }} as left_out
        on orders.store_id = left_out.store_id
        and orders.platform = left_out.platform
        and orders.buyer_key = left_out.buyer_key
    where exists (select 1 from {{ ref('int_unit_costs') }}) and not coalesce(left_out.is_first, false)

),

-- Each store has its own tax, so it is taken off before the stores are added up to ALL.
days as (

    select
        buyers.store_id as placed_in,
        priced.store_id,
        buyers.first_buyer_type as buyer_type,
        buyers.acquisition_source,
        buyers.first_paid_date,
        buyers.paid_date,
        sum(priced.goods_cohort) as net_sales,
        sum(case when priced.unit_cost is not null then priced.goods_cohort else 0 end) as net_sales_with_cost,
        sum(coalesce(cast(priced.units_costed * priced.unit_cost as decimal(18, 6)), 0)) as cogs,
        count(*) - count(priced.goods_cohort) as unrated,
        count(*) - count(priced.unit_cost) as uncosted
    from priced
    inner join buyers
        on priced.platform = buyers.platform
        and priced.store_id = buyers.order_store_id
        and priced.order_id = buyers.order_id
    left join {{ ref('int_last_days') }} as own on buyers.order_store_id = own.store_id
    where buyers.paid_date <= coalesce(own.last_day, buyers.paid_date)
    group by
        buyers.store_id, priced.store_id, buyers.first_buyer_type, buyers.acquisition_source, buyers.first_paid_date, buyers.paid_date

),

untaxed as (

    select
        placed_in, buyer_type, acquisition_source, first_paid_date, paid_date, cogs, unrated, uncosted,
        {{ without_tax('coalesce(net_sales, 0)') }} as net_sales,
        {{ without_tax('coalesce(net_sales_with_cost, 0)') }} as net_sales_with_cost
    from days

)

select
    placed_in as store_id,
    buyer_type,
    acquisition_source,
    first_paid_date,
    paid_date
    {%- for name in sums %},
    sum({{ name }}) as {{ name }}
    {%- endfor %}
from untaxed
group by placed_in, buyer_type, acquisition_source, first_paid_date, paid_date
