-- The one SELECT behind live_daily, _weekly and _monthly, on two clocks: sessions with all their sales on the day they began
-- (by_start_date), and sales on the day they were paid (by_paid_date; a session has no other figure there). The two differ when
-- a session runs over midnight or is paid later. One row per store, host (and ALL),
-- clock, grain, period_start and span.
{%- set added = ['seconds_on_air', 'views', 'watch_seconds', 'comments', 'likes', 'new_fans', 'product_exposures', 'product_clicks',
    'exposed_viewers', 'clicked_viewers'] %}
{%- set costs = ['slot_fee', 'commission', 'sample_cost', 'ad_spend'] %}
{%- set spread = ['host_id', "'ALL'"] %}

with

sessions as (

    select * from {{ ref('int_live_by_session') }}

),

days as (

    select store_id, grain, period_start, span_days, date_day
    from {{ ref('int_span_days') }}

),

sold as (

    select
        lines.store_id,
        sessions.host_id,
        sessions.live_id,
        sessions.session_date,
        sessions.started_at,
        sessions.ended_at,
        lines.order_id,
        lines.buyer_key,
        lines.paid_date,
        lines.paid_at,
        lines.units,
        lines.goods_paid,
        lines.paid_amount,
        lines.refund_cohort
    from {{ ref('int_live_lines') }} as lines
    inner join sessions
        on lines.store_id = sessions.store_id
        and lines.live_id = sessions.live_id
        and lines.paid_date <= {{ add_days('sessions.session_date', 30) }}

),

clocked as (
    {%- for clock, day in [('by_start_date', 'session_date'), ('by_paid_date', 'paid_date')] %}
    {%- set last_clock = loop.last %}
    {%- for host in spread %}

    select '{{ clock }}' as clock, {{ host }} as host, {{ day }} as date_day, sold.*
    from sold
    {{ "union all" if not (last_clock and loop.last) }}
    {%- endfor %}
    {%- endfor %}

),

sales as (

    select
        clocked.store_id,
        clocked.host,
        clocked.clock,
        days.grain,
        days.period_start,
        days.span_days,
        count(distinct clocked.buyer_key) as buyers,
        count(distinct clocked.order_id) as orders,
        count(*) as order_lines,
        sum(clocked.units) as units,
        sum(clocked.goods_paid) as goods_paid,
        sum(clocked.paid_amount) as paid_amount_attributed,
        sum(case when clocked.paid_at >= clocked.started_at and clocked.paid_at < clocked.ended_at then clocked.paid_amount else 0 end)
            as paid_amount_live,
        sum(case when clocked.started_at is null or clocked.ended_at is null then 1 else 0 end) as untimed,
        sum(clocked.refund_cohort) as refund_cohort,
        sum(case when clocked.paid_amount is null or clocked.refund_cohort is null then 1 else 0 end) as unrated
    from clocked
    inner join days
        on clocked.store_id = days.store_id
        and clocked.date_day = days.date_day
    group by clocked.store_id, clocked.host, clocked.clock, days.grain, days.period_start, days.span_days

),

started as (
    {%- for host in spread %}

    select {{ host }} as host, sessions.*
    from sessions
    {{ "union all" if not loop.last }}
    {%- endfor %}

),

shown as (

    select
        started.store_id,
        started.host,
        'by_start_date' as clock,
        days.grain,
        days.period_start,
        days.span_days,
        count(*) as sessions,
        sum(case when started.is_session_reported then 1 else 0 end) as sessions_reported,
        sum(case when started.started_at is null or started.ended_at is null then 1 else 0 end) as untimed,
        -- If one of the sessions lacks a figure, it is null for the period.
        {%- for name in added + ['platform_paid_amount'] %}
        case when count(*) = count(started.{{ name }}) then sum(started.{{ name }}) end as {{ name }},
        {%- endfor %}
        {%- for name in costs %}
        sum(started.{{ name }}) as {{ name }},
        {%- endfor %}
        case when count(*) = count(started.live_cost) then sum(started.live_cost) end as live_cost,
        case when count(*) = count(started.peak_concurrent) then max(started.peak_concurrent) end as peak_concurrent,
        -- A person may see several sessions, and nobody counts them over all sessions.
        case when count(*) = 1 then max(started.viewers) end as viewers,
        sum(started.viewers) as session_viewers,
        max(started.viewers) as viewers_at_least,
        count(*) - count(started.viewers) as untold_viewers
    from started
    inner join days
        on started.store_id = days.store_id
        and started.session_date = days.date_day
    group by started.store_id, started.host, days.grain, days.period_start, days.span_days

),

names as (

    select store_id, host_id, max(host_name) as host_name, max(case when has_order_scenes then 1 else 0 end) = 1 as has_order_scenes
    from sessions
    group by store_id, host_id

    union all

    select store_id, 'ALL', null, max(case when has_order_scenes then 1 else 0 end) = 1
    from sessions
    group by store_id

),

keys as (

    select store_id, host, clock, grain, period_start, span_days from sales
    union
    select store_id, host, clock, grain, period_start, span_days from shown

),

figures as (

    select
        keys.store_id,
        keys.host as host_id,
        names.host_name,
        keys.clock,
        keys.grain,
        keys.period_start,
        keys.span_days,
        {%- for name in ['sessions', 'sessions_reported', 'peak_concurrent', 'viewers'] + added %}
        cast(shown.{{ name }} as bigint) as {{ name }},
        {%- endfor %}
        {%- for name in ['session_viewers', 'viewers_at_least'] %}
        cast(case when shown.untold_viewers = 0 then shown.{{ name }} end as bigint) as {{ name }},
        {%- endfor %}
        {%- for name in ['buyers', 'orders', 'order_lines'] %}
        cast(case when names.has_order_scenes then coalesce(sales.{{ name }}, 0) end as bigint) as {{ name }},
        {%- endfor %}
        cast(case when names.has_order_scenes then coalesce(sales.units, 0) end as decimal(18, 4)) as units,
        {%- set known = 'names.has_order_scenes and coalesce(sales.unrated, 0) = 0' %}
        {{ mart_money('coalesce(sales.paid_amount_attributed, 0)', known) }} as paid_amount_attributed,
        {{ mart_money('coalesce(sales.paid_amount_live, 0)', known ~ ' and coalesce(sales.untimed, 0) = 0 and coalesce(shown.untimed, 0) = 0') }}
            as paid_amount_live,
        {{ mart_money('coalesce(sales.refund_cohort, 0)', known) }} as refund_cohort,
        {{ mart_money('coalesce(sales.goods_paid - sales.refund_cohort, 0)', known) }} as net_sales_cohort,
        {%- for name in ['platform_paid_amount'] + costs + ['live_cost'] %}
        {{ mart_money('shown.' ~ name, 'true') }} as {{ name }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from keys
    inner join names on keys.store_id = names.store_id and keys.host = names.host_id
    left join sales
        on keys.store_id = sales.store_id and keys.host = sales.host and keys.clock = sales.clock
        and keys.grain = sales.grain and keys.period_start = sales.period_start and keys.span_days = sales.span_days
    left join shown
        on keys.store_id = shown.store_id and keys.host = shown.host and keys.clock = shown.clock
        and keys.grain = shown.grain and keys.period_start = shown.period_start and keys.span_days = shown.span_days

)

select figures.*, {{ live_ratios() }}
from figures
