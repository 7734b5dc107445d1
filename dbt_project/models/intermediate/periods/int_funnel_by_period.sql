-- People at each step from being shown something to buying again, distinct in the period. It is an open funnel: nobody has to have taken
-- the step before. By source the figures are the platform's own, as it attributes them; over all sources, people who ordered and paid
-- are those of our orders. What nobody counts is null.
-- Beside them is the closed funnel of the steps whose events we have, which are our orders: who ordered in the period; who of them paid
-- within 7 days; who of these bought again within 7 days after that. It is null until those days are read. One row per store, source
-- (and ALL), grain, period_start and span.
{%- set steps = {
    'exposure': 'exposed', 'click': 'clicked', 'visit': 'visited', 'detail': 'saw_detail', 'cart': 'carted', 'fav': 'favoured',
    'checkout': 'checked_out', 'create': 'ordered', 'pay': 'paid',
} %}
{%- set did = {'cart': 'cart_visitors', 'fav': 'fav_visitors', 'pay': 'buyers'} %}
{%- set done_by = {'create': 'true', 'pay': 'has_paid', 'repurchase': 'has_come_again'} %}
{%- set starts = {'day': 'created_date', 'week': business_week_start('created_date'), 'month': month_start('created_date')} %}

with

-- Sources for which more than visits is told. One with visits alone is only in traffic_source_*.
told as (

    select *
    from {{ ref('int_source_outcomes') }}
    where is_total
        or coalesce(exposed, clicked, saw_detail, carted, favoured, checked_out, ordered, paid, orders, paid_amount) is not null

),

-- Weeks and months of sources of which the platform tells only the days.
of_days as (

    select told.store_id, told.source_l1, told.source_l2, days.grain, days.period_start
    from told
    inner join {{ ref('int_span_days') }} as days
        on told.store_id = days.store_id
        and told.period_start = days.date_day
        and days.span_days = 0
    where told.grain = 'day' and not told.is_total
    group by told.store_id, told.source_l1, told.source_l2, days.grain, days.period_start

    except

    select store_id, source_l1, source_l2, grain, period_start
    from told
    where not is_total

),

-- What was paid of a source is the same figure here and there: a week of days at their rates, not at the rate of its first day.
brought as (

    select *
    from {{ ref('int_traffic_source_by_period') }}
    where device = 'all' and not is_total

),

-- A person is counted in a span on their first day in it with that step.
people_days as (

    select store_id, created_date
        {%- for step, done in done_by.items() %}
        {%- for grain, since in starts.items() %},
        count(case when {{ done }} and (last_{{ step }}_date is null or last_{{ step }}_date < {{ since }}) then 1 end) as {{ step }}_people_of_{{ grain }}
        {%- endfor %}
        {%- endfor %}
    from {{ ref('int_buyer_days') }}
    group by store_id, created_date

),

ordered as (

    select days.store_id, days.grain, days.period_start, days.span_days
        {%- for step in done_by %},
        sum(case days.grain
            {%- for grain in starts %} when '{{ grain }}' then people_days.{{ step }}_people_of_{{ grain }}{% endfor %} end) as {{ step }}_people
        {%- endfor %}
    from people_days
    inner join {{ ref('int_span_days') }} as days
        on people_days.store_id = days.store_id
        and people_days.created_date = days.date_day
    group by days.store_id, days.grain, days.period_start, days.span_days

),

read_through as (

    select store_id, max(date_day) as whole_through
    from {{ ref('int_store_calendar') }}
    where is_complete
    group by store_id

),

funnel as (

    select
        store.store_id,
        'ALL' as source_l1,
        'ALL' as source_l2,
        true as is_total,
        'own orders' as attribution_rule,
        store.grain,
        store.period_start,
        store.span_days,
        store.visitors is null or store.has_both_traffic as is_visited_whole,
        {%- for step in ['exposure', 'click'] %}
        told.{{ steps[step] }} as {{ step }}_people,
        {%- endfor %}
        coalesce(store.visitors, told.visited) as visit_people,
        {%- for step in ['detail', 'cart', 'fav', 'checkout'] %}
        told.{{ steps[step] }} as {{ step }}_people,
        {%- endfor %}
        case when store.has_orders then coalesce(ordered.create_people, 0) end as create_people,
        store.buyers as pay_people,
        store.returning_buyers as repurchase_people,
        store.paid_amount,
        {%- for step, days in [('create', 7), ('pay', 7), ('repurchase', 14)] %}
        case
            when store.has_orders and {{ add_days('store.period_end', days) }} <= read_through.whole_through
                then coalesce(ordered.{{ step }}_people, 0)
        end as closed_{{ step }}_people
        {{- "," if not loop.last }}
        {%- endfor %}
    from {{ ref('int_store_by_period') }} as store
    left join told
        on store.store_id = told.store_id
        and store.grain = told.grain
        and {{ only_where('store.span_days = 0', 'store.period_start') }} = told.period_start
        and told.is_total
    left join ordered
        on store.store_id = ordered.store_id
        and store.grain = ordered.grain
        and store.period_start = ordered.period_start
        and store.span_days = ordered.span_days
    left join read_through on store.store_id = read_through.store_id
    where store.store_id <> 'ALL'

    union all

    select
        told.store_id,
        told.source_l1,
        told.source_l2,
        false as is_total,
        'platform' as attribution_rule,
        told.grain,
        told.period_start,
        0 as span_days,
        true as is_visited_whole,
        {%- for step, name in steps.items() %}
        told.{{ name }} as {{ step }}_people,
        {%- endfor %}
        cast(null as bigint) as repurchase_people,
        cast(coalesce(brought.paid_amount, told.paid_amount) as decimal(18, 2)) as paid_amount,
        {%- for step in funnel_steps_with_events() %}
        cast(null as bigint) as closed_{{ step }}_people
        {{- "," if not loop.last }}
        {%- endfor %}
    from told
    left join brought
        on told.store_id = brought.store_id
        and told.grain = brought.grain
        and told.period_start = brought.period_start
        and told.source_l1 = brought.source_l1
        and told.source_l2 = brought.source_l2
        and brought.span_days = 0
    where not told.is_total

    union all

    -- The weeks and months of of_days, and the first days of earlier periods with which one that is not over is compared. Money adds up
    -- over days and people do not, except that nobody on any day is nobody in the period.
    select
        brought.store_id,
        brought.source_l1,
        brought.source_l2,
        false as is_total,
        'platform' as attribution_rule,
        brought.grain,
        brought.period_start,
        brought.span_days,
        true as is_visited_whole,
        {%- for step in steps %}
        {{ 'brought.' ~ did[step] if step in did else 'cast(null as bigint)' }} as {{ step }}_people,
        {%- endfor %}
        cast(null as bigint) as repurchase_people,
        cast(brought.paid_amount as decimal(18, 2)) as paid_amount,
        {%- for step in funnel_steps_with_events() %}
        cast(null as bigint) as closed_{{ step }}_people
        {{- "," if not loop.last }}
        {%- endfor %}
    from brought
    left join of_days
        on brought.store_id = of_days.store_id
        and brought.grain = of_days.grain
        and brought.period_start = of_days.period_start
        and brought.source_l1 = of_days.source_l1
        and brought.source_l2 = of_days.source_l2
    where case when brought.span_days = 0 then of_days.store_id is not null else brought.paid_amount is not null end

)

-- Where visits are known of some days and orders of all, the purchases per visit would come out too high: they are null.
select
    funnel.*,
    {%- for step, before in funnel_steps().items() if before %}
    {{ ratio(step ~ '_people', before ~ '_people') }} as {{ step }}_rate,
    {%- endfor %}
    case when is_visited_whole then {{ ratio('pay_people', 'visit_people') }} end as pay_conversion
from funnel
