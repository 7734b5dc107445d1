-- What each product did in its first days, and how that compares with earlier launches in its category. A product was launched when it
-- was listed; or when it first sold, where nobody told a listing or it sold before that. Where this listing lies before a store's
-- history, or this first sale within the history's first 90 days, the product may have been sold before, and has no row.
-- One row per store, product and window.
{%- set sold = ['orders', 'units', 'goods_paid', 'refund_goods', 'net_sales'] %}
{%- set seen = ['visitor_days', 'page_views', 'cart_units'] %}
{%- set reviewed = ['reviews', 'reviews_rated', 'rating_sum'] %}
{%- set first_days = "launches.launched_date and " ~ add_days('launches.launched_date', 89) %}

with

launches as (

    select
        items.store_id, items.item_id as product_id, coalesce(items.item_name, products.product_name) as product_name, items.launched_date, items.first_paid_date,
        products.category_path, ends.last_day, ends.data_through_at
    from {{ ref('int_items') }} as items
    inner join {{ ref('int_last_days') }} as ends
        on items.store_id = ends.store_id and items.launched_date <= ends.last_day
    inner join (select store_id, max(history_from) as history_from from {{ ref('int_store_calendar') }} group by store_id) as histories
        on items.store_id = histories.store_id
        and items.launched_date > {{ add_days('histories.history_from', 'case when items.launched_date = items.listed_date then 0 else 90 end') }}
    left join (
        select store_id, product_id, max(product_name) as product_name, max(category_path) as category_path
        from {{ ref('dim_product') }}
        group by store_id, product_id
    ) as products
        on items.store_id = products.store_id and items.item_id = products.product_id
    where items.level = 'product' and items.item_id <> 'unknown'

),

days as (

    select
        launches.store_id, launches.product_id, {{ days_between('launches.launched_date', 'days.period_start') }} as age,
        {% for name in sold %}days.{{ name }}{{ ", " if not loop.last }}{% endfor %},
        0 as is_seen, {% for name in seen + reviewed %}0 as {{ name }}{{ ", " if not loop.last }}{% endfor %}
    from launches
    inner join {{ ref('int_item_by_period') }} as days
        on days.level = 'product' and days.grain = 'day' and days.span_days = 0
        and launches.store_id = days.store_id
        and launches.product_id = days.item_id
        and days.period_start between {{ first_days }}
        and days.period_start <= launches.last_day

    union all

    select
        launches.store_id, launches.product_id, {{ days_between('launches.launched_date', 'days.period_start') }},
        {{ (['0'] * sold | length) | join(', ') }},
        1, {% for name in seen %}days.{{ name }}, {% endfor %}{{ (['0'] * reviewed | length) | join(', ') }}
    from launches
    inner join {{ ref('int_product_traffic') }} as days
        on days.level = 'product' and days.grain = 'day'
        and launches.store_id = days.store_id
        and launches.product_id = days.item_id
        and days.period_start between {{ first_days }}
        and days.period_start <= launches.last_day

    union all

    select
        launches.store_id, launches.product_id, {{ days_between('launches.launched_date', 'days.period_start') }},
        {{ (['0'] * sold | length) | join(', ') }},
        0, {{ (['0'] * seen | length) | join(', ') }}, {% for name in reviewed %}days.{{ name }}{{ ", " if not loop.last }}{% endfor %}
    from launches
    inner join {{ ref('int_product_reviews_by_period') }} as days
        on days.level = 'product' and days.grain = 'day'
        and launches.store_id = days.store_id
        and launches.product_id = days.item_id
        and days.period_start between {{ first_days }}
        and days.period_start <= launches.last_day

),

-- A window that holds a day that was not read is told in part, and its reviews are not known if those of one of its days are not.
unread as (

    select
        launches.store_id, launches.product_id,
        min(case when not days.is_orders_loaded then days.date_day end) as first_day,
        min(case when not coalesce(days.is_reviews_loaded, false) then days.date_day end) as first_unreviewed_day
    from launches
    inner join {{ ref('int_store_calendar') }} as days
        on launches.store_id = days.store_id
        and days.date_day between launches.launched_date and launches.last_day
    group by launches.store_id, launches.product_id

),

windows as (

    select 7 as window_days union all select 14 union all select 28 union all select 60 union all select 90

),

valued as (

    select
        launches.store_id, launches.product_id, launches.product_name, launches.category_path, windows.window_days,
        launches.launched_date, launches.first_paid_date, launches.data_through_at,
        {{ add_days('launches.launched_date', 'windows.window_days') }}
            <= coalesce(unread.first_day, {{ add_days('launches.last_day', 1) }}) as is_complete,
        unread.store_id is not null and (
            unread.first_unreviewed_day is null
            or unread.first_unreviewed_day >= {{ add_days('launches.launched_date', 'windows.window_days') }}
        ) as is_reviews_loaded,
        {%- for name in ['orders', 'units'] + reviewed %}
        coalesce(sum(days.{{ name }}), 0) as {{ name }},
        {%- endfor %}
        {%- for name in ['goods_paid', 'refund_goods', 'net_sales'] %}
        {{ mart_money('coalesce(sum(days.' ~ name ~ '), 0)', 'count(days.product_id) = count(days.' ~ name ~ ')') }} as {{ name }},
        {%- endfor %}
        nullif(sum(days.is_seen), 0) as traffic_days
        {%- for name in seen %},
        case when sum(days.is_seen) > 0 and count(*) = count(days.{{ name }}) then sum(days.{{ name }}) end as {{ name }}
        {%- endfor %}
    from launches
    cross join windows
    left join unread
        on launches.store_id = unread.store_id
        and launches.product_id = unread.product_id
    left join days
        on launches.store_id = days.store_id
        and launches.product_id = days.product_id
        and days.age < windows.window_days
    group by
        launches.store_id, launches.product_id, launches.product_name, launches.category_path, windows.window_days,
        launches.launched_date, launches.first_paid_date, launches.data_through_at, launches.last_day, unread.store_id, unread.first_day, unread.first_unreviewed_day

),

-- Launches of the year before, whose window is told whole as well.
compared as (

    select
        this.store_id, this.product_id, this.window_days,
        count(*) as earlier_launches,
        sum(case when earlier.goods_paid < this.goods_paid then 1 else 0 end) as outsold
    from valued as this
    inner join valued as earlier
        on this.store_id = earlier.store_id
        and this.category_path = earlier.category_path
        and this.window_days = earlier.window_days
        and earlier.launched_date < this.launched_date
        and earlier.launched_date >= {{ add_days('this.launched_date', -365) }}
    where this.is_complete and earlier.is_complete and this.goods_paid is not null and earlier.goods_paid is not null
    group by this.store_id, this.product_id, this.window_days

)

select
    valued.store_id,
    valued.product_id,
    valued.product_name,
    valued.category_path,
    cast(valued.window_days as integer) as window_days,
    valued.launched_date,
    valued.first_paid_date,
    cast({{ days_between('valued.launched_date', 'valued.first_paid_date') }} as bigint) as days_to_first_sale,
    valued.is_complete,
    valued.data_through_at,
    '{{ var("reporting_currency") }}' as currency,
    cast(valued.orders as bigint) as orders,
    cast(valued.units as decimal(18, 4)) as units,
    valued.goods_paid,
    valued.refund_goods,
    valued.net_sales,
    {%- for name in ['traffic_days'] + seen %}
    cast(valued.{{ name }} as bigint) as {{ name }},
    {%- endfor %}
    valued.is_reviews_loaded,
    {%- for name, type in {'reviews': 'bigint', 'reviews_rated': 'bigint', 'rating_sum': 'decimal(18, 4)'}.items() %}
    cast(case when valued.is_reviews_loaded then valued.{{ name }} end as {{ type }}) as {{ name }},
    {%- endfor %}
    case when valued.is_reviews_loaded then {{ ratio('valued.rating_sum', 'valued.reviews_rated') }} end as rating_avg,
    cast(case when valued.is_complete then coalesce(compared.earlier_launches, 0) end as bigint) as earlier_launches,
    {{ ratio('compared.outsold', 'compared.earlier_launches') }} as goods_paid_percentile
from valued
left join compared
    on valued.store_id = compared.store_id
    and valued.product_id = compared.product_id
    and valued.window_days = compared.window_days
