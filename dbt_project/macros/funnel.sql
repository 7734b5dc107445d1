{# The steps of the funnel in order, each with the step it is measured against. Carts and favourites are both what the visitors
of a product page do. #}
{% macro funnel_steps() -%}
    {{- return({
        'exposure': none, 'click': 'exposure', 'visit': 'click', 'detail': 'visit', 'cart': 'detail', 'fav': 'detail',
        'checkout': 'cart', 'create': 'checkout', 'pay': 'create', 'repurchase': 'pay',
    }) -}}
{%- endmacro %}


{# funnel_daily, _weekly and _monthly: one SELECT, a table per grain. A step nobody counts is null, and so is a rate with it. #}
{% macro funnel_mart(grain) %}
{%- set steps = funnel_steps() %}
select
    people.store_id,
    people.source_l1,
    people.source_l2,
    people.is_total,
    people.attribution_rule,
    people.grain,
    people.period_start,
    spans.period_end,
    spans.days_in_period,
    cast(spans.days_elapsed as integer) as days_elapsed,
    spans.is_complete,
    spans.data_through_at,
    spans.is_orders_loaded,
    spans.is_traffic_loaded,
    '{{ var("reporting_currency") }}' as currency,
    {%- for step in steps %}
    cast(people.{{ step }}_people as bigint) as {{ step }}_people,
    {%- endfor %}
    people.paid_amount,
    {%- for step, before in steps.items() if before %}
    {{ ratio('people.' ~ step ~ '_people', 'people.' ~ before ~ '_people') }} as {{ step }}_rate,
    {%- endfor %}
    {{ ratio('people.pay_people', 'people.visit_people') }} as pay_conversion,
    {%- for step, before in steps.items() if before and step != 'repurchase' %}
    cast(round(
        case when people.{{ before }}_people >= people.{{ step }}_people then people.{{ before }}_people - people.{{ step }}_people
            when people.{{ before }}_people < people.{{ step }}_people then 0 end
        * {{ ratio('people.paid_amount', 'people.' ~ step ~ '_people') }}, 2
    ) as decimal(18, 2)) as {{ step }}_lost_value
    {{- "," if not loop.last }}
    {%- endfor %}
from {{ ref('int_funnel_by_period') }} as people
inner join {{ ref('int_spans') }} as spans
    on people.store_id = spans.store_id
    and people.grain = spans.grain
    and people.period_start = spans.period_start
    and spans.span_days = 0
where people.grain = '{{ grain }}'
{% endmacro %}
