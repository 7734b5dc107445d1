-- region_*, buyer_type_* and payment_type_*: each period with the earlier ones it is compared with. In an earlier period whose orders
-- were loaded, a value without a row sold nothing.
{{ config(materialized='view') }}
{%- set earlier = ['prev', 'yoy'] %}
{%- set measures = {'orders_paid': 'bigint', 'buyers': 'bigint', 'paid_amount': 'decimal(18, 2)', 'net_sales': 'decimal(18, 2)'} %}

select
    this.trait,
    this.store_id,
    this.trait_value,
    {{ period_columns() }},
    {%- for name in attribute_measures() %}
    this.{{ name }},
    {%- endfor %}
    {%- for when in earlier %}
    {%- for name, type in measures.items() %}
    cast(case when {{ when }}_spans.is_orders_loaded and {{ when }}.trait is null then 0 else {{ when }}.{{ name }} end as {{ type }}) as {{ name }}_{{ when }},
    {{ change('own.' ~ name, when ~ '.' ~ name) }} as {{ name }}_{{ when }}_chg
    {{- "," if not loop.last }}
    {%- endfor %}
    {{- "," if not loop.last }}
    {%- endfor %}
from {{ ref('int_attribute_by_period') }} as this
{{ joined_to_its_span() }}
{{ earlier_spans() }}
{{ compared_spans('int_attribute_by_period', ['trait', 'store_id', 'trait_value'], 'spans') }}
where this.span_days = 0
