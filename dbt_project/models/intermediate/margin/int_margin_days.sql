-- What was sold and refunded each day, and what it cost: a sale at the cost valid on its paid date, goods that come back at the cost
-- they were sold with. In whole cents for each item and day, so that everything above adds up. Goods without a cost are told apart, never taken as free. Without a list of costs there is no row.
-- One row per store, level (store, category, product), item and day.
{%- set levels = {'store': "'ALL'", 'category': 'category_path', 'product': 'product_id'} %}
{%- set sums = ['units_paid', 'net_sales', 'net_sales_with_cost', 'cogs', 'order_costs', 'unrated', 'orders_without_costs'] %}

with

-- Goods by the day they count on and the day whose cost they have.
moved as (

    select
        store_id, product_id, sku_id, category_path,
        paid_date as date_day,
        paid_date as cost_date,
        sum(units) as units_paid,
        sum(units) as units_costed,
        sum(goods_paid) as net_sales,
        count(*) - count(goods_paid) as unrated
    from {{ ref('fct_order_lines') }} as order_lines
    where line_class = 'product' and exclude_reason is null and paid_date is not null
        and exists (select 1 from {{ ref('int_unit_costs') }})
    group by store_id, product_id, sku_id, category_path, paid_date

    union all

    -- Of a line the part whose money went back, where the goods came back or never left, and can be sold again.
    select
        back.store_id, back.product_id, back.sku_id, back.category_path,
        back.refund_date,
        back.order_paid_date,
        0,
        -sum(case
            when refunds.refund_type in ('return_refund', 'before_shipment') and sold.goods_paid > 0
                then cast(sold.units * least(back.refund_goods_cohort / sold.goods_paid, 1) as decimal(18, 4))
            else 0
        end) * {{ var('resaleable_share') }},
        -sum(back.refund_goods),
        count(*) - count(back.refund_goods)
    from {{ ref('fct_refund_lines') }} as back
    inner join {{ ref('fct_refunds') }} as refunds
        on back.platform = refunds.platform
        and back.store_id = refunds.store_id
        and back.refund_id = refunds.refund_id
    left join {{ ref('fct_order_lines') }} as sold
        on back.platform = sold.platform
        and back.store_id = sold.store_id
        and back.order_id = sold.order_id
        and back.line_id = sold.line_id
    where exists (select 1 from {{ ref('int_unit_costs') }})
    group by back.store_id, back.product_id, back.sku_id, back.category_path, back.refund_date, back.order_paid_date

),

-- The SKU's own cost before the product's, the store's before that for all.
priced as (

    select
        moved.*,
        cast(coalesce(
            {%- for kind in ['sku', 'product'] %}
            {%- for place in ['here', 'anywhere'] %}
            cast({{ kind }}_{{ place }}.unit_cost as double) * cast({{ kind }}_{{ place }}_rates.rate_to_reporting as double)
            {{- "," if not (kind == 'product' and loop.last) }}
            {%- endfor %}
            {%- endfor %}
        ) as decimal(18, 6)) as unit_cost
    from moved
    {%- for kind in ['sku', 'product'] %}
    {%- for place, store in {'here': 'moved.store_id', 'anywhere': "''"}.items() %}
    left join {{ ref('int_unit_costs') }} as {{ kind }}_{{ place }}
        on {{ kind }}_{{ place }}.item_kind = '{{ kind }}'
        and {{ kind }}_{{ place }}.store_id = {{ store }}
        and {{ kind }}_{{ place }}.item_id = moved.{{ kind }}_id
        and moved.cost_date >= {{ kind }}_{{ place }}.valid_from
        and moved.cost_date < {{ kind }}_{{ place }}.valid_until
    left join {{ ref('int_fx_rates') }} as {{ kind }}_{{ place }}_rates
        on {{ kind }}_{{ place }}_rates.currency = {{ kind }}_{{ place }}.currency
        and {{ kind }}_{{ place }}_rates.date_day = moved.cost_date
    {%- endfor %}
    {%- endfor %}

),

goods as (

    select
        store_id,
        coalesce(product_id, 'unknown') as product_id,
        coalesce(category_path, 'unknown') as category_path,
        date_day,
        units_paid,
        {{ without_tax('net_sales') }} as net_sales,
        case when unit_cost is not null then {{ without_tax('net_sales') }} else 0 end as net_sales_with_cost,
        cast(coalesce(units_costed * unit_cost, 0) as decimal(18, 2)) as cogs,
        unrated
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
        0 as orders_without_costs
    from goods
    group by store_id, {{ item }}, date_day
    union all
    {%- endfor %}

    -- What an order costs beside its goods, where the merchant has said it.
    select
        store_id, 'store', 'ALL', paid_date,
        0, 0, 0, 0,
        sum({{ costs_of_an_order('coalesce(paid_amount, 0)') }}),
        count(*) - count(paid_amount),
        sum(case when {{ costs_of_an_order('0') }} is null then 1 else 0 end)
    from {{ ref('fct_orders') }} as orders
    where is_counted and exists (select 1 from {{ ref('int_unit_costs') }})
    group by store_id, paid_date

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
