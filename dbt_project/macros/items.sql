{# The item tables: one SELECT (item_periods) for all; the table of each level and grain gives the item's id its name. #}

{# What an item is at each level, as an expression over an order line. A line without a product is 'unknown', never dropped. #}
{% macro item_levels() -%}
    {%- set parts = ["split_part(category_path, ' > ', 1)", "split_part(category_path, ' > ', 2)", "split_part(category_path, ' > ', 3)"] -%}
    {{- return({
        'product': "coalesce(product_id, 'unknown')",
        'sku': "sku_id",
        'category_1': "coalesce(" ~ parts[0] ~ ", 'unknown')",
        'category_2': "case when " ~ parts[1] ~ " <> '' then concat(" ~ parts[0] ~ ", ' > ', " ~ parts[1] ~ ") end",
        'category_3': "case when " ~ parts[2] ~ " <> '' then concat(" ~ parts | join(", ' > ', ") ~ ") end",
    }) -}}
{%- endmacro %}


{# Joins lines to `kinds` of int_item_by_period, which has each combination of product, SKU and category once. #}
{% macro same_kind(rows) -%}
    {%- for name in ['product_id', 'sku_id', 'category_path'] -%}
    {{ rows }}.{{ name }} is not distinct from kinds.{{ name }}{{ " and " if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{#
  What product_*, sku_* and category_* select from: each item's period with the earlier ones it is compared with. An item has a row in a
  period in which it sold, came back, was looked at or was reviewed. Without a row in an earlier period whose orders were loaded, it sold
  nothing then. A period that is not over is compared by its whole days (int_spans). A day of a promotion event, once it is over, is also
  compared with the day of the same number in the event before. In a night the SELECT has only the rows to write anew.

  with_stock: adds what the catalogue says of an item in the period (item_stock), and what its reviews say; for one level only.
#}
{% macro item_periods(levels, grain, with_stock=false) -%}
{%- set measures = compared_item_measures() %}
{%- set whens = ['prev', 'yoy'] + (['yoy_event'] if grain == 'day' else []) %}
{%- set sums = ['orders', 'buyers', 'units', 'list_amount', 'merchant_discount', 'goods_paid', 'refund_units', 'refund_goods', 'net_sales',
    'refund_goods_cohort', 'net_sales_cohort', 'products_sold'] %}
{%- set rest = ['avg_unit_price', 'price_realisation', 'refund_rate_flow', 'gmv_share', 'rank_in_store', 'abc_class'] %}
{%- set chosen = "grain = '" ~ grain ~ "' and level in ('" ~ levels | join("', '") ~ "')" %}

with

{% if only_changes() -%}
-- What a night reads: the periods it writes and those they are compared with. Of an item whose name or first sale changed it reads all.
read_periods as (

    {{ periods_read(grain, also=in_affected_covers('spans') if with_stock else none) }}
    {%- if grain == 'day' %}

    union

    select spans.store_id, spans.grain, events.compare_date
    from {{ ref('int_spans') }} as spans
    inner join {{ ref('int_event_days') }} as events on spans.period_start = events.date_day
    where spans.grain = 'day'
        and ({{ in_affected_periods('spans') }}{% if with_stock %} or {{ in_affected_covers('spans') }}{% endif %})
    {%- endif %}
    {%- if with_stock %}

    union

    select store_id, grain, period_start from {{ ref('int_affected_covers') }} where grain = '{{ grain }}'
    {%- endif %}

),

{% endif -%}
sold as (

    select level, store_id, item_id, grain, period_start, span_days, {{ (sums + rest) | join(', ') }}
    from {{ ref('int_item_by_period') }} as held
    where {{ chosen }}
        {%- if only_changes() %}
        and (
            (held.store_id, held.grain, held.period_start) in (select store_id, grain, period_start from read_periods)
            or {{ in_changed_items('held.level', 'held.store_id', 'held.item_id') }}
        )
        {%- endif %}

),

{%- if grain == 'day' %}

-- Whole days of events, each with the day of the same number in the event before. They are a few weeks of a year, so little is read.
event_days as (

    select spans.store_id, spans.period_start, before.period_start as compare_date, before.is_orders_loaded
    from {{ ref('int_event_days') }} as events
    inner join {{ ref('int_spans') }} as spans
        on events.date_day = spans.period_start
        and spans.grain = 'day'
        and spans.span_days = 0
        and spans.is_complete
    inner join {{ ref('int_spans') }} as before
        on spans.store_id = before.store_id
        and events.compare_date = before.period_start
        and before.grain = 'day'
        and before.span_days = 0
        and before.is_complete

),

sold_at_event as (

    select
        sold.level, sold.store_id, sold.item_id, sold.grain, event_days.period_start
        {%- for name in measures %}, sold.{{ name }}{% endfor %}
    from event_days
    inner join sold
        on event_days.store_id = sold.store_id
        and event_days.compare_date = sold.period_start
        and sold.span_days = 0

),
{%- endif %}

viewed as (

    select *
    from {{ ref('int_product_traffic_by_period') }}
    where {{ chosen }}

),

periods as (

    select *
    from sold
    where span_days = 0

    union all

    -- Items that were looked at or reviewed, and did not sell.
    select
        others.level, others.store_id, others.item_id, others.grain, others.period_start, 0,
        {{ (['0'] * sums | length) | join(', ') }}, {{ (['null'] * rest | length) | join(', ') }}
    from (
        select level, store_id, item_id, grain, period_start from viewed where span_days = 0
        {%- if with_stock %}
        union
        select level, store_id, item_id, grain, period_start
        from {{ ref('int_product_reviews_by_period') }}
        where {{ chosen }}
        {%- endif %}
    ) as others
    left join sold
        on others.level = sold.level
        and others.store_id = sold.store_id
        and others.item_id = sold.item_id
        and others.grain = sold.grain
        and others.period_start = sold.period_start
        and sold.span_days = 0
    where sold.item_id is null

),

to_write as (

    select *
    from periods
    {%- if only_changes() %}
    where {{ in_affected_periods('periods') }}
        or {{ in_changed_items('periods.level', 'periods.store_id', 'periods.item_id') }}
        {%- if with_stock %}
        or {{ in_affected_covers('periods') }}
        {%- endif %}
    {%- endif %}

)
{%- if with_stock %},

{{ item_stock(levels[0], grain) }}
{%- endif %}

select
    this.level,
    this.store_id,
    this.item_id,
    coalesce(items.item_name, traffic.product_name) as item_name,
    coalesce(items.product_id, traffic.product_id{% if with_stock %}, reviewed.product_id{% endif %}) as product_id,
    {{ period_columns() }},
    items.first_paid_date,
    coalesce(items.launched_date > {{ add_days('spans.period_end', -30) }}, false) as is_new,
    {%- for name in sums %}
    case when this.rank_in_store is not null or spans.is_orders_loaded then this.{{ name }} end as {{ name }},
    {%- endfor %}
    this.avg_unit_price,
    this.price_realisation,
    this.refund_rate_flow,
    this.gmv_share,
    cast(this.rank_in_store as bigint) as rank_in_store,
    this.abc_class,
    {%- for name in ['traffic_days', 'visitors', 'visitor_days', 'visitors_at_least', 'page_views', 'exposures', 'search_exposures',
        'search_clicks', 'cart_visitors', 'cart_units', 'fav_visitors'] %}
    cast(traffic.{{ name }} as bigint) as {{ name }},
    {%- endfor %}
    {{ ratio('traffic.search_clicks', 'traffic.search_exposures') }} as search_click_rate,
    {{ ratio('traffic.cart_visitors', 'traffic.visitors') }} as cart_rate,
    -- In the period in which the store's days begin, the platform's visitors are of more days than its orders.
    {%- set is_sold_whole = 'spans.is_orders_loaded and coalesce(spans.history_from <= spans.period_start, true)' %}
    case when {{ is_sold_whole }} then {{ ratio('this.buyers', 'traffic.visitors') }} end as pay_conversion,
    case when {{ is_sold_whole }} then {{ ratio('this.goods_paid', 'traffic.visitors') }} end as uv_value,
    {{ compared(
        measures,
        nothing_where='is_orders_loaded',
        own='case when spans.own_span_days = 0 then this.$ when own_spans.is_orders_loaded and own.grain is null then 0 else own.$ end',
        whens=whens
    ) }}
    {%- if grain != 'day' %}
    {%- for name, type in measures.items() %},
    {{ null_as(type) }} as {{ name }}_yoy_event,
    {{ null_as('double') }} as {{ name }}_yoy_event_chg
    {%- endfor %}
    {%- endif %}
    {%- if with_stock %}
    {%- set told = 'spans.is_reviews_loaded' if levels == ['product']
        else '(spans.is_reviews_loaded and coalesce(of_product.without_sku, 0) = 0)' %},
    {{ told }} as is_reviews_loaded,
    {%- for name, type in {'reviews': 'bigint', 'reviews_rated': 'bigint', 'rating_sum': 'decimal(18, 4)'}.items() %}
    case when {{ told }} then cast(coalesce(reviewed.{{ name }}, 0) as {{ type }}) end as {{ name }},
    {%- endfor %}
    case when {{ told }} then {{ ratio('reviewed.rating_sum', 'reviewed.reviews_rated') }} end as rating_avg,
    stocked.store_id is not null as is_stock_loaded,
    cast(stocked.list_price as decimal(18, 2)) as list_price,
    stocked.list_price_currency,
    cast(stocked.stock_last as decimal(18, 4)) as stock_last,
    cast(stocked.in_stock_days as integer) as in_stock_days,
    {{ ratio('stocked.stock_last * covering.in_stock_days', 'covering.units') }} as days_of_cover
    {%- endif %}
from to_write as this
left join {{ ref('int_items') }} as items
    on this.level = items.level
    and this.store_id = items.store_id
    and this.item_id = items.item_id
left join viewed as traffic
    on this.level = traffic.level
    and this.store_id = traffic.store_id
    and this.item_id = traffic.item_id
    and this.grain = traffic.grain
    and this.period_start = traffic.period_start
    and this.span_days = traffic.span_days
{{ joined_to_its_span() }}
{{ joined_to_compared_spans() }}
{%- for when, start in [('own', 'period_start'), ('prev', 'prev_period_start'), ('yoy', 'yoy_period_start')] %}
left join sold as {{ when }}
    on this.level = {{ when }}.level
    and this.store_id = {{ when }}.store_id
    and this.item_id = {{ when }}.item_id
    and this.grain = {{ when }}.grain
    and spans.{{ start }} = {{ when }}.period_start
    and spans.{{ when }}_span_days = {{ when }}.span_days
    {%- if when == 'own' %}
    and own.span_days > 0
    {%- endif %}
{%- endfor %}
{%- if grain == 'day' %}
left join event_days as yoy_event_spans
    on this.store_id = yoy_event_spans.store_id
    and this.period_start = yoy_event_spans.period_start
left join sold_at_event as yoy_event
    on this.level = yoy_event.level
    and this.store_id = yoy_event.store_id
    and this.item_id = yoy_event.item_id
    and this.period_start = yoy_event.period_start
{%- endif %}
{%- if with_stock %}
left join {{ ref('int_product_reviews_by_period') }} as reviewed
    on this.level = reviewed.level
    and this.store_id = reviewed.store_id
    and this.item_id = reviewed.item_id
    and this.grain = reviewed.grain
    and this.period_start = reviewed.period_start
{%- if levels != ['product'] %}
left join {{ ref('int_product_reviews_by_period') }} as of_product
    on of_product.level = 'product'
    and this.store_id = of_product.store_id
    and coalesce(items.product_id, traffic.product_id, reviewed.product_id) = of_product.item_id
    and this.grain = of_product.grain
    and this.period_start = of_product.period_start
{%- endif %}
left join stocked
    on this.store_id = stocked.store_id
    and this.item_id = stocked.item_id
    and this.period_start = stocked.period_start
left join covering
    on this.store_id = covering.store_id
    and this.item_id = covering.item_id
    and this.period_start = covering.period_start
{%- endif %}
{%- endmacro %}


{% macro product_mart(grain) %}
{{ config(**rebuilt([
    "{{ in_affected_periods('held') }}",
    "{{ in_changed_items(\"'product'\", 'held.store_id', 'held.product_id') }}",
    "{{ in_affected_covers('held') }}",
])) }}
select
    store_id, item_id as product_id, item_name as product_name,
    {{ item_columns() }}, {{ item_traffic_columns() }}, first_paid_date, is_new,
    is_reviews_loaded, reviews, reviews_rated, rating_sum, rating_avg,
    is_stock_loaded, list_price, list_price_currency, stock_last, in_stock_days, days_of_cover
from ({{ item_periods(['product'], grain, with_stock=true) }}) as items
{% endmacro %}


{% macro sku_mart(grain) %}
{{ config(**rebuilt([
    "{{ in_affected_periods('held') }}",
    "{{ in_changed_items(\"'sku'\", 'held.store_id', 'held.sku_id') }}",
    "{{ in_affected_covers('held') }}",
])) }}
select
    store_id, product_id, item_id as sku_id, item_name as product_name,
    {{ item_columns() }}, {{ item_traffic_columns() }}, first_paid_date, is_new,
    is_reviews_loaded, reviews, reviews_rated, rating_sum, rating_avg,
    is_stock_loaded, list_price, list_price_currency, stock_last, in_stock_days, days_of_cover
from ({{ item_periods(['sku'], grain, with_stock=true) }}) as items
{% endmacro %}


{% macro category_mart(grain) %}
{{ config(**rebuilt([
    "{{ in_affected_periods('held') }}",
    "{{ in_changed_items(\"concat('category_', cast(held.category_level as varchar))\", 'held.store_id', 'held.category_path') }}",
])) }}
select
    store_id,
    case level when 'category_1' then 1 when 'category_2' then 2 else 3 end as category_level,
    item_id as category_path,
    {{ item_columns() }}, cast(products_sold as bigint) as products_sold, {{ category_traffic_columns() }}
from ({{ item_periods(['category_1', 'category_2', 'category_3'], grain) }}) as items
{% endmacro %}


{% macro item_columns() -%}
    grain, period_start, period_end, days_in_period, days_elapsed, is_complete, data_through_at, is_orders_loaded, currency,
    orders, buyers, units, list_amount, merchant_discount, goods_paid, refund_units, refund_goods, net_sales,
    refund_goods_cohort, net_sales_cohort, avg_unit_price, price_realisation, refund_rate_flow,
    gmv_share, rank_in_store, abc_class,
    {%- for when in ['prev', 'yoy', 'yoy_event'] %}
    {%- set last = loop.last %}
    {%- for name in compared_item_measures() %}
    {{ name }}_{{ when }}, {{ name }}_{{ when }}_chg{{ "," if not (last and loop.last) }}
    {%- endfor %}
    {%- endfor %}
{%- endmacro %}

{# The measures of an item that are compared with earlier periods, and their types. #}
{% macro compared_item_measures() -%}
    {{- return({'orders': 'bigint', 'units': 'decimal(18, 4)', 'goods_paid': 'decimal(18, 2)', 'net_sales': 'decimal(18, 2)'}) -}}
{%- endmacro %}


{# How often an item was looked at. Numbers of people only for products and variants: the people of a category's products cannot be added
   up. #}
{% macro category_traffic_columns() -%}
    traffic_days, visitor_days, visitors_at_least, page_views, exposures, search_exposures, search_clicks, search_click_rate, cart_units
{%- endmacro %}

{% macro item_traffic_columns() -%}
    {{ category_traffic_columns() }}, visitors, cart_visitors, fav_visitors, cart_rate, pay_conversion, uv_value
{%- endmacro %}
