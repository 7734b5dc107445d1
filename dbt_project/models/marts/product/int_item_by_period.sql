-- The one SELECT behind product_*, sku_* and category_*: what was sold and refunded of each item in each span. An order counts
-- once per item however many lines it has of it, a buyer once per span. Rows are items with a sale or refund in the span.
-- One row per level, item, grain, period_start and span.
{{ config(
    schema='intermediate',
    database=target.database if target.type == 'duckdb' else none,
    contract={'enforced': false},
    **rebuilt(["{{ in_affected_spans('held') }}"])
) }}
{%- set levels = item_levels() %}
{%- set added = ['orders', 'units', 'unrated', 'list_amount', 'merchant_discount', 'goods_paid', 'refund_units', 'refund_goods',
    'refund_goods_cohort'] %}

with

lines as (

    select
        platform,
        store_id,
        order_id,
        buyer_key,
        paid_date,
        product_id,
        sku_id,
        category_path,
        units,
        list_amount,
        merchant_discount,
        goods_paid
    from {{ ref('fct_order_lines') }} as order_lines
    where line_class = 'product' and exclude_reason is null and paid_date is not null
        {%- if only_changes() %}
        and {{ in_affected_days('order_lines.store_id', 'order_lines.paid_date') }}
        {%- endif %}

),

refund_lines as (

    select store_id, product_id, sku_id, category_path, refund_date, order_paid_date, refund_units, refund_goods, refund_goods_cohort
    from {{ ref('fct_refund_lines') }} as refund_lines
    {%- if only_changes() %}
    where {{ in_affected_days('refund_lines.store_id', 'refund_lines.refund_date') }}
        or {{ in_affected_days('refund_lines.store_id', 'refund_lines.order_paid_date') }}
    {%- endif %}

),

-- Numbers in place of names, within this query only: what follows groups millions of rows by them.
kinds as (

    select store_id, product_id, sku_id, category_path, cast(row_number() over (order by store_id) as integer) as kind_no
    from (
        select store_id, product_id, sku_id, category_path from lines
        union
        select store_id, product_id, sku_id, category_path from refund_lines
    ) as named

),

kind_items as (

    select kind_no, product_id, level, store_id, item_id, cast(dense_rank() over (order by level, store_id, item_id) as integer) as item_no
    from (
        {%- for level, item in levels.items() %}
        select kind_no, coalesce(product_id, 'unknown') as product_id, '{{ level }}' as level, store_id, {{ item }} as item_id from kinds
        {{ "union all" if not loop.last }}
        {%- endfor %}
    ) as at_levels
    where item_id is not null

),

people as (

    select platform, buyer_key, cast(row_number() over (order by platform) as integer) as buyer_no
    from (select distinct platform, buyer_key from lines where buyer_key is not null) as named

),

bills as (

    select platform, store_id, order_id, cast(row_number() over (order by platform) as integer) as order_no
    from (select distinct platform, store_id, order_id from lines) as named

),

spans as (

    select store_id, grain, period_start, span_days, cast(row_number() over (order by store_id) as integer) as span_no
    from (select distinct store_id, grain, period_start, span_days from {{ days_to_write() }}) as named

),

span_days as (

    select days.store_id, days.date_day, days.grain, spans.span_no
    from {{ days_to_write() }} as days
    inner join spans
        on days.store_id = spans.store_id
        and days.grain = spans.grain
        and days.period_start = spans.period_start
        and days.span_days = spans.span_days

),

kind_orders as (

    select
        kinds.kind_no,
        bills.order_no,
        max(lines.paid_date) as date_day,
        max(people.buyer_no) as buyer_no,
        sum(lines.units) as units,
        sum(lines.list_amount) as list_amount,
        sum(lines.merchant_discount) as merchant_discount,
        sum(lines.goods_paid) as goods_paid,
        sum(case when lines.goods_paid is null then 1 else 0 end) as unrated
    from lines
    inner join kinds
        on lines.store_id = kinds.store_id
        and lines.product_id is not distinct from kinds.product_id
        and lines.sku_id is not distinct from kinds.sku_id
        and lines.category_path is not distinct from kinds.category_path
    inner join bills on lines.platform = bills.platform and lines.store_id = bills.store_id and lines.order_id = bills.order_id
    left join people on lines.platform = people.platform and lines.buyer_key = people.buyer_key
    group by kinds.kind_no, bills.order_no

),

-- Each order once per item, gathered by who bought: a buyer mostly buys an item once a day.
item_buyers as (

    select item_no, max(store_id) as store_id, date_day, buyer_no, count(*) as orders
    from (
        select distinct kind_items.item_no, kind_items.store_id, kind_orders.order_no, kind_orders.date_day, kind_orders.buyer_no
        from kind_orders
        inner join kind_items on kind_orders.kind_no = kind_items.kind_no
    ) as item_orders
    group by item_no, date_day, buyer_no

),

kind_days as (

    select kind_no, date_day
        {%- for name in ['units', 'list_amount', 'merchant_discount', 'goods_paid', 'unrated'] %}, sum({{ name }}) as {{ name }}{% endfor %}
    from kind_orders
    group by kind_no, date_day

),

refunded as (

    select
        kind_items.item_no, kind_items.store_id, refund_lines.refund_date, refund_lines.order_paid_date, refund_lines.refund_units,
        refund_lines.refund_goods, refund_lines.refund_goods_cohort
    from refund_lines
    inner join kinds
        on refund_lines.store_id = kinds.store_id
        and refund_lines.product_id is not distinct from kinds.product_id
        and refund_lines.sku_id is not distinct from kinds.sku_id
        and refund_lines.category_path is not distinct from kinds.category_path
    inner join kind_items on kinds.kind_no = kind_items.kind_no

),

-- Days first: they add up to every span.
item_days as (

    select item_no, max(store_id) as store_id, date_day, max(buyers) as buyers
        {%- for name in added %}, sum({{ name }}) as {{ name }}{% endfor %}
    from (
        select
            kind_items.item_no, kind_items.store_id, kind_days.date_day, 0 as orders, kind_days.units, kind_days.unrated,
            kind_days.list_amount, kind_days.merchant_discount, kind_days.goods_paid,
            0 as refund_units, 0 as refund_goods, 0 as refund_goods_cohort, 0 as buyers
        from kind_days
        inner join kind_items on kind_days.kind_no = kind_items.kind_no

        union all

        select item_no, max(store_id), date_day, sum(orders), 0, 0, 0, 0, 0, 0, 0, 0, count(buyer_no)
        from item_buyers
        group by item_no, date_day

        union all

        select
            item_no, max(store_id), refund_date, 0, 0, sum(case when refund_goods is null then 1 else 0 end), 0, 0, 0,
            sum(refund_units), sum(refund_goods), 0, 0
        from refunded
        group by item_no, refund_date

        union all

        select item_no, max(store_id), order_paid_date, 0, 0, 0, 0, 0, 0, 0, 0, sum(refund_goods_cohort), 0
        from refunded
        where order_paid_date is not null
        group by item_no, order_paid_date
    ) as parts
    group by item_no, date_day

),

summed as (

    select
        item_days.item_no,
        span_days.span_no,
        max(case when span_days.grain = 'day' then item_days.buyers end) as buyers_of_day
        {%- for name in added %}, sum(item_days.{{ name }}) as {{ name }}{% endfor %}
    from item_days
    inner join span_days
        on item_days.store_id = span_days.store_id
        and item_days.date_day = span_days.date_day
    group by item_days.item_no, span_days.span_no

),

-- A buyer of two days is one buyer of the week: each named once, then counted. Days have been counted above.
bought as (

    select item_no, span_no, count(*) as buyers
    from (
        select distinct item_buyers.item_no, span_days.span_no, item_buyers.buyer_no
        from item_buyers
        inner join span_days
            on item_buyers.store_id = span_days.store_id
            and item_buyers.date_day = span_days.date_day
        where item_buyers.buyer_no is not null and span_days.grain <> 'day'
    ) as buyers_of_spans
    group by item_no, span_no

),

-- Products sold of a category: a product of two days is one product of the week.
sold as (

    select item_no, span_no, count(*) as products_sold
    from (
        select distinct categories.item_no, span_days.span_no, categories.product_id
        from (
            select distinct kind_items.item_no, kind_items.store_id, kind_items.product_id, kind_orders.date_day
            from kind_orders
            inner join kind_items on kind_orders.kind_no = kind_items.kind_no
            where kind_items.level like 'category%' and kind_orders.units > 0
        ) as categories
        inner join span_days
            on categories.store_id = span_days.store_id
            and categories.date_day = span_days.date_day
    ) as products_of_spans
    group by item_no, span_no

),

valued as (

    select
        items.level,
        items.store_id,
        items.item_id,
        spans.grain,
        spans.period_start,
        spans.span_days,
        summed.item_no,
        summed.span_no,
        cast(case when items.level like 'category%' then coalesce(sold.products_sold, 0) end as bigint) as products_sold,
        cast(summed.orders as bigint) as orders,
        cast(coalesce(bought.buyers, summed.buyers_of_day, 0) as bigint) as buyers,
        cast(summed.units as decimal(18, 4)) as units,
        cast(summed.refund_units as decimal(18, 4)) as refund_units,
        {%- for name in ['list_amount', 'merchant_discount', 'goods_paid', 'refund_goods', 'refund_goods_cohort'] %}
        {{ mart_money('summed.' ~ name, 'summed.unrated = 0') }} as {{ name }},
        {%- endfor %}
        {{ mart_money('summed.goods_paid - summed.refund_goods', 'summed.unrated = 0') }} as net_sales,
        {{ mart_money('summed.goods_paid - summed.refund_goods_cohort', 'summed.unrated = 0') }} as net_sales_cohort
    from summed
    inner join (select distinct item_no, level, store_id, item_id from kind_items) as items on summed.item_no = items.item_no
    inner join spans on summed.span_no = spans.span_no
    left join bought on summed.item_no = bought.item_no and summed.span_no = bought.span_no
    left join sold on summed.item_no = sold.item_no and summed.span_no = sold.span_no

),

ranked as (

    select
        valued.*,
        row_number() over best_first as rank_in_store,
        sum(goods_paid) over (partition by level, span_no) as store_goods_paid,
        sum(goods_paid) over (best_first rows between unbounded preceding and current row) - goods_paid as goods_paid_above
    from valued
    window best_first as (
        partition by level, span_no
        order by goods_paid desc nulls last, item_id
    )

)

select
    level, store_id, item_id, grain, period_start, span_days, products_sold, orders, buyers, units, refund_units, list_amount,
    merchant_discount, goods_paid, refund_goods, refund_goods_cohort, net_sales, net_sales_cohort, rank_in_store,
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
