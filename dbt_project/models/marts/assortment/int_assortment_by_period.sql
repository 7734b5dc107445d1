-- The one SELECT behind assortment_*: products on sale in each span, which of them sold, and the pieces there at its end. Products are
-- distinct in each span and category. Where the catalogue was not known for all of a span the figures are null. Each store with a
-- catalogue, and ALL. Made whole every night, from runs and moves instead of versions. One row per store, category, grain, period and
-- span.
{{ config(
    schema='intermediate',
    database=target.database if target.type == 'duckdb' else none,
    contract={'enforced': false}
) }}
{%- set span = ['store_id', 'grain', 'period_start', 'span_days'] %}

with

-- Numbers in place of names, within this query only: what is counted is grouped by them.
spans as (

    select
        *,
        row_number() over (order by store_id) as span_no
    from (
        select {% for key in span %}days.{{ key }}, {% endfor %}spans.is_orders_loaded, max(days.date_day) as last_day
        from {{ ref('int_span_days') }} as days
        inner join {{ ref('int_spans') }} as spans
            on {% for key in span %}days.{{ key }} = spans.{{ key }}{{ " and " if not loop.last }}{% endfor %}
        group by {% for key in span %}days.{{ key }}, {% endfor %}spans.is_orders_loaded
    ) as ended

),

-- Whose products a row counts: its store's, or those of every store with a catalogue that has the period, if it does not end before
-- the store's history.
members as (

    select spans.*, spans.store_id as member_id
    from spans
    where store_id <> 'ALL'

    union all

    select together.*, members.store_id as member_id
    from spans as together
    inner join spans as members
        on together.grain = members.grain and together.period_start = members.period_start and members.span_days = 0
    {{ joined_to_first_days('members') }}
    where together.store_id = 'ALL' and members.store_id <> 'ALL' and {{ counts_in_all('members.last_day') }}

),

known as (

    select
        members.span_no,
        min(case
            when members.period_start >= catalogues.known_from and members.last_day <= catalogues.known_through then 1 else 0
        end) = 1 as is_catalogue_loaded
    from members
    inner join {{ ref('int_catalogues') }} as catalogues on members.member_id = catalogues.store_id
    group by members.span_no

),

known_members as (

    select members.*
    from members
    inner join known on members.span_no = known.span_no
    where known.is_catalogue_loaded

),

shelf as (

    select
        store_id,
        product_id,
        coalesce(category_path, 'unknown') as category_path,
        stock,
        valid_from_at,
        valid_until_at,
        from_date,
        last_date,
        until_date
    from {{ ref('int_product_versions') }}
    where is_on_sale and sku_id is null

),

-- Versions on sale that follow one another in one category are one run, whatever their price and stock.
runs as (

    select store_id, product_id, category_path, min(from_date) as from_date, max(last_date) as last_date
    from (
        select
            *,
            sum(begins) over (partition by store_id, product_id order by valid_from_at rows unbounded preceding) as run_no
        from (
            select
                *,
                case
                    when valid_from_at = lag(valid_until_at) over (partition by store_id, product_id order by valid_from_at)
                        and category_path = lag(category_path) over (partition by store_id, product_id order by valid_from_at)
                        then 0
                    else 1
                end as begins
            from shelf
        ) as compared
    ) as counted
    group by store_id, product_id, category_path, run_no

),

products as (

    select store_id, product_id, row_number() over (order by store_id, product_id) as product_no
    from (select distinct store_id, product_id from runs) as named

),

-- A category at its levels; level 0 is all of them.
categories as (

    select
        *,
        dense_rank() over (order by category_level, category_path) as category_no
    from (
        select category_path as of_path, 0 as category_level, 'ALL' as category_path
        from (select distinct category_path from runs) as named
        {%- for level, item in item_levels().items() if level.startswith('category') %}

        union all

        select category_path, {{ level[-1] }}, {{ item }}
        from (select distinct category_path from runs) as named
        where {{ item }} is not null
        {%- endfor %}
    ) as at_levels

),

category_runs as (

    select runs.store_id, categories.category_no, products.product_no, runs.from_date, runs.last_date
    from runs
    inner join products on runs.store_id = products.store_id and runs.product_id = products.product_id
    inner join categories on runs.category_path = categories.of_path

),

on_sale as (

    select distinct members.span_no, runs.category_no, runs.product_no
    from known_members as members
    inner join category_runs as runs
        on members.member_id = runs.store_id
        and runs.from_date <= members.last_day
        and runs.last_date >= members.period_start

),

sold as (

    select distinct spans.span_no, products.product_no
    from (
        {%- for row in ['items.store_id', "'ALL'"] %}
        select {{ row }} as store_id, items.store_id as member_id, items.item_id as product_id, items.period_start as date_day
        from {{ ref('int_item_by_period') }} as items
        {%- if loop.last %}
        {{ joined_to_first_days('items') }}
        {%- endif %}
        where items.level = 'product' and items.grain = 'day' and items.span_days = 0 and items.units > 0
            {%- if loop.last %} and {{ counts_in_all('items.period_start') }}{% endif %}
        {{ "union all" if not loop.last }}
        {%- endfor %}
    ) as items
    inner join products on items.member_id = products.store_id and items.product_id = products.product_id
    inner join {{ ref('int_span_days') }} as days on items.store_id = days.store_id and items.date_day = days.date_day
    inner join spans on {% for key in span %}days.{{ key }} = spans.{{ key }}{{ " and " if not loop.last }}{% endfor %}

),

counted as (

    select
        on_sale.span_no, on_sale.category_no,
        count(*) as products_on_sale,
        count(sold.product_no) as products_on_sale_sold
    from on_sale
    left join sold on on_sale.span_no = sold.span_no and on_sale.product_no = sold.product_no
    group by on_sale.span_no, on_sale.category_no

),

-- Pieces of what is on sale, added up of what came and went: a version brings its stock and takes it with it. told: how many products
-- have one.
moves as (

    select store_id, category_path, from_date as date_day, stock as pieces, 1 as told
    from shelf
    where stock is not null

    union all

    select store_id, category_path, until_date, -stock, -1
    from shelf
    where stock is not null

    union all

    select stores.store_id, stores.category_path, calendar.date_day, 0, 0
    from (select distinct store_id, category_path from shelf where stock is not null) as stores
    inner join {{ ref('int_store_calendar') }} as calendar on stores.store_id = calendar.store_id

),

stock_days as (

    select
        store_id,
        category_path,
        date_day,
        sum(sum(pieces)) over (partition by store_id, category_path order by date_day rows unbounded preceding) as pieces,
        sum(sum(told)) over (partition by store_id, category_path order by date_day rows unbounded preceding) as told
    from moves
    group by store_id, category_path, date_day

),

stocked as (

    select members.span_no, categories.category_no, sum(stock_days.pieces) as stock_last
    from known_members as members
    inner join stock_days
        on members.member_id = stock_days.store_id
        and members.last_day = stock_days.date_day
        and stock_days.told > 0
    inner join categories on stock_days.category_path = categories.of_path
    group by members.span_no, categories.category_no

),

-- A period has its row of all categories, with nothing on sale as well and where nobody knows.
rows_of_periods as (

    select span_no, 1 as category_no from known
    union
    select span_no, category_no from counted

),

valued as (

    select
        {% for key in span %}spans.{{ key }}, {% endfor %}
        coalesce(named.category_level, 0) as category_level,
        coalesce(named.category_path, 'ALL') as category_path,
        known.is_catalogue_loaded,
        case when known.is_catalogue_loaded then coalesce(counted.products_on_sale, 0) end as products_on_sale,
        case when known.is_catalogue_loaded and spans.is_orders_loaded then coalesce(counted.products_on_sale_sold, 0) end
            as products_on_sale_sold,
        cast(stocked.stock_last as decimal(18, 4)) as stock_last
    from rows_of_periods as this
    inner join spans on this.span_no = spans.span_no
    inner join known on this.span_no = known.span_no
    left join (select distinct category_no, category_level, category_path from categories) as named
        on this.category_no = named.category_no
    left join counted on this.span_no = counted.span_no and this.category_no = counted.category_no
    left join stocked on this.span_no = stocked.span_no and this.category_no = stocked.category_no

)

select *, {{ ratio('products_on_sale_sold', 'products_on_sale') }} as sell_through
from valued
