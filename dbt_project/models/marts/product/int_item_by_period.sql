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
{%- set sold = ['units', 'list_amount', 'merchant_discount', 'goods_paid'] %}
{%- set refunded = ['refund_units', 'refund_goods', 'refund_goods_cohort', 'unrated_refunds', 'unrated_cohort'] %}
{%- set starts = {'day': 'dates.date_day', 'week': 'dates.week_start_date', 'month': 'dates.month_start_date'} %}

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

    select
        store_id, product_id, sku_id, category_path,
        cast(row_number() over (order by store_id) as integer) as kind_no,
        cast(dense_rank() over (order by store_id) as integer) as store_no,
        cast(dense_rank() over (order by store_id, product_id) as integer) as product_no
    from (
        select store_id, product_id, sku_id, category_path from lines
        union
        select store_id, product_id, sku_id, category_path from refund_lines
    ) as named

),

kind_items as (

    select
        kind_no, store_no, product_no, level, store_id, item_id,
        cast(dense_rank() over (order by level) as integer) as level_no,
        cast(dense_rank() over (order by level, store_id, item_id) as integer) as item_no
    from (
        {%- for level, item in levels.items() %}
        select kind_no, store_no, product_no, '{{ level }}' as level, store_id, {{ item }} as item_id from kinds
        {{ "union all" if not loop.last }}
        {%- endfor %}
    ) as at_levels
    where item_id is not null

),

items as (

    select distinct item_no, level_no, store_no, level, store_id, item_id from kind_items

),

people as (

    select platform, buyer_key, cast(row_number() over (order by platform) as integer) as buyer_no
    from (select distinct platform, buyer_key from lines where buyer_key is not null) as named

),

bills as (

    select
        named.platform, named.store_id, named.order_id, named.paid_date, people.buyer_no,
        cast(row_number() over (order by named.paid_date) as integer) as order_no
    from (
        select platform, store_id, order_id, max(buyer_key) as buyer_key, max(paid_date) as paid_date
        from lines
        group by platform, store_id, order_id
    ) as named
    left join people on named.platform = people.platform and named.buyer_key = people.buyer_key

),

spans as (

    select
        named.store_id, stores.store_no, named.grain, named.period_start, named.span_days,
        cast(row_number() over (order by named.store_id) as integer) as span_no
    from (select distinct store_id, grain, period_start, span_days from {{ days_to_write() }}) as named
    inner join (select distinct store_id, store_no from kinds) as stores on named.store_id = stores.store_id

),

span_days as (

    select spans.store_no, spans.span_no, days.grain, days.date_day
    from {{ days_to_write() }} as days
    inner join spans
        on days.store_id = spans.store_id
        and days.grain = spans.grain
        and days.period_start = spans.period_start
        and days.span_days = spans.span_days

),

numbered as (

    select
        kinds.kind_no, bills.order_no, bills.buyer_no, lines.paid_date as date_day, lines.units, lines.list_amount, lines.merchant_discount,
        lines.goods_paid
    from lines
    inner join kinds
        on lines.store_id = kinds.store_id
        and {{ same_kind('lines') }}
    inner join bills on lines.platform = bills.platform and lines.store_id = bills.store_id and lines.order_id = bills.order_id

),

kind_days as (

    select kind_no, date_day, count(*) - count(goods_paid) as unrated
        {%- for name in sold %}, {{ added_up(name) }} as {{ name }}{% endfor %}
    from numbered
    group by kind_no, date_day

),

-- Who is counted in a span: whose sale of the item is the first one since the span began. Orders are numbered by day, and the
-- lines of an order are of one day: each stands beside the last one of the same order, or of an earlier one (0: there is none), and
-- whether that one is of the same day, week or month its number says, for whichever part of them a span is.
item_orders as (

    select
        kind_items.item_no, numbered.order_no, numbered.date_day, numbered.buyer_no,
        lag(numbered.order_no, 1, 0) over (
            partition by kind_items.item_no, numbered.buyer_no order by numbered.order_no
        ) as last_order_no
    from numbered
    inner join kind_items on numbered.kind_no = kind_items.kind_no

),

first_orders as (

    select
        days.date_day
        {%- for grain, since in starts.items() %},
        min(days.order_no) over (partition by {{ since }}) as first_of_{{ grain }}
        {%- endfor %}
    from (select paid_date as date_day, min(order_no) as order_no from bills group by paid_date) as days
    inner join {{ ref('int_dates') }} as dates on days.date_day = dates.date_day

),

order_days as (

    select
        item_orders.item_no, item_orders.date_day,
        count(case when last_order_no < order_no then 1 end) as orders
        {%- for grain in starts %},
        count(case when last_order_no < first_of_{{ grain }} then buyer_no end) as buyers_of_{{ grain }}
        {%- endfor %}
    from item_orders
    inner join first_orders on item_orders.date_day = first_orders.date_day
    group by item_orders.item_no, item_orders.date_day

),

-- Products sold of a category, in the same way.
item_products as (

    select item_no, date_day, lag(date_day) over (partition by item_no, product_no order by date_day) as last_day
    from (
        select distinct kind_items.item_no, kind_items.product_no, kind_days.date_day
        from kind_days
        inner join kind_items on kind_days.kind_no = kind_items.kind_no
        where kind_items.level like 'category%' and kind_days.units > 0
    ) as named_once

),

product_days as (

    select item_products.item_no, item_products.date_day
        {%- for grain, since in starts.items() %},
        count(case when last_day is null or last_day < {{ since }} then 1 end) as products_of_{{ grain }}
        {%- endfor %}
    from item_products
    inner join {{ ref('int_dates') }} as dates on item_products.date_day = dates.date_day
    group by item_products.item_no, item_products.date_day

),

sales_days as (

    select kind_items.item_no, kind_days.date_day, sum(kind_days.unrated) as unrated
        {%- for name in sold %}, {{ added_up('kind_days.' ~ name) }} as {{ name }}{% endfor %}
    from kind_days
    inner join kind_items on kind_days.kind_no = kind_items.kind_no
    group by kind_items.item_no, kind_days.date_day

),

kind_refunds as (

    select
        kinds.kind_no, refund_lines.refund_date, refund_lines.order_paid_date,
        {{ added_up('refund_lines.refund_units') }} as refund_units
        {%- for name, unrated in [('refund_goods', 'unrated_refunds'), ('refund_goods_cohort', 'unrated_cohort')] %},
        {{ added_up('refund_lines.' ~ name) }} as {{ name }},
        count(*) - count(refund_lines.{{ name }}) as {{ unrated }}
        {%- endfor %}
    from refund_lines
    inner join kinds
        on refund_lines.store_id = kinds.store_id
        and {{ same_kind('refund_lines') }}
    group by kinds.kind_no, refund_lines.refund_date, refund_lines.order_paid_date

),

-- Both bases of refunds: on the day of the refund, and on the day its order was paid.
refund_days as (

    select item_no, date_day
        {%- for name in refunded %}, {{ added_up(name) }} as {{ name }}{% endfor %}
    from (
        select
            kind_items.item_no, flow.refund_date as date_day, flow.refund_units, flow.refund_goods, flow.unrated_refunds,
            null as refund_goods_cohort, null as unrated_cohort
        from kind_refunds as flow
        inner join kind_items on flow.kind_no = kind_items.kind_no

        union all

        select kind_items.item_no, cohort.order_paid_date, null, null, null, cohort.refund_goods_cohort, cohort.unrated_cohort
        from kind_refunds as cohort
        inner join kind_items on cohort.kind_no = kind_items.kind_no
        where cohort.order_paid_date is not null
    ) as both_bases
    group by item_no, date_day

),

-- Days first: they add up to every span.
item_days as (

    select
        items.item_no, items.store_no, days.*
    from (
        select
            coalesce(sales_days.item_no, refund_days.item_no) as number_of_item,
            coalesce(sales_days.date_day, refund_days.date_day) as date_day,
            coalesce(sales_days.unrated, 0) as unrated,
            coalesce(order_days.orders, 0) as orders
            {%- for grain in starts %},
            coalesce(order_days.buyers_of_{{ grain }}, 0) as buyers_of_{{ grain }},
            coalesce(product_days.products_of_{{ grain }}, 0) as products_of_{{ grain }}
            {%- endfor %}
            {%- for name in sold %}, coalesce(sales_days.{{ name }}, 0) as {{ name }}{% endfor %}
            {%- for name in refunded %}, coalesce(refund_days.{{ name }}, 0) as {{ name }}{% endfor %}
        from sales_days
        inner join order_days on sales_days.item_no = order_days.item_no and sales_days.date_day = order_days.date_day
        left join product_days on sales_days.item_no = product_days.item_no and sales_days.date_day = product_days.date_day
        full outer join refund_days on sales_days.item_no = refund_days.item_no and sales_days.date_day = refund_days.date_day
    ) as days
    inner join items on days.number_of_item = items.item_no

),

-- A day is a span of its own.
summed as (

    select
        item_days.item_no, span_days.span_no, item_days.unrated, item_days.orders, item_days.buyers_of_day as buyers,
        item_days.products_of_day as products_sold
        {%- for name in sold + refunded %}, item_days.{{ name }}{% endfor %}
    from item_days
    inner join span_days on item_days.store_no = span_days.store_no and item_days.date_day = span_days.date_day
    where span_days.grain = 'day'

    union all

    select
        item_days.item_no, span_days.span_no, sum(item_days.unrated), sum(item_days.orders),
        sum(case span_days.grain when 'week' then item_days.buyers_of_week else item_days.buyers_of_month end),
        sum(case span_days.grain when 'week' then item_days.products_of_week else item_days.products_of_month end)
        {%- for name in sold + refunded %}, {{ added_up('item_days.' ~ name) }}{% endfor %}
    from item_days
    inner join span_days on item_days.store_no = span_days.store_no and item_days.date_day = span_days.date_day
    where span_days.grain <> 'day'
    group by item_days.item_no, span_days.span_no

),

-- Numbers alone, which are in the order of the names: what is ranked is moved about.
valued as (

    select
        summed.item_no,
        summed.span_no,
        items.level_no,
        cast(summed.products_sold as bigint) as products_sold,
        cast(summed.orders as bigint) as orders,
        cast(summed.buyers as bigint) as buyers,
        cast(summed.units as decimal(18, 4)) as units,
        cast(summed.refund_units as decimal(18, 4)) as refund_units,
        {%- for name in ['list_amount', 'merchant_discount', 'goods_paid'] %}
        {{ mart_money('summed.' ~ name, 'summed.unrated = 0') }} as {{ name }},
        {%- endfor %}
        {{ mart_money('summed.refund_goods', 'summed.unrated_refunds = 0') }} as refund_goods,
        {{ mart_money('summed.refund_goods_cohort', 'summed.unrated + summed.unrated_cohort = 0') }} as refund_goods_cohort,
        {{ mart_money('summed.goods_paid - summed.refund_goods', 'summed.unrated + summed.unrated_refunds = 0') }} as net_sales,
        {{ mart_money('summed.goods_paid - summed.refund_goods_cohort', 'summed.unrated + summed.unrated_cohort = 0') }} as net_sales_cohort
    from summed
    inner join items on summed.item_no = items.item_no

),

ranked as (

    select
        valued.*,
        row_number() over best_first as rank_in_store,
        case when count(*) over all_items = count(goods_paid) over all_items then sum(goods_paid) over all_items end as store_goods_paid,
        sum(goods_paid) over (best_first rows between unbounded preceding and current row) - goods_paid as goods_paid_above
    from valued
    window
        all_items as (partition by level_no, span_no),
        best_first as (
            partition by level_no, span_no
            order by goods_paid desc nulls last, item_no
        )

)

select
    items.level, items.store_id, items.item_id, spans.grain, spans.period_start, spans.span_days,
    case when items.level like 'category%' then products_sold end as products_sold,
    orders, buyers, units, refund_units, list_amount, merchant_discount, goods_paid, refund_goods, refund_goods_cohort, net_sales,
    net_sales_cohort, rank_in_store,
    {{ ratio('goods_paid', 'store_goods_paid') }} as gmv_share,
    -- The class of the item at which the running share is still below 80, 95 percent.
    case
        when coalesce(store_goods_paid, 0) <= 0 then null
        when goods_paid_above < 0.80 * store_goods_paid then 'A'
        when goods_paid_above < 0.95 * store_goods_paid then 'B'
        else 'C'
    end as abc_class,
    {{ ratio('goods_paid', 'units') }} as avg_unit_price,
    {{ ratio('goods_paid', 'list_amount') }} as price_realisation,
    {{ ratio('refund_goods', 'goods_paid') }} as refund_rate_flow
from ranked
inner join items on ranked.item_no = items.item_no
inner join spans on ranked.span_no = spans.span_no
