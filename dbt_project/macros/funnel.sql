{# The people whom platforms count for a source beside visitors, and the column that has the sum of their days. #}
{% macro source_people() -%}
    {{- return({'cart_visitors': 'cart_visitor_days', 'fav_visitors': 'fav_visitor_days', 'buyers': 'buyer_days'}) -}}
{%- endmacro %}


{# The steps of the funnel in order, each with the step it is measured against. Carts and favourites are both what the visitors
of a product page do. #}
{% macro funnel_steps() -%}
    {{- return({
        'exposure': none, 'click': 'exposure', 'visit': 'click', 'detail': 'visit', 'cart': 'detail', 'fav': 'detail',
        'checkout': 'cart', 'create': 'checkout', 'pay': 'create', 'repurchase': 'pay',
    }) -}}
{%- endmacro %}


{# The steps of the closed funnel, in which each person is followed from step to step. For the other steps platforms give only counts. #}
{% macro funnel_steps_with_events() -%}
    {{- return(['create', 'pay', 'repurchase']) -}}
{%- endmacro %}


{# funnel_daily, _weekly and _monthly: one SELECT, a table per grain. A step nobody counts is null, and so is a rate with it. #}
{% macro funnel_mart(grain) %}
{%- set steps = funnel_steps() %}
{%- set measures = {} %}
{%- for name in ['exposure', 'visit', 'detail', 'cart', 'create', 'pay', 'repurchase'] %}
    {%- do measures.update({name ~ '_people': 'bigint'}) %}
{%- endfor %}
{%- do measures.update({
    'paid_amount': 'decimal(18, 2)', 'cart_rate': 'double', 'pay_rate': 'double', 'repurchase_rate': 'double', 'pay_conversion': 'double',
}) %}
select
    this.store_id,
    this.source_l1,
    this.source_l2,
    this.is_total,
    this.attribution_rule,
    this.grain,
    this.period_start,
    spans.period_end,
    spans.days_in_period,
    cast(spans.days_elapsed as integer) as days_elapsed,
    spans.is_complete,
    spans.data_through_at,
    spans.is_orders_loaded,
    spans.is_traffic_loaded,
    '{{ var("reporting_currency") }}' as currency,
    {%- for step in steps %}
    cast(this.{{ step }}_people as bigint) as {{ step }}_people,
    {%- endfor %}
    this.paid_amount,
    {%- for step, before in steps.items() if before %}
    this.{{ step }}_rate,
    {%- endfor %}
    this.pay_conversion,
    {%- for step, before in steps.items() if before and step != 'repurchase' %}
    cast(round(
        case when this.{{ before }}_people >= this.{{ step }}_people then this.{{ before }}_people - this.{{ step }}_people
            when this.{{ before }}_people < this.{{ step }}_people then 0 end
        * {{ ratio('this.paid_amount', 'this.' ~ step ~ '_people') }}, 2
    ) as decimal(18, 2)) as {{ step }}_lost_value,
    {%- endfor %}
    -- No platform gives the events of single visitors. Before the order there are only counts, so nobody can be followed.
    false as is_visit_events_loaded,
    {%- for step in steps %}
    cast({{ 'this.closed_' ~ step ~ '_people' if step in funnel_steps_with_events() else 'null' }} as bigint) as closed_{{ step }}_people,
    {%- endfor %}
    {{ ratio('this.closed_pay_people', 'this.closed_create_people') }} as closed_pay_rate,
    {{ ratio('this.closed_repurchase_people', 'this.closed_pay_people') }} as closed_repurchase_rate,
    {{ compared(measures) }}
from {{ ref('int_funnel_by_period') }} as this
{{ joined_to_its_span() }}
{{ compared_spans('int_funnel_by_period', ['store_id', 'source_l1', 'source_l2'], 'spans') }}
where this.grain = '{{ grain }}' and this.span_days = 0
{% endmacro %}

{# How many sites have visitors in a period, for each value of `keys` (the store, or the store and its source). A site has them if it gives
   a figure of the period itself or of one of its days. `figures`: int_traffic, or a part of it. #}
{% macro sites_of_periods(figures, keys) -%}
select {{ keys | join(', ') }}, grain, period_start, count(distinct account_id) as sites
    from (
        select {{ keys | join(', ') }}, grain, period_start, account_id from {{ figures }}

        union all

        select
            {%- for key in keys %}
            figures.{{ key }},
            {%- endfor %}
            days.grain, days.period_start, figures.account_id
        from {{ figures }} as figures
        inner join {{ ref('int_span_days') }} as days
            on figures.store_id = days.store_id
            and figures.period_start = days.date_day
        where figures.grain = 'day' and days.span_days = 0
    ) as told
    group by {{ keys | join(', ') }}, grain, period_start
{%- endmacro %}
