-- What one unit of a currency was worth in the reporting currency on each day: the last rate published on or
-- before the day. A currency has no row before its first published rate: never 1, never a rate from the future.
with

dates as (

    select date_day from {{ ref('int_dates') }}

),

currencies as (

    select distinct currency from {{ ref('int_published_rates') }}

),

-- The rate date in force on each day, then that day's rate.
in_force as (

    select
        currencies.currency,
        dates.date_day,
        max(published.rate_date) over (
            partition by currencies.currency
            order by dates.date_day
            rows between unbounded preceding and current row
        ) as rate_date
    from currencies
    cross join dates
    left join {{ ref('int_published_rates') }} as published
        on currencies.currency = published.currency
        and dates.date_day = published.rate_date

),

daily as (

    select
        in_force.currency,
        in_force.date_day,
        in_force.rate_date,
        cast(published.units_per_usd as double) as units_per_usd
    from in_force
    inner join {{ ref('int_published_rates') }} as published
        on in_force.currency = published.currency
        and in_force.rate_date = published.rate_date

    union all

    -- The dollar is the unit the others are quoted in.
    select
        'USD' as currency,
        date_day,
        date_day as rate_date,
        cast(1 as double) as units_per_usd
    from dates

)

select
    daily.currency,
    daily.date_day,
    daily.rate_date,
    case
        when daily.currency = '{{ var("reporting_currency") }}' then cast(1 as decimal(18, 8))
        else cast(round(reporting.units_per_usd / daily.units_per_usd, 8) as decimal(18, 8))
    end as rate_to_reporting
from daily
left join daily as reporting
    on daily.date_day = reporting.date_day
    and reporting.currency = '{{ var("reporting_currency") }}'
where reporting.units_per_usd is not null or daily.currency = '{{ var("reporting_currency") }}'
