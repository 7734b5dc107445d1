-- People at each step from being shown something to buying again, distinct in the period (an open funnel: nobody has to have
-- taken the step before). Sources as the platform attributes them, its own figures of the period; over all sources, people who
-- ordered and paid are those of our orders. What nobody counts is null. One row per store, source (and ALL), grain and period_start.
{%- set steps = {
    'exposure': 'exposed', 'click': 'clicked', 'visit': 'visited', 'detail': 'saw_detail', 'cart': 'carted', 'fav': 'favoured',
    'checkout': 'checked_out', 'create': 'ordered', 'pay': 'paid',
} %}

with

outcomes as (

    {{ union_staging('source_outcomes') }}

),

-- Several sites of a store share people nobody can tell apart.
told as (

    select
        outcomes.store_id,
        outcomes.grain,
        outcomes.period_start,
        case when outcomes.is_total then 'ALL' else coalesce(outcomes.source_l1, 'unknown') end as source_l1,
        case when outcomes.is_total then 'ALL' else coalesce(outcomes.source_l2, 'unknown') end as source_l2,
        {%- for step, name in steps.items() %}
        case when count(*) = 1 then max(outcomes.{{ name }}) end as {{ step }}_people,
        {%- endfor %}
        case when count(*) = 1 then max({{ converted('outcomes.paid_amount', 'rates.rate_to_reporting') }}) end as paid_amount
    from outcomes
    left join {{ ref('int_fx_rates') }} as rates
        on outcomes.currency = rates.currency
        and outcomes.period_start = rates.date_day
    group by
        outcomes.store_id, outcomes.grain, outcomes.period_start,
        case when outcomes.is_total then 'ALL' else coalesce(outcomes.source_l1, 'unknown') end,
        case when outcomes.is_total then 'ALL' else coalesce(outcomes.source_l2, 'unknown') end

),

ordered as (

    select
        days.store_id,
        days.grain,
        days.period_start,
        count(distinct orders.buyer_key) as create_people
    from {{ ref('int_orders') }} as orders
    inner join {{ ref('int_span_days') }} as days
        on orders.store_id = days.store_id
        and orders.created_date = days.date_day
        and days.span_days = 0
    where orders.exclude_reason is null
    group by days.store_id, days.grain, days.period_start

)

select
    store.store_id,
    'ALL' as source_l1,
    'ALL' as source_l2,
    true as is_total,
    'own orders' as attribution_rule,
    store.grain,
    store.period_start,
    {%- for step in ['exposure', 'click'] %}
    told.{{ step }}_people,
    {%- endfor %}
    coalesce(store.visitors, told.visit_people) as visit_people,
    {%- for step in ['detail', 'cart', 'fav', 'checkout'] %}
    told.{{ step }}_people,
    {%- endfor %}
    case when store.has_orders then coalesce(ordered.create_people, 0) end as create_people,
    store.buyers as pay_people,
    store.returning_buyers as repurchase_people,
    store.paid_amount
from {{ ref('int_store_by_period') }} as store
left join told
    on store.store_id = told.store_id
    and store.grain = told.grain
    and store.period_start = told.period_start
    and told.source_l1 = 'ALL'
left join ordered
    on store.store_id = ordered.store_id
    and store.grain = ordered.grain
    and store.period_start = ordered.period_start
where store.span_days = 0 and store.store_id <> 'ALL'

union all

select
    store_id,
    source_l1,
    source_l2,
    false as is_total,
    'platform' as attribution_rule,
    grain,
    period_start,
    {%- for step in steps %}
    {{ step }}_people,
    {%- endfor %}
    cast(null as bigint) as repurchase_people,
    cast(paid_amount as decimal(18, 2)) as paid_amount
from told
where source_l1 <> 'ALL'
