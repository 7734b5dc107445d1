-- After how many days the margin of a period's new buyers has paid for the period's marketing. Each buyer's days are counted from their
-- first order, and the margins of all of them are added up. Not where history begins and nobody can tell who is new. One row per store
-- (and ALL), grain and period with new buyers and known costs.
with

ages as (

    select
        days.store_id,
        spans.grain,
        spans.period_start,
        {{ days_between('days.first_paid_date', 'days.paid_date') }} as age,
        sum(days.net_sales) as net_sales,
        sum(days.net_sales_with_cost) as net_sales_with_cost,
        sum(days.net_sales_with_cost - days.cogs) as margin,
        sum(days.unrated) as unrated,
        sum(days.uncosted) as uncosted
    from {{ ref('int_cohort_margins') }} as days
    inner join {{ ref('int_last_days') }} as ends on days.store_id = ends.store_id and days.paid_date <= ends.last_day
    inner join {{ ref('int_span_days') }} as spans
        on days.store_id = spans.store_id
        and days.first_paid_date = spans.date_day
        and spans.span_days = 0
    group by days.store_id, spans.grain, spans.period_start, {{ days_between('days.first_paid_date', 'days.paid_date') }}

),

so_far as (

    select
        store_id,
        grain,
        period_start,
        age,
        sum(margin) over (
            partition by store_id, grain, period_start order by age rows between unbounded preceding and current row
        ) as margin,
        sum(net_sales) over whole as net_sales,
        sum(net_sales_with_cost) over whole as net_sales_with_cost,
        sum(unrated) over whole as unrated,
        sum(uncosted) over whole as uncosted
    from ages
    window whole as (partition by store_id, grain, period_start)

),

judged as (

    select
        so_far.*,
        so_far.unrated = 0 and {{ is_covered('so_far.net_sales', 'so_far.net_sales_with_cost', 'so_far.uncosted') }} as is_margin_known,
        case when stores.is_orders_loaded and stores.is_ads_loaded and spans.history_from < so_far.period_start then stores.marketing_cost end as marketing_cost
    from so_far
    inner join {{ ref('int_store_by_period') }} as stores
        on so_far.store_id = stores.store_id
        and so_far.grain = stores.grain
        and so_far.period_start = stores.period_start
        and stores.span_days = 0
    inner join {{ ref('int_spans') }} as spans
        on so_far.store_id = spans.store_id
        and so_far.grain = spans.grain
        and so_far.period_start = spans.period_start
        and spans.span_days = 0

)

select
    store_id,
    grain,
    period_start,
    is_margin_known,
    min(case when is_margin_known and marketing_cost > 0 and margin >= marketing_cost then age end) as payback_days
from judged
group by store_id, grain, period_start, is_margin_known
