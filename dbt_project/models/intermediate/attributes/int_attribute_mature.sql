-- Of each trait's sales in each period those old enough for the refunds of 30 days: a day matures without an event, so they are
-- added up anew from the days every night. One row per trait, store (and ALL), value, grain and period.
{%- set mature = {'paid_amount': 'paid_amount_mature', 'refund_amount_within_30d': 'refund_amount_cohort_30d'} %}

with

days as (

    select days.trait, days.store_id, days.trait_value, days.period_start as date_day, {{ mature | join(', ') }}
    from {{ ref('int_attribute_by_period') }} as days
    inner join {{ ref('int_mature_days') }} as matured
        on days.store_id = matured.store_id
        and days.period_start <= matured.mature_through
    where days.grain = 'day' and days.span_days = 0 and days.store_id <> 'ALL'

)

select
    days.trait, spans.store_id, days.trait_value, spans.grain, spans.period_start
    {%- for name, mature_name in mature.items() %},
    sum(days.{{ name }}) as {{ mature_name }}
    {%- endfor %}
from (
    select * from days
    union all
    select trait, 'ALL' as store_id, trait_value, date_day, {{ mature | join(', ') }} from days
) as days
inner join {{ ref('int_span_days') }} as spans
    on days.store_id = spans.store_id
    and days.date_day = spans.date_day
    and spans.span_days = 0
group by days.trait, spans.store_id, days.trait_value, spans.grain, spans.period_start
