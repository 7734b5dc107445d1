-- For each trait and period, the sales that are too young: their 30 days for refunds are not over. A sale becomes old enough by the mere
-- passing of time, which changes no record, so these sales (about the last month's) are looked at every night. One row per trait, store
-- (and ALL), value, grain and period.
{%- set amounts = ['paid_amount', 'refund_amount_within_30d'] %}

with

young as (

    select
        orders.store_id, orders.paid_date as date_day, {{ traits_of_the_order('orders.') }},
        orders.{{ amounts | join(', orders.') }}
    from {{ ref('fct_orders') }} as orders
    left join {{ ref('int_mature_days') }} as matured on orders.store_id = matured.store_id
    where orders.paid_date is not null and orders.exclude_reason is null
        and (matured.mature_through is null or orders.paid_date > matured.mature_through)

),

days as (
    {%- for trait in attribute_traits() %}

    select '{{ trait }}' as trait, store_id, {{ trait }} as trait_value, date_day
        {%- for name in amounts %}, sum({{ name }}) as {{ name }}{% endfor %}
    from young
    group by store_id, {{ trait }}, date_day
    {{ "union all" if not loop.last }}
    {%- endfor %}

)

select
    days.trait, spans.store_id, days.trait_value, spans.grain, spans.period_start
    {%- for name in amounts %},
    sum(days.{{ name }}) as {{ name }}
    {%- endfor %}
from (
    select * from days
    union all
    select days.trait, 'ALL' as store_id, days.trait_value, days.date_day, days.{{ amounts | join(', days.') }}
    from days
    {{ joined_to_first_days('days') }}
    where {{ counts_in_all('days.date_day') }}
) as days
inner join {{ ref('int_span_days') }} as spans
    on days.store_id = spans.store_id
    and days.date_day = spans.date_day
    and spans.span_days = 0
group by days.trait, spans.store_id, days.trait_value, spans.grain, spans.period_start
