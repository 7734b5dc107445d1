-- One row per date of the calendar setting, with what ISO and the fiscal pattern say about it.
{{ config(tags='settled') }}
{%- set first_month = var('fiscal_year_start_month') %}
{%- set first, last = "cast('" ~ var('calendar_from') ~ "' as date)", "cast('" ~ var('calendar_to') ~ "' as date)" %}

with

dates as (

    -- A fiscal year ends where the next one starts, and is compared with the one before: those are looked at, too.
    select date_day
    from {{ date_series(add_days(first, -2 * 366), add_days(last, 2 * 366), 'date_day') }}

),

weeks as (

    select
        date_day,
        cast(extract(year from date_day) as integer) as calendar_year,
        cast(extract(month from date_day) as integer) as calendar_month,
        {{ business_week_start('date_day') }} as week_start_date,
        {{ month_start('date_day') }} as month_start_date
    from dates

),

-- A fiscal year starts in the week that holds the first day of its first month.
fiscal_years as (

    select
        calendar_year as fiscal_year,
        week_start_date as fiscal_year_start_date,
        lead(week_start_date) over (order by date_day) as next_fiscal_year_start_date
    from weeks
    where calendar_month = {{ first_month }} and date_day = month_start_date

),

fiscal as (

    select
        weeks.*,
        fiscal_years.fiscal_year,
        fiscal_years.fiscal_year_start_date,
        cast({{ days_between('fiscal_years.fiscal_year_start_date', 'weeks.week_start_date') }} as integer) as days_in,
        cast({{ days_between('fiscal_years.fiscal_year_start_date', 'fiscal_years.next_fiscal_year_start_date') }} as integer) as fiscal_days
    from weeks
    left join fiscal_years
        on weeks.date_day >= fiscal_years.fiscal_year_start_date
        and weeks.date_day < fiscal_years.next_fiscal_year_start_date

),

numbered as (

    select
        fiscal.*,
        cast((days_in - (days_in % 7)) / 7 as integer) + 1 as fiscal_week,
        coalesce(fiscal_days = 371, false) as is_fiscal_year_of_53_weeks
    from fiscal

)

select
    date_day,
    calendar_year,
    calendar_month,
    week_start_date,
    month_start_date,
    cast({{ days_between(week_start('date_day'), 'date_day') }} as integer) + 1 as iso_weekday,
    fiscal_year,
    fiscal_week,
    -- The 53rd week belongs to the last period.
    {{ fiscal_period_of('fiscal_week') }} as fiscal_period,
    is_fiscal_year_of_53_weeks,
    {{ add_days('date_day', -364) }} as same_weekday_last_year,
    -- The same fiscal week and weekday of the year before, by that year's own numbering: null for a 53rd week
    -- whose predecessor has none.
    case
        when fiscal_week = 53 then null
        else {{ add_days('date_day', 'case when previous_year_has_53 then -371 else -364 end') }}
    end as same_fiscal_week_last_year
from (
    select
        numbered.*,
        coalesce(max(case when fiscal_week = 53 then 1 else 0 end) over (
            order by fiscal_year
            range between 1 preceding and 1 preceding
        ) = 1, false) as previous_year_has_53
    from numbered
) as with_previous
where date_day between {{ first }} and {{ last }}
