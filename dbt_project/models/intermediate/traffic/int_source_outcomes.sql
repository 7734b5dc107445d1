-- What platforms say that the visitors of a source did and paid, step by step: their own figures of a day, week or month, so that people
-- are distinct in it. Where several sites of a store have figures they are null, because nobody can tell which people they share. One
-- row per store, source (and ALL), grain and period_start.
{%- set told = [
    'exposed', 'clicked', 'visited', 'saw_detail', 'carted', 'favoured', 'checked_out', 'ordered', 'paid', 'orders', 'units',
] %}

with

outcomes as (

    {{ union_staging('source_outcomes') }}

)

select
    outcomes.store_id,
    case when count(*) = 1 then max(outcomes.platform) end as platform,
    outcomes.grain,
    outcomes.period_start,
    case when outcomes.is_total then 'ALL' else coalesce(outcomes.source_l1, 'unknown') end as source_l1,
    case when outcomes.is_total then 'ALL' else coalesce(outcomes.source_l2, 'unknown') end as source_l2,
    outcomes.is_total,
    {%- for name in told %}
    case when count(*) = 1 then max(outcomes.{{ name }}) end as {{ name }},
    {%- endfor %}
    case when count(*) = 1 then max({{ converted('outcomes.paid_amount', 'rates.rate_to_reporting') }}) end as paid_amount
from outcomes
left join {{ ref('int_fx_rates') }} as rates
    on outcomes.currency = rates.currency
    and outcomes.period_start = rates.date_day
where {{ is_visit_counted('outcomes') }}
group by
    outcomes.store_id, outcomes.grain, outcomes.period_start, outcomes.is_total,
    case when outcomes.is_total then 'ALL' else coalesce(outcomes.source_l1, 'unknown') end,
    case when outcomes.is_total then 'ALL' else coalesce(outcomes.source_l2, 'unknown') end
