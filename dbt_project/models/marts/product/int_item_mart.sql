-- product_*, sku_* and category_*: each item's period with the earlier ones it is compared with. In an earlier period whose
-- orders were loaded, an item without a row sold nothing. Only a period that is not over is compared by another span than itself.
{{ config(
    materialized='view',
    schema='intermediate',
    database=target.database if target.type == 'duckdb' else none,
    contract={'enforced': false}
) }}
{%- set earlier = [('prev', 'prev_period_start', 'prev_span_days'), ('yoy', 'yoy_period_start', 'yoy_span_days')] %}
{%- set measures = {'orders': 'bigint', 'units': 'decimal(18, 4)', 'goods_paid': 'decimal(18, 2)', 'net_sales': 'decimal(18, 2)'} %}

select
    this.level,
    this.store_id,
    this.item_id,
    items.item_name,
    items.product_id,
    this.grain,
    this.period_start,
    spans.period_end,
    spans.days_in_period,
    cast(spans.days_elapsed as integer) as days_elapsed,
    spans.is_complete,
    spans.data_through_at,
    spans.is_orders_loaded,
    '{{ var("reporting_currency") }}' as currency,
    items.first_paid_date,
    coalesce(items.first_paid_date > {{ add_days('spans.period_end', -30) }}, false) as is_new,
    this.products_sold,
    this.orders,
    this.buyers,
    this.units,
    this.list_amount,
    this.merchant_discount,
    this.goods_paid,
    this.refund_units,
    this.refund_goods,
    this.net_sales,
    this.refund_goods_cohort,
    this.net_sales_cohort,
    this.avg_unit_price,
    this.price_realisation,
    this.refund_rate_flow,
    this.gmv_share,
    cast(this.rank_in_store as bigint) as rank_in_store,
    this.abc_class,
    {%- for when, start, days in earlier %}
    {%- for name, type in measures.items() %}
    cast(case when {{ when }}_spans.is_orders_loaded then coalesce({{ when }}.{{ name }}, 0) end as {{ type }}) as {{ name }}_{{ when }},
    {{ change('case when spans.own_span_days = 0 then this.' ~ name ~ ' else own.' ~ name ~ ' end', when ~ '.' ~ name) }} as {{ name }}_{{ when }}_chg
    {{- "," if not loop.last }}
    {%- endfor %}
    {{- "," if not loop.last }}
    {%- endfor %}
from {{ ref('int_item_by_period') }} as this
inner join {{ ref('int_items') }} as items
    on this.level = items.level
    and this.store_id = items.store_id
    and this.item_id = items.item_id
inner join {{ ref('int_spans') }} as spans
    on this.store_id = spans.store_id
    and this.grain = spans.grain
    and this.period_start = spans.period_start
    and this.span_days = spans.span_days
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
where this.span_days = 0
