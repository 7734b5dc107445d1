-- region_*, buyer_type_* and payment_type_*: each period with the earlier ones it is compared with. In an earlier period whose orders
-- were loaded, a value without a row sold nothing.
{{ config(materialized='view') }}
{%- set mature = ['paid_amount_mature', 'refund_amount_cohort_30d'] %}
{%- set measures = {'orders_paid': 'bigint', 'buyers': 'bigint', 'paid_amount': 'decimal(18, 2)', 'net_sales': 'decimal(18, 2)'} %}

select
    this.trait,
    this.store_id,
    this.trait_value,
    {{ period_columns() }},
    {%- for name in attribute_measures() %}
    {%- if name in mature %}
    {{ mart_money('coalesce(matured.' ~ name ~ ', 0)', 'this.paid_amount is not null') }} as {{ name }},
    {%- elif name == 'refund_rate_cohort_30d' %}
    case when this.paid_amount is not null then {{ ratio('matured.' ~ mature[1], 'matured.' ~ mature[0]) }} end as {{ name }},
    {%- else %}
    this.{{ name }},
    {%- endif %}
    {%- endfor %}
    {{ compared(measures, nothing_where='is_orders_loaded') }}
from {{ ref('int_attribute_by_period') }} as this
{{ joined_to_its_span() }}
left join {{ ref('int_attribute_mature') }} as matured
    on this.trait = matured.trait
    and this.store_id = matured.store_id
    and this.trait_value = matured.trait_value
    and this.grain = matured.grain
    and this.period_start = matured.period_start
{{ earlier_spans() }}
{{ compared_spans('int_attribute_by_period', ['trait', 'store_id', 'trait_value'], 'spans') }}
where this.span_days = 0
