-- The restated mapping numbers the weeks of a 53-week year as the year after it does: the first week of the long year falls out, and
-- every other week has a number one lower. So the same number is the same time of the year, 364 days apart.
{{ config(tags='settled') }}
with

dates as (

    select
        dates.*,
        events.event_id,
        events.compare_date,
        case when is_fiscal_year_of_53_weeks then nullif(fiscal_week - 1, 0) else fiscal_week end as restated_week
    from {{ ref('int_dates') }} as dates
    left join {{ ref('int_event_days') }} as events on dates.date_day = events.date_day

)

select
    date_day,
    calendar_year,
    calendar_month,
    week_start_date,
    month_start_date,
    iso_weekday,
    iso_weekday >= 6 as is_weekend,
    cast(fiscal_year as integer) as fiscal_year,
    cast(ceil(fiscal_period / 3.0) as integer) as fiscal_quarter,
    cast(fiscal_period as integer) as fiscal_period,
    cast(fiscal_week as integer) as fiscal_week,
    is_fiscal_year_of_53_weeks,
    cast({{ fiscal_period_of('restated_week') }} as integer) as restated_fiscal_period,
    cast(restated_week as integer) as restated_fiscal_week,
    same_weekday_last_year,
    same_fiscal_week_last_year,
    event_id,
    compare_date as same_event_day_before
from dates
