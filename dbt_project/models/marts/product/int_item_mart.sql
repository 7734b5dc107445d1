-- product_*, sku_* and category_*: each item's period with the earlier ones it is compared with. In an earlier period whose
-- orders were loaded, an item without a row sold nothing. Rows are items that sold, came back or were looked at. Only a period that is not over is compared by another span than itself.
{{ config(
    materialized='view',
    schema='intermediate',
    database=target.database if target.type == 'duckdb' else none,
    contract={'enforced': false}
) }}
{%- set earlier = [('prev', 'prev_period_start', 'prev_span_days'), ('yoy', 'yoy_period_start', 'yoy_span_days')] %}
{%- set measures = {'orders': 'bigint', 'units': 'decimal(18, 4)', 'goods_paid': 'decimal(18, 2)', 'net_sales': 'decimal(18, 2)'} %}
{%- set sums = ['orders', 'buyers', 'units', 'list_amount', 'merchant_discount', 'goods_paid', 'refund_units', 'refund_goods', 'net_sales',
    'refund_goods_cohort', 'net_sales_cohort'] %}
{%- set rest = ['products_sold', 'avg_unit_price', 'price_realisation', 'refund_rate_flow', 'gmv_share', 'rank_in_store', 'abc_class'] %}

with

periods as (

    select level, store_id, item_id, grain, period_start, span_days, {{ (sums + rest) | join(', ') }}
    from {{ ref('int_item_by_period') }}
    where span_days = 0

    union all

    -- Looked at and not sold.
    select
        traffic.level, traffic.store_id, traffic.item_id, traffic.grain, traffic.period_start, traffic.span_days,
        {{ (['0'] * sums | length) | join(', ') }}, {{ (['null'] * rest | length) | join(', ') }}
    from {{ ref('int_product_traffic_by_period') }} as traffic
    left join {{ ref('int_item_by_period') }} as sold
        on traffic.level = sold.level
        and traffic.store_id = sold.store_id
        and traffic.item_id = sold.item_id
        and traffic.grain = sold.grain
        and traffic.period_start = sold.period_start
        and traffic.span_days = sold.span_days
    where traffic.span_days = 0 and sold.item_id is null

)

select
    this.level,
    this.store_id,
    this.item_id,
    coalesce(items.item_name, traffic.product_name) as item_name,
    coalesce(items.product_id, traffic.product_id) as product_id,
    {{ period_columns() }},
    items.first_paid_date,
    coalesce(items.first_paid_date > {{ add_days('spans.period_end', -30) }}, false) as is_new,
    cast(this.products_sold as bigint) as products_sold,
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
    case when spans.is_orders_loaded then {{ ratio('this.buyers', 'traffic.visitors') }} end as pay_conversion,
    case when spans.is_orders_loaded then {{ ratio('this.goods_paid', 'traffic.visitors') }} end as uv_value,
    {%- for when, start, days in earlier %}
    {%- for name, type in measures.items() %}
    cast(case when {{ when }}_spans.is_orders_loaded then coalesce({{ when }}.{{ name }}, 0) end as {{ type }}) as {{ name }}_{{ when }},
    {{ change('case when spans.own_span_days = 0 then this.' ~ name ~ ' else own.' ~ name ~ ' end', when ~ '.' ~ name) }} as {{ name }}_{{ when }}_chg
    {{- "," if not loop.last }}
    {%- endfor %}
    {{- "," if not loop.last }}
    {%- endfor %}
from periods as this
left join {{ ref('int_items') }} as items
    on this.level = items.level
    and this.store_id = items.store_id
    and this.item_id = items.item_id
left join {{ ref('int_product_traffic_by_period') }} as traffic
    on this.level = traffic.level
    and this.store_id = traffic.store_id
    and this.item_id = traffic.item_id
    and this.grain = traffic.grain
    and this.period_start = traffic.period_start
    and this.span_days = traffic.span_days
{{ joined_to_its_span() }}
{%- for when, start, days in [('own', 'period_start', 'own_span_days')] + earlier %}
{%- if when != 'own' %}
left join {{ ref('int_spans') }} as {{ when }}_spans
    on this.store_id = {{ when }}_spans.store_id
    and this.grain = {{ when }}_spans.grain
    and spans.{{ start }} = {{ when }}_spans.period_start
    and spans.{{ days }} = {{ when }}_spans.span_days
{%- endif %}
left join {{ ref('int_item_by_period') }} as {{ when }}
    on this.level = {{ when }}.level
    and this.store_id = {{ when }}.store_id
    and this.item_id = {{ when }}.item_id
    and this.grain = {{ when }}.grain
    and spans.{{ start }} = {{ when }}.period_start
    and spans.{{ days }} = {{ when }}.span_days
    {%- if when == 'own' %}
    and own.span_days > 0
    {%- endif %}
{%- endfor %}
