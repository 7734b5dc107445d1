-- The calendar that turns a day into any period: one row per day and grain.
{{ config(tags='settled') }}
with

dates as (

    select date_day, week_start_date, month_start_date
    from {{ ref('int_dates') }}

),

days as (

    select 'day' as grain, date_day as period_start, date_day from dates
    union all
    select 'week' as grain, week_start_date as period_start, date_day from dates
    union all
    select 'month' as grain, month_start_date as period_start, date_day from dates

),

periods as (

    select
        grain,
        period_start,
        case grain
            when 'day' then period_start
            when 'week' then {{ add_days('period_start', 6) }}
            else {{ add_days('cast(period_start + interval 1 month as date)', -1) }}
        end as period_end,
        case grain
            when 'day' then {{ add_days('period_start', -1) }}
            when 'week' then {{ add_days('period_start', -7) }}
            else cast(period_start - interval 1 month as date)
        end as prev_period_start,
        -- The same weekday of last year for days and weeks, the same month for months.
        case grain
            when 'month' then cast(period_start - interval 12 month as date)
            else {{ add_days('period_start', -364) }}
        end as yoy_period_start,
        -- 29 February has no such date in the year before.
        case
            when grain = 'day' and extract(day from period_start - interval 12 month) = extract(day from period_start)
                then cast(period_start - interval 12 month as date)
        end as yoy_date_period_start
    from days
    group by grain, period_start

)

select
    days.grain,
    days.period_start,
    periods.period_end,
    cast({{ days_between('periods.period_start', 'periods.period_end') }} + 1 as integer) as days_in_period,
    cast({{ days_between('days.period_start', 'days.date_day') }} + 1 as integer) as day_number,
    days.date_day,
    periods.prev_period_start,
    periods.yoy_period_start,
    periods.yoy_date_period_start
from days
inner join periods on days.grain = periods.grain and days.period_start = periods.period_start
