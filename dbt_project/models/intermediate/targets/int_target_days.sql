-- Every day of a month with a target: its part of the target, by the weight that a comparable day had a year before, and what was
-- reached. A day of a promotion is comparable with the same day of the promotion it is compared with; any other day with the nearest
-- ordinary same weekday about 52 weeks before. Where some of those days are not loaded all days weigh the same. One row per store,
-- metric and day.
{%- set metrics = ['net_sales', 'paid_amount', 'orders_paid', 'units_paid'] %}

with

told as (

    select
        targets.store_id,
        targets.metric,
        dates.month_start_date,
        targets.target,
        row_number() over (
            partition by targets.store_id, targets.metric, dates.month_start_date
            order by targets.read_at desc, targets.month desc
        ) as turn
    from {{ source('raw_daybook', 'dropped_targets') }} as targets
    inner join {{ ref('int_dates') }} as dates on targets.month = dates.date_day

),

promoted as (

    select * from {{ ref('int_event_days') }}

),

year_before as (

    select
        dates.date_day,
        dates.month_start_date,
        coalesce(
            promoted.compare_date,
            {%- for back in [364, 371, 357, 378, 350] %}
            case when promoted_{{ back }}.date_day is null then {{ add_days('dates.date_day', -back) }} end,
            {%- endfor %}
            {{ add_days('dates.date_day', -364) }}
        ) as comparable_date
    from {{ ref('int_dates') }} as dates
    left join promoted on dates.date_day = promoted.date_day
    {%- for back in [364, 371, 357, 378, 350] %}
    left join promoted as promoted_{{ back }} on {{ add_days('dates.date_day', -back) }} = promoted_{{ back }}.date_day
    {%- endfor %}

),

reached as (
    {%- for metric in metrics %}

    select
        store_id, '{{ metric }}' as metric, period_start as date_day, cast({{ metric }} as decimal(18, 4)) as reached,
        is_complete and is_orders_loaded and {{ metric }} is not null as is_known, data_through_at
    from {{ ref('store_daily') }}
    {{ "union all" if not loop.last }}
    {%- endfor %}

),

weighed as (

    select
        told.store_id,
        told.metric,
        told.month_start_date,
        told.target,
        days.date_day,
        days.comparable_date,
        greatest(before.reached, 0) as weight,
        count(*) over month_of as days_in_month,
        min(case when before.is_known then 1 else 0 end) over month_of = 1 and sum(greatest(before.reached, 0)) over month_of > 0
            as is_phased,
        sum(greatest(before.reached, 0)) over month_of as weight_of_month,
        case when now_.is_known then now_.reached end as actual,
        case when now_.is_known then now_.data_through_at end as data_through_at
    from told
    inner join year_before as days on told.month_start_date = days.month_start_date
    left join reached as before
        on told.store_id = before.store_id
        and told.metric = before.metric
        and days.comparable_date = before.date_day
    left join reached as now_
        on told.store_id = now_.store_id
        and told.metric = now_.metric
        and days.date_day = now_.date_day
    where told.turn = 1
    window month_of as (partition by told.store_id, told.metric, told.month_start_date)

)

select
    store_id,
    metric,
    month_start_date,
    date_day,
    comparable_date,
    days_in_month,
    target,
    case when is_phased then 'comparable_days' else 'even' end as phasing,
    case
        when is_phased then cast(weight as double) / cast(weight_of_month as double)
        else 1 / cast(days_in_month as double)
    end as weight,
    actual,
    data_through_at
from weighed
