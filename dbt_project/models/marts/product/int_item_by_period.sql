-- The one SELECT behind product_*, sku_* and category_*: what was sold and refunded of each item in each span. An order counts
-- once per item however many lines it has of it, a buyer once per span. Rows are items with a sale or refund in the span.
-- One row per level, item, grain, period_start and span.
{{ config(schema='intermediate', database=target.database if target.type == 'duckdb' else none, contract={'enforced': false}) }}
{%- set levels = {
    'product': "coalesce(product_id, 'unknown')",
    'sku': "sku_id",
    'category_1': "coalesce(split_part(category_path, ' > ', 1), 'unknown')",
    'category_2': "case when split_part(category_path, ' > ', 2) <> ''
        then concat(split_part(category_path, ' > ', 1), ' > ', split_part(category_path, ' > ', 2)) end",
    'category_3': "case when split_part(category_path, ' > ', 3) <> ''
        then concat(split_part(category_path, ' > ', 1), ' > ', split_part(category_path, ' > ', 2), ' > ',
            split_part(category_path, ' > ', 3)) end",
} %}

with

lines as (

    select
        lines.platform,
        lines.store_id,
        lines.order_id,
        lines.buyer_key,
        lines.paid_date,
        lines.product_id,
        lines.sku_id,
        lines.product_name,
        lines.category_path,
        lines.units,
        lines.list_amount,
        lines.merchant_discount,
        lines.goods_paid
    from {{ ref('fct_order_lines') }} as lines
    where lines.line_class = 'product' and lines.exclude_reason is null and lines.paid_date is not null

),

refund_lines as (

    select * from {{ ref('fct_refund_lines') }}

),

events as (
    {%- for level, item in levels.items() %}

    select
        '{{ level }}' as level,
        store_id,
        {{ item }} as item_id,
        paid_date as date_day,
        platform,
        order_id,
        max(buyer_key) as buyer_key,
        1 as orders,
        sum(units) as units,
        sum(list_amount) as list_amount,
        sum(merchant_discount) as merchant_discount,
        sum(goods_paid) as goods_paid,
        sum(case when goods_paid is null then 1 else 0 end) as unrated,
        0 as refund_units,
        0 as refund_goods,
        0 as refund_goods_cohort
    from lines
    where {{ item }} is not null
    group by store_id, {{ item }}, paid_date, platform, order_id

    union all

    select
        '{{ level }}', store_id, {{ item }}, refund_date, platform, null, null, 0, 0, 0, 0, 0, sum(case when refund_goods is null then 1 else 0 end), sum(refund_units), sum(refund_goods), 0
    from refund_lines
    where {{ item }} is not null
    group by store_id, {{ item }}, refund_date, platform

    union all

    select
        '{{ level }}', store_id, {{ item }}, order_paid_date, platform, null, null, 0, 0, 0, 0, 0, 0, 0, 0, sum(refund_goods_cohort)
    from refund_lines
    where {{ item }} is not null and order_paid_date is not null
    group by store_id, {{ item }}, order_paid_date, platform
    {{ "union all" if not loop.last }}
    {%- endfor %}

),

-- What the rows of an item have in common.
items as (
    {%- for level, item in levels.items() %}

    select
        '{{ level }}' as level,
        store_id,
        {{ item }} as item_id,
        max(product_id) as product_id,
        max(product_name) as item_name,
        min(paid_date) as first_paid_date
    from (
        select store_id, product_id, sku_id, product_name, category_path, paid_date from lines
        union all
        select store_id, product_id, sku_id, product_name, category_path, null from refund_lines
    ) as seen
    where {{ item }} is not null
    group by store_id, {{ item }}
    {{ "union all" if not loop.last }}
    {%- endfor %}

),

added as (

    select
        events.level,
        events.store_id,
        events.item_id,
        days.grain,
        days.period_start,
        days.span_days,
        cast(sum(events.orders) as bigint) as orders,
        count(distinct events.buyer_key) as buyers,
        cast(sum(events.units) as decimal(18, 4)) as units,
        sum(events.unrated) as unrated,
        sum(events.list_amount) as list_amount,
        sum(events.merchant_discount) as merchant_discount,
        sum(events.goods_paid) as goods_paid,
        sum(events.refund_units) as refund_units,
        sum(events.refund_goods) as refund_goods,
        sum(events.refund_goods_cohort) as refund_goods_cohort
    from events
    inner join {{ ref('int_span_days') }} as days
        on events.store_id = days.store_id
        and events.date_day = days.date_day
    group by events.level, events.store_id, events.item_id, days.grain, days.period_start, days.span_days

),

-- Products sold of a category: a product of two days is one product of the week.
category_products as (

    select sold.level, sold.store_id, sold.item_id, days.grain, days.period_start, days.span_days,
        count(distinct sold.product_id) as products_sold
    from (
        {%- for level, item in levels.items() if level.startswith('category') %}
        select distinct '{{ level }}' as level, store_id, {{ item }} as item_id, coalesce(product_id, 'unknown') as product_id, paid_date
        from lines
        where {{ item }} is not null and units > 0
        {{ "union all" if not loop.last }}
        {%- endfor %}
    ) as sold
    inner join {{ ref('int_span_days') }} as days
        on sold.store_id = days.store_id
        and sold.paid_date = days.date_day
    group by sold.level, sold.store_id, sold.item_id, days.grain, days.period_start, days.span_days

),

valued as (

    select
        added.level,
        added.store_id,
        added.item_id,
        added.grain,
        added.period_start,
        added.span_days,
        items.product_id,
        items.item_name,
        items.first_paid_date,
        cast(case when added.level like 'category%' then coalesce(category_products.products_sold, 0) end as bigint) as products_sold,
        added.orders,
        cast(added.buyers as bigint) as buyers,
        added.units,
        cast(added.refund_units as decimal(18, 4)) as refund_units,
        {%- for name in ['list_amount', 'merchant_discount', 'goods_paid', 'refund_goods', 'refund_goods_cohort'] %}
        {{ mart_money('added.' ~ name, 'added.unrated = 0') }} as {{ name }},
        {%- endfor %}
        {{ mart_money('added.goods_paid - added.refund_goods', 'added.unrated = 0') }} as net_sales,
        {{ mart_money('added.goods_paid - added.refund_goods_cohort', 'added.unrated = 0') }} as net_sales_cohort
    from added
    inner join items
        on added.level = items.level
        and added.store_id = items.store_id
        and added.item_id = items.item_id
    left join category_products
        on added.level = category_products.level
        and added.store_id = category_products.store_id
        and added.item_id = category_products.item_id
        and added.grain = category_products.grain
        and added.period_start = category_products.period_start
        and added.span_days = category_products.span_days

),

ranked as (

    select
        valued.*,
        row_number() over (
            partition by level, store_id, grain, period_start, span_days
            order by goods_paid desc nulls last, item_id
        ) as rank_in_store,
        sum(goods_paid) over (partition by level, store_id, grain, period_start, span_days) as store_goods_paid,
        sum(goods_paid) over (
            partition by level, store_id, grain, period_start, span_days
            order by goods_paid desc nulls last, item_id
            rows between unbounded preceding and current row
        ) - goods_paid as goods_paid_above
    from valued

)

select
    ranked.*,
    {{ ratio('goods_paid', 'store_goods_paid') }} as gmv_share,
    -- The class of the item at which the running share is still below 80, 95 percent.
    case
        when goods_paid is null or store_goods_paid <= 0 then null
        when goods_paid_above < 0.80 * store_goods_paid then 'A'
        when goods_paid_above < 0.95 * store_goods_paid then 'B'
        else 'C'
    end as abc_class,
    {{ ratio('goods_paid', 'units') }} as avg_unit_price,
    {{ ratio('goods_paid', 'list_amount') }} as price_realisation,
    {{ ratio('refund_goods', 'goods_paid') }} as refund_rate_flow
from ranked
