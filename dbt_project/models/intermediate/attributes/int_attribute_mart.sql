-- region_*, buyer_type_* and payment_type_*: each period with the earlier ones it is compared with. In an earlier period whose orders
-- were loaded, a value without a row sold nothing.
{{ config(materialized='view') }}
{%- set earlier = [('prev', 'prev_period_start', 'prev_span_days'), ('yoy', 'yoy_period_start', 'yoy_span_days')] %}
{%- set measures = {'orders_paid': 'bigint', 'buyers': 'bigint', 'paid_amount': 'decimal(18, 2)', 'net_sales': 'decimal(18, 2)'} %}

select
    this.trait,
    this.store_id,
    this.trait_value,
    {{ period_columns() }},
    this.orders_paid,
    this.buyers,
    this.units_paid,
    this.goods_paid,
    this.shipping_charged,
    this.tax,
    this.paid_amount,
    this.share_of_paid_amount,
    this.refunds,
    this.refund_goods,
    this.refund_amount,
    this.net_sales,
    this.refund_goods_cohort,
    this.refund_amount_cohort,
    this.net_sales_cohort,
    this.aov,
    this.spend_per_buyer,
    this.refund_rate_flow,
    {%- for when, start, days in earlier %}
    {%- for name, type in measures.items() %}
    cast(case when {{ when }}_spans.is_orders_loaded and {{ when }}.trait is null then 0 else {{ when }}.{{ name }} end as {{ type }}) as {{ name }}_{{ when }},
    {{ change('own.' ~ name, when ~ '.' ~ name) }} as {{ name }}_{{ when }}_chg
    {{- "," if not loop.last }}
    {%- endfor %}
    {{- "," if not loop.last }}
    {%- endfor %}
from {{ ref('int_attribute_by_period') }} as this
{{ joined_to_its_span() }}
{%- for when, start, days in [('own', 'period_start', 'own_span_days')] + earlier %}
{%- if when != 'own' %}
left join {{ ref('int_spans') }} as {{ when }}_spans
    on this.store_id = {{ when }}_spans.store_id
    and this.grain = {{ when }}_spans.grain
    and spans.{{ start }} = {{ when }}_spans.period_start
    and spans.{{ days }} = {{ when }}_spans.span_days
{%- endif %}
left join {{ ref('int_attribute_by_period') }} as {{ when }}
    on this.trait = {{ when }}.trait
    and this.store_id = {{ when }}.store_id
    and this.trait_value = {{ when }}.trait_value
    and this.grain = {{ when }}.grain
    and spans.{{ start }} = {{ when }}.period_start
    and spans.{{ days }} = {{ when }}.span_days
{%- endfor %}
where this.span_days = 0
